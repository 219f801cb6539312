// Consent changes and assignments in every order that two cores produce: whoever asks after a withdrawal was
// acknowledged gets no segment. Index, store, verdict and scoring work together here, as in the assign pipeline.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <optional>
#include <random>
#include <thread>
#include <vector>

#include "policy/consent_verdict.h"
#include "scoring/assign.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr int kWriters = 2;
constexpr int kAssigners = 2;
constexpr uint64_t kInterleavedSubjects = 8;
constexpr size_t kFeatures = 4;

std::optional<scoring::Model> SmallModel() {
  std::vector<scoring::Feature> features(kFeatures);
  for (size_t i = 0; i < kFeatures; ++i) features[i].name = "f" + std::to_string(i);
  std::vector<float> values;
  std::vector<scoring::SegmentCard> cards(8);
  for (size_t i = 0; i < cards.size(); ++i) {
    cards[i].segment_id = "s" + std::to_string(i);
    for (size_t j = 0; j < kFeatures; ++j) values.push_back(static_cast<float>((i * 7 + j * 3) % 11));
  }
  auto schema = scoring::FeatureSchema::Create(std::move(features));
  auto centroids = scoring::Centroids::Create(cards.size(), kFeatures, values);
  if (!schema.ok() || !centroids.ok()) return std::nullopt;
  scoring::ModelParts parts = {.schema = *std::move(schema),
                               .centroids = *std::move(centroids),
                               .segments = std::move(cards),
                               .abstention = {},
                               .background_mean = std::vector<double>(kFeatures, 0),
                               .provenance = {}};
  auto model = scoring::Model::Create(std::move(parts));
  if (!model.ok()) return std::nullopt;
  return *std::move(model);
}

// What the writers tell the assigners about one subject and purpose. Even: the last acknowledged change was a denial
// and no grant has been asked for since. Odd: anything may be answered. Only one writer changes a subject. An assigner
// that reads the same even number before and after its answer must not have got a segment: the denial was acknowledged
// before it began, and no grant was under way before it ended.
struct Told {
  std::atomic<uint64_t> number{0};
};

class Interleaving : public testing::Test {
 protected:
  // On a disk in memory: the threads meet far more often than behind a real sync.
  Interleaving() {
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    auto started = StartStore("/disk/data", env.get());
    EXPECT_TRUE(started.ok()) << started.status();
    if (started.ok()) open = *std::move(started);
  }

  void Write(int writer, uint32_t seed, uint64_t changes) {
    std::mt19937_64 random(seed);
    for (uint64_t i = 0; i < changes; ++i) {
      const uint64_t number = random() % (kInterleavedSubjects / kWriters) * kWriters + static_cast<uint64_t>(writer);
      const auto purpose = random() % 2 == 0 ? Purpose::kSelectAdvertising : Purpose::kSelectContent;
      Told& one = told[number][static_cast<size_t>(purpose)];
      if (random() % 2 == 0) {
        if (one.number.load() % 2 == 0) one.number.fetch_add(1);  // before the grant is asked for
        if (!open->store->Apply(GrantOf(Subject(number), {purpose}, random() % 2 == 0 ? 0 : 2'000'000), kTestTime)
                 .ok()) {
          failures.fetch_add(1);
        }
        continue;
      }
      // A denial of one purpose, or of all.
      const bool all = random() % 4 == 0;
      const auto change =
          random() % 2 == 0 ? WithdrawalOf(Subject(number), {purpose}) : OptOutOf(Subject(number), {purpose});
      ConsentRequest request = change;
      if (all) request.purpose_bits = 0;
      if (!open->store->Apply(request, kTestTime).ok()) failures.fetch_add(1);
      for (size_t p = 1; p <= 2; ++p) {
        Told& denied = told[number][p];
        if (all || p == static_cast<size_t>(purpose)) denied.number.store((denied.number.load() | 1) + 1);
      }
    }
  }

  // Until the writers are done.
  void Assign(const scoring::Model& model, uint32_t seed) {
    std::mt19937_64 random(seed);
    scoring::Quiescence::Reader reader(open->domain);
    scoring::Workspace workspace;
    workspace.Reserve(model, 1);
    std::vector<float> event(kFeatures);
    while (!done.load(std::memory_order_relaxed)) {
      const uint64_t number = random() % kInterleavedSubjects;
      const auto purpose = random() % 2 == 0 ? Purpose::kSelectAdvertising : Purpose::kSelectContent;
      const Told& one = told[number][static_cast<size_t>(purpose)];
      for (float& value : event) value = static_cast<float>(random() % 11);
      const uint64_t before = one.number.load();
      reader.Online();
      const policy::ConsentState state = open->index.Find(reader, Subject(number));
      const policy::Verdict verdict = policy::EvaluateConsent(state, {}, {.purpose = purpose, .now_s = 1'000'000}, {});
      uint32_t winner = scoring::kNoSegment;
      if (verdict.allowed) {
        size_t nearest_count = 0;
        winner = scoring::Assign(model, event, workspace, {}, nearest_count).winner;
      }
      reader.Offline();
      const uint64_t after = one.number.load();
      if (winner != scoring::kNoSegment) assigned.fetch_add(1, std::memory_order_relaxed);
      if (before == after && before % 2 == 0) {
        judged.fetch_add(1, std::memory_order_relaxed);
        if (winner != scoring::kNoSegment) violations.fetch_add(1);
      }
    }
  }

  LossyDisk disk{3};
  std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
  std::unique_ptr<OpenStore> open;
  std::array<std::array<Told, 3>, kInterleavedSubjects> told;
  std::atomic<bool> done{false};
  std::atomic<uint64_t> assigned{0};
  std::atomic<uint64_t> judged{0};
  std::atomic<uint64_t> violations{0};
  std::atomic<uint64_t> failures{0};
};

TEST_F(Interleaving, NobodyIsAssignedAfterAnAcknowledgedWithdrawal) {
  ASSERT_NE(open, nullptr);
  const auto model = SmallModel();
  ASSERT_TRUE(model.has_value());
  const uint32_t seed = std::random_device{}();
  std::printf("seed %u\n", seed);
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  const uint64_t changes = FullScale() ? 1'000'000 : 10'000;
  std::vector<std::thread> writers;
  std::vector<std::thread> assigners;
  for (int i = 0; i < kAssigners; ++i) {
    assigners.emplace_back([&, i] { Assign(*model, seed + 100 + static_cast<uint32_t>(i)); });
  }
  for (int i = 0; i < kWriters; ++i) {
    writers.emplace_back([&, i] { Write(i, seed + static_cast<uint32_t>(i), changes / kWriters); });
  }
  for (std::thread& writer : writers) writer.join();
  done.store(true);
  for (std::thread& assigner : assigners) assigner.join();
  EXPECT_EQ(violations.load(), 0u);
  EXPECT_EQ(failures.load(), 0u);
  // The test means something only if both answers occurred often.
  EXPECT_GT(assigned.load(), changes / 10);
  EXPECT_GT(judged.load(), changes / 10);
  std::printf("%llu changes, %llu assignments after an acknowledged withdrawal, %llu with a segment\n",
              static_cast<unsigned long long>(changes), static_cast<unsigned long long>(judged.load()),
              static_cast<unsigned long long>(violations.load()));
}

}  // namespace
}  // namespace assent::storage
