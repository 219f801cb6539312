#include "server/disclosure.h"

#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/purpose.h"
#include "server/disclosed_rights.h"
#include "server/disclosed_source.h"

namespace assent::server {
namespace {

constexpr char kConsentBasis[] =
    "Your consent (GDPR article 6(1)(a)), which you can withdraw at any time; where the law of your place asks for "
    "none, "
    "that you have not opted out.";
constexpr char kStatisticsBasis[] =
    "Your consent (GDPR article 6(1)(a)), or a legitimate interest (GDPR article 6(1)(f)) that you can object to.";

const char* Describe(policy::Purpose purpose) {
  switch (purpose) {
    case policy::Purpose::kSelectAdvertising:
      return "Choosing advertising for you by the segment that fits.";
    case policy::Purpose::kSelectContent:
      return "Choosing content for you by the segment that fits.";
    case policy::Purpose::kProfileAdvertising:
      return "Keeping a profile of what you do, for advertising. It is never used to choose content.";
    case policy::Purpose::kProfileContent:
      return "Keeping a profile of what you do, for content. It is never used to choose advertising.";
    case policy::Purpose::kMeasureAudience:
      return "Counting how many people are in which segment, in sums that name nobody.";
    case policy::Purpose::kImproveService:
      return "Improving the service, for one by training the model anew.";
    case policy::Purpose::kUnspecified:
      break;
  }
  return "";
}

v1::DisclosedSensitivity DisclosedSensitivityOf(scoring::Sensitivity sensitivity) {
  switch (sensitivity) {
    case scoring::Sensitivity::kNone:
      return v1::DISCLOSED_SENSITIVITY_NONE;
    case scoring::Sensitivity::kRestricted:
      return v1::DISCLOSED_SENSITIVITY_RESTRICTED;
    case scoring::Sensitivity::kSpecialCategory:
      break;
  }
  return v1::DISCLOSED_SENSITIVITY_SPECIAL_CATEGORY;
}

// What policy/segment_rules.h can let through, with the best of consents.
uint32_t UsablePurposes(const scoring::SegmentCard& card) {
  constexpr uint32_t kAdvertising = policy::PurposeBit(policy::Purpose::kSelectAdvertising) |
                                    policy::PurposeBit(policy::Purpose::kProfileAdvertising);
  const uint32_t allowed = card.allowed_purposes & policy::kAllPurposeBits;
  return card.sensitivity == scoring::Sensitivity::kSpecialCategory ? allowed & ~kAdvertising : allowed;
}

uint32_t PurposesOf(const scoring::Model* model, const DisclosureSettings& settings) {
  uint32_t purposes = settings.purposes;
  if (model != nullptr) {
    for (const scoring::SegmentCard& card : model->segments()) purposes |= UsablePurposes(card);
    const auto profile = policy::PurposeFromNumber(model->schema().profile_purpose());
    if (profile.has_value()) purposes |= policy::PurposeBit(*profile);
  }
  if (purposes != 0) return purposes;
  return policy::PurposeBit(policy::Purpose::kSelectAdvertising) | policy::PurposeBit(policy::Purpose::kSelectContent) |
         policy::kProfilePurposeBits;
}

void FillController(const internal::v1::DisclosureConfig& texts, v1::DisclosedController& controller) {
  controller.set_name(texts.controller_name().empty()
                          ? "The operator of this service, who has not entered a name in its configuration"
                          : texts.controller_name());
  controller.set_address(texts.controller_address());
  controller.set_contact(texts.contact());
  controller.set_data_protection_officer(texts.data_protection_officer());
  controller.set_privacy_policy_url(texts.privacy_policy_url());
  controller.set_supervisory_authority(texts.supervisory_authority());
}

void FillSystem(bool running, v1::Disclosure& disclosure) {
  disclosure.add_system(
      "An automated system, a model that was learned from data, sorts people into groups that are called segments. "
      "This "
      "is profiling.");
  disclosure.add_system(
      "Who asks it learns which segment fits you, or that none does, and may use that for the purposes below and for "
      "no "
      "other.");
  disclosure.add_system(
      "Before it looks at anything else it checks your choice. Without permission for exactly the purpose that is "
      "asked "
      "for, no feature is read and no segment is answered.");
  if (!running) disclosure.add_system("At present no model is running, and nobody is put into a segment.");
}

void FillPurposes(uint32_t purposes, v1::Disclosure& disclosure) {
  for (int number = 1; number <= policy::kPurposeCount; ++number) {
    const auto purpose = static_cast<policy::Purpose>(number);
    if ((purposes & policy::PurposeBit(purpose)) == 0) continue;
    v1::DisclosedPurpose& out = *disclosure.add_purposes();
    out.set_purpose(static_cast<v1::Purpose>(number));
    out.set_description(Describe(purpose));
    const bool needs_consent = policy::IsSelection(purpose) || policy::IsProfile(purpose);
    out.set_legal_basis(needs_consent ? kConsentBasis : kStatisticsBasis);
  }
}

void FillLogic(const scoring::Model* model, v1::Disclosure& disclosure) {
  disclosure.add_logic("Each segment is described by a typical member, which has one value for each feature.");
  disclosure.add_logic(
      "Your values are brought to common scales, so that no unit weighs more than another. For a value that is missing "
      "a "
      "usual one is taken, or there is no answer.");
  disclosure.add_logic(
      "The segment fits whose typical member is nearest to you: the sum of the squared differences over all features "
      "is "
      "the least.");
  if (model != nullptr) {
    disclosure.add_logic(absl::StrCat("The model that is running has ", model->segments().size(),
                                      " segments and compares ", model->schema().scored_size(), " features."));
    const scoring::Abstention& abstention = model->abstention();
    if (abstention.margin_min > 0) {
      disclosure.add_logic(absl::StrCat("When a second segment is nearly as near (the two sums differ by less than ",
                                        abstention.margin_min,
                                        "), the answer is that it is not sure, and you are put into no segment."));
    }
    if (abstention.distance_max > 0) {
      disclosure.add_logic(absl::StrCat("When even the nearest is far from you (the sum is above ",
                                        abstention.distance_max, "), you are put into no segment either."));
    }
    if (abstention.margin_min <= 0 && abstention.distance_max <= 0) {
      disclosure.add_logic("It never answers that it is not sure: the nearest segment fits, however far it is.");
    }
  }
  disclosure.add_logic(
      "A segment of a special category, such as health or religion, is never used for advertising, whatever you agreed "
      "to.");
  disclosure.add_logic(
      "Every answer can be explained: how much each feature spoke for the segment and against the next one.");
}

void FillFeatures(const scoring::FeatureSchema& schema, v1::Disclosure& disclosure) {
  for (const scoring::Feature& feature : schema.features()) {
    v1::DisclosedFeature& out = *disclosure.add_features();
    out.set_name(feature.name);
    out.set_unit(feature.unit);
    out.set_source(SourceSentence(feature, kEnglish));
    out.set_sensitivity(DisclosedSensitivityOf(feature.sensitivity));
    out.set_changeable(feature.changeable);
    out.set_compared(!feature.auxiliary);
  }
}

void FillDisclosedSegments(const scoring::Model& model, v1::Disclosure& disclosure) {
  for (const scoring::SegmentCard& card : model.segments()) {
    v1::DisclosedSegment& out = *disclosure.add_segments();
    out.set_segment_id(card.segment_id);
    out.set_label(card.label);
    out.set_description(card.description);
    out.set_sensitivity(DisclosedSensitivityOf(card.sensitivity));
    out.set_iab_audience_id(card.iab_audience_id);
    for (int number = 1; number <= policy::kPurposeCount; ++number) {
      if ((UsablePurposes(card) & policy::PurposeBit(static_cast<policy::Purpose>(number))) != 0) {
        out.add_purposes(static_cast<v1::Purpose>(number));
      }
    }
  }
}

// Rounded up: never less than what is done.
int32_t DaysOf(std::chrono::hours period) { return static_cast<int32_t>((period.count() + 23) / 24); }

void AddRetention(const char* data, std::string period, int32_t days, v1::Disclosure& disclosure) {
  v1::DisclosedRetention& out = *disclosure.add_retention();
  out.set_data(data);
  out.set_period(std::move(period));
  out.set_days(days);
}

void FillRetention(const DisclosureSettings& settings, v1::Disclosure& disclosure) {
  const int32_t profile_days = DaysOf(settings.profile_retention);
  AddRetention("profile",
               absl::StrCat("Until ", profile_days,
                            " days after your last event, and at once with the consent that it is kept under."),
               profile_days, disclosure);
  const std::string& consent = settings.texts.consent_retention();
  AddRetention("consent record",
               consent.empty() ? "As long as it has to be proven that you agreed, or that you did not." : consent, 0,
               disclosure);
  const int32_t decision_days = settings.decision_retention ? DaysOf(*settings.decision_retention) : 0;
  AddRetention("answer",
               settings.decision_retention ? absl::StrCat("For ", decision_days, " days.")
                                           : std::string("Not at all; who asked may keep it."),
               decision_days, disclosure);
  if (!settings.erasure_time) return;
  const int32_t erasure_days = DaysOf(*settings.erasure_time);
  AddRetention("what was erased",
               absl::StrCat("Out of use at once, and after ", erasure_days, " days in no table, log or backup."),
               erasure_days, disclosure);
}

}  // namespace

v1::Disclosure BuildDisclosure(const scoring::Model* model, const DisclosureSettings& settings) {
  v1::Disclosure disclosure;
  FillController(settings.texts, *disclosure.mutable_controller());
  FillSystem(model != nullptr, disclosure);
  FillPurposes(PurposesOf(model, settings), disclosure);
  FillLogic(model, disclosure);
  if (model != nullptr) {
    disclosure.mutable_model()->set_name(model->provenance().name);
    disclosure.mutable_model()->set_digest(model->digest_hex());
    FillFeatures(model->schema(), disclosure);
    FillDisclosedSegments(*model, disclosure);
  }
  FillRetention(settings, disclosure);
  *disclosure.mutable_recipients() = settings.texts.recipients();
  disclosure.set_transfers(settings.texts.transfers());
  FillRights(settings, disclosure);
  return disclosure;
}

}  // namespace assent::server
