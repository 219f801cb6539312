#include "policy/recorded_decision.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <string>

#include "policy/decision_id.h"
#include "tests/scoring/model_fixture.h"

namespace assent::policy {
namespace {

constexpr size_t kFeatures = 11;  // the missing bits end within a byte

scoring::Model ThreeSegments() {
  scoring::ModelParts parts = scoring::PartsOf(3, kFeatures, scoring::NormalValues(3 * kFeatures, 3));
  for (size_t i = 0; i < parts.digest.size(); ++i) parts.digest[i] = static_cast<uint8_t>(i + 1);
  return *scoring::Model::Create(std::move(parts));
}

// Everything of it is set, and nothing is alike.
struct Sample {
  Sample() {
    decision.outcome = Outcome::kAssigned;
    decision.rule = Rule::kNone;
    decision.purpose = Purpose::kSelectContent;
    decision.permission = Permission::kExplicitGrant;
    for (size_t i = 0; i < 16; ++i) decision.subject.bytes[i] = static_cast<uint8_t>(0xA0 + i);
    decision.consent_revision = 0x01020304;
    decision.time_us = 1'700'000'000'123'456;
    decision.model = &model;
    decision.scaled = scaled;
    decision.assignment = {.winner = 2,
                           .runner_up = 0,
                           .winner_distance = 1.25,
                           .runner_up_distance = 3.5,
                           .margin = 2.25,
                           .certainty = scoring::Certainty::kSure};
    decision.nearest[0] = {2, 1.25};
    decision.nearest[1] = {1, 7.75};
    decision.nearest_count = 2;
    missing[8] = 1;
    missing[1] = 1;
    about.principal.fill(0x11);
    about.policy_version.fill(0x22);
    about.missing = missing;
    about.memberships_asked = true;
    about.runner_up_allowed = false;
  }
  std::string Bytes() const {
    std::string bytes(kRecordedDecisionBytesMax, '\xEE');
    bytes.resize(WriteRecordedDecision(decision, about, bytes));
    return bytes;
  }

  const scoring::Model model = ThreeSegments();
  const std::vector<float> scaled = scoring::NormalValues(kFeatures, 4);
  std::vector<uint8_t> missing = std::vector<uint8_t>(kFeatures, 0);
  Decision decision;
  DecisionCircumstances about;
};

template <typename Number>
void Append(Number number, std::string& out) {
  for (size_t i = 0; i < sizeof(number); ++i) out.push_back(reinterpret_cast<const char*>(&number)[i]);
}

// Built by the words of docs/storage_format.md, not by the code.
TEST(RecordedDecision, TheBytesAreThoseOfTheDocument) {
  const Sample sample;
  std::string expected = {1, 1, 2, 4, 3, 2, 13, 0};
  Append(int64_t{1'700'000'000'123'456}, expected);
  for (int i = 0; i < 16; ++i) expected.push_back(static_cast<char>(0xA0 + i));
  expected += std::string(16, '\x11') + std::string(8, '\x22');
  Append(uint32_t{0x01020304}, expected);
  Append(uint32_t{kFeatures}, expected);
  expected += "model.nearest";
  for (int i = 1; i <= 32; ++i) expected.push_back(static_cast<char>(i));
  Append(uint32_t{2}, expected);
  Append(uint32_t{0}, expected);
  Append(1.25, expected);
  Append(3.5, expected);
  Append(2.25, expected);
  expected.push_back(0);
  Append(uint32_t{2}, expected);
  Append(1.25, expected);
  Append(uint32_t{1}, expected);
  Append(7.75, expected);
  for (const float value : sample.scaled) Append(value, expected);
  expected += {0b0000'0010, 0b0000'0001};
  EXPECT_EQ(sample.Bytes(), expected);
}

TEST(RecordedDecision, ComesBackWhole) {
  const Sample sample;
  const auto read = ReadRecordedDecision(sample.Bytes());
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_TRUE(read->scored);
  EXPECT_EQ(read->model_digest, sample.model.digest());
  EXPECT_EQ(read->principal, sample.about.principal);
  EXPECT_EQ(read->policy_version, sample.about.policy_version);
  EXPECT_TRUE(read->memberships_asked);
  EXPECT_FALSE(read->runner_up_allowed);
  EXPECT_EQ(read->missing, sample.missing);
  const Decision again = DecisionOf(*read, &sample.model);
  DecisionCircumstances about = sample.about;
  about.missing = read->missing;
  std::string bytes(kRecordedDecisionBytesMax, '\0');
  bytes.resize(WriteRecordedDecision(again, about, bytes));
  EXPECT_EQ(bytes, sample.Bytes());
}

TEST(RecordedDecision, ARefusalByConsentHasNoFeatures) {
  Sample sample;
  sample.decision.model = nullptr;
  sample.decision.scaled = {};
  sample.decision.nearest_count = 0;
  sample.decision.outcome = Outcome::kOptedOut;
  sample.decision.rule = Rule::kSignalUsPrivacy;
  sample.decision.permission = Permission::kNone;
  const std::string bytes = sample.Bytes();
  EXPECT_EQ(bytes.size(), 64 + std::strlen("signal.us_privacy"));
  const auto read = ReadRecordedDecision(bytes);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->scored);
  EXPECT_EQ(read->rule, Rule::kSignalUsPrivacy);
  EXPECT_EQ(DecisionOf(*read, nullptr).model, nullptr);
}

TEST(RecordedDecision, EveryRuleIsFoundAgainByItsName) {
  for (int number = 0; number < kRuleCount; ++number) {
    Sample sample;
    sample.decision.rule = static_cast<Rule>(number);
    const auto read = ReadRecordedDecision(sample.Bytes());
    ASSERT_TRUE(read.ok()) << number << ": " << read.status();
    EXPECT_EQ(read->rule, sample.decision.rule);
  }
}

TEST(RecordedDecision, WhatIsCutOrLongerIsRefused) {
  const std::string bytes = Sample().Bytes();
  for (size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_EQ(ReadRecordedDecision(bytes.substr(0, size)).status().code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_EQ(ReadRecordedDecision(bytes + '\0').status().code(), absl::StatusCode::kDataLoss);
}

TEST(RecordedDecision, ANewerVersionAndAnUnknownRuleAreNewer) {
  std::string bytes = Sample().Bytes();
  bytes[bytes.find("model.nearest")] = 'M';
  EXPECT_EQ(ReadRecordedDecision(bytes).status().code(), absl::StatusCode::kFailedPrecondition);
  bytes = Sample().Bytes();
  bytes[0] = 2;
  EXPECT_EQ(ReadRecordedDecision(bytes).status().code(), absl::StatusCode::kFailedPrecondition);
}

// Whatever the bytes are: an error or a record that writes itself again as the same bytes.
TEST(RecordedDecision, AnyBytesAreReadOrRefused) {
  const Sample sample;
  const std::string whole = sample.Bytes();
  std::mt19937_64 random(scoring::SeedOr(20261122));
  size_t readable = 0;
  for (size_t i = 0; i < scoring::CasesOr(20'000); ++i) {
    std::string bytes = whole;
    for (int changes = 0; changes < 3; ++changes) bytes[random() % bytes.size()] = static_cast<char>(random());
    const auto read = ReadRecordedDecision(bytes);
    if (!read.ok()) continue;
    ++readable;
    EXPECT_LE(read->scaled.size(), kRecordedFeaturesMax);
    EXPECT_EQ(read->scaled.size(), read->missing.size());
  }
  EXPECT_GT(readable, 0u);
}

TEST(RecordedDecision, TheLargestFitsAndNothingFitsTooLittle) {
  const std::vector<float> scaled(kRecordedFeaturesMax, 1.0f);
  Sample sample;
  sample.decision.scaled = scaled;
  sample.decision.nearest_count = scoring::kSegmentsReturnedMax;
  sample.decision.rule = Rule::kSegmentRefused;
  const size_t size = sample.Bytes().size();
  EXPECT_GT(size, kRecordedFeaturesMax * sizeof(float));
  std::string small(size - 1, '\0');
  EXPECT_EQ(WriteRecordedDecision(sample.decision, sample.about, small), 0u);
}

TEST(DecisionId, TextAndOrder) {
  const DecisionId id = DecisionId::Of(1'700'000'000'000'000, 0x0102030405060708);
  EXPECT_EQ(DecisionIdText(id), "00060a24181e40000102030405060708");  // 1.7e15 in hexadecimal, by another calculator
  EXPECT_EQ(ParseDecisionId(DecisionIdText(id)), id);
  EXPECT_EQ(id.time_us(), 1'700'000'000'000'000);
  EXPECT_LT(id, DecisionId::From(1'700'000'000'000'001));
  EXPECT_LE(DecisionId::From(1'700'000'000'000'000), id);
  for (const char* bad : {"", "00060a24181e4000010203040506070", "00060A24181E40000102030405060708",
                          "00060a24181e4000010203040506070g", "00060a24181e400001020304050607080"}) {
    EXPECT_EQ(ParseDecisionId(bad), std::nullopt) << bad;
  }
}

}  // namespace
}  // namespace assent::policy
