#include "server/disclosure_settings.h"

#include <algorithm>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/purpose.h"

namespace assent::server {
namespace {

using internal::v1::DisclosureConfig;

absl::Status BadText(absl::string_view field, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat("disclosure.", field, ": ", message));
}

absl::Status CheckPlainText(absl::string_view field, absl::string_view text) {
  if (text.size() > kDisclosureTextBytesMax) {
    return BadText(field, absl::StrCat("longer than ", kDisclosureTextBytesMax, " bytes"));
  }
  const bool clean =
      std::none_of(text.begin(), text.end(), [](char c) { return absl::ascii_iscntrl(static_cast<unsigned char>(c)); });
  return clean ? absl::OkStatus() : BadText(field, "has control characters; write one line");
}

absl::Status CheckTexts(const DisclosureConfig& message) {
  struct Text {
    absl::string_view field;
    const std::string& value;
  };
  for (const Text& text : {Text{"controller_name", message.controller_name()},
                           {"controller_address", message.controller_address()},
                           {"contact", message.contact()},
                           {"data_protection_officer", message.data_protection_officer()},
                           {"privacy_policy_url", message.privacy_policy_url()},
                           {"preference_centre_url", message.preference_centre_url()},
                           {"supervisory_authority", message.supervisory_authority()},
                           {"transfers", message.transfers()},
                           {"consent_retention", message.consent_retention()}}) {
    if (absl::Status status = CheckPlainText(text.field, text.value); !status.ok()) return status;
    if (absl::EndsWith(text.field, "_url") && !text.value.empty() && !absl::StartsWith(text.value, "https://")) {
      return BadText(text.field, "must begin with https://");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckRecipients(const DisclosureConfig& message) {
  if (message.recipients_size() > kDisclosedRecipientsMax) {
    return BadText("recipients", absl::StrCat("more than ", kDisclosedRecipientsMax));
  }
  for (int i = 0; i < message.recipients_size(); ++i) {
    const std::string field = absl::StrCat("recipients[", i, "]");
    if (message.recipients(i).empty()) return BadText(field, "is empty; leave it out");
    if (absl::Status status = CheckPlainText(field, message.recipients(i)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<DisclosureSettings> ResolveDisclosure(const DisclosureConfig& message) {
  DisclosureSettings settings;
  if (message.ByteSizeLong() == 0) return settings;
  if (message.controller_name().empty())
    return BadText("controller_name", "is required: who answers for the processing");
  if (message.contact().empty()) return BadText("contact", "is required: where a person can write");
  if (absl::Status status = CheckTexts(message); !status.ok()) return status;
  if (absl::Status status = CheckRecipients(message); !status.ok()) return status;
  for (const std::string& name : message.purposes()) {
    const auto purpose = policy::PurposeFromName(name);
    if (!purpose) return BadText("purposes", "one is unknown; they are named like \"measure_audience\"");
    settings.purposes |= policy::PurposeBit(*purpose);
  }
  settings.texts = message;
  return settings;
}

}  // namespace assent::server
