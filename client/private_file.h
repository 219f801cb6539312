// A file that only its owner can read, written beside its place and moved there when it is whole.
#ifndef ASSENT_CLIENT_PRIVATE_FILE_H_
#define ASSENT_CLIENT_PRIVATE_FILE_H_

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

// Ids of people may be in it, so: mode 0600, and no link is followed, neither one at `path` (it is replaced) nor one
// that somebody put at PATH.part. Threads: one at a time. Without Commit nothing is left.
class PrivateFile {
 public:
  // Errors: InvalidArgument when `path` is there and no file; Unavailable when the disk refuses.
  static absl::StatusOr<std::unique_ptr<PrivateFile>> Create(const std::string& path);
  ~PrivateFile();
  PrivateFile(const PrivateFile&) = delete;
  PrivateFile& operator=(const PrivateFile&) = delete;

  // Errors come out at Commit.
  void Write(absl::string_view content);
  // Closes the file and moves it to `path`. At most once. Errors: Unavailable when the disk refused; nothing is left.
  absl::Status Commit();

 private:
  PrivateFile(std::string path, std::string part, std::FILE* file);

  const std::string path_;
  const std::string part_;
  std::FILE* file_;  // null once it is closed
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_PRIVATE_FILE_H_
