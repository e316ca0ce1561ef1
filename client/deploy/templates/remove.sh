{{template "shell-head" .}}
rm -f "$base/profiles.d/$package--"*
{{range .Files}}{{if eq .Path .Source}}# Only where it is still this package's: an administrator may have put another one there.
if has {{sh .Path}} {{.SHA256}}; then
	rm -f "$base/"{{sh .Path}}
fi
{{end}}{{end -}}
{{range .Names}}printf '%s: %s\n' 'removed' {{sh .}}
{{end -}}
