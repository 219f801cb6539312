#include "storage/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/sha.h>

#include <array>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "policy/purpose.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using internal::v1::ModelFile;

ModelFile ExampleFile() {
  ModelFile model;
  for (const char* name : {"visits", "minutes"}) {
    auto* feature = model.mutable_schema()->add_features();
    feature->set_name(name);
    feature->set_unit("1/day");
    feature->mutable_direct();
    feature->set_changeable(true);
    feature->set_mean(2);
    feature->set_scale(0.5);
  }
  model.mutable_schema()->mutable_features(1)->set_transform(internal::v1::TRANSFORM_LOG1P);
  const std::vector<float> centroids = {0, 1, 2, 3, 4, 5};
  model.set_centroids(std::string(reinterpret_cast<const char*>(centroids.data()), 4 * centroids.size()));
  for (int i = 0; i < 3; ++i) {
    auto* card = model.add_segments();
    card->set_segment_id("segment-" + std::to_string(i));
    card->set_label("Segment " + std::to_string(i));
    card->set_sensitivity(internal::v1::SENSITIVITY_NONE);
  }
  model.mutable_segments(2)->set_sensitivity(internal::v1::SENSITIVITY_SPECIAL_CATEGORY);
  model.mutable_segments(2)->add_allowed_purposes(2);
  model.mutable_abstention()->set_margin_min(0.25);
  model.set_temperature(1.5);
  model.add_background_mean(0.1);
  model.add_background_mean(-0.1);
  model.mutable_provenance()->set_name("example");
  model.mutable_provenance()->set_seed(42);
  return model;
}

std::string ReadBytes(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void WriteBytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

class ModelFileTest : public testing::Test {
 protected:
  ScopedFolder folder;
  std::string path = folder.path() + "/m.assent";
};

TEST_F(ModelFileTest, GivesBackWhatWasWritten) {
  ASSERT_TRUE(WriteModelFile(path, ExampleFile()).ok());
  const auto message = ReadModelMessage(path);
  ASSERT_TRUE(message.ok()) << message.status();
  EXPECT_EQ(message->SerializeAsString(), ExampleFile().SerializeAsString());
  const auto model = ReadModelFile(path);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->centroids().k(), 3u);
  EXPECT_EQ(model->centroids().row(1)[1], 3.0f);
  EXPECT_EQ(model->schema()[0].name, "visits");
  EXPECT_EQ(model->schema()[1].transform, scoring::Transform::kLog1p);
  EXPECT_EQ(model->schema()[1].clip_min, 0);
  EXPECT_EQ(model->segments()[0].allowed_purposes, 0b110u);
  EXPECT_EQ(model->segments()[2].allowed_purposes, 0b100u);
  EXPECT_EQ(model->segments()[2].sensitivity, scoring::Sensitivity::kSpecialCategory);
  EXPECT_EQ(model->abstention().margin_min, 0.25);
  EXPECT_EQ(model->temperature(), 1.5);
  EXPECT_EQ(model->provenance().seed, 42u);
}

TEST_F(ModelFileTest, DigestIsTheHashOfTheContentAndTheSameInMemory) {
  ASSERT_TRUE(WriteModelFile(path, ExampleFile()).ok());
  const std::string bytes = ReadBytes(path);
  std::array<uint8_t, 32> digest;
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()) + 56, bytes.size() - 56, digest.data());
  const auto model = ReadModelFile(path);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->digest(), digest);
  EXPECT_EQ(std::memcmp(bytes.data() + 24, digest.data(), 32), 0);
  EXPECT_EQ(ModelFromMessage(ExampleFile())->digest(), digest);
  ModelFile other = ExampleFile();
  other.set_temperature(1.25);
  EXPECT_NE(ModelFromMessage(other)->digest(), digest);
}

TEST_F(ModelFileTest, RefusesEveryChangedByteEveryCutAndEveryAddition) {
  ASSERT_TRUE(WriteModelFile(path, ExampleFile()).ok());
  const std::string bytes = ReadBytes(path);
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int flip : {0x01, 0x80, 0xFF}) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(damaged[i] ^ flip);
      WriteBytes(path, damaged);
      const absl::Status status = ReadModelFile(path).status();
      const bool version = i >= 8 && i < 12;  // reads as a newer format
      ASSERT_TRUE(absl::IsDataLoss(status) || (version && absl::IsFailedPrecondition(status))) << i << " " << status;
    }
  }
  for (size_t length = 0; length < bytes.size(); ++length) {
    WriteBytes(path, bytes.substr(0, length));
    ASSERT_EQ(ReadModelFile(path).status().code(), absl::StatusCode::kDataLoss) << length;
  }
  WriteBytes(path, bytes + std::string(1, '\0'));
  EXPECT_EQ(ReadModelFile(path).status().code(), absl::StatusCode::kDataLoss);
  WriteBytes(path, bytes);
  EXPECT_TRUE(ReadModelFile(path).ok());
}

TEST_F(ModelFileTest, SaysWhichFileAndWhatToDo) {
  EXPECT_EQ(ReadModelFile(path).status().code(), absl::StatusCode::kNotFound);
  WriteBytes(path, "this is not a model");
  const absl::Status status = ReadModelFile(path).status();
  EXPECT_THAT(std::string(status.message()), testing::AllOf(testing::HasSubstr(path), testing::HasSubstr("train")));
  EXPECT_EQ(ReadModelFile(folder.path()).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(ModelFileTest, NeverWritesAModelThatCannotServe) {
  const struct {
    const char* what;
    void (*spoil)(ModelFile&);
  } cases[] = {
      {"centroids", [](ModelFile& m) { m.mutable_centroids()->pop_back(); }},
      {"segments", [](ModelFile& m) { m.clear_segments(); }},
      {"temperature", [](ModelFile& m) { m.set_temperature(0); }},
      {"background_mean", [](ModelFile& m) { m.clear_background_mean(); }},
      {"scale", [](ModelFile& m) { m.mutable_schema()->mutable_features(0)->set_scale(0); }},
      {"segments[1].segment_id", [](ModelFile& m) { m.mutable_segments(1)->set_segment_id("a b"); }},
      {"segments[1].label", [](ModelFile& m) { m.mutable_segments(1)->set_label(std::string(129, 'x')); }},
      {"segments[1].allowed_purposes", [](ModelFile& m) { m.mutable_segments(1)->add_allowed_purposes(7); }},
      {"segments[1].sensitivity",
       [](ModelFile& m) { m.mutable_segments(1)->set_sensitivity(static_cast<internal::v1::Sensitivity>(9)); }},
      {"segments[1].id_stability",
       [](ModelFile& m) { m.mutable_segments(1)->set_id_stability(static_cast<internal::v1::IdStability>(9)); }},
      {"schema.features[1].transform",
       [](ModelFile& m) {
         m.mutable_schema()->mutable_features(1)->set_transform(static_cast<internal::v1::Transform>(9));
       }},
      {"provenance.name", [](ModelFile& m) { m.mutable_provenance()->set_name(""); }},
      {"schema.features[1].unit: longer than 64",
       [](ModelFile& m) { m.mutable_schema()->mutable_features(1)->set_unit(std::string(65, 'x')); }},
      {"provenance.training_data_sha256: longer than 64",
       [](ModelFile& m) { m.mutable_provenance()->set_training_data_sha256(std::string(65, 'a')); }},
      {"provenance.trainer: longer than 128",
       [](ModelFile& m) { m.mutable_provenance()->set_trainer(std::string(129, 'x')); }},
  };
  for (const auto& test : cases) {
    ModelFile model = ExampleFile();
    test.spoil(model);
    const absl::Status status = WriteModelFile(path, model);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << test.what;
    EXPECT_THAT(std::string(status.message()), testing::HasSubstr(test.what));
    EXPECT_FALSE(std::filesystem::exists(path));
  }
}

// Whole files, with the right hash, that cost many times their size in memory once they are parsed.
TEST_F(ModelFileTest, RefusesMoreFieldsThanAModelCanHaveBeforeTheyAreParsed) {
  const auto refusal = [&](const std::string& content) {
    std::string file("ASSENTMF\1\0\0\0\0\0\0\0", 16);
    for (size_t i = 0; i < 8; ++i) file.push_back(static_cast<char>((content.size() >> (8 * i)) & 0xFF));
    std::array<uint8_t, 32> digest;
    SHA256(reinterpret_cast<const unsigned char*>(content.data()), content.size(), digest.data());
    file.append(reinterpret_cast<const char*>(digest.data()), digest.size());
    WriteBytes(path, file + content);
    const absl::Status status = ReadModelMessage(path).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << status;
    return std::string(status.message());
  };
  const auto times = [](size_t count, const std::string& bytes) {
    std::string all;
    for (size_t i = 0; i < count; ++i) all += bytes;
    return all;
  };
  using testing::HasSubstr;
  const std::string empty_card("\x1A\0", 2);  // field 3, no bytes
  EXPECT_THAT(refusal(times(65'537, empty_card)), HasSubstr("segments: more than 65536"));
  // A message that comes twice is merged: the features of all its parts count.
  const std::string empty_feature("\x0A\0", 2);
  const std::string part = "\x0A\x64" + times(50, empty_feature);
  EXPECT_THAT(refusal(times(21, part)), HasSubstr("schema.features: more than 1024"));
  const std::string histograms("\x42\0", 2);  // field 8
  EXPECT_THAT(refusal(times(1'025, histograms)), HasSubstr("reference_histograms: more than 1024"));
  const std::string unknown("\xFA\x01\0", 3);  // field 31, no bytes
  EXPECT_THAT(refusal(times(100'000, unknown)), HasSubstr("fields of 0 segments and 0 features: more than 1088"));
  EXPECT_THAT(refusal(times(100'000, "\xFB\x01\xFC\x01")), HasSubstr("fields"));  // groups
  ModelFile large = ExampleFile();
  large.mutable_segments(0)->set_description(std::string(200'000, 'x'));
  EXPECT_THAT(refusal(large.SerializeAsString()), HasSubstr("bytes of 3 segments of 2 features: more than"));
}

// Filters are the only part of a feature that may be large: 8 of 64 values each, far beyond what a plain feature takes.
TEST_F(ModelFileTest, TakesTheLargestFiltersAndRefusesMore) {
  ModelFile model = ExampleFile();
  model.mutable_schema()->set_profile_purpose(4);
  auto* feature = model.mutable_schema()->mutable_features(0);
  feature->clear_direct();
  auto* aggregate = feature->mutable_aggregate();
  aggregate->set_function(internal::v1::AGGREGATE_FUNCTION_COUNT);
  for (int i = 0; i < 8; ++i) {
    auto* filter = aggregate->add_filters();
    filter->set_attribute("page");
    for (int j = 0; j < 64; ++j) {
      filter->mutable_in()->add_values()->set_text(std::to_string(j) + std::string(200, 'x'));
    }
  }
  for (const auto& scored : model.schema().features()) {
    auto* histogram = model.add_reference_histograms();
    histogram->set_feature(scored.name());
    for (int i = 0; i < 63; ++i) histogram->add_borders(i);
    for (int i = 0; i < 64; ++i) histogram->add_counts(uint64_t{1} << 60);
  }
  ASSERT_TRUE(WriteModelFile(path, model).ok()) << WriteModelFile(path, model);
  EXPECT_TRUE(ReadModelFile(path).ok()) << ReadModelFile(path).status();
  aggregate->mutable_filters(0)->mutable_in()->add_values()->set_text("one more");
  EXPECT_THAT(WriteModelFile(path, model).message(), testing::HasSubstr("filter 0"));
}

TEST_F(ModelFileTest, ReplacesAFileAndLeavesNothingBeside) {
  ASSERT_TRUE(WriteModelFile(path, ExampleFile()).ok());
  ModelFile second = ExampleFile();
  second.mutable_provenance()->set_name("second");
  ASSERT_TRUE(WriteModelFile(path, second).ok());
  EXPECT_EQ(ReadModelFile(path)->provenance().name, "second");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder.path()), {}), 1);
  EXPECT_EQ(WriteModelFile(folder.path() + "/missing/m", ExampleFile()).code(), absl::StatusCode::kUnavailable);
}

TEST(SchemaFromMessage, TakesAnUnfittedScaleOnlyWhenAllowed) {
  internal::v1::FeatureSchema schema;
  schema.add_features()->set_name("x");
  EXPECT_EQ(SchemaFromMessage(schema).status().code(), absl::StatusCode::kInvalidArgument);
  const auto unfitted = SchemaFromMessage(schema, true);
  ASSERT_TRUE(unfitted.ok()) << unfitted.status();
  EXPECT_EQ((*unfitted)[0].scale, 1);
}

}  // namespace
}  // namespace assent::storage
