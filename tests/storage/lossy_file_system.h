// The lossy disk as the engine sees it.
#ifndef ASSENT_TESTS_STORAGE_LOSSY_FILE_SYSTEM_H_
#define ASSENT_TESTS_STORAGE_LOSSY_FILE_SYSTEM_H_

#include <rocksdb/env.h>

#include <memory>

#include "tests/storage/lossy_disk.h"

namespace assent::storage {

// An environment whose files are on `disk`; threads and clocks are the real ones. Ownership: borrows the disk.
std::unique_ptr<rocksdb::Env> NewLossyEnv(LossyDisk& disk);

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_LOSSY_FILE_SYSTEM_H_
