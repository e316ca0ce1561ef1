#!/usr/bin/env bash
# Runs the tests of packages, with go test's flags and then the packages as arguments, and prints what go test prints without -v.
# As root a skipped test is a failure, so that a green run means that every test ran.
#
# Many tests talk to real programs (gateways, browsers, a booted Debian) and have a clock; a computer that is busy with other packages at the
# same time can make one of them late. So where a few packages fail, they run once more, one at a time. What failed then has failed; what
# passed then is printed as unsteady, with its first log, and wants to be mended.
set -uo pipefail

most_again=3 # packages that may run once more

flags=() packages=()
for argument in "$@"; do
  case $argument in ./*) packages+=("$argument") ;; *) flags+=("$argument") ;; esac
done
log=$(mktemp)
again=$(mktemp)
trap 'rm -f "$log" "$again"' EXIT

# explain prints the names of what failed first, then the end of the whole log, since the reason may stand anywhere before.
explain() {
  grep -E '^ *--- FAIL' "$1"
  tail -n 400 "$1"
}

count() { grep -c -E "^ *--- $1" "$log" || true; }

go test -v "${flags[@]}" "${packages[@]}" >"$log" 2>&1
result=$?
grep -E '^(ok|FAIL|\?|panic:|# )' "$log"

passed=$(count PASS)
if [ $result -ne 0 ]; then
  mapfile -t failed < <(awk '/^FAIL\t/ {print $2}' "$log")
  if grep -q -E 'build failed|setup failed' "$log" || [ ${#failed[@]} -eq 0 ] || [ ${#failed[@]} -gt $most_again ]; then
    echo
    echo "What failed:"
    explain "$log"
    exit $result
  fi
  echo
  echo "Once more, alone: ${failed[*]}"
  go test -v -count=1 -p 1 "${flags[@]}" "${failed[@]}" >"$again" 2>&1
  result=$?
  grep -E '^(ok|FAIL|\?|panic:|# )' "$again"
  if [ $result -ne 0 ]; then
    echo
    echo "What failed:"
    explain "$again"
    exit $result
  fi
  echo
  echo "Unsteady, passed when run alone. It failed like this:"
  explain "$log"
  passed=$((passed + $(count FAIL)))
  grep -E -A2 '^ *--- SKIP' "$again" >>"$log"
fi
skipped=$(count SKIP)
echo "$passed passed, 0 failed, $skipped skipped"
if [ "$skipped" -ne 0 ]; then
  grep -A2 -E '^ *--- SKIP' "$log"
  [ "$(id -u)" -ne 0 ] || { echo "A skipped test is a failure when run as root." >&2; exit 1; }
fi
