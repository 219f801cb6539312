#include "storage/record_codec.h"

#include <google/protobuf/message_lite.h>
#include <zlib.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <mutex>
#include <optional>
#include <span>

#include "absl/strings/str_cat.h"
#include "policy/sealing.h"

namespace assent::storage {
namespace {

// byte 0: version; byte 1: sealing; bytes 2-5: CRC-32 (IEEE, as zlib has it), little-endian, of the key, the first two
// bytes and the content as it stands there.
constexpr uint8_t kEnvelopeVersion = 1;
constexpr uint8_t kNotSealed = 0;
constexpr uint8_t kSealedAes256Gcm = 1;
constexpr size_t kEnvelopeHeadBytes = 2;

// Values are sealed by one Sealer, so that few salts stand in a folder, and opened by several, so that readers do not
// wait for each other.
constexpr size_t kOpeningLanes = 8;

constexpr absl::string_view kUse = "stored ";

uLong AddCrc(uLong crc, absl::string_view bytes) {
  return crc32_z(crc, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size());
}

uint32_t Checksum(absl::string_view key, absl::string_view head, absl::string_view content) {
  return static_cast<uint32_t>(AddCrc(AddCrc(AddCrc(0, key), head), content));
}

void PutChecksum(absl::string_view key, std::string& value) {
  const absl::string_view whole = value;
  const uint32_t checksum = Checksum(key, whole.substr(0, kEnvelopeHeadBytes), whole.substr(kEnvelopeBytes));
  for (size_t i = 0; i < 4; ++i) value[kEnvelopeHeadBytes + i] = static_cast<char>((checksum >> (8 * i)) & 0xFF);
}

std::string Head(uint8_t sealing) {
  std::string value(kEnvelopeBytes, '\0');
  value[0] = static_cast<char>(kEnvelopeVersion);
  value[1] = static_cast<char>(sealing);
  return value;
}

std::string EncodePlain(absl::string_view key, absl::string_view content) {
  std::string value = Head(kNotSealed);
  value.append(content.data(), content.size());
  PutChecksum(key, value);
  return value;
}

// OK where the checksum is right and the version is ours.
absl::Status CheckEnvelope(absl::string_view key, absl::string_view value) {
  if (value.size() < kEnvelopeBytes) return absl::DataLossError("a stored record is cut short");
  uint32_t stored = 0;
  for (size_t i = 0; i < 4; ++i) stored |= uint32_t{static_cast<uint8_t>(value[kEnvelopeHeadBytes + i])} << (8 * i);
  if (stored != Checksum(key, value.substr(0, kEnvelopeHeadBytes), value.substr(kEnvelopeBytes))) {
    return absl::DataLossError("a stored record is damaged: its checksum is wrong");
  }
  if (static_cast<uint8_t>(value[0]) != kEnvelopeVersion || static_cast<uint8_t>(value[1]) > kSealedAes256Gcm) {
    return absl::FailedPreconditionError("a stored record was written by a newer version of assent");
  }
  return absl::OkStatus();
}

bool IsSealed(absl::string_view value) { return static_cast<uint8_t>(value[1]) == kSealedAes256Gcm; }

absl::Status NoKey() {
  return absl::FailedPreconditionError("a stored record is sealed with a key that is not among the sealing keys");
}

// A number for each thread, so that each has a lane of its own while there are lanes.
size_t LaneOfThread() {
  static std::atomic<size_t> threads{0};
  thread_local const size_t mine = threads.fetch_add(1, std::memory_order_relaxed);
  return mine % kOpeningLanes;
}

[[noreturn]] void EndWithoutSealing() {
  std::fputs("assent: libcrypto cannot seal\n", stderr);
  std::abort();
}

}  // namespace

struct RecordCodec::Lanes {
  // A Sealer of the keys in use.
  struct Lane {
    std::mutex mutex;  // guards both
    uint64_t generation = 0;
    std::optional<policy::Sealer> sealer;

    policy::Sealer& Current(const Lanes& lanes) {
      if (const uint64_t now = lanes.keys.generation(); !sealer || now != generation) {
        sealer.emplace(*lanes.keys.ring(), lanes.use);
        generation = now;
      }
      return *sealer;
    }
  };

  Lanes(absl::string_view family, const SealingKeys& the_keys) : use(absl::StrCat(kUse, family)), keys(the_keys) {}

  std::string Seal(absl::string_view key, absl::string_view content) {
    std::string value = Head(kSealedAes256Gcm);
    value.resize(kEnvelopeBytes + content.size() + policy::kSealedOverheadBytes);
    {
      const std::lock_guard<std::mutex> lock(sealing.mutex);
      if (!sealing.Current(*this).Seal(content, key, std::span(value).subspan(kEnvelopeBytes))) EndWithoutSealing();
    }
    PutChecksum(key, value);
    return value;
  }

  absl::Status Open(absl::string_view key, absl::string_view sealed, std::string& opened) {
    Lane& lane = opening[LaneOfThread()];
    const std::lock_guard<std::mutex> lock(lane.mutex);
    return lane.Current(*this).Open(sealed, key, opened);
  }

  const std::string use;
  const SealingKeys& keys;
  Lane sealing;
  std::array<Lane, kOpeningLanes> opening;
};

RecordCodec::RecordCodec() = default;
RecordCodec::RecordCodec(absl::string_view family, const SealingKeys& keys)
    : lanes_(std::make_unique<Lanes>(family, keys)) {}
RecordCodec::~RecordCodec() = default;

std::string RecordCodec::Encode(absl::string_view key, absl::string_view content) const {
  const bool seals = lanes_ != nullptr && lanes_->keys.generation() != 0;
  return seals ? lanes_->Seal(key, content) : EncodePlain(key, content);
}

std::string RecordCodec::Encode(absl::string_view key, const google::protobuf::MessageLite& content) const {
  return Encode(key, content.SerializeAsString());
}

absl::StatusOr<absl::string_view> RecordCodec::Decode(absl::string_view key, absl::string_view value,
                                                      std::string& opened) const {
  if (absl::Status status = CheckEnvelope(key, value); !status.ok()) return status;
  const absl::string_view content = value.substr(kEnvelopeBytes);
  if (!IsSealed(value)) return content;
  if (lanes_ == nullptr || lanes_->keys.generation() == 0) return NoKey();
  absl::Status status = lanes_->Open(key, content, opened);
  if (absl::IsNotFound(status)) return NoKey();
  if (!status.ok()) return status;
  return opened;
}

absl::Status RecordCodec::Decode(absl::string_view key, absl::string_view value,
                                 google::protobuf::MessageLite& content) const {
  std::string opened;
  const auto bytes = Decode(key, value, opened);
  if (!bytes.ok()) return bytes.status();
  if (bytes->size() > INT32_MAX || !content.ParseFromArray(bytes->data(), static_cast<int>(bytes->size()))) {
    return absl::DataLossError("a stored record is damaged: its content cannot be read");
  }
  return absl::OkStatus();
}

ValueSealing RecordCodec::SealingOf(absl::string_view key, absl::string_view value) {
  if (!CheckEnvelope(key, value).ok()) return {};
  if (!IsSealed(value)) return {.kind = ValueSealing::Kind::kNone};
  ValueSealing sealing{.kind = ValueSealing::Kind::kSealed};
  return policy::Sealer::KeyIdOf(value.substr(kEnvelopeBytes), sealing.key_id) ? sealing : ValueSealing{};
}

}  // namespace assent::storage
