#!/bin/sh
# Builds the fuzzers and runs each for SECONDS (60), from the corpus in this folder; what they find new goes to
# build/fuzz/corpus, a failing input to build/fuzz. Called by ./dev fuzz. Ends with 1 at the first failure.
set -eu
seconds=${1:-60}
cd "$(dirname "$0")/../.."
cmake --preset fuzz
cmake --build build/fuzz --target tcf_fuzz gpp_fuzz us_privacy_fuzz
for name in tcf gpp us_privacy; do
  mkdir -p "build/fuzz/corpus/$name"
  echo "== $name: $seconds s"
  "build/fuzz/tests/fuzz/${name}_fuzz" -max_total_time="$seconds" -timeout=5 -max_len=9000 -print_final_stats=1 \
    -artifact_prefix="build/fuzz/${name}-" "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name"
done
