// How the engine is set up.
#ifndef ASSENT_STORAGE_ENGINE_OPTIONS_H_
#define ASSENT_STORAGE_ENGINE_OPTIONS_H_

#include <rocksdb/options.h>

#include <memory>

namespace assent::storage {

// Of the database as a whole. Ownership: borrows `env`.
rocksdb::DBOptions EngineOptions(rocksdb::Env* env);

// Of each column family. `compress`: its tables.
rocksdb::ColumnFamilyOptions FamilyOptions(const std::shared_ptr<rocksdb::Cache>& cache, bool compress);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_ENGINE_OPTIONS_H_
