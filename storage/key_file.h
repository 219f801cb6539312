// Files with secrets, for their owner's eyes only. A key has 64 hexadecimal characters.
#ifndef ASSENT_STORAGE_KEY_FILE_H_
#define ASSENT_STORAGE_KEY_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "policy/sealing.h"

namespace assent::storage {

inline constexpr size_t kKeyBytes = 32;

// What a file with a secret holds, at most `bytes_max` bytes. `what` names it in messages, which never show its
// content. Errors: NotFound; FailedPrecondition (group or others may read or write it, not a regular file);
// InvalidArgument (it is longer); Unavailable (cannot be read).
absl::StatusOr<std::string> ReadSecretFile(absl::string_view what, const std::string& path, size_t bytes_max);

// The pseudonym keys, kKeyBytes long each: one a line, oldest first, at most policy::kPseudonymKeysMax. The last line
// feed may be missing. The messages name the file and what to do, never its content. Errors: as ReadSecretFile;
// InvalidArgument (not 64 hexadecimal characters a line, too many lines).
absl::StatusOr<std::vector<std::string>> ReadPseudonymKeys(const std::string& path);

// The sealing keys: likewise, at most policy::kSealingKeysMax. Errors: as ReadPseudonymKeys.
absl::StatusOr<policy::SealingRing> ReadSealingKeys(const std::string& path);

// Adds a random key as the last line, or makes the file with it where there is none. The file is replaced at once,
// whole and synced, keeps its owner and has mode 0600. Returns how many keys it has then. Errors: as ReadSealingKeys
// for what is there; ResourceExhausted (it has policy::kSealingKeysMax keys); Unavailable (cannot be written, no
// randomness).
absl::StatusOr<size_t> AppendKey(const std::string& path);

// Makes a random key and writes it, synced, with mode 0600. Errors: AlreadyExists (it never overwrites: with another
// key every opt-out would vanish); Unavailable (cannot be written, no randomness).
absl::Status WriteNewKeyFile(const std::string& path);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_KEY_FILE_H_
