// A file that somebody else wrote, read whole.
#ifndef ASSENT_STORAGE_TEXT_FILE_H_
#define ASSENT_STORAGE_TEXT_FILE_H_

#include <cstddef>
#include <string>

#include "absl/status/statusor.h"

namespace assent::storage {

// Errors, without the path: NotFound; InvalidArgument (not a regular file, or more than `bytes_max`); Unavailable.
absl::StatusOr<std::string> ReadTextFile(const std::string& path, size_t bytes_max);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_TEXT_FILE_H_
