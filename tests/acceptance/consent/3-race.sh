#!/usr/bin/env bash
# A million times a grant and a withdrawal of one subject at once: the end is protective, or that of the acknowledged order.
set -euo pipefail
output=$(ASSENT_FULL_SCALE=1 "$ASSENT_BUILD/tests/storage/storage_test" --gtest_filter='GrantRace.*')
printf '%s\n' "$output"
grep 'the two met' <<<"$output"
