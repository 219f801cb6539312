#include "policy/signature.h"

#include <gtest/gtest.h>

#include "absl/strings/escaping.h"

namespace assent::policy {
namespace {

// RFC 8032 section 7.1, test 2, as PKCS #8 (RFC 8410).
constexpr char kPrivate[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
    "-----END PRIVATE KEY-----\n";
constexpr char kMessage[] = "\x72";
constexpr char kSignature[] =
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
    "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00";
// RFC 8037 appendix A: another key, and its thumbprint.
constexpr char kRfc8037Private[] =
    "-----BEGIN PRIVATE KEY-----\n"
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n"
    "-----END PRIVATE KEY-----\n";

SigningKey KeyOf(const char* pem) {
  auto key = SigningKey::FromPem(pem);
  EXPECT_TRUE(key.ok()) << key.status();
  return *std::move(key);
}

TEST(Signature, IsThatOfTheStandard) { EXPECT_EQ(absl::BytesToHexString(KeyOf(kPrivate).Sign(kMessage)), kSignature); }

TEST(Signature, ThePublicKeyTellsWhatWasSigned) {
  const SigningKey key = KeyOf(kPrivate);
  const auto verifying = VerifyingKey::FromPem(key.verifying().ToPem());
  ASSERT_TRUE(verifying.ok()) << verifying.status();
  EXPECT_EQ(verifying->id(), key.verifying().id());
  const std::string signature = key.Sign("a receipt");
  EXPECT_TRUE(verifying->Verify("a receipt", signature));
  EXPECT_FALSE(verifying->Verify("another receipt", signature));
  EXPECT_FALSE(verifying->Verify("a receipt", signature.substr(1)));
  EXPECT_FALSE(verifying->Verify("a receipt", ""));
  for (size_t i = 0; i < signature.size(); ++i) {
    std::string changed = signature;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(verifying->Verify("a receipt", changed)) << i;
  }
  EXPECT_FALSE(KeyOf(kRfc8037Private).verifying().Verify("a receipt", signature));
}

TEST(Signature, AKeyIsNamedByItsThumbprint) {
  EXPECT_EQ(KeyOf(kRfc8037Private).verifying().id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

TEST(Signature, OtherKeysAreRefused) {
  EXPECT_FALSE(SigningKey::FromPem("").ok());
  EXPECT_FALSE(SigningKey::FromPem("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n").ok());
  EXPECT_FALSE(SigningKey::FromPem(KeyOf(kPrivate).verifying().ToPem()).ok()) << "that is the public one";
  EXPECT_FALSE(VerifyingKey::FromPem(kPrivate).ok());
  // P-256.
  EXPECT_FALSE(VerifyingKey::FromPem("-----BEGIN PUBLIC KEY-----\n"
                                     "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEEVs/o5+uQbTjL3chynL4wXgUg2R9\n"
                                     "q9UU8I5mEovUf86QZ7kOBIjJwqnzD1omageEHWwHdBO6B+dFabmdT9POxg==\n"
                                     "-----END PUBLIC KEY-----\n")
                   .ok());
}

}  // namespace
}  // namespace assent::policy
