// Ed25519 keys: who holds the private one signs, and anyone with the public one can tell.
#ifndef ASSENT_POLICY_SIGNATURE_H_
#define ASSENT_POLICY_SIGNATURE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

struct evp_pkey_st;

namespace assent::policy {

// The public half. Immutable. Threads: safe.
class VerifyingKey {
 public:
  // Reads a public key in PEM ("BEGIN PUBLIC KEY"). Errors: InvalidArgument (not one of Ed25519).
  static absl::StatusOr<VerifyingKey> FromPem(absl::string_view pem);

  bool Verify(absl::string_view message, absl::string_view signature) const;
  // Names the key: its JWK thumbprint, 43 characters. Source: RFC 7638, RFC 8037 appendix A.3.
  const std::string& id() const { return id_; }
  std::string ToPem() const;

 private:
  friend class SigningKey;
  explicit VerifyingKey(std::shared_ptr<evp_pkey_st> key);

  std::shared_ptr<evp_pkey_st> key_;
  std::string id_;
};

// The private half. Immutable. Threads: safe. Cost of a signature: some 50 microseconds.
class SigningKey {
 public:
  // Reads a private key in PEM ("BEGIN PRIVATE KEY", without a passphrase). Errors: InvalidArgument (not one of
  // Ed25519).
  static absl::StatusOr<SigningKey> FromPem(absl::string_view pem);

  // 64 bytes; always the same for the same message. Source: RFC 8032.
  std::string Sign(absl::string_view message) const;
  const VerifyingKey& verifying() const { return verifying_; }

 private:
  explicit SigningKey(std::shared_ptr<evp_pkey_st> key) : verifying_(std::move(key)) {}

  VerifyingKey verifying_;
};

}  // namespace assent::policy

#endif  // ASSENT_POLICY_SIGNATURE_H_
