#!/usr/bin/env bash
# A withdrawal of the profile purpose against folds, reads and flushes in 200,000 turns: nothing is readable after it is
# acknowledged, nothing is left on the disk, and the next event starts nothing; the same through every RPC, with restarts.
set -euo pipefail
output=$(ASSENT_FULL_SCALE=1 "$ASSENT_BUILD/tests/storage/storage_test" --gtest_filter='ProfileRace.*:ProfileMemoryRace.*:ProfileCrash*')
printf '%s\n' "$output"
figure=$(grep 'refused after a withdrawal' <<<"$output")
grep -q 'OK.*ProfileMemoryRace' <<<"$output"
grep -q 'OK.*ProfileCrash' <<<"$output"
served=$("$ASSENT_BUILD/tests/integration/integration_test" --gtest_filter='ProfileServerTest.AWithdrawnProfile*')
printf '%s\n' "$served"
grep -q '\[  PASSED  \] 1 test' <<<"$served"
printf '%s; through every RPC nothing, also after a restart and a new grant\n' "$figure"
