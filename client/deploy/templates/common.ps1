{{define "ps-head"}}# Made by footbridge deploy. Runs as SYSTEM; it may be run again at any time.
# Profiles: {{join .Names ", "}}
#Requires -Version 5.1
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'
$package = {{ps .Package}}
$base = Join-Path $env:ProgramData 'Footbridge'
$files = @(
{{range $i, $f := .Files}}{{if $i}},
{{end}}    @{ Path = {{ps $f.Windows}}; Source = {{ps $f.Source}}; SHA256 = {{ps $f.SHA256}} }{{end}}
)

# Is the file there, as it ought to be?
function Test-File($file) {
    $path = Join-Path $base $file.Path
    if (-not (Test-Path -LiteralPath $path -PathType Leaf)) { return $false }
    return (Get-FileHash -LiteralPath $path -Algorithm SHA256).Hash -eq $file.SHA256
}

# What an earlier version of this package had and this one has not.
function Get-Leftover {
    $folder = Join-Path $base 'profiles.d'
    if (-not (Test-Path -LiteralPath $folder)) { return }
    $names = @($files | ForEach-Object { $_.Source })
    Get-ChildItem -LiteralPath $folder -File | Where-Object { $_.Name.StartsWith("$package--") -and $names -notcontains $_.Name }
}
{{end}}
