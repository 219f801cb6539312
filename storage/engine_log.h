// The engine's own messages, in a file that may fail to take them.
#ifndef ASSENT_STORAGE_ENGINE_LOG_H_
#define ASSENT_STORAGE_ENGINE_LOG_H_

#include <rocksdb/env.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "storage/file_descriptor.h"

namespace assent::storage {

// Why not the engine's: as Debian builds it, its logger ends the process at the second line that a full disk refuses,
// and with it every assignment. This one loses the line. When the file is full it becomes `path`.old and a new one
// begins, so that both together hold at most twice `bytes_max`. Threads: safe.
class EngineLog final : public rocksdb::Logger {
 public:
  EngineLog(std::string path, uint64_t bytes_max);

  using rocksdb::Logger::Logv;
  void Logv(const char* format, va_list arguments) override;
  size_t GetLogFileSize() const override;

 private:
  void Open();  // under mutex_

  const std::string path_;
  const uint64_t bytes_max_;
  mutable std::mutex mutex_;
  std::unique_ptr<FileDescriptor> file_;
  uint64_t bytes_ = 0;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_ENGINE_LOG_H_
