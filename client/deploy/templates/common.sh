{{define "shell-head"}}#!/bin/sh
# Made by footbridge deploy. Run it as root; it may be run again at any time.
# The names of profiles are meant as they stand:
# shellcheck disable=SC1110,SC1111,SC1112,SC2016
# Profiles: {{join .Names ", "}}
set -eu
case $(uname -s) in
Darwin) base='/Library/Application Support/Footbridge' ;;
*) base=/etc/footbridge ;;
esac
base=${FOOTBRIDGE_SETTINGS:-$base}
package={{sh .Package}}

checksum() {
	if command -v sha256sum >/dev/null 2>&1; then
		sha256sum <"$1" | cut -d ' ' -f 1
	else
		shasum -a 256 <"$1" | cut -d ' ' -f 1
	fi
}

# has PATH SHA256: is the file there, as it ought to be?
has() {
	[ -f "$base/$1" ] && [ "$(checksum "$base/$1")" = "$2" ]
}
{{end}}
