#!/usr/bin/env bash
# Ten million subjects with 12 aggregates each: what one takes in resident memory, consent index and all.
set -euo pipefail
output=$(ASSENT_TEST_CASES=10000000 "$ASSENT_BUILD/tests/storage/storage_test" --gtest_filter='ProfileMemory.*')
printf '%s\n' "$output"
grep 'bytes each in resident memory' <<<"$output"
