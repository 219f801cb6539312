// The envelope of every stored value: version, sealing, checksum, content (docs/storage_format.md).
#ifndef ASSENT_STORAGE_RECORD_CODEC_H_
#define ASSENT_STORAGE_RECORD_CODEC_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace assent::storage {

inline constexpr size_t kEnvelopeBytes = 6;

// The content in its envelope. The checksum covers the record's key too, so that a value under another key is refused.
std::string EncodeRecord(absl::string_view key, absl::string_view content);
std::string EncodeRecord(absl::string_view key, const google::protobuf::MessageLite& content);

// A view of the content, into `value`. Errors: DataLoss (cut, damaged, or under another key); FailedPrecondition
// (written by a newer version, or sealed). Cost: no allocation.
absl::StatusOr<absl::string_view> DecodeRecord(absl::string_view key, absl::string_view value);
// Parses into `content`. Errors: as above, and DataLoss for a content that is not such a message.
absl::Status DecodeRecord(absl::string_view key, absl::string_view value, google::protobuf::MessageLite& content);

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_RECORD_CODEC_H_
