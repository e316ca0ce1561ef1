{{template "ps-head" .}}
# Only SYSTEM and administrators may read the files: there are secrets of gateways in them.
$folder = Join-Path $base 'profiles.d'
New-Item -ItemType Directory -Force -Path $folder | Out-Null
# Everybody may make folders in ProgramData: what somebody made before us is taken from them first.
$icacls = Join-Path $env:SystemRoot 'System32\icacls.exe'
foreach ($change in @(@('/setowner', '*S-1-5-18', '/T', '/Q'), @('/reset', '/T', '/Q'), @('/inheritance:r', '/grant:r', '*S-1-5-18:(OI)(CI)F', '*S-1-5-32-544:(OI)(CI)F', '/Q'))) {
    & $icacls $base $change | Out-Null
    if ($LASTEXITCODE -ne 0) { throw "icacls ended with $LASTEXITCODE" }
}

foreach ($file in $files) {
    if (Test-File $file) { continue }
    $source = Join-Path (Join-Path $PSScriptRoot 'files') $file.Source
    if ((Get-FileHash -LiteralPath $source -Algorithm SHA256).Hash -ne $file.SHA256) { throw "$source is damaged" }
    $path = Join-Path $base $file.Path
    Copy-Item -LiteralPath $source -Destination "$path.new" -Force
    Move-Item -LiteralPath "$path.new" -Destination $path -Force
}
Get-Leftover | Remove-Item -Force
{{range .Names}}Write-Output ('in place: ' + {{ps .}})
{{end -}}
exit 0
