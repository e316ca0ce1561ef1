{{template "ps-head" .}}
# Intune takes exit code 0 with a line on standard output for "installed".
foreach ($file in $files) {
    if (-not (Test-File $file)) { exit 1 }
}
if (@(Get-Leftover).Count -gt 0) { exit 1 }
Write-Output 'installed'
exit 0
