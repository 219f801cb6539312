#include "tests/storage/profile_fixture.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include "storage/profile_record.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;
using scoring::Aggregate;
using scoring::AggregateFunction;

scoring::Feature AggregateFeature(std::string name, Aggregate aggregate) {
  scoring::Feature feature;
  feature.name = std::move(name);
  feature.aggregate = std::move(aggregate);
  return feature;
}

}  // namespace

scoring::ProfileLayout ShopLayout(size_t maxima) {
  std::vector<scoring::Feature> features;
  features.push_back(AggregateFeature("purchases", {.function = AggregateFunction::kCount, .event_type = "purchase"}));
  features.push_back(
      AggregateFeature("spent", {.function = AggregateFunction::kSum, .event_type = "purchase", .attribute = "price"}));
  for (size_t i = 0; i < maxima; ++i) {
    const std::string number = std::to_string(i);
    features.push_back(AggregateFeature(
        "max" + number, {.function = AggregateFunction::kMax, .event_type = "view" + number, .attribute = "price"}));
  }
  const auto schema = scoring::FeatureSchema::Create(
      std::move(features), {.profile_purpose = static_cast<int>(Purpose::kProfileAdvertising)});
  if (!schema.ok()) ADD_FAILURE() << schema.status();
  auto layout = scoring::ProfileLayout::Create(*schema);
  if (!layout.ok()) ADD_FAILURE() << layout.status();
  return *std::move(layout);
}

Shopped ShoppedOf(const scoring::ProfileLayout& layout, std::span<const uint8_t> state, size_t maxima) {
  std::vector<float> values(2 + maxima);
  std::vector<uint8_t> missing(2 + maxima);
  layout.Read(state, kNowS * 1'000'000, values, missing);
  return {.purchases = values[0], .spent = values[1]};
}

FoldOutcome OpenProfiles::Buy(const SubjectKey& subject, Purpose purpose, uint64_t event_id, double price,
                              const scoring::ProfileLayout& layout, int64_t now_s, int64_t offset_s) {
  const scoring::AttributeValue value = {.attribute = layout.Attribute("price"), .number = price};
  const scoring::Event event = {.id_hash = event_id,
                                .time_us = (kNowS - 1000 + offset_s) * 1'000'000,
                                .type = layout.EventType("purchase"),
                                .attributes = {&value, 1}};
  EXPECT_TRUE(layout.Check(event).ok());
  std::vector<uint8_t> state(layout.state_bytes());
  scoring::Quiescence::Reader reader(base->domain);
  reader.Online();
  const FoldOutcome outcome = profiles->Fold(reader, subject, purpose, layout, {&event, 1}, now_s, state);
  reader.Offline();
  return outcome;
}

std::optional<Shopped> OpenProfiles::Find(const SubjectKey& subject, Purpose purpose,
                                          const scoring::ProfileLayout& layout, int64_t now_s, size_t maxima) {
  std::vector<uint8_t> state(layout.state_bytes(), 0xAA);
  scoring::Quiescence::Reader reader(base->domain);
  reader.Online();
  const bool found = profiles->Read(reader, subject, purpose, layout, now_s, state);
  reader.Offline();
  if (!found) {
    EXPECT_EQ(state, std::vector<uint8_t>(layout.state_bytes(), 0));
    return std::nullopt;
  }
  return ShoppedOf(layout, state, maxima);
}

bool OpenProfiles::OnDisk(const SubjectKey& subject, Purpose purpose) {
  std::string value;
  return base->database->rocks()
      .Get({}, base->database->family(Family::kProfiles), ProfileKey(subject, purpose), &value)
      .ok();
}

absl::Status OpenProfiles::Apply(ConsentRequest request, absl::Time now) {
  return base->store->Apply(std::move(request), now).status();
}

ProfileStoreOptions TestOptions() {
  ProfileStoreOptions options;
  options.subjects_max = 1000;
  options.flush_interval = absl::InfiniteDuration();
  options.clock = [] { return kTestTime; };
  return options;
}

absl::StatusOr<std::unique_ptr<OpenProfiles>> StartProfiles(const std::string& data_dir, rocksdb::Env* env,
                                                            const ProfileStoreOptions& options) {
  auto open = std::make_unique<OpenProfiles>();
  auto base = StartStore(data_dir, env);
  if (!base.ok()) return base.status();
  open->base = *std::move(base);
  auto profiles =
      ProfileStore::Open(*open->base->database, *open->base->store, open->base->index, open->base->domain, options);
  if (!profiles.ok()) return profiles.status();
  open->profiles = *std::move(profiles);
  return open;
}

}  // namespace assent::storage
