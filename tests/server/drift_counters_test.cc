#include "server/drift_counters.h"

#include <numeric>

#include "gtest/gtest.h"
#include "storage/model_file.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

// The sample model with two bins of "minutes", three of "sessions".
scoring::Model ModelWithHistograms() {
  internal::v1::ModelFile file = SampleModelFile();
  internal::v1::ReferenceHistogram& minutes = *file.add_reference_histograms();
  minutes.set_feature("minutes");
  minutes.add_borders(0);
  for (const uint64_t count : {50, 50}) minutes.add_counts(count);
  internal::v1::ReferenceHistogram& sessions = *file.add_reference_histograms();
  sessions.set_feature("sessions");
  for (const double border : {-1.0, 1.0}) sessions.add_borders(border);
  for (const uint64_t count : {20, 60, 20}) sessions.add_counts(count);
  return *storage::ModelFromMessage(file);
}

using Counts = std::vector<uint64_t>;

// Offers until so many samples are taken.
void OfferSamples(DriftCounters& counters, int thread, std::span<const float> scaled, uint64_t samples) {
  for (const uint64_t end = counters.samples() + samples; counters.samples() < end;) counters.Offer(thread, scaled);
}

TEST(DriftCounters, CountsWhatEachThreadOffers) {
  DriftCounters counters(ModelWithHistograms(), 2);
  ASSERT_EQ(counters.size(), 2u);
  EXPECT_EQ(counters.name(1), "sessions");
  const float low[2] = {-0.5f, -3};
  const float high[2] = {0, 0.5f};  // a border belongs to the bin above it
  OfferSamples(counters, 0, low, 3);
  OfferSamples(counters, 1, high, 1);
  EXPECT_EQ(counters.samples(), 4u);
  EXPECT_EQ(counters.Counts(0), (Counts{3, 1}));
  EXPECT_EQ(counters.Counts(1), (Counts{3, 1, 0}));
}

TEST(DriftCounters, ForgetsWhatIsOld) {
  DriftCounters counters(ModelWithHistograms(), 1);
  const float old_one[2] = {-1, 0};
  const float new_one[2] = {1, 0};
  OfferSamples(counters, 0, old_one, DriftCounters::kBankSamples);
  EXPECT_EQ(counters.Counts(0), (Counts{DriftCounters::kBankSamples, 0}));
  OfferSamples(counters, 0, new_one, DriftCounters::kBankSamples);
  EXPECT_EQ(counters.Counts(0), (Counts{DriftCounters::kBankSamples, DriftCounters::kBankSamples}));
  // The next sample empties the older bank, and so there are fewer than before.
  for (const uint64_t full = counters.samples(); counters.samples() == full;) counters.Offer(0, new_one);
  EXPECT_EQ(counters.Counts(0), (Counts{0, DriftCounters::kBankSamples + 1}));
  EXPECT_EQ(counters.samples(), DriftCounters::kBankSamples + 1);
}

TEST(DriftCounters, TakesOneInSixteenOnAverageAndNeverInStep) {
  DriftCounters counters(ModelWithHistograms(), 1);
  const float low[2] = {-0.5f, 0};
  const float high[2] = {0.5f, 0};
  constexpr int kBatches = 20'000;
  for (int i = 0; i < kBatches;
       ++i) {  // batches of 16 rows, sorted: with a fixed step the same row of each would count
    for (int row = 0; row < 16; ++row) counters.Offer(0, row < 8 ? low : high);
  }
  const auto samples = static_cast<double>(counters.samples());
  EXPECT_NEAR(samples, kBatches, 0.03 * kBatches);
  EXPECT_NEAR(static_cast<double>(counters.Counts(0)[0]), samples / 2, 0.03 * samples);
}

TEST(DriftCounters, AModelWithoutHistogramsHasNothingToCount) {
  DriftCounters counters(SampleModel(), 1);
  const float any[2] = {0, 0};
  counters.Offer(0, any);
  EXPECT_EQ(counters.size(), 0u);
  EXPECT_EQ(counters.samples(), 0u);
}

}  // namespace
}  // namespace assent::server
