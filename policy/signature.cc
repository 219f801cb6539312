#include "policy/signature.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>

#include <array>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assent::policy {
namespace {

constexpr size_t kPublicKeyBytes = 32;
constexpr size_t kSignatureBytes = 64;

struct FreeBio {
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, FreeBio>;
struct FreeContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};
using DigestContext = std::unique_ptr<EVP_MD_CTX, FreeContext>;

// A key with a passphrase is none that could be read: nobody is asked for it.
int NoPassphrase(char*, int, int, void*) { return -1; }

using PemReader = EVP_PKEY* (*)(BIO*, EVP_PKEY**, pem_password_cb*, void*);

absl::StatusOr<std::shared_ptr<EVP_PKEY>> ReadPem(absl::string_view pem, PemReader read, absl::string_view what) {
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  std::shared_ptr<EVP_PKEY> key(bio == nullptr ? nullptr : read(bio.get(), nullptr, NoPassphrase, nullptr),
                                [](EVP_PKEY* owned) { EVP_PKEY_free(owned); });
  if (key != nullptr && EVP_PKEY_id(key.get()) == EVP_PKEY_ED25519) return key;
  return absl::InvalidArgumentError(absl::StrCat("is not ", what, " key of Ed25519 in PEM"));
}

std::string ThumbprintOf(EVP_PKEY* key) {
  std::array<unsigned char, kPublicKeyBytes> bytes{};
  size_t size = bytes.size();
  EVP_PKEY_get_raw_public_key(key, bytes.data(), &size);
  const std::string jwk =
      absl::StrCat(R"({"crv":"Ed25519","kty":"OKP","x":")",
                   absl::WebSafeBase64Escape({reinterpret_cast<const char*>(bytes.data()), size}), R"("})");
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(jwk.data()), jwk.size(), digest.data());
  return absl::WebSafeBase64Escape({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

const unsigned char* BytesOf(absl::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }

}  // namespace

VerifyingKey::VerifyingKey(std::shared_ptr<evp_pkey_st> key) : key_(std::move(key)), id_(ThumbprintOf(key_.get())) {}

absl::StatusOr<VerifyingKey> VerifyingKey::FromPem(absl::string_view pem) {
  auto key = ReadPem(pem, PEM_read_bio_PUBKEY, "a public");
  if (!key.ok()) return key.status();
  return VerifyingKey(*std::move(key));
}

bool VerifyingKey::Verify(absl::string_view message, absl::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  return context != nullptr && EVP_DigestVerifyInit(context.get(), nullptr, nullptr, nullptr, key_.get()) == 1 &&
         EVP_DigestVerify(context.get(), BytesOf(signature), signature.size(), BytesOf(message), message.size()) == 1;
}

std::string VerifyingKey::ToPem() const {
  const Bio bio(BIO_new(BIO_s_mem()));
  if (bio == nullptr || PEM_write_bio_PUBKEY(bio.get(), key_.get()) != 1) return "";
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<size_t>(size)};
}

absl::StatusOr<SigningKey> SigningKey::FromPem(absl::string_view pem) {
  auto key = ReadPem(pem, PEM_read_bio_PrivateKey, "a private");
  if (!key.ok()) return key.status();
  return SigningKey(*std::move(key));
}

std::string SigningKey::Sign(absl::string_view message) const {
  const DigestContext context(EVP_MD_CTX_new());
  std::string signature(kSignatureBytes, '\0');
  size_t size = signature.size();
  const bool made = context != nullptr &&
                    EVP_DigestSignInit(context.get(), nullptr, nullptr, nullptr, verifying_.key_.get()) == 1 &&
                    EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                                   BytesOf(message), message.size()) == 1;
  return made ? signature : "";
}

}  // namespace assent::policy
