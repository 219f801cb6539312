// The file with the pseudonym key: 64 hexadecimal characters, for its owner's eyes only.
#ifndef ASSENT_STORAGE_KEY_FILE_H_
#define ASSENT_STORAGE_KEY_FILE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assent::storage {

inline constexpr size_t kKeyBytes = 32;

// The key, kKeyBytes long. One line feed may follow the characters. The messages name the file and what to do, never
// its content. Errors: NotFound; FailedPrecondition (group or others may read or write it, not a regular file);
// InvalidArgument (not 64 hexadecimal characters); Unavailable (cannot be read).
absl::StatusOr<std::string> ReadKeyFile(const std::string& path);

// Makes a random key and writes it, synced, with mode 0600. Errors: AlreadyExists (it never overwrites: with another
// key every opt-out would vanish); Unavailable (cannot be written, no randomness).
absl::Status WriteNewKeyFile(const std::string& path);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_KEY_FILE_H_
