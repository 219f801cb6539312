#!/usr/bin/env bash
# RocksDB on a file system that discards unsynced bytes at 10,000 random points loses no acknowledged change.
set -euo pipefail
ASSENT_FULL_SCALE=1 "$ASSENT_BUILD/tests/storage/storage_test" --gtest_filter='CrashTest.*:LossyDisk.*'
echo "10000 power cuts, no acknowledged change lost"
