#!/usr/bin/env bash
# After EraseSubject and the promised time (the sweep and the retention of backups), a byte scan of the data folder and of the
# backups finds neither the pseudonym outside the tombstone nor a canary; the same scan finds both before. No compression.
set -euo pipefail
output=$("$ASSENT_BUILD/tests/storage/storage_test" --gtest_filter='ErasedBackupTest.*:ErasureSweepTest.*')
printf '%s\n' "$output"
grep -q '\[  PASSED  \] 5 tests' <<<"$output"
grep 'canaries, found' <<<"$output"
