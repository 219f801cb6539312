#!/usr/bin/env bash
# Bad events over the wire, bad schemas and bad event files: each names its field, and the profile is as it was.
set -euo pipefail
count=0
run() {
  local output
  output=$("$ASSENT_BUILD/tests/$1" --gtest_filter="$2")
  printf '%s\n' "$output"
  count=$((count + $(sed -n 's/^\[  PASSED  \] \([0-9]*\) test.*/\1/p' <<<"$output")))
}
run integration/integration_test 'ProfileServerTest.BadEvents*'
run server/server_test 'EventReaderTest.*:ProfilePipelineTest.OnABadRequest*:ProfilePipelineTest.UnknownTypes*:ProfilePipelineTest.RecordEventsChecks*'
run scoring/scoring_test 'AggregateSchema*'
run client/client_events_test 'EventStream*:FeatureReplay*'
((count >= 20))
printf '%d tests of bad input pass: unknown types, kinds, times, 10,000 events in a call, half-life zero, damaged files\n' "$count"
