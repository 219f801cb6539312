// The low-level SHA256_* calls are deprecated in OpenSSL 3 in favour of EVP, whose contexts live on the heap: copying a
// prepared one allocates on every call. A SHA256_CTX is a plain value that is copied on the stack, which is what keeps
// Pseudonymize free of allocation. They are still supported; this file is the only one that uses them.
#define OPENSSL_SUPPRESS_DEPRECATED

#include "policy/subject.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assent::policy {
namespace {

constexpr size_t kKeyBytes = 32;
constexpr size_t kBlockBytes = 64;

// The first byte of every message tells its use. A subject's message starts with the length of its namespace, at most
// kNamespaceBytesMax, so that no subject can be mistaken for one of these.
constexpr absl::string_view kCheckMessage =
    "\xFF"
    "assent key check v1";
constexpr absl::string_view kTokenKeyMessage =
    "\xFE"
    "assent consent token key v1";
constexpr uint8_t kOnionByte = 0xFD;
static_assert(kNamespaceBytesMax < kOnionByte);

using Mac = std::array<uint8_t, SHA256_DIGEST_LENGTH>;

// A keyed HMAC: the two key blocks are hashed once, here.
struct KeyedHash {
  SHA256_CTX inner;
  SHA256_CTX outer;

  void Init(const uint8_t* key) {
    std::array<uint8_t, kBlockBytes> pad;
    std::fill(pad.begin(), pad.end(), uint8_t{0x36});
    for (size_t i = 0; i < kKeyBytes; ++i) pad[i] = static_cast<uint8_t>(pad[i] ^ key[i]);
    SHA256_Init(&inner);
    SHA256_Update(&inner, pad.data(), pad.size());
    std::fill(pad.begin(), pad.end(), uint8_t{0x5c});
    for (size_t i = 0; i < kKeyBytes; ++i) pad[i] = static_cast<uint8_t>(pad[i] ^ key[i]);
    SHA256_Init(&outer);
    SHA256_Update(&outer, pad.data(), pad.size());
    OPENSSL_cleanse(pad.data(), pad.size());
  }

  // Finishes a copy of `inner` that has taken the message.
  Mac Finish(SHA256_CTX message) const {
    Mac mac;
    SHA256_Final(mac.data(), &message);
    SHA256_CTX envelope = outer;
    SHA256_Update(&envelope, mac.data(), mac.size());
    SHA256_Final(mac.data(), &envelope);
    return mac;
  }

  Mac Of(absl::string_view message) const {
    SHA256_CTX context = inner;
    SHA256_Update(&context, message.data(), message.size());
    return Finish(context);
  }
};

bool IsNamespaceCharacter(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

}  // namespace

absl::Status RawSubject::Validate(size_t id_bytes_max) const {
  if (namespace_.empty()) return absl::InvalidArgumentError("subject.namespace: required");
  if (namespace_.size() > kNamespaceBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat("subject.namespace: longer than ", kNamespaceBytesMax, " bytes"));
  }
  if (!std::all_of(namespace_.begin(), namespace_.end(), IsNamespaceCharacter)) {
    return absl::InvalidArgumentError("subject.namespace: only characters of [a-z0-9_-] are allowed");
  }
  if (id_.empty()) return absl::InvalidArgumentError("subject.id: required");
  if (id_.size() > id_bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat("subject.id: longer than ", id_bytes_max, " bytes"));
  }
  return absl::OkStatus();
}

bool RawSubject::IsValid(size_t id_bytes_max) const {
  return !namespace_.empty() && namespace_.size() <= kNamespaceBytesMax && !id_.empty() && id_.size() <= id_bytes_max &&
         std::all_of(namespace_.begin(), namespace_.end(), IsNamespaceCharacter);
}

struct Pseudonymizer::State {
  std::array<KeyedHash, kPseudonymKeysMax> subject;  // the first `keys` of them
  size_t keys = 0;
  KeyedHash token;

  SubjectKey CheckValueOfFirst() const { return Cut(subject[0].Of(kCheckMessage)); }
  // One layer of the onion.
  SubjectKey Wrapped(const SubjectKey& inner, size_t key) const {
    std::array<char, 1 + sizeof(inner.bytes)> message;
    message[0] = static_cast<char>(kOnionByte);
    std::copy_n(inner.bytes.begin(), inner.bytes.size(), message.begin() + 1);
    return Cut(subject[key].Of(absl::string_view(message.data(), message.size())));
  }
  static SubjectKey Cut(const Mac& mac) {
    SubjectKey key;
    std::copy_n(mac.begin(), key.bytes.size(), key.bytes.begin());
    return key;
  }
};

absl::StatusOr<Pseudonymizer> Pseudonymizer::Create(absl::string_view key) {
  std::string only(key);
  absl::StatusOr<Pseudonymizer> made = CreateChain(std::span<const std::string>(&only, 1));
  OPENSSL_cleanse(only.data(), only.size());
  return made;
}

absl::StatusOr<Pseudonymizer> Pseudonymizer::CreateChain(std::span<const std::string> keys) {
  if (keys.empty() || keys.size() > kPseudonymKeysMax) {
    return absl::InvalidArgumentError(absl::StrCat("pseudonym key: there must be 1 to ", kPseudonymKeysMax));
  }
  Pseudonymizer made(std::make_unique<State>());
  State& state = *made.state_;
  for (const std::string& key : keys) {
    if (key.size() != kKeyBytes) {
      return absl::InvalidArgumentError(absl::StrCat("pseudonym key: must be ", kKeyBytes, " bytes, got ", key.size()));
    }
    if (std::count(keys.begin(), keys.end(), key) != 1) {
      return absl::InvalidArgumentError("pseudonym key: one stands there twice");
    }
    state.subject[state.keys++].Init(reinterpret_cast<const uint8_t*>(key.data()));
  }
  Mac token_key = state.subject[0].Of(kTokenKeyMessage);
  state.token.Init(token_key.data());
  OPENSSL_cleanse(token_key.data(), token_key.size());
  return made;
}

Pseudonymizer::Pseudonymizer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Pseudonymizer::Pseudonymizer(Pseudonymizer&&) noexcept = default;

Pseudonymizer& Pseudonymizer::operator=(Pseudonymizer&& other) noexcept {
  std::swap(state_, other.state_);  // the old state is wiped with `other`
  return *this;
}

Pseudonymizer::~Pseudonymizer() {
  if (state_ != nullptr) OPENSSL_cleanse(state_.get(), sizeof(State));
}

SubjectKey Pseudonymizer::Pseudonymize(const RawSubject& subject) const {
  const KeyedHash& hash = state_->subject[0];
  SHA256_CTX context = hash.inner;
  const auto length = static_cast<uint8_t>(subject.namespace_.size());
  SHA256_Update(&context, &length, 1);
  SHA256_Update(&context, subject.namespace_.data(), subject.namespace_.size());
  SHA256_Update(&context, subject.id_.data(), subject.id_.size());
  return Continue(State::Cut(hash.Finish(context)), 1);
}

SubjectKey Pseudonymizer::Continue(const SubjectKey& pseudonym, size_t keys) const {
  SubjectKey key = pseudonym;
  for (size_t next = keys; next < state_->keys; ++next) key = state_->Wrapped(key, next);
  return key;
}

SubjectKey Pseudonymizer::CheckValue() const { return Continue(state_->CheckValueOfFirst(), 1); }

std::vector<SubjectKey> Pseudonymizer::CheckValues() const {
  std::vector<SubjectKey> values = {state_->CheckValueOfFirst()};
  while (values.size() < state_->keys) values.push_back(state_->Wrapped(values.back(), values.size()));
  return values;
}

std::optional<size_t> Pseudonymizer::KeysOf(const SubjectKey& check_value) const {
  const std::vector<SubjectKey> values = CheckValues();
  const auto found = std::find(values.begin(), values.end(), check_value);
  return found == values.end() ? std::nullopt : std::optional<size_t>(found - values.begin() + 1);
}

std::array<uint8_t, 16> Pseudonymizer::TokenMac(absl::string_view message) const {
  const Mac mac = state_->token.Of(message);
  std::array<uint8_t, 16> cut;
  std::copy_n(mac.begin(), cut.size(), cut.begin());
  return cut;
}

}  // namespace assent::policy
