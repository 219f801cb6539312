#include "client/request_flags.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "client/training_table.h"

namespace assent::client {
namespace {

absl::Status AddFeature(const std::string& text, v1::FeatureVector& features) {
  const size_t equals = text.find('=');
  if (equals == std::string::npos || equals == 0) {
    return absl::InvalidArgumentError("--feature: write NAME=VALUE, such as --feature kids_share=0.7");
  }
  const std::string name = text.substr(0, equals);
  float value = 0;
  auto present = ParseCell(absl::string_view(text).substr(equals + 1), value);
  if (!present.ok()) {
    return absl::InvalidArgumentError(absl::StrCat("--feature ", name, ": ", present.status().message()));
  }
  if (!*present) {
    return absl::InvalidArgumentError(absl::StrCat("--feature ", name, ": no value; leave the flag out instead"));
  }
  if (!features.mutable_named()->insert({name, value}).second) {
    return absl::InvalidArgumentError(absl::StrCat("--feature ", name, ": given twice"));
  }
  return absl::OkStatus();
}

void SetSignals(const EventFlags& flags, v1::AssignRequest& request) {
  v1::PrivacySignals signals;
  signals.set_tcf(flags.tcf);
  signals.set_gpp(flags.gpp);
  signals.mutable_gpp_sid()->Add(flags.gpp_sid.begin(), flags.gpp_sid.end());
  signals.set_us_privacy(flags.us_privacy);
  signals.set_gpc(flags.gpc);
  if (!flags.gdpr.empty()) signals.set_gdpr(flags.gdpr == "yes");
  signals.set_jurisdiction(flags.jurisdiction);
  signals.set_known_child(flags.known_child);
  if (signals.ByteSizeLong() > 0) *request.mutable_signals() = std::move(signals);
}

}  // namespace

void AddEventFlags(CLI::App& command, EventFlags& flags) {
  command.add_option("--subject", flags.subject, "Whose event: NAMESPACE:ID, such as login:anna");
  command.add_option("--purpose", flags.purpose, "select_advertising or select_content")->required();
  command.add_option("--feature", flags.features, "NAME=VALUE in raw units; once for each feature");
  command.add_option("--placement", flags.placement, "Where the answer will be used, such as homepage");
  command.add_option("--consent-token", flags.consent_token, "Answer from no older state than this write's");
  const std::string group = "Privacy signals";
  command.add_flag("--gpc", flags.gpc, "Global Privacy Control was on")->group(group);
  command.add_option("--tcf", flags.tcf, "IAB TCF string")->group(group);
  command.add_option("--gpp", flags.gpp, "IAB GPP string")->group(group);
  command.add_option("--gpp-sid", flags.gpp_sid, "GPP sections in force")->delimiter(',')->group(group);
  command.add_option("--us-privacy", flags.us_privacy, "IAB US Privacy string")->group(group);
  command.add_option("--gdpr", flags.gdpr, "Whether GDPR applies")->check(CLI::IsMember({"yes", "no"}))->group(group);
  command.add_option("--jurisdiction", flags.jurisdiction, "ISO 3166 code, such as DE or US-CA")->group(group);
  command.add_flag("--known-child", flags.known_child, "The person is known to be a child")->group(group);
}

absl::StatusOr<v1::AssignRequest> MakeRequestFrame(const EventFlags& flags) {
  v1::AssignRequest request;
  auto purpose = ParsePurpose(flags.purpose);
  if (!purpose.ok()) return purpose.status();
  request.set_purpose(*purpose);
  if (!flags.placement.empty()) request.mutable_context()->set_placement(flags.placement);
  request.set_consent_token(flags.consent_token);
  SetSignals(flags, request);
  return request;
}

absl::StatusOr<v1::AssignRequest> MakeAssignRequest(const EventFlags& flags) {
  auto request = MakeRequestFrame(flags);
  if (!request.ok()) return request.status();
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  *request->mutable_subject() = *std::move(subject);
  for (const std::string& feature : flags.features) {
    if (absl::Status status = AddFeature(feature, *request->mutable_features()); !status.ok()) return status;
  }
  return request;
}

absl::StatusOr<v1::Subject> ParseSubject(absl::string_view text) {
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos || colon == 0 || colon + 1 == text.size()) {
    return absl::InvalidArgumentError("--subject: write NAMESPACE:ID, such as --subject login:anna");
  }
  v1::Subject subject;
  subject.set_namespace_(std::string(text.substr(0, colon)));
  subject.set_id(std::string(text.substr(colon + 1)));
  return subject;
}

absl::StatusOr<v1::Purpose> ParsePurpose(absl::string_view text) {
  const std::string name = absl::StrCat("PURPOSE_", absl::AsciiStrToUpper(text));
  v1::Purpose purpose = v1::PURPOSE_UNSPECIFIED;
  if (v1::Purpose_Parse(name, &purpose) && purpose != v1::PURPOSE_UNSPECIFIED) return purpose;
  std::vector<std::string> known;
  for (int number = 1; number < v1::Purpose_ARRAYSIZE; ++number) {
    known.push_back(absl::AsciiStrToLower(PurposeText(static_cast<v1::Purpose>(number))));
  }
  return absl::InvalidArgumentError(
      absl::StrCat("--purpose: \"", text, "\" is not a purpose; choose from ", absl::StrJoin(known, ", ")));
}

}  // namespace assent::client
