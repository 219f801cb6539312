// Who an event is about: the caller's id and the pseudonym are different types, and only one of them can be kept.
#ifndef ASSENT_POLICY_SUBJECT_H_
#define ASSENT_POLICY_SUBJECT_H_

#include <array>
#include <cstdint>
#include <cstring>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::policy {

inline constexpr size_t kNamespaceBytesMax = 32;

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

// HMAC-SHA-256(key, byte(length of namespace) || namespace || id), cut to 16 bytes.
// Source: RFC 2104, FIPS 180-4; ENISA, "Pseudonymisation techniques and best practices", 2019 (keyed hash).
// Threads: safe. Cost of Pseudonymize: two or three SHA-256 blocks, no allocation.
class Pseudonymizer {
 public:
  // Shape: key is 32 bytes. Errors: InvalidArgument for another length.
  static absl::StatusOr<Pseudonymizer> Create(absl::string_view key);
  Pseudonymizer(Pseudonymizer&&) noexcept;
  Pseudonymizer& operator=(Pseudonymizer&&) noexcept;
  ~Pseudonymizer();  // wipes the key state

  SubjectKey Pseudonymize(const RawSubject& subject) const;
  // A value that tells keys apart and reveals nothing of them, to be kept in the store.
  SubjectKey CheckValue() const;
  // MAC of `message` under a key derived from the same secret for another use, cut to 16 bytes; for consent tokens.
  std::array<uint8_t, 16> TokenMac(absl::string_view message) const;

 private:
  struct State;
  explicit Pseudonymizer(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SUBJECT_H_
