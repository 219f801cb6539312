#!/usr/bin/env bash
# A million interleavings of consent changes and assignments, under ThreadSanitizer: no segment after an acknowledged withdrawal.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../.."
./dev build tsan storage_test
output=$(ASSENT_FULL_SCALE=1 TSAN_OPTIONS="ignore_noninstrumented_modules=1:suppressions=$PWD/tests/tsan.supp" \
  build/tsan/tests/storage/storage_test --gtest_filter="Interleaving.*")
printf '%s\n' "$output"
grep 'assignments after an acknowledged withdrawal' <<<"$output"
