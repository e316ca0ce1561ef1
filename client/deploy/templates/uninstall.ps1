{{template "ps-head" .}}
$folder = Join-Path $base 'profiles.d'
if (Test-Path -LiteralPath $folder) {
    Get-ChildItem -LiteralPath $folder -File | Where-Object { $_.Name.StartsWith("$package--") } | Remove-Item -Force
}
# Only where they are still this package's: an administrator may have put others there.
foreach ($file in $files) {
    if (Test-File $file) { Remove-Item -LiteralPath (Join-Path $base $file.Path) -Force }
}
{{range .Names}}Write-Output ('removed: ' + {{ps .}})
{{end -}}
exit 0
