#!/usr/bin/env bash
# The same cases pass in C++, Python and Node.
set -uo pipefail
here=$(dirname "${BASH_SOURCE[0]}")
figures=()
failed=0
for client in cpp python node; do
  output=$(/usr/bin/python3 "$here/../../conformance/run.py" "$client" "$ASSENT_BUILD") || failed=1
  printf '%s\n' "$output"
  figures+=("$(tail -n 1 <<<"$output")")
done
printf '%s; ' "${figures[@]}"
echo
exit "$failed"
