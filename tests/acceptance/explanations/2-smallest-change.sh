#!/usr/bin/env bash
# Of 10^5 random models and events each, with direct features and with shares: every smallest change leaves its segment and is as
# short as enumeration finds it, and where there is none, enumeration finds none.
set -euo pipefail
output=$(ASSENT_TEST_CASES=100000 "$ASSENT_BUILD/tests/scoring/scoring_test" --gtest_filter='Counterfactual*:Leeway*')
printf '%s\n' "$output"
printf '%s; all left\n' "$(grep -E '^(direct|shares): ' <<<"$output" | paste -sd ';')"
