// Authenticated encryption of what leaves the process: values on disk, receipts in a caller's hands.
#ifndef ASSENT_POLICY_SEALING_H_
#define ASSENT_POLICY_SEALING_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_cipher_ctx_st;

namespace assent::policy {

inline constexpr size_t kSealingKeyBytes = 32;
inline constexpr size_t kSealingKeysMax = 16;
// Key id (4), salt (16), counter (8) before the content, tag (16) behind it.
inline constexpr size_t kSealedOverheadBytes = 44;

// The keys of a deployment: the last one seals, each of them opens. Keys rotate by adding one, sealing anew what the
// older ones sealed, and taking those out. Immutable, cheap to copy. Threads: safe.
class SealingRing {
 public:
  // Errors: InvalidArgument (no key or more than kSealingKeysMax, another length than kSealingKeyBytes, one key twice).
  static absl::StatusOr<SealingRing> Create(std::span<const std::string> keys);

  // Names the key that seals; reveals nothing of it.
  uint32_t sealing_key_id() const;
  // Whether one of the keys has this id.
  bool Has(uint32_t id) const { return Find(id) != nullptr; }

 private:
  friend class Sealer;
  struct Key {
    uint32_t id = 0;
    std::array<uint8_t, kSealingKeyBytes> secret = {};
  };
  struct Keys;
  explicit SealingRing(std::shared_ptr<const Keys> keys) : keys_(std::move(keys)) {}
  const Key* Find(uint32_t id) const;

  std::shared_ptr<const Keys> keys_;
};

// AES-256-GCM under a key of its own: HMAC-SHA-256(ring key, label || use || salt), with a random salt for every Sealer
// and a counter as nonce, so that no nonce repeats however many values are sealed. Source: NIST SP 800-38D; the
// derivation by salt as in C2SP XAES-256-GCM. Threads: one at a time. Cost once made: no allocation in Seal; Open
// derives a key when the salt is another than before.
class Sealer {
 public:
  // `use`: what is sealed for one use does not open for another.
  Sealer(SealingRing ring, absl::string_view use);
  Sealer(Sealer&&) noexcept;
  Sealer& operator=(Sealer&&) noexcept;
  ~Sealer();

  // Shape: out is [plain.size() + kSealedOverheadBytes]. `bound`: what else has to be the same when it is opened.
  // False: the library failed, and `out` holds nothing of use.
  [[nodiscard]] bool Seal(absl::string_view plain, absl::string_view bound, std::span<char> out);

  // Errors: NotFound (sealed with a key that the ring does not have), DataLoss (cut, changed, forged, sealed for
  // another use or bound to something else).
  absl::Status Open(absl::string_view sealed, absl::string_view bound, std::string& plain);

  // Names the key that something was sealed with, if it is long enough to be sealed; whether it opens is another
  // question.
  static bool KeyIdOf(absl::string_view sealed, uint32_t& id);

 private:
  struct FreeContext {
    void operator()(evp_cipher_ctx_st* context) const;
  };
  using Context = std::unique_ptr<evp_cipher_ctx_st, FreeContext>;
  static constexpr size_t kSaltBytes = 16;
  using Salt = std::array<uint8_t, kSaltBytes>;

  bool Derive(const SealingRing::Key& key, const Salt& salt, bool seals, Context& context) const;

  SealingRing ring_;
  std::string use_;
  Salt salt_ = {};
  uint64_t counter_ = 0;
  Context sealing_;
  Context opening_;
  Salt opened_salt_ = {};
  uint32_t opened_key_ = 0;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SEALING_H_
