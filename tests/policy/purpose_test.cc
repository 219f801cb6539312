#include "policy/purpose.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "assent/v1/consent_service.pb.h"
#include "assent/v1/decision.pb.h"
#include "assent/v1/purpose.pb.h"
#include "policy/consent_state.h"
#include "policy/outcome.h"

namespace assent::policy {
namespace {

// "PURPOSE_SELECT_CONTENT" -> "select_content".
std::string Short(const std::string& name, const std::string& prefix) {
  EXPECT_EQ(name.substr(0, prefix.size()), prefix);
  return absl::AsciiStrToLower(name.substr(prefix.size()));
}

TEST(Purpose, IsNumberedAndNamedAsInTheContract) {
  EXPECT_EQ(v1::Purpose_MAX, kPurposeCount);
  for (int number = 1; number <= kPurposeCount; ++number) {
    const auto purpose = PurposeFromNumber(number);
    ASSERT_TRUE(purpose.has_value());
    EXPECT_EQ(std::string(PurposeName(*purpose)),
              Short(v1::Purpose_Name(static_cast<v1::Purpose>(number)), "PURPOSE_"));
    EXPECT_EQ(PurposeFromName(PurposeName(*purpose)), purpose);
  }
  EXPECT_EQ(static_cast<int>(Purpose::kSelectAdvertising), v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_EQ(static_cast<int>(Purpose::kSelectContent), v1::PURPOSE_SELECT_CONTENT);
  EXPECT_EQ(static_cast<int>(Purpose::kProfileAdvertising), v1::PURPOSE_PROFILE_ADVERTISING);
  EXPECT_EQ(static_cast<int>(Purpose::kProfileContent), v1::PURPOSE_PROFILE_CONTENT);
  EXPECT_EQ(static_cast<int>(Purpose::kMeasureAudience), v1::PURPOSE_MEASURE_AUDIENCE);
  EXPECT_EQ(static_cast<int>(Purpose::kImproveService), v1::PURPOSE_IMPROVE_SERVICE);
}

TEST(Purpose, RefusesUnknownNumbersAndNames) {
  for (int number : {-1, 0, kPurposeCount + 1, 1000}) EXPECT_FALSE(PurposeFromNumber(number).has_value()) << number;
  for (const char* name : {"", "unspecified", "SELECT_CONTENT", "select"}) {
    EXPECT_FALSE(PurposeFromName(name).has_value()) << name;
  }
}

TEST(Purpose, SelectionsAreTheTwoThatAnAssignMayName) {
  for (int number = 0; number <= kPurposeCount; ++number) {
    EXPECT_EQ(IsSelection(static_cast<Purpose>(number)), number == 1 || number == 2) << number;
  }
}

TEST(Purpose, ASelectionUsesTheProfileOfItsOwnKindOnly) {
  for (int number = 0; number <= kPurposeCount; ++number) {
    const auto purpose = static_cast<Purpose>(number);
    EXPECT_EQ(IsProfile(purpose), number == v1::PURPOSE_PROFILE_ADVERTISING || number == v1::PURPOSE_PROFILE_CONTENT);
    EXPECT_EQ(IsProfile(ProfileFor(purpose)), IsSelection(purpose));
    EXPECT_EQ(PurposeBit(purpose) & kProfilePurposeBits, IsProfile(purpose) ? PurposeBit(purpose) : 0);
  }
  EXPECT_EQ(ProfileFor(Purpose::kSelectAdvertising), Purpose::kProfileAdvertising);
  EXPECT_EQ(ProfileFor(Purpose::kSelectContent), Purpose::kProfileContent);
}

TEST(ConsentStatus, IsNumberedAsInTheContract) {
  EXPECT_EQ(static_cast<int>(ConsentStatus::kNone), v1::CONSENT_STATUS_UNSPECIFIED);
  EXPECT_EQ(static_cast<int>(ConsentStatus::kGranted), v1::CONSENT_STATUS_GRANTED);
  EXPECT_EQ(static_cast<int>(ConsentStatus::kWithdrawn), v1::CONSENT_STATUS_WITHDRAWN);
  EXPECT_EQ(static_cast<int>(ConsentStatus::kOptedOut), v1::CONSENT_STATUS_OPTED_OUT);
  EXPECT_EQ(static_cast<int>(ConsentStatus::kClosed), v1::ConsentStatus_MAX + 1);
}

TEST(Outcome, IsNumberedAndNamedAsInTheContract) {
  EXPECT_EQ(v1::Outcome_MAX + 1, kOutcomeCount);
  for (int number = 0; number < kOutcomeCount; ++number) {
    EXPECT_EQ(std::string(OutcomeName(static_cast<Outcome>(number))),
              Short(v1::Outcome_Name(static_cast<v1::Outcome>(number)), "OUTCOME_"));
  }
  EXPECT_EQ(static_cast<int>(Outcome::kAssigned), v1::OUTCOME_ASSIGNED);
  EXPECT_EQ(static_cast<int>(Outcome::kAbstained), v1::OUTCOME_ABSTAINED);
  EXPECT_EQ(static_cast<int>(Outcome::kNoConsent), v1::OUTCOME_NO_CONSENT);
  EXPECT_EQ(static_cast<int>(Outcome::kOptedOut), v1::OUTCOME_OPTED_OUT);
  EXPECT_EQ(static_cast<int>(Outcome::kRestricted), v1::OUTCOME_RESTRICTED);
  EXPECT_EQ(static_cast<int>(Outcome::kRecorded), v1::OUTCOME_RECORDED);
}

TEST(Rule, NamesAreDistinctAndOutcomesFit) {
  std::set<std::string> names;
  for (int number = 0; number < kRuleCount; ++number) {
    const Rule rule = static_cast<Rule>(number);
    const std::string name(RuleName(rule));
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_NE(name, "unknown");
    const Outcome outcome = OutcomeOf(rule);
    if (rule == Rule::kNone) {
      EXPECT_EQ(outcome, Outcome::kAssigned);
    } else if (name == "consent.opted_out") {
      EXPECT_EQ(outcome, Outcome::kOptedOut);
    } else if (name.starts_with("segment.")) {
      EXPECT_EQ(outcome, Outcome::kRestricted) << name;
    } else if (name.starts_with("model.")) {
      EXPECT_EQ(outcome, Outcome::kAbstained) << name;
    } else if (name.starts_with("profile.")) {
      EXPECT_EQ(outcome, Outcome::kRecorded) << name;
    } else {
      EXPECT_EQ(outcome, Outcome::kNoConsent) << name;
    }
  }
  EXPECT_EQ(RuleName(static_cast<Rule>(kRuleCount)), "unknown");
}

}  // namespace
}  // namespace assent::policy
