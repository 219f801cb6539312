#include "client/signed_json.h"

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace assent::client {
namespace {

using nlohmann::ordered_json;

absl::StatusOr<ordered_json> JsonMember(const std::string& base64url, const char* member, absl::string_view noun) {
  std::string text;
  ordered_json json;
  if (absl::WebSafeBase64Unescape(base64url, &text)) json = ordered_json::parse(text, nullptr, false);
  if (json.is_object()) return json;
  return absl::InvalidArgumentError(absl::StrCat("the ", noun, " is damaged: ", member, " is no JSON in base64url"));
}

}  // namespace

std::string TextOf(const ordered_json& document, const char* member) {
  const auto found = document.find(member);
  return found != document.end() && found->is_string() ? found->get<std::string>() : std::string();
}

std::string SignJson(const ordered_json& payload, absl::string_view content_type, const policy::SigningKey& key) {
  const ordered_json header = {{"alg", "EdDSA"}, {"kid", key.verifying().id()}, {"cty", std::string(content_type)}};
  const std::string header_text = absl::WebSafeBase64Escape(header.dump());
  const std::string payload_text =
      absl::WebSafeBase64Escape(payload.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
  const std::string signature = absl::WebSafeBase64Escape(key.Sign(absl::StrCat(header_text, ".", payload_text)));
  return ordered_json{{"payload", payload_text}, {"protected", header_text}, {"signature", signature}}.dump();
}

absl::StatusOr<ordered_json> VerifiedJson(absl::string_view text, absl::string_view content_type,
                                          const policy::VerifyingKey& key, absl::string_view noun) {
  const ordered_json document = ordered_json::parse(text, nullptr, false);
  if (!document.is_object()) return absl::InvalidArgumentError(absl::StrCat("the ", noun, " is no JSON"));
  const std::string header_text = TextOf(document, "protected");
  const std::string payload_text = TextOf(document, "payload");
  const auto header = JsonMember(header_text, "protected", noun);
  if (!header.ok()) return header.status();
  if (TextOf(*header, "alg") != "EdDSA") {
    return absl::InvalidArgumentError(absl::StrCat("the ", noun, " is not signed with EdDSA"));
  }
  if (TextOf(*header, "kid") != key.id()) {
    return absl::FailedPreconditionError(absl::StrCat("the ", noun, " was signed with another key than this one"));
  }
  std::string signature;
  const bool readable = absl::WebSafeBase64Unescape(TextOf(document, "signature"), &signature);
  if (!readable || !key.Verify(absl::StrCat(header_text, ".", payload_text), signature)) {
    return absl::DataLossError(
        absl::StrCat("the signature does not fit: the ", noun, " was changed after it was issued"));
  }
  if (!content_type.empty() && TextOf(*header, "cty") != content_type) {
    return absl::InvalidArgumentError(absl::StrCat("this is no ", noun, ": its content is not ", content_type));
  }
  return JsonMember(payload_text, "payload", noun);
}

}  // namespace assent::client
