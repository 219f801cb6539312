#include "client/signed_document.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assent::client {
namespace {

using nlohmann::ordered_json;

absl::StatusOr<ordered_json> JsonPartOf(const std::string& base64url, absl::string_view what, const char* member) {
  std::string text;
  ordered_json json;
  if (absl::WebSafeBase64Unescape(base64url, &text)) json = ordered_json::parse(text, nullptr, false);
  if (json.is_object()) return json;
  return absl::InvalidArgumentError(absl::StrCat("the ", what, " is damaged: ", member, " is no JSON in base64url"));
}

}  // namespace

std::string TextOf(const ordered_json& document, const char* member) {
  const auto found = document.find(member);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

absl::StatusOr<ordered_json> VerifyDocument(const std::string& text, const policy::VerifyingKey& key,
                                            absl::string_view what) {
  const ordered_json document = ordered_json::parse(text, nullptr, false);
  if (!document.is_object()) return absl::InvalidArgumentError(absl::StrCat("the ", what, " is no JSON"));
  const std::string header_text = TextOf(document, "protected");
  const std::string payload_text = TextOf(document, "payload");
  const auto header = JsonPartOf(header_text, what, "protected");
  if (!header.ok()) return header.status();
  if (TextOf(*header, "alg") != "EdDSA") {
    return absl::InvalidArgumentError(absl::StrCat("the ", what, " is not signed with EdDSA"));
  }
  if (TextOf(*header, "kid") != key.id()) {
    return absl::FailedPreconditionError(absl::StrCat("the ", what, " was signed with another key than this one"));
  }
  std::string signature;
  const bool readable = absl::WebSafeBase64Unescape(TextOf(document, "signature"), &signature);
  if (!readable || !key.Verify(absl::StrCat(header_text, ".", payload_text), signature)) {
    return absl::DataLossError(
        absl::StrCat("the signature does not fit: the ", what, " was changed after it was issued"));
  }
  return JsonPartOf(payload_text, what, "payload");
}

}  // namespace assent::client
