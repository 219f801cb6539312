#include "server/model_source.h"

#include <atomic>
#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <mutex>

#include "gtest/gtest.h"
#include "storage/model_file.h"
#include "tests/client/scratch_folder.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class ModelSourceTest : public testing::Test {
 protected:
  std::string path() const { return folder_.Path("model.assent"); }
  void Write(const std::string& name) { ASSERT_TRUE(storage::WriteModelFile(path(), SampleModelFile(name)).ok()); }

  void Start(std::chrono::milliseconds poll = std::chrono::hours(1)) {
    source_ = std::make_unique<ModelSource>(domain_, ModelSource::Options{.path = path(), .poll = poll, .threads = 2});
    source_->OnPublished([this] {
      const std::lock_guard lock(mutex_);
      ++published_;
      changed_.notify_all();
    });
    source_->Start();
  }
  void WaitForPublications(int count) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return published_ >= count; });
  }
  std::string NameNow() const { return source_->facts() ? source_->facts()->name : "none"; }

  client::ScratchFolder folder_;
  scoring::Quiescence domain_;
  std::unique_ptr<ModelSource> source_;
  std::mutex mutex_;
  std::condition_variable changed_;
  int published_ = 0;
};

TEST_F(ModelSourceTest, ReadsTheFileAtTheStart) {
  Write("first");
  Start();
  EXPECT_EQ(NameNow(), "first");
  EXPECT_EQ(source_->loads(), 1u);
  scoring::Quiescence::Reader reader(domain_);
  reader.Online();
  EXPECT_EQ(source_->published().Read(reader)->model.provenance().name, "first");
  reader.Offline();
}

TEST_F(ModelSourceTest, WatchesForAFileThatAppearsAndIsReplaced) {
  Start(std::chrono::milliseconds(1));
  EXPECT_EQ(NameNow(), "none");
  EXPECT_EQ(source_->failures(), 0u);  // not there yet is no failure
  Write("first");
  WaitForPublications(1);
  EXPECT_EQ(NameNow(), "first");
  Write("second");
  WaitForPublications(2);
  EXPECT_EQ(NameNow(), "second");
}

TEST_F(ModelSourceTest, ARefusedRowHoldsForTheRowsBelowItInTheFile) {
  const std::string header = "Unique ID\tParent ID\tTier 1\tTier 2\tTier 3\tTier 4\tTier 5\tTier 6\n";
  const std::string sports = "1\t\tInterest\t\t\t\t\t\n2\t1\tInterest\tSports\t\t\t\t\n";
  const std::string taxonomy = folder_.Write("taxonomy.tsv", header + sports);
  source_ = std::make_unique<ModelSource>(
      domain_, ModelSource::Options{.path = path(), .poll = std::chrono::hours(1), .taxonomy_path = taxonomy});
  ASSERT_TRUE(source_->ReadTaxonomy().ok());
  internal::v1::ModelFile file = SampleModelFile("rows");
  file.mutable_segments(0)->set_iab_audience_id(2);    // below row 1
  file.mutable_segments(1)->set_iab_audience_id(700);  // not in the file
  file.mutable_segments(2)->set_iab_audience_id(0);
  ASSERT_TRUE(storage::WriteModelFile(path(), file).ok());
  source_->Start();
  const auto refused = [&](uint32_t segment, std::vector<int32_t> rows) {
    scoring::Quiescence::Reader reader(domain_);
    reader.Online();
    const policy::Refusals refusals = {.taxonomy_rows = std::move(rows)};
    const policy::Rule rule =
        source_->published().Read(reader)->CheckSegment(segment, {.purpose = policy::Purpose::kSelectContent,
                                                                  .permission = policy::Permission::kExplicitGrant,
                                                                  .refusals = &refusals});
    reader.Offline();
    return rule == policy::Rule::kSegmentRefused;
  };
  EXPECT_TRUE(refused(0, {1})) << "the row above";
  EXPECT_TRUE(refused(0, {2}));
  EXPECT_FALSE(refused(0, {3}));
  EXPECT_FALSE(refused(1, {1}));
  EXPECT_TRUE(refused(1, {700})) << "its own row alone";
  EXPECT_FALSE(refused(2, {1, 2, 700}));

  // Read again with the model. What cannot be read refuses the model, and nothing that was refused is given.
  folder_.Write("taxonomy.tsv", header + sports + "700\t2\tInterest\tSports\tDarts\t\t\t\n");
  ASSERT_TRUE(source_->Reload().ok());
  EXPECT_TRUE(refused(1, {1}));
  folder_.Write("taxonomy.tsv", "nothing");
  EXPECT_EQ(source_->Reload().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(source_->failures(), 1u);
  EXPECT_TRUE(refused(1, {1}));
}

TEST_F(ModelSourceTest, ADamagedFileIsRefusedAndTheOldModelStays) {
  Write("first");
  Start();
  {
    std::fstream file(path(), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(-1, std::ios::end);
    file.put('!');
  }
  EXPECT_EQ(source_->Reload().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(source_->failures(), 1u);
  EXPECT_EQ(NameNow(), "first");
  std::filesystem::remove(path());
  EXPECT_EQ(source_->Reload().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(NameNow(), "first");
  Write("second");
  EXPECT_TRUE(source_->Reload().ok());
  EXPECT_EQ(NameNow(), "second");
}

TEST_F(ModelSourceTest, TheWatcherTriesADamagedFileOnce) {
  std::ofstream(path()) << "not a model";
  Start(std::chrono::milliseconds(1));
  EXPECT_EQ(source_->failures(), 1u);
  Write("first");  // would take long if the watcher were busy with the damaged one
  WaitForPublications(1);
  EXPECT_EQ(source_->failures(), 1u);
}

TEST_F(ModelSourceTest, DriftGoesOnWithTheSameModelAndStartsAnewWithAnother) {
  Write("first");
  Start();
  const auto counters = source_->drift();
  ASSERT_TRUE(source_->Reload().ok());
  EXPECT_EQ(source_->drift(), counters);
  Write("second");
  ASSERT_TRUE(source_->Reload().ok());
  EXPECT_NE(source_->drift(), counters);
}

TEST_F(ModelSourceTest, TotalsOutliveTheirModel) {
  ModelSource source(domain_, {.path = "", .threads = 2});
  scoring::Quiescence::Reader reader(domain_);
  const auto count = [&](int thread, uint32_t segment, int times) {
    reader.Online();
    for (int i = 0; i < times; ++i) source.published().Read(reader)->segments.Count(thread, segment);
    reader.Offline();
  };
  source.Publish(SampleModel("first"));
  count(0, 0, 3);
  count(1, 0, 4);
  count(1, 1, 1);
  source.Publish(SampleModel("second"));
  count(0, 0, 10);
  EXPECT_EQ(source.segment_totals().Read().at("light"), 17u);
  EXPECT_EQ(source.segment_totals().Read().at("heavy"), 1u);
  EXPECT_EQ(source.segment_totals().Read().at("health"), 0u);
  source.Publish(NoiseModel(3, 2, 1));
  EXPECT_EQ(source.segment_totals().Read().at("light"), 17u);
  EXPECT_EQ(source.segment_totals().Read().at("s0"), 0u);
}

TEST_F(ModelSourceTest, AReplacedModelIsFreedWhenNoReaderHoldsIt) {
  ModelSource source(domain_, {.path = "", .threads = 1});
  source.Publish(SampleModel("first"));
  scoring::Quiescence::Reader reader(domain_);
  reader.Online();
  const ServingModel* held = source.published().Read(reader);
  source.Publish(SampleModel("second"));
  EXPECT_EQ(domain_.Collect(), 1u);  // still waits for the reader
  EXPECT_EQ(held->model.provenance().name, "first");
  reader.Offline();
  EXPECT_EQ(domain_.Collect(), 0u);
}

// What is not on record does not serve; the disk may take it at the next look.
TEST_F(ModelSourceTest, AModelThatCannotBeRecordedIsTriedAgain) {
  Write("first");
  std::atomic<int> refusals{3};
  std::atomic<int> recorded{0};
  source_ = std::make_unique<ModelSource>(domain_,
                                          ModelSource::Options{.path = path(),
                                                               .poll = std::chrono::milliseconds(1),
                                                               .threads = 2,
                                                               .record = [&](const ModelFacts& facts) -> absl::Status {
                                                                 EXPECT_EQ(facts.name, "first");
                                                                 if (refusals-- > 0)
                                                                   return absl::UnavailableError("the disk refused");
                                                                 ++recorded;
                                                                 return absl::OkStatus();
                                                               }});
  source_->OnPublished([this] {
    const std::lock_guard lock(mutex_);
    ++published_;
    changed_.notify_all();
  });
  EXPECT_EQ(source_->Reload().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_EQ(NameNow(), "none");
  source_->Start();
  WaitForPublications(1);
  EXPECT_EQ(NameNow(), "first");
  EXPECT_EQ(source_->failures(), 3u);
  EXPECT_EQ(recorded, 1);
}

}  // namespace
}  // namespace assent::server
