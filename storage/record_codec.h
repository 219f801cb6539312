// The envelope of every stored value: version, sealing, checksum, content (docs/storage_format.md).
#ifndef ASSENT_STORAGE_RECORD_CODEC_H_
#define ASSENT_STORAGE_RECORD_CODEC_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "storage/sealing_keys.h"

namespace google::protobuf {
class MessageLite;
}  // namespace google::protobuf

namespace assent::storage {

inline constexpr size_t kEnvelopeBytes = 6;

// How a value stands on the disk.
struct ValueSealing {
  enum class Kind : uint8_t {
    kNone,       // not sealed
    kSealed,     // with the key of `key_id`; whether it opens is another question
    kUnreadable  // cut, damaged, under another key, or of a newer version
  };
  Kind kind = Kind::kUnreadable;
  uint32_t key_id = 0;
};

// The values of one column family. With keys what it encodes is sealed: unreadable without them, and bound to its
// family and its record's key. Values that are not sealed stay readable, so that a folder can be sealed later.
// Threads: safe. Cost: sealing takes a mutex for a microsecond (in a commit's turn, where nobody else seals as a rule),
// opening one of several.
class RecordCodec {
 public:
  // Seals nothing: for `meta`, which is read before there are keys, and where there are none.
  RecordCodec();
  // `family`: the column family's name. Ownership: borrows `keys`.
  RecordCodec(absl::string_view family, const SealingKeys& keys);
  ~RecordCodec();
  RecordCodec(const RecordCodec&) = delete;
  RecordCodec& operator=(const RecordCodec&) = delete;

  // The content in its envelope. The checksum covers the record's key too, so that a value under another key is
  // refused. Ends the process where libcrypto fails to seal, which it does for want of memory only: what should be
  // sealed is never written otherwise.
  std::string Encode(absl::string_view key, absl::string_view content) const;
  std::string Encode(absl::string_view key, const google::protobuf::MessageLite& content) const;

  // A view of the content, into `value`, or into `opened` where it was sealed. Errors: DataLoss (cut, damaged, changed,
  // or under another key); FailedPrecondition (written by a newer version, or sealed with a key that is not there).
  // Cost: no allocation for what is not sealed.
  absl::StatusOr<absl::string_view> Decode(absl::string_view key, absl::string_view value, std::string& opened) const;
  // Parses into `content`. Errors: as above, and DataLoss for a content that is not such a message.
  absl::Status Decode(absl::string_view key, absl::string_view value, google::protobuf::MessageLite& content) const;

  // Cost: reads the value once, and opens nothing.
  static ValueSealing SealingOf(absl::string_view key, absl::string_view value);

 private:
  struct Lanes;
  std::unique_ptr<Lanes> lanes_;  // null: seals nothing
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_RECORD_CODEC_H_
