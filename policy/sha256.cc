#include "policy/sha256.h"

#include <openssl/evp.h>

#include <algorithm>
#include <memory>

namespace assent::policy {
namespace {

struct FreeDigest {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

// Looked up once: the library takes longer to find the algorithm by its name than to hash an entry.
const EVP_MD* Algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  return algorithm;
}

}  // namespace

Sha256 Sha256Of(std::initializer_list<absl::string_view> parts) {
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigest> context(EVP_MD_CTX_new());
  Sha256 hash;
  EVP_DigestInit_ex2(context.get(), Algorithm(), nullptr);
  for (const absl::string_view part : parts) EVP_DigestUpdate(context.get(), part.data(), part.size());
  EVP_DigestFinal_ex(context.get(), hash.data(), nullptr);
  return hash;
}

std::optional<Sha256> Sha256FromBytes(absl::string_view bytes) {
  if (bytes.size() != kSha256Bytes) return std::nullopt;
  Sha256 hash;
  std::copy(bytes.begin(), bytes.end(), hash.begin());
  return hash;
}

}  // namespace assent::policy
