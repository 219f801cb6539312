#include "server/signed_document.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assent::server {

std::string SignDocument(absl::string_view schema, absl::string_view json, const policy::SigningKey& key) {
  const std::string header = absl::WebSafeBase64Escape(
      absl::StrCat(R"({"alg":"EdDSA","kid":")", key.verifying().id(), R"(","cty":")", schema, R"("})"));
  const std::string payload = absl::WebSafeBase64Escape(json);
  const std::string signature = absl::WebSafeBase64Escape(key.Sign(absl::StrCat(header, ".", payload)));
  return absl::StrCat(R"({"payload":")", payload, R"(","protected":")", header, R"(","signature":")", signature,
                      R"("})");
}

}  // namespace assent::server
