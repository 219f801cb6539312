#include "storage/log_scan.h"

#include <rocksdb/env.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "storage/engine_status.h"

namespace assent::storage {
namespace {

constexpr size_t kBlockBytes = 32768;
constexpr size_t kFragmentHeadBytes = 7;
constexpr size_t kBatchHeadBytes = 12;
// More than one batch has: a commit ends one at 8 MiB (ConsentCommitter::kBatchBytes), and the change that passes them
// writes 33 records of some 70 KiB at most.
constexpr uint64_t kCommitBytesMax = uint64_t{16} << 20;

enum RecordType : uint8_t { kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

// CRC-32C, polynomial 0x1EDC6F41 reflected. Source: RFC 3720, appendix B.4.
constexpr std::array<uint32_t, 256> CrcTable() {
  std::array<uint32_t, 256> table = {};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t crc = i;
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82F63B78u : 0u);
    table[i] = crc;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = CrcTable();

uint32_t Crc32c(absl::string_view bytes) {
  uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) crc = kCrcTable[(crc ^ static_cast<uint8_t>(c)) & 0xFF] ^ (crc >> 8);
  return ~crc;
}

uint64_t Little(absl::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.size(); ++i) value |= uint64_t{static_cast<uint8_t>(bytes[i])} << (8 * i);
  return value;
}

// As the log stores a checksum: rotated and moved, so that a checksum of checksums is none.
uint32_t Masked(uint32_t crc) { return ((crc >> 15) | (crc << 17)) + 0xA282EAD8u; }

struct Record {
  RecordType type;
  absl::string_view payload;

  size_t bytes() const { return kFragmentHeadBytes + payload.size(); }
  bool begins_batch() const { return type == kFull || type == kFirst; }
  bool ends_batch() const { return type == kFull || type == kLast; }
};

// The record at the beginning of `bytes`, if a whole one with a right checksum is there.
std::optional<Record> RecordAt(absl::string_view bytes) {
  if (bytes.size() < kFragmentHeadBytes) return std::nullopt;
  const size_t length = Little(bytes.substr(4, 2));
  const auto type = static_cast<uint8_t>(bytes[6]);
  if (type < kFull || type > kLast || kFragmentHeadBytes + length > bytes.size()) return std::nullopt;
  if (Masked(Crc32c(bytes.substr(6, 1 + length))) != Little(bytes.substr(0, 4))) return std::nullopt;
  return Record{static_cast<RecordType>(type), bytes.substr(kFragmentHeadBytes, length)};
}

// One log, block by block: records never cross a block.
class LogReader {
 public:
  void Block(absl::string_view block) {
    for (size_t at = 0; at < block.size();) {
      if (const auto record = RecordAt(block.substr(at)); record && WrittenAt(*record, at)) {
        Good(*record, at);
        at += record->bytes();
      } else if (kBlockBytes - at < kFragmentHeadBytes) {
        at = block.size();  // the filling at the end of a block, which nobody reads
      } else {
        if (!first_bad_) first_bad_ = begin_ + at;
        ++at;  // the length may be what is damaged: the next record can begin anywhere
      }
    }
    begin_ += block.size();
  }

  void End() {
    if (in_batch_ && !first_bad_) first_bad_ = batch_begin_;  // its last record is missing
  }

  bool any_batch() const { return last_sequence_ != 0; }
  uint64_t last_sequence() const { return last_sequence_; }
  bool torn() const { return first_bad_.has_value(); }
  uint64_t torn_at() const { return first_bad_.value_or(begin_); }
  uint64_t torn_bytes() const { return begin_ - torn_at(); }
  bool damaged() const { return batch_behind_bad_ || torn_bytes() > kCommitBytesMax; }

 private:
  // Whether the engine writes such a record there. Bytes that a caller chose may look like one behind a torn record,
  // where it can begin anywhere: a batch has its head, and what goes on in the next block fills its own.
  static bool WrittenAt(const Record& record, size_t at) {
    if (record.type == kFull) return record.payload.size() >= kBatchHeadBytes;
    return record.ends_batch() || at + record.bytes() == kBlockBytes;
  }

  void Good(const Record& record, size_t at) {
    if (record.begins_batch()) {
      if (in_batch_ && !first_bad_) first_bad_ = begin_ + at;  // the end of the batch before is missing
      batch_behind_bad_ = batch_behind_bad_ || first_bad_.has_value();
      batch_begin_ = begin_ + at;
      head_.clear();
    } else if (!in_batch_) {
      return;  // the rest of a batch whose beginning cannot be read
    }
    in_batch_ = !record.ends_batch();
    if (head_.size() < kBatchHeadBytes) {
      head_.append(record.payload.data(), std::min(record.payload.size(), kBatchHeadBytes - head_.size()));
      if (head_.size() == kBatchHeadBytes) Number();
    }
    // A batch of nothing is the engine's own, at the beginning of the log that follows a torn one.
    const bool whole = record.ends_batch() && !first_bad_ && head_.size() == kBatchHeadBytes;
    if (whole && next_sequence_ != sequence_) last_sequence_ = next_sequence_ - 1;
  }

  // The numbers follow each other without a gap: one that jumps says that what stood between is gone.
  void Number() {
    const absl::string_view head = head_;
    sequence_ = Little(head.substr(0, 8));
    if (next_sequence_ != 0 && sequence_ != next_sequence_ && !first_bad_) {
      first_bad_ = batch_begin_;
      batch_behind_bad_ = true;
    }
    next_sequence_ = sequence_ + Little(head.substr(8));
  }

  uint64_t begin_ = 0;  // of the block, in the log
  std::optional<uint64_t> first_bad_;
  bool batch_behind_bad_ = false;
  bool in_batch_ = false;
  uint64_t batch_begin_ = 0;
  std::string head_;            // of the batch: sequence number and count; the first record may hold only a part of it
  uint64_t sequence_ = 0;       // of the batch
  uint64_t last_sequence_ = 0;  // of the last whole batch in front of anything unreadable
  uint64_t next_sequence_ = 0;
};

rocksdb::Status ReadLog(rocksdb::Env& env, const std::string& path, LogReader& reader) {
  std::unique_ptr<rocksdb::SequentialFile> file;
  rocksdb::Status status = env.NewSequentialFile(path, &file, rocksdb::EnvOptions());
  std::string block(kBlockBytes, '\0');
  for (bool more = status.ok(); more;) {
    size_t filled = 0;
    while (filled < kBlockBytes) {
      rocksdb::Slice got;
      status = file->Read(kBlockBytes - filled, &got, block.data() + filled);
      if (!status.ok()) return status;
      if (got.empty()) break;
      if (got.data() != block.data() + filled) std::copy_n(got.data(), got.size(), block.data() + filled);
      filled += got.size();
    }
    reader.Block(absl::string_view(block).substr(0, filled));
    more = filled == kBlockBytes;
  }
  reader.End();
  return status;
}

// The numbers of the folder's logs, ascending, with their names.
std::vector<std::pair<uint64_t, std::string>> LogsIn(const std::vector<std::string>& names) {
  std::vector<std::pair<uint64_t, std::string>> logs;
  for (const std::string& name : names) {
    uint64_t number = 0;
    if (!absl::EndsWith(name, ".log") || !absl::SimpleAtoi(name.substr(0, name.size() - 4), &number)) continue;
    logs.emplace_back(number, name);
  }
  std::sort(logs.begin(), logs.end());
  return logs;
}

}  // namespace

absl::StatusOr<LogScan> ScanLogs(rocksdb::Env& env, const std::string& folder, const std::string& data_dir) {
  std::vector<std::string> names;
  rocksdb::Status status = env.GetChildren(folder, &names);
  if (status.IsNotFound() || status.IsPathNotFound()) return LogScan();
  if (!status.ok()) return FromEngine(status, "read the database's log", data_dir);
  LogScan scan;
  bool torn = false;
  for (const auto& [number, name] : LogsIn(names)) {
    LogReader reader;
    status = ReadLog(env, absl::StrCat(folder, "/", name), reader);
    if (!status.ok()) return FromEngine(status, "read the database's log", data_dir);
    if (reader.damaged() && scan.damage.empty()) scan.damage = absl::StrCat(name, " at byte ", reader.torn_at());
    if (torn && reader.any_batch()) scan.sequence_behind_torn = reader.last_sequence();
    torn = torn || reader.torn();
    scan.torn_bytes += reader.torn_bytes();
  }
  return scan;
}

}  // namespace assent::storage
