// Reads the engine's logs before the engine does, to tell a torn end from damage in front of what was acknowledged.
#ifndef ASSENT_STORAGE_LOG_SCAN_H_
#define ASSENT_STORAGE_LOG_SCAN_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace assent::storage {

// What the logs of a database hold that cannot be read.
struct LogScan {
  // Bytes behind the last readable batch of a log, with no batch behind them in that log.
  uint64_t torn_bytes = 0;
  // Where something is wrong that no crash explains, such as "000012.log at byte 4711": a batch begins behind it in the
  // same log, or more is unreadable than one commit can have written. Empty: nowhere.
  std::string damage;
  // The sequence number of the last entry in a log younger than a torn one; 0: there is none. After a crash of the
  // engine's own recovery the torn log is superfluous and the engine reaches this number; otherwise changes were lost.
  uint64_t sequence_behind_torn = 0;
};

// Why this is enough: each commit is written and synced before the next is written, so a batch that begins behind
// unreadable bytes proves that these were synced, and acknowledged. Only damage within the very last batch of the last
// log looks like a torn end. Errors: Unavailable when a log cannot be read.
// Source: RocksDB 7.8, db/log_format.h: blocks of 32 KiB; records of masked CRC-32C (4), length (2), type (1), payload;
// a batch begins with sequence number (8) and count (4). Cost: reads every log once.
absl::StatusOr<LogScan> ScanLogs(rocksdb::Env& env, const std::string& folder, const std::string& data_dir);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_LOG_SCAN_H_
