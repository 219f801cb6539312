// The consent token: "I have seen commit (epoch, sequence)", signed by this server's key.
#ifndef ASSENT_SERVER_CONSENT_TOKEN_H_
#define ASSENT_SERVER_CONSENT_TOKEN_H_

#include <optional>
#include <string>

#include "absl/strings/string_view.h"
#include "policy/subject.h"
#include "storage/consent_store.h"

namespace assent::server {

inline constexpr size_t kConsentTokenBytesMax = 128;

// Shape: base64url without padding of version (1 byte, 1), epoch (8, big-endian), sequence (8, big-endian), MAC (16).
// Names nobody: a token says how far the log had come, not whose record it was.
// Threads: one codec a thread (it keeps scratch memory). Ownership: borrows the pseudonymizer.
class ConsentTokenCodec {
 public:
  explicit ConsentTokenCodec(const policy::Pseudonymizer& pseudonymizer) : pseudonymizer_(pseudonymizer) {}

  std::string Encode(const storage::CommitPoint& point) const;
  // Nothing for a token that this server's key did not sign. Cost: no allocation after the first.
  std::optional<storage::CommitPoint> Decode(absl::string_view token);

 private:
  const policy::Pseudonymizer& pseudonymizer_;
  std::string scratch_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONSENT_TOKEN_H_
