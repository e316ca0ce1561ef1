{{template "shell-head" .}}
umask 077

# The service, which is not root, reads the files as a member of its group.
group=0
if command -v getent >/dev/null 2>&1 && getent group footbridge >/dev/null 2>&1; then
	group=footbridge
fi

# put PATH SHA256, with the content in base64 on standard input
put() {
	folder=$(dirname "$base/$1")
	if [ ! -d "$folder" ]; then
		mkdir -p "$folder"
		chmod 0755 "$base" "$folder"
	fi
	if has "$1" "$2"; then
		cat >/dev/null
	else
		new=$folder/.$(basename "$1").new
		base64 --decode >"$new"
		if [ "$(checksum "$new")" != "$2" ]; then
			rm -f "$new"
			echo "This script is damaged: $1 cannot be unpacked." >&2
			exit 1
		fi
		chmod 0640 "$new"
		mv -f "$new" "$base/$1"
	fi
	chown "0:$group" "$base/$1"
	chmod 0640 "$base/$1"
}
{{range .Files}}
put {{sh .Path}} {{.SHA256}} <<'END_OF_FILE'
{{.Base64}}
END_OF_FILE
{{end}}
# What an earlier version of this package had and this one has not is withdrawn.
for old in "$base/profiles.d/$package--"*; do
	case ${old##*/} in
	"$package--*"{{range .Files}} | {{sh .Source}}{{end}}) ;;
	*) rm -f "$old" ;;
	esac
done
{{range .Names}}printf '%s: %s\n' 'in place' {{sh .}}
{{end -}}
