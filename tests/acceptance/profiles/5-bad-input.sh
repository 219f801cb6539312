#!/usr/bin/env bash
# Bad events over the wire, bad schemas and bad event files: each names its field, and the profile is as it was.
set -euo pipefail
count=0
# run PROGRAM FILTER LEAST: at least so many tests must have run and passed.
run() {
  local output passed
  output=$("$ASSENT_BUILD/tests/$1" --gtest_filter="$2")
  printf '%s\n' "$output"
  passed=$(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' <<<"$output")
  ((passed >= $3)) || {
    echo "$2: $passed tests, $3 expected"
    exit 1
  }
  count=$((count + passed))
}
run integration/integration_test 'ProfileServerTest.BadEvents*' 1
run server/server_test 'EventReaderTest.*' 4
run server/server_test 'ProfilePipelineTest.OnABadRequest*:ProfilePipelineTest.UnknownTypes*:ProfilePipelineTest.RecordEventsChecks*' 3
run scoring/scoring_test 'AggregateSchema*' 8
run client/client_events_test 'EventStream*:FeatureReplay*' 20
printf '%d tests of bad input pass: unknown types, kinds, times, 10,000 events in a call, half-life zero, damaged files\n' "$count"
