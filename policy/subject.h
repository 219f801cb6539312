// Who an event is about: the caller's id and the pseudonym are different types, and only one of them can be kept.
#ifndef ASSENT_POLICY_SUBJECT_H_
#define ASSENT_POLICY_SUBJECT_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::policy {

inline constexpr size_t kNamespaceBytesMax = 32;
// As many keys as a chain may have: each costs every pseudonym three SHA-256 blocks.
inline constexpr size_t kPseudonymKeysMax = 8;

// The pseudonym: the only form of a subject that storage, logs and metrics may see. 16 bytes, uniformly distributed.
struct SubjectKey {
  std::array<uint8_t, 16> bytes = {};

  uint64_t high() const { return Word(0); }
  uint64_t low() const { return Word(8); }
  friend bool operator==(const SubjectKey&, const SubjectKey&) = default;
  friend auto operator<=>(const SubjectKey&, const SubjectKey&) = default;

 private:
  uint64_t Word(size_t offset) const {
    uint64_t word;
    std::memcpy(&word, bytes.data() + offset, sizeof(word));
    return word;
  }
};

// The caller's id, seen only on its way into Pseudonymizer. Has no accessor, cannot be printed, compared or copied into
// a string. Ownership: borrows both views.
class RawSubject {
 public:
  RawSubject(absl::string_view name_space, absl::string_view id) : namespace_(name_space), id_(id) {}

  // InvalidArgument that names the field ("subject.namespace" or "subject.id") and the limit, never the value.
  absl::Status Validate(size_t id_bytes_max) const;
  // The same without a message: true when valid. Cost: no allocation.
  bool IsValid(size_t id_bytes_max) const;

 private:
  friend class Pseudonymizer;
  absl::string_view namespace_;
  absl::string_view id_;
};

// HMAC-SHA-256(key, byte(length of namespace) || namespace || id), cut to 16 bytes. With several keys, oldest first, an
// onion: what the keys before made of it is hashed with the next one, HMAC-SHA-256(key, 0xFD || pseudonym), cut to 16
// bytes. So a folder can be taken from the pseudonyms of some keys to those of more without knowing an id; and all the
// keys are needed for ever.
// Source: RFC 2104, FIPS 180-4; ENISA, "Pseudonymisation techniques and best practices", 2019 (keyed hash).
// Threads: safe. Cost of Pseudonymize: two or three SHA-256 blocks, and three more for each further key; no allocation.
class Pseudonymizer {
 public:
  // Shape: key is 32 bytes. Errors: InvalidArgument for another length.
  static absl::StatusOr<Pseudonymizer> Create(absl::string_view key);
  // Oldest first; with one key, the same as above. Errors: InvalidArgument (none, more than kPseudonymKeysMax, another
  // length, one key twice).
  static absl::StatusOr<Pseudonymizer> CreateChain(std::span<const std::string> keys);
  Pseudonymizer(Pseudonymizer&&) noexcept;
  Pseudonymizer& operator=(Pseudonymizer&&) noexcept;
  ~Pseudonymizer();  // wipes the key state

  SubjectKey Pseudonymize(const RawSubject& subject) const;
  // A value that tells keys, and chains of them, apart and reveals nothing of them, to be kept in the store. It goes
  // through the onion as a pseudonym does.
  SubjectKey CheckValue() const;

  // Those of the first key, of the first two, and so on: the last is CheckValue(). Cost: allocates.
  std::vector<SubjectKey> CheckValues() const;

  // How many of the first keys of the chain made this check value; nothing: no number of them.
  std::optional<size_t> KeysOf(const SubjectKey& check_value) const;
  // The pseudonym that all keys make of who the first `keys` of them gave this one. Precondition: at least one.
  SubjectKey Continue(const SubjectKey& pseudonym, size_t keys) const;

  // MAC of `message` under a key derived from the oldest secret for another use, cut to 16 bytes; for consent tokens,
  // which outlive a rotation.
  std::array<uint8_t, 16> TokenMac(absl::string_view message) const;

 private:
  struct State;
  explicit Pseudonymizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SUBJECT_H_
