#!/usr/bin/env bash
# Unpacks Debian packages into a folder (first argument) without installing them, so that no service of theirs is set up on this
# machine: servers that the tests talk to. Does nothing where they are there already.
set -euo pipefail

folder=$1
shift
stamp="$folder/.packages"
[ "$(cat "$stamp" 2>/dev/null)" = "$*" ] && exit 0

rm -rf "$folder"
mkdir -p "$folder"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"
cd "$work"
if ! apt-get download "$@" >log 2>&1; then
  # A new machine has no package lists yet.
  if [ "$(id -u)" -ne 0 ]; then
    cat log >&2
    echo "Please run: sudo apt-get update" >&2
    exit 1
  fi
  { apt-get update && apt-get download "$@"; } >log 2>&1 || { cat log >&2; exit 1; }
fi
cd - >/dev/null
for package in "$work"/*.deb; do
  dpkg-deb -x "$package" "$folder"
done
echo "$*" >"$stamp"
