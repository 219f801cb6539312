#include "storage/model_archive.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "storage/model_file.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

class ModelArchiveTest : public testing::Test {
 protected:
  ModelArchiveTest() : archive(*ModelArchive::Open(folder.path())) {}
  // Writes a model where models come from; returns its digest.
  std::string Write(const std::string& name) {
    internal::v1::ModelFile file;
    internal::v1::Feature& feature = *file.mutable_schema()->add_features();
    feature.set_name("minutes");
    feature.set_scale(1);
    feature.mutable_direct();
    file.add_background_mean(0);
    file.set_centroids(std::string(4, '\0'));
    file.add_segments()->set_segment_id("only");
    file.set_temperature(1);
    file.mutable_provenance()->set_name(name);
    EXPECT_TRUE(WriteModelFile(source, file).ok());
    return ModelFromMessage(file)->digest_hex();
  }

  const ScopedFolder folder;
  const std::string source = folder.path() + "/model.assent";
  const std::unique_ptr<ModelArchive> archive;
};

TEST_F(ModelArchiveTest, AReplacedModelIsReadAgain) {
  const std::string first = Write("first");
  ASSERT_TRUE(archive->Keep(source, first, kTestTime).ok());
  const std::string second = Write("second");
  ASSERT_TRUE(archive->Keep(source, second, kTestTime).ok());
  const auto model = archive->Read(first);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->digest_hex(), first);
  EXPECT_EQ(model->provenance().name, "first");
  EXPECT_TRUE(archive->Read(second).ok());
  const auto reopened = ModelArchive::Open(folder.path());
  EXPECT_TRUE((*reopened)->Read(first).ok());
  EXPECT_EQ(archive->Read(std::string(64, '0')).status().code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(archive->Read("../model").status().code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelArchiveTest, OneThatServedLongAgoGoesAndOneThatServesStays) {
  const std::string first = Write("first");
  ASSERT_TRUE(archive->Keep(source, first, kTestTime).ok());
  const std::string second = Write("second");
  ASSERT_TRUE(archive->Keep(source, second, kTestTime).ok());
  ASSERT_TRUE(archive->NoteServed(second, kTestTime + absl::Hours(2)).ok());
  EXPECT_EQ(*archive->RemoveBefore(kTestTime), 0u);
  EXPECT_EQ(*archive->RemoveBefore(kTestTime + absl::Hours(1)), 1u);
  EXPECT_EQ(archive->Read(first).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(archive->Read(second).ok());
  EXPECT_EQ(archive->NoteServed(first, kTestTime).code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelArchiveTest, AFileThatHoldsAnotherModelByNowIsNotKept) {
  const std::string first = Write("first");
  Write("second");
  EXPECT_EQ(archive->Keep(source, first, kTestTime).code(), absl::StatusCode::kAborted);
  EXPECT_EQ(archive->Read(first).status().code(), absl::StatusCode::kNotFound);
  EXPECT_TRUE(std::filesystem::is_empty(folder.path() + "/models"));
  EXPECT_EQ(archive->Keep(folder.path() + "/none", first, kTestTime).code(), absl::StatusCode::kNotFound);
}

TEST_F(ModelArchiveTest, ADamagedCopyIsNoModel) {
  const std::string first = Write("first");
  ASSERT_TRUE(archive->Keep(source, first, kTestTime).ok());
  std::ofstream(folder.path() + "/models/" + first + ".assent", std::ios::app) << "more";
  EXPECT_EQ(archive->Read(first).status().code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assent::storage
