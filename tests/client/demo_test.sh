#!/usr/bin/env bash
# The demo ends by itself with status 0, prints each of its parts, and leaves nothing behind.
#   demo_test.sh BUILD_FOLDER
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
TMPDIR=$folder deploy/demo.sh "$1" | tee "$folder/output"

expect() {
  grep -qE -- "$1" "$folder/output" || { printf 'the demo did not print: %s\n' "$1" >&2; exit 1; }
}
expect 'NO_CONSENT +consent\.none'                        # a refusal
expect 'viewer-[0-9]+ +ASSIGNED +segment-[0-9]'           # assignments
expect 'kids share .*│█+▌? +\+[0-9.]+'                    # a bar of the chart
expect '^   OPTED_OUT +consent\.opted_out'                # the second call after the opt-out
expect 'assent_assignments_total\{segment="segment-0"\} +0 → [0-9]+' # a Prometheus line that changed
expect '9[0-9]\.[0-9] % of the assigned people are in the segment of their own kind'
expect ' 0 subject ids in it'

left=$(find "$folder" -mindepth 1 -not -name output)
[[ -z $left ]] || { printf 'the demo left behind: %s\n' "$left" >&2; exit 1; }
