#!/usr/bin/env bash
# Runs the tests of all packages, with any go test flags given as arguments, and prints what go test prints without -v.
# As root a skipped test is a failure, so that a green run means that every test ran.
set -uo pipefail

log=$(mktemp)
trap 'rm -f "$log"' EXIT
go test -v "$@" >"$log" 2>&1
result=$?

grep -E '^(ok|FAIL|\?|panic:|# )' "$log"
if [ $result -ne 0 ]; then
  echo
  echo "What failed:"
  # The names of what failed first, then the whole log's end, since the reason may stand anywhere before.
  grep -E '^ *--- FAIL' "$log"
  tail -n 400 "$log"
  exit $result
fi
passed=$(grep -c -E '^ *--- PASS' "$log" || true)
skipped=$(grep -c -E '^ *--- SKIP' "$log" || true)
echo "$passed passed, 0 failed, $skipped skipped"
if [ "$skipped" -ne 0 ]; then
  grep -A2 -E '^ *--- SKIP' "$log"
  [ "$(id -u)" -ne 0 ] || { echo "A skipped test is a failure when run as root." >&2; exit 1; }
fi
