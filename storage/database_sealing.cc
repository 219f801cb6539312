// Which sealing keys a data folder needs: `meta` lists the id of each under which a value may stand.
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "storage/database_impl.h"
#include "storage/engine_status.h"
#include "storage/meta_value.h"
#include "storage/record_codec.h"

namespace assent::storage {

absl::StatusOr<std::vector<uint32_t>> Database::Impl::ListedKeys() const {
  const auto stored = ReadMeta(kMetaSealing);
  if (!stored.ok()) return stored.status();
  if (!stored->has_value()) return std::vector<uint32_t>();
  auto ids = MetaKeyIdsOf(**stored);
  if (!ids) return Damaged("the list of the sealing keys is damaged");
  return *std::move(ids);
}

absl::Status Database::Impl::CheckSealing() {
  auto listed = ListedKeys();
  if (!listed.ok()) return listed.status();
  const std::optional<policy::SealingRing> ring = sealing_keys.ring();
  if (absl::Status status = CheckRing(*listed, ring); !status.ok()) return status;
  if (!ring || std::find(listed->begin(), listed->end(), ring->sealing_key_id()) != listed->end()) {
    return absl::OkStatus();
  }
  listed->push_back(ring->sealing_key_id());
  rocksdb::WriteBatch batch;
  rocksdb::Status status = batch.Put(meta(), kMetaSealing, meta_codec().Encode(kMetaSealing, MetaKeyIds(*listed)));
  if (status.ok()) {
    status = batch.Put(meta(), kMetaFormat, meta_codec().Encode(kMetaFormat, MetaNumber(kFormatSealed)));
  }
  rocksdb::WriteOptions synced;
  synced.sync = true;
  if (status.ok()) status = rocks->Write(synced, &batch);
  return status.ok() ? absl::OkStatus() : FromEngine(status, "list a sealing key", data_dir);
}

absl::Status Database::Impl::CheckRing(const std::vector<uint32_t>& listed,
                                       const std::optional<policy::SealingRing>& ring) const {
  std::string missing;
  for (const uint32_t id : listed) {
    if (!ring || !ring->Has(id)) absl::StrAppendFormat(&missing, "%s%08x", missing.empty() ? "" : ", ", id);
  }
  if (missing.empty()) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("data folder ", data_dir, ": what is stored is sealed with keys of which ", missing,
                   ring ? " is not in sealing_key_file" : " is needed, and there is no sealing_key_file",
                   "; give the file with every key (sealing_key_file, or --sealing-key-file); nothing was changed"));
}

SealingKeys& Database::sealing_keys() { return impl_->sealing_keys; }
const RecordCodec& Database::codec(Family family) const { return *impl_->codecs[static_cast<size_t>(family)]; }
absl::StatusOr<std::vector<uint32_t>> Database::ListedSealingKeys() const { return impl_->ListedKeys(); }
absl::Status Database::CheckSealingRing(const policy::SealingRing& ring) const {
  const auto listed = impl_->ListedKeys();
  return listed.ok() ? impl_->CheckRing(*listed, ring) : listed.status();
}

}  // namespace assent::storage
