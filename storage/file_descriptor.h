// A file descriptor that closes itself, the two loops around read and write, and what their failure is called.
#ifndef ASSENT_STORAGE_FILE_DESCRIPTOR_H_
#define ASSENT_STORAGE_FILE_DESCRIPTOR_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace assent::storage {

// Ownership: closes the descriptor. -1: none.
class FileDescriptor {
 public:
  explicit FileDescriptor(int number) : number_(number) {}
  ~FileDescriptor();
  FileDescriptor(const FileDescriptor&) = delete;
  FileDescriptor& operator=(const FileDescriptor&) = delete;

  int number() const { return number_; }
  bool ok() const { return number_ >= 0; }
  // Appends up to `bytes_max` bytes to `content`, to the end of the file. False: errno says why.
  bool Read(size_t bytes_max, std::string& content) const;
  // Writes all of it. False: errno says why.
  bool Write(absl::string_view content) const;

 private:
  int number_;
};

// Makes the names in the folder of `path` durable. False: errno says why.
bool SyncFolderOf(const std::string& path);

// Unavailable, with the cause that errno names. `kind`: what the file is, such as "model file".
absl::Status CannotWrite(absl::string_view kind, const std::string& path);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_FILE_DESCRIPTOR_H_
