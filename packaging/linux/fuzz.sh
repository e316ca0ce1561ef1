#!/usr/bin/env bash
# Runs every fuzz target of the project for the time given as the first argument ("3s"), one after the other. Packages may follow; without
# them it is all.
set -euo pipefail

time=$1
shift
[ $# -gt 0 ] || set -- ./...
targets=0
log=$(mktemp)
trap 'rm -f "$log"' EXIT

# A worker that is busy when the time is over makes go test fail with "context deadline exceeded" and no input (golang/go#48591): that is
# tried again. Whatever has an input, or says anything else, is a find.
fuzz() {
  local package=$1 name=$2
  for _ in 1 2 3; do
    if go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 "$package" >"$log" 2>&1; then
      grep -E '^ok' "$log"
      return 0
    fi
    if grep -q 'Failing input' "$log" || ! grep -q 'context deadline exceeded' "$log"; then
      break
    fi
  done
  tail -n 60 "$log" >&2
  return 1
}

while read -r package; do
  names=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for name in $names; do
    echo "fuzz $package $name"
    fuzz "$package" "$name" || {
      echo "fuzzing $name in $package found something" >&2
      exit 1
    }
    targets=$((targets + 1))
  done
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' "$@")
echo "$targets fuzz targets, $time each"
