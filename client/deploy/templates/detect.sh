{{template "shell-head" .}}
state=installed
{{range .Files}}has {{sh .Path}} {{.SHA256}} || state=missing
{{end -}}
for other in "$base/profiles.d/$package--"*; do
	case ${other##*/} in
	"$package--*"{{range .Files}} | {{sh .Source}}{{end}}) ;;
	*) state=outdated ;;
	esac
done
{{if eq .Report "json"}}printf '{"FootbridgeProfiles": "%s"}\n' "$state"
{{else if eq .Report "jamf"}}printf '<result>%s</result>\n' "$state"
{{else}}echo "$state"
[ "$state" = installed ]
{{end -}}
