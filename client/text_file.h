// Small text files, read and written whole, with errors that name the path.
#ifndef ASSENT_CLIENT_TEXT_FILE_H_
#define ASSENT_CLIENT_TEXT_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kTextFileBytesMax = size_t{64} << 20;

// Replaces `path` by `content`, readable by its owner only. Errors: as PrivateFile.
absl::Status WriteTextFile(const std::string& path, absl::string_view content);
// Errors: NotFound; InvalidArgument above kTextFileBytesMax.
absl::StatusOr<std::string> ReadTextFile(const std::string& path);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TEXT_FILE_H_
