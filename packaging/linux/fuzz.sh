#!/usr/bin/env bash
# Runs every fuzz target of the project for the time given as the first argument ("3s"), one after the other.
set -euo pipefail

time=$1
targets=0
while read -r package; do
  names=$(go test -list '^Fuzz' "$package" | grep '^Fuzz' || true)
  for name in $names; do
    echo "fuzz $package $name"
    go test -run '^$' -fuzz "^$name\$" -fuzztime "$time" -fuzzminimizetime 10x -parallel 2 "$package" | grep -E '^(FAIL|---|panic|ok)|Failing input' || {
      echo "fuzzing $name in $package found something" >&2
      exit 1
    }
    targets=$((targets + 1))
  done
done < <(go list -f '{{if or .TestGoFiles .XTestGoFiles}}{{.ImportPath}}{{end}}' ./...)
echo "$targets fuzz targets, $time each"
