#include "policy/sealing.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace assent::policy {
namespace {

constexpr absl::string_view kKeyIdMessage = "assent sealing key id v1";
constexpr absl::string_view kDeriveMessage = "assent sealing v1";
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;
constexpr size_t kKeyIdBytes = 4;
constexpr size_t kCounterBytes = 8;
constexpr size_t kPrefixBytes = kSealedOverheadBytes - kTagBytes;

using Mac = std::array<uint8_t, 32>;

const uint8_t* AsBytes(absl::string_view text) { return reinterpret_cast<const uint8_t*>(text.data()); }

Mac MacOf(const std::array<uint8_t, kSealingKeyBytes>& key, absl::string_view message) {
  Mac mac{};
  unsigned size = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), AsBytes(message), message.size(), mac.data(), &size);
  return mac;
}

// The nonce: four zero bytes and the counter as it stands in the prefix.
std::array<uint8_t, kNonceBytes> NonceOf(const uint8_t* counter) {
  std::array<uint8_t, kNonceBytes> nonce{};
  std::memcpy(nonce.data() + kNonceBytes - kCounterBytes, counter, kCounterBytes);
  return nonce;
}

}  // namespace

struct SealingRing::Keys {
  std::vector<Key> ring;
  ~Keys() {
    for (Key& key : ring) OPENSSL_cleanse(key.secret.data(), key.secret.size());
  }
};

absl::StatusOr<SealingRing> SealingRing::Create(std::span<const std::string> keys) {
  if (keys.empty() || keys.size() > kSealingKeysMax) {
    return absl::InvalidArgumentError(absl::StrCat("1 to ", kSealingKeysMax, " sealing keys are needed"));
  }
  auto made = std::make_shared<Keys>();
  made->ring.reserve(keys.size());
  for (const std::string& bytes : keys) {
    if (bytes.size() != kSealingKeyBytes) {
      return absl::InvalidArgumentError(absl::StrCat("a sealing key has ", kSealingKeyBytes, " bytes"));
    }
    Key& key = made->ring.emplace_back();
    std::copy(bytes.begin(), bytes.end(), key.secret.begin());
    const Mac mac = MacOf(key.secret, kKeyIdMessage);
    std::memcpy(&key.id, mac.data(), kKeyIdBytes);
    const auto same = [&](const Key& other) { return &other != &key && other.id == key.id; };
    if (std::any_of(made->ring.begin(), made->ring.end(), same)) {
      return absl::InvalidArgumentError("a sealing key stands there twice");
    }
  }
  return SealingRing(std::move(made));
}

uint32_t SealingRing::sealing_key_id() const { return keys_->ring.back().id; }

const SealingRing::Key* SealingRing::Find(uint32_t id) const {
  const auto found = std::find_if(keys_->ring.begin(), keys_->ring.end(), [&](const Key& key) { return key.id == id; });
  return found == keys_->ring.end() ? nullptr : &*found;
}

void Sealer::FreeContext::operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }

Sealer::Sealer(SealingRing ring, absl::string_view use) : ring_(std::move(ring)), use_(use) {
  // Without randomness nothing is sealed: `sealing_` stays empty.
  if (RAND_bytes(salt_.data(), static_cast<int>(salt_.size())) != 1) return;
  if (!Derive(ring_.keys_->ring.back(), salt_, true, sealing_)) sealing_.reset();
}

Sealer::Sealer(Sealer&&) noexcept = default;
Sealer& Sealer::operator=(Sealer&&) noexcept = default;
Sealer::~Sealer() = default;

bool Sealer::Derive(const SealingRing::Key& key, const Salt& salt, bool seals, Context& context) const {
  Mac derived =
      MacOf(key.secret, absl::StrCat(kDeriveMessage, absl::string_view("\0", 1), use_, absl::string_view("\0", 1),
                                     absl::string_view(reinterpret_cast<const char*>(salt.data()), salt.size())));
  context.reset(EVP_CIPHER_CTX_new());
  const bool made = context != nullptr && EVP_CipherInit_ex(context.get(), EVP_aes_256_gcm(), nullptr, derived.data(),
                                                            nullptr, seals ? 1 : 0) == 1;
  OPENSSL_cleanse(derived.data(), derived.size());
  return made;
}

bool Sealer::Seal(absl::string_view plain, absl::string_view bound, std::span<char> out) {
  if (sealing_ == nullptr || out.size() != plain.size() + kSealedOverheadBytes) return false;
  auto* const prefix = reinterpret_cast<uint8_t*>(out.data());
  const uint32_t id = ring_.sealing_key_id();
  std::memcpy(prefix, &id, kKeyIdBytes);
  std::memcpy(prefix + kKeyIdBytes, salt_.data(), kSaltBytes);
  uint8_t* const counter = prefix + kKeyIdBytes + kSaltBytes;
  ++counter_;
  std::memcpy(counter, &counter_, kCounterBytes);
  const auto nonce = NonceOf(counter);
  EVP_CIPHER_CTX* const context = sealing_.get();
  int size = 0;
  return EVP_EncryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
         EVP_EncryptUpdate(context, nullptr, &size, AsBytes(bound), static_cast<int>(bound.size())) == 1 &&
         EVP_EncryptUpdate(context, prefix + kPrefixBytes, &size, AsBytes(plain), static_cast<int>(plain.size())) ==
             1 &&
         EVP_EncryptFinal_ex(context, prefix + kPrefixBytes + plain.size(), &size) == 1 &&
         EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, kTagBytes, prefix + kPrefixBytes + plain.size()) == 1;
}

bool Sealer::KeyIdOf(absl::string_view sealed, uint32_t& id) {
  if (sealed.size() < kSealedOverheadBytes) return false;
  std::memcpy(&id, sealed.data(), kKeyIdBytes);
  return true;
}

absl::Status Sealer::Open(absl::string_view sealed, absl::string_view bound, std::string& plain) {
  plain.clear();
  uint32_t id = 0;
  if (!KeyIdOf(sealed, id)) return absl::DataLossError("sealed value is cut");
  const SealingRing::Key* const key = ring_.Find(id);
  if (key == nullptr) return absl::NotFoundError("sealed with a key that is not configured");
  Salt salt;
  std::memcpy(salt.data(), sealed.data() + kKeyIdBytes, kSaltBytes);
  if (opening_ == nullptr || opened_key_ != id || opened_salt_ != salt) {
    if (!Derive(*key, salt, false, opening_)) {
      opening_.reset();
      return absl::DataLossError("sealed value cannot be opened");
    }
    opened_key_ = id;
    opened_salt_ = salt;
  }
  const auto nonce = NonceOf(AsBytes(sealed) + kKeyIdBytes + kSaltBytes);
  const size_t content = sealed.size() - kSealedOverheadBytes;
  plain.resize(content);
  std::array<uint8_t, kTagBytes> tag;
  std::memcpy(tag.data(), sealed.data() + kPrefixBytes + content, kTagBytes);
  auto* const out = reinterpret_cast<uint8_t*>(plain.data());
  EVP_CIPHER_CTX* const context = opening_.get();
  int size = 0;
  const bool opened =
      EVP_DecryptInit_ex(context, nullptr, nullptr, nullptr, nonce.data()) == 1 &&
      EVP_DecryptUpdate(context, nullptr, &size, AsBytes(bound), static_cast<int>(bound.size())) == 1 &&
      EVP_DecryptUpdate(context, out, &size, AsBytes(sealed) + kPrefixBytes, static_cast<int>(content)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context, out + content, &size) == 1;
  if (opened) return absl::OkStatus();
  OPENSSL_cleanse(plain.data(), plain.size());
  plain.clear();
  return absl::DataLossError("sealed value is changed, or for another use");
}

}  // namespace assent::policy
