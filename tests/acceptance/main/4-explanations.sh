#!/usr/bin/env bash
# A million random explanations sum to a margin that is computed apart in long double; Shapley values equal brute force.
set -euo pipefail
output=$(ASSENT_TEST_CASES=1000000 "$ASSENT_BUILD/tests/scoring/scoring_test" --gtest_filter='Explain.*')
printf '%s\n' "$output"
grep -q 'OK.*ShapleyValuesAgreeWithBruteForce' <<<"$output"
printf '%s; Shapley values equal brute force for 1 to 10 features\n' "$(grep ' cases, worst error' <<<"$output")"
