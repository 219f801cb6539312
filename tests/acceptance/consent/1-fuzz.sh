#!/bin/sh
# Every decoder of privacy signals holds under ten minutes of a fuzzer (AddressSanitizer, UBSan), none loops for 5 s.
set -eu
cd "$(dirname "$0")/../../.."
tests/fuzz/run.sh 600
echo "3 decoders, 600 s each: no failure, $(awk '/stat::number_of_executed_units/ { n += $2 } END { print n }' build/artefacts/acceptance/consent-1-fuzz.txt) inputs"
