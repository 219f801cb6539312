#include "server/decision_settings.h"

#include <gtest/gtest.h>

#include "google/protobuf/text_format.h"

namespace assent::server {
namespace {

template <typename Message>
Message Text(const char* text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

absl::StatusOr<DecisionSettings> Resolve(const char* text) {
  return ResolveDecisions(Text<internal::v1::DecisionConfig>(text));
}

TEST(DecisionSettings, Defaults) {
  const auto settings = Resolve("");
  ASSERT_TRUE(settings.ok());
  EXPECT_FALSE(settings->logs());
  EXPECT_FALSE(settings->refuse_when_full);
  EXPECT_EQ(settings->receipt_lifetime, std::chrono::hours(90 * 24));
  EXPECT_EQ(settings->log_retention, std::chrono::hours(30 * 24));
  EXPECT_EQ(settings->ring_bytes, size_t{16} << 20);
}

TEST(DecisionSettings, EveryFieldIsRead) {
  const auto settings = Resolve(
      "receipt_lifetime_days: 7 log: DECISION_LOG_MODE_SAMPLED sampled_per_million: 250000 when_full: "
      "DECISION_LOG_FULL_REFUSE log_retention_days: 3 ring_bytes: 65537");
  ASSERT_TRUE(settings.ok()) << settings.status();
  EXPECT_EQ(settings->receipt_lifetime, std::chrono::hours(7 * 24));
  EXPECT_EQ(settings->logged_per_million, 250'000u);
  EXPECT_TRUE(settings->refuse_when_full);
  EXPECT_EQ(settings->log_retention, std::chrono::hours(3 * 24));
  EXPECT_EQ(settings->ring_bytes, size_t{128} << 10);
  EXPECT_EQ(Resolve("log: DECISION_LOG_MODE_ALL")->logged_per_million, DecisionSettings::kEachDecision);
}

TEST(DecisionSettings, WhatIsWrongIsNamed) {
  const auto names = [](const char* text, const char* field) {
    const absl::Status status = Resolve(text).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << text;
    EXPECT_EQ(status.message().substr(0, std::string(field).size()), field) << status;
  };
  names("receipt_lifetime_days: 3651", "decisions.receipt_lifetime_days: must be 1 to 3650");
  names("log_retention_days: 3651", "decisions.log_retention_days: must be 1 to 3650");
  names("log: DECISION_LOG_MODE_SAMPLED", "decisions.sampled_per_million: must be 1 to 999999");
  names("log: DECISION_LOG_MODE_SAMPLED sampled_per_million: 1000000", "decisions.sampled_per_million");
  names("log: DECISION_LOG_MODE_ALL sampled_per_million: 5", "decisions.sampled_per_million: needs");
  names("ring_bytes: 65535", "decisions.ring_bytes: must be 65536 to 1073741824");
}

TEST(PolicyVersion, FollowsWhatAVerdictDependsOn) {
  const auto version = [](const char* text, const std::vector<std::string>& lists = {}) {
    return PolicyVersionOf(VerdictTextOf(Text<internal::v1::ServerConfig>(text)), lists);
  };
  const auto plain = version("data_dir: 'a' listen: 'b'");
  EXPECT_EQ(plain, version("data_dir: 'c' limits { batch_rows_max: 7 } signals { vendor_list_files: 'x' }"));
  EXPECT_NE(plain, version("jurisdictions { default_regime: REGIME_STRICT }"));
  EXPECT_NE(plain, version("signals { tcf_only_with_gdpr: true }"));
  EXPECT_NE(plain, version("significant_uses_allowed: 'credit'"));
  EXPECT_NE(plain, version("", {"a vendor list"}));
  EXPECT_NE(version("", {"a vendor list"}), version("", {"another"}));
}

}  // namespace
}  // namespace assent::server
