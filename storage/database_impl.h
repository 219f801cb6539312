// The parts of a Database, for the files that make it up: database.cc, database_sealing.cc and database_rekey.cc.
#ifndef ASSENT_STORAGE_DATABASE_IMPL_H_
#define ASSENT_STORAGE_DATABASE_IMPL_H_

#include <rocksdb/cache.h>
#include <rocksdb/db.h>
#include <rocksdb/env.h>
#include <rocksdb/options.h>

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "storage/database.h"

namespace assent::storage {

// The newest format, and that from which on values may be sealed: an older version refuses such a folder.
inline constexpr uint64_t kFormatVersion = 2;
inline constexpr uint64_t kFormatOfNewFolder = 1;
inline constexpr uint64_t kFormatSealed = 2;

struct Database::Impl {
  explicit Impl(const DatabaseOptions& options);
  ~Impl();

  const std::string data_dir;
  rocksdb::Env* const env;
  const bool compress;
  SealingKeys sealing_keys;
  rocksdb::FileLock* lock = nullptr;
  std::shared_ptr<rocksdb::Cache> cache;
  std::vector<rocksdb::ColumnFamilyHandle*> families;  // by Family; the engine's own "default" comes last
  // Of another generation: of a folder that was re-keyed, or was to be and was not. They go when the folder is opened.
  std::vector<rocksdb::ColumnFamilyHandle*> leftovers;
  uint64_t generation = 0;  // how often the folder was re-keyed
  std::optional<RekeyedFolder> rekeyed;
  std::vector<std::unique_ptr<RecordCodec>> codecs;  // by Family
  std::unique_ptr<rocksdb::DB> rocks;
  uint64_t epoch = 0;
  std::optional<uint64_t> restored_us;
  uint64_t log_bytes_cut_off = 0;

  std::string folder() const { return data_dir + "/db"; }
  rocksdb::Status FlushAll() { return rocks->Flush(rocksdb::FlushOptions(), families); }
  rocksdb::ColumnFamilyHandle* meta() const { return families[static_cast<size_t>(Family::kMeta)]; }
  const RecordCodec& meta_codec() const { return *codecs[static_cast<size_t>(Family::kMeta)]; }

  static const char* Name(Family family);
  static std::vector<Family> AllFamilies();
  absl::Status NewerFormat() const;
  absl::Status Damaged(absl::string_view what) const;
  absl::Status MakeFolders();
  absl::Status LockFolder();
  absl::Status CheckLogs(const rocksdb::DBOptions& options, const std::vector<std::string>& existing);
  absl::Status OpenEngine();
  absl::Status OpenFamilies(const rocksdb::DBOptions& options, const std::vector<std::string>& existing);
  absl::Status CheckMeta(const DatabaseOptions& options);
  absl::Status CheckKey(const DatabaseOptions& options);
  absl::Status WriteMeta(const policy::SubjectKey& key_check);
  absl::StatusOr<std::optional<std::string>> ReadMeta(absl::string_view key) const;
  absl::StatusOr<bool> HasRecords() const;
  rocksdb::Status ProbeDisk();
  rocksdb::Status SyncFolder(const std::string& path) const;

  // In database_rekey.cc.
  // As the engine knows it.
  static std::string NameOf(Family family, uint64_t generation);
  // The name without its generation.
  static std::string NameOf(const std::string& engine_name);
  // Takes the families of the folder's generation from `opened`, by name, and makes those that it does not have.
  absl::Status TakeFamilies(std::map<std::string, rocksdb::ColumnFamilyHandle*> opened);
  rocksdb::Status DropLeftovers();
  size_t keys_of_folder = 0;  // of the chain that was given; 0: not a part of it, or all
  absl::Status Rekey(const policy::Pseudonymizer& chain);
  absl::Status CopyRekeyed(Family family, const policy::Pseudonymizer& chain, rocksdb::ColumnFamilyHandle* to);

  // In database_sealing.cc.
  absl::StatusOr<std::vector<uint32_t>> ListedKeys() const;
  // Refuses where a listed key is missing; lists the key that seals before anything is sealed with it.
  absl::Status CheckSealing();
  absl::Status CheckRing(const std::vector<uint32_t>& listed, const std::optional<policy::SealingRing>& ring) const;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_DATABASE_IMPL_H_
