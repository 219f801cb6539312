#include "storage/profile_record.h"

#include <array>
#include <bit>
#include <cstring>

#include "absl/random/random.h"
#include "storage/record_codec.h"

namespace assent::storage {
namespace {

// byte 0: version; 1-3: zero; 4-7: opened revision; 8-15: layout digest; 16-23: mask; 24-: state, each 8 bytes of it
// combined with the mask by exclusive or.
constexpr uint8_t kContentVersion = 1;
constexpr size_t kContentHeadBytes = 24;
constexpr size_t kRevisionPlace = 4;
constexpr size_t kDigestPlace = 8;
constexpr size_t kMaskPlace = 16;

static_assert(std::endian::native == std::endian::little,
              "numbers are little-endian on the disk and copied as they are");

uint64_t NewMask() {
  thread_local absl::BitGen random;
  return random();
}

void Mask(uint64_t mask, const uint8_t* from, size_t bytes, uint8_t* to) {
  std::array<uint8_t, sizeof(mask)> pad;
  std::memcpy(pad.data(), &mask, sizeof(mask));
  for (size_t i = 0; i < bytes; ++i) to[i] = from[i] ^ pad[i % pad.size()];
}

}  // namespace

std::string ProfileKey(const policy::SubjectKey& subject, policy::Purpose purpose) {
  std::string key(reinterpret_cast<const char*>(subject.bytes.data()), subject.bytes.size());
  key.push_back(static_cast<char>(purpose));
  return key;
}

std::string EncodeProfile(const RecordCodec& codec, absl::string_view key, const StoredProfile& profile) {
  std::string content(kContentHeadBytes + profile.state.size(), '\0');
  content[0] = static_cast<char>(kContentVersion);
  std::memcpy(content.data() + kRevisionPlace, &profile.opened_revision, sizeof(profile.opened_revision));
  std::memcpy(content.data() + kDigestPlace, &profile.layout_digest, sizeof(profile.layout_digest));
  const uint64_t mask = NewMask();
  std::memcpy(content.data() + kMaskPlace, &mask, sizeof(mask));
  Mask(mask, profile.state.data(), profile.state.size(),
       reinterpret_cast<uint8_t*>(content.data()) + kContentHeadBytes);
  return codec.Encode(key, absl::string_view(content));
}

absl::StatusOr<StoredProfile> DecodeProfile(const RecordCodec& codec, absl::string_view key, absl::string_view value,
                                            std::vector<uint8_t>& memory) {
  std::string opened;
  const absl::StatusOr<absl::string_view> content = codec.Decode(key, value, opened);
  if (!content.ok()) return content.status();
  if (!content->empty() && static_cast<uint8_t>((*content)[0]) > kContentVersion) {
    return absl::FailedPreconditionError("a stored profile was written by a newer version of assent");
  }
  if (content->size() < kContentHeadBytes) return absl::DataLossError("a stored profile is cut short");
  StoredProfile profile;
  std::memcpy(&profile.opened_revision, content->data() + kRevisionPlace, sizeof(profile.opened_revision));
  std::memcpy(&profile.layout_digest, content->data() + kDigestPlace, sizeof(profile.layout_digest));
  uint64_t mask = 0;
  std::memcpy(&mask, content->data() + kMaskPlace, sizeof(mask));
  memory.resize(content->size() - kContentHeadBytes);
  Mask(mask, reinterpret_cast<const uint8_t*>(content->data()) + kContentHeadBytes, memory.size(), memory.data());
  profile.state = memory;
  return profile;
}

}  // namespace assent::storage
