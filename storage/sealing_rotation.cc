#include "storage/sealing_rotation.h"

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

// One write, which a change may have to wait for: a sync and some milliseconds.
constexpr size_t kRewrittenValuesMax = 256;
constexpr size_t kRewrittenBytesMax = size_t{256} << 10;
constexpr size_t kRotationReadAheadBytes = size_t{2} << 20;
// The second finds nothing as a rule.
constexpr int kPassesMax = 4;
constexpr char kRotating[] = "seal what is stored anew";

class Rotation {
 public:
  Rotation(Database& database, ConsentStore& store, uint32_t key_id, std::atomic<bool>& stop)
      : database_(database), store_(store), key_id_(key_id), stop_(stop) {}

  // Lists the key, on the disk, before anything is sealed with it, and publishes the ring between two commits: what a
  // commit encodes is written in the same turn.
  absl::Status Publish(const policy::SealingRing& ring) {
    auto listed = database_.ListedSealingKeys();
    if (!listed.ok()) return listed.status();
    if (std::find(listed->begin(), listed->end(), key_id_) == listed->end()) {
      listed->push_back(key_id_);
      if (absl::Status status = PutList(*listed); !status.ok()) return status;
    }
    const std::unique_ptr<CommitPause> pause = store_.Pause();
    database_.sealing_keys().Replace(ring);
    return absl::OkStatus();
  }

  absl::Status RewriteAll() {
    for (int pass = 0; pass < kPassesMax; ++pass) {
      const uint64_t before = done_.rewritten;
      done_.values.clear();
      done_.not_sealed = done_.unreadable = 0;
      for (const Family family : Database::ValueFamilies()) {
        if (absl::Status status = RewriteFamily(family); !status.ok()) return status;
      }
      if (done_.rewritten == before) return absl::OkStatus();
    }
    return absl::AbortedError("something is still being sealed with another key");
  }

  // So that no table and no log holds what was sealed otherwise.
  absl::Status RewriteTables() {
    rocksdb::CompactRangeOptions options;
    options.exclusive_manual_compaction = false;
    options.canceled = &stop_;
    options.bottommost_level_compaction = rocksdb::BottommostLevelCompaction::kForce;
    rocksdb::Status status = database_.FlushAll();
    for (const Family family : Database::ValueFamilies()) {
      if (status.ok()) status = database_.rocks().CompactRange(options, database_.family(family), nullptr, nullptr);
    }
    if (stop_) return Cancelled();
    return status.ok() ? absl::OkStatus() : FromEngine(status, kRotating, database_.data_dir());
  }

  absl::Status Finish() { return PutList({key_id_}); }

  const SealingRotation& done() const { return done_; }

 private:
  static absl::Status Cancelled() { return absl::CancelledError("the rotation was stopped; start it again"); }

  absl::Status PutList(const std::vector<uint32_t>& ids) {
    rocksdb::Status added;
    absl::Status written = store_.Write([&](rocksdb::WriteBatch& batch) {
      const RecordCodec& codec = database_.codec(Family::kMeta);
      added = batch.Put(database_.family(Family::kMeta), kMetaSealing, codec.Encode(kMetaSealing, MetaKeyIds(ids)));
    });
    if (written.ok() && !added.ok()) return FromEngine(added, kRotating, database_.data_dir());
    return written;
  }

  bool IsCurrent(const ValueSealing& sealing) const {
    return sealing.kind == ValueSealing::Kind::kSealed && sealing.key_id == key_id_;
  }
  void Count(const ValueSealing& sealing, bool readable) {
    done_.unreadable += !readable;
    done_.not_sealed += sealing.kind == ValueSealing::Kind::kNone;
    if (sealing.kind == ValueSealing::Kind::kSealed) ++done_.values[sealing.key_id];
  }

  absl::Status RewriteFamily(Family family) {
    rocksdb::ReadOptions options;
    options.fill_cache = false;
    options.readahead_size = kRotationReadAheadBytes;
    const std::unique_ptr<rocksdb::Iterator> values(database_.rocks().NewIterator(options, database_.family(family)));
    std::vector<std::string> keys;
    size_t bytes = 0;
    for (values->SeekToFirst(); values->Valid(); values->Next()) {
      if (stop_) return Cancelled();
      const rocksdb::Slice key = values->key();
      const rocksdb::Slice value = values->value();
      const ValueSealing sealing = RecordCodec::SealingOf({key.data(), key.size()}, {value.data(), value.size()});
      if (IsCurrent(sealing) || sealing.kind == ValueSealing::Kind::kUnreadable) {
        Count(sealing, sealing.kind != ValueSealing::Kind::kUnreadable);
        continue;
      }
      keys.push_back(key.ToString());
      bytes += value.size();
      if (keys.size() < kRewrittenValuesMax && bytes < kRewrittenBytesMax) continue;
      if (absl::Status status = Rewrite(family, keys); !status.ok()) return status;
      keys.clear();
      bytes = 0;
    }
    if (!values->status().ok()) return FromEngine(values->status(), kRotating, database_.data_dir());
    return keys.empty() ? absl::OkStatus() : Rewrite(family, keys);
  }

  // Reads them once more, in the turn: since then they may have changed or gone.
  absl::Status Rewrite(Family family, const std::vector<std::string>& keys) {
    rocksdb::Status read;
    absl::Status written = store_.Write([&](rocksdb::WriteBatch& batch) {
      for (const std::string& key : keys) {
        rocksdb::PinnableSlice value;
        const rocksdb::Status found = database_.rocks().Get({}, database_.family(family), key, &value);
        if (found.IsNotFound()) continue;
        if (read.ok()) read = found;
        if (read.ok()) read = RewriteOne(family, key, {value.data(), value.size()}, batch);
        if (!read.ok()) return batch.Clear();
      }
    });
    if (written.ok() && !read.ok()) return FromEngine(read, kRotating, database_.data_dir());
    return written;
  }

  rocksdb::Status RewriteOne(Family family, const std::string& key, absl::string_view value,
                             rocksdb::WriteBatch& batch) {
    const ValueSealing sealing = RecordCodec::SealingOf(key, value);
    const RecordCodec& codec = database_.codec(family);
    std::string opened;
    const auto content = codec.Decode(key, value, opened);
    if (IsCurrent(sealing) || !content.ok()) {
      Count(sealing, content.ok());
      return rocksdb::Status::OK();
    }
    ++done_.rewritten;
    ++done_.values[key_id_];
    return batch.Put(database_.family(family), key, codec.Encode(key, *content));
  }

  Database& database_;
  ConsentStore& store_;
  const uint32_t key_id_;
  std::atomic<bool>& stop_;
  SealingRotation done_;
};

}  // namespace

absl::StatusOr<SealingRotation> RotateSealing(Database& database, ConsentStore& store, const policy::SealingRing& ring,
                                              std::atomic<bool>& stop) {
  if (absl::Status status = database.CheckSealingRing(ring); !status.ok()) return status;
  Rotation rotation(database, store, ring.sealing_key_id(), stop);
  absl::Status status = rotation.Publish(ring);
  if (status.ok()) status = rotation.RewriteAll();
  if (status.ok()) status = rotation.RewriteTables();
  if (status.ok()) status = rotation.Finish();
  if (!status.ok()) return status;
  return rotation.done();
}

}  // namespace assent::storage
