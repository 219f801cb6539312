// Aggregates, normalisation and reference histograms of a model file.
#include "storage/model_content.h"

#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "storage/model_file.h"

namespace assent::storage {
namespace {

using internal::v1::ModelFile;
using scoring::AggregateFunction;
using scoring::Comparison;
using scoring::FilterScalar;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr char kModel[] = R"pb(
  schema {
    profile_purpose: 4
    other_event_types: "page_view"
    features {
      name: "drama_share"
      scale: 1
      share_of: "all"
      aggregate {
        function: AGGREGATE_FUNCTION_COUNT
        event_type: "rating"
        half_life_days: 30
        filters {
          attribute: "genre"
          in {
            values { text: "drama" }
            values { text: "war" }
          }
        }
        filters { attribute: "stars" greater: 3 }
      }
    }
    features {
      name: "all"
      auxiliary: true
      aggregate { function: AGGREGATE_FUNCTION_COUNT event_type: "rating" half_life_days: 30 }
    }
    features {
      name: "age"
      scale: 2
      direct {}
    }
    features {
      name: "stars"
      scale: 1
      aggregate {
        function: AGGREGATE_FUNCTION_MEAN
        attribute: "stars"
        filters {
          attribute: "kids"
          equals { flag: true }
        }
        filters { attribute: "price" less: 2.5 }
      }
    }
  }
  segments { segment_id: "a" }
  temperature: 1
  background_mean: [ 0, 0, 0 ]
  provenance { name: "films" }
  reference_histograms {
    feature: "age"
    borders: [ 0, 1 ]
    counts: [ 1, 2, 3 ]
  }
  reference_histograms {
    feature: "stars"
    borders: [ 5 ]
    counts: [ 4, 4 ]
  }
  reference_histograms {
    feature: "drama_share"
    borders: [ -1 ]
    counts: [ 7, 8 ]
  }
)pb";

ModelFile Example() {
  ModelFile model;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(kModel, &model));
  model.set_centroids(std::string(3 * sizeof(float), '\0'));
  return model;
}

std::string ErrorOf(const ModelFile& message) {
  const auto model = ModelFromContent(message, {});
  EXPECT_EQ(model.status().code(), absl::StatusCode::kInvalidArgument) << model.status();
  return std::string(model.status().message());
}

TEST(ModelContent, ReadsAggregates) {
  const auto model = ModelFromContent(Example(), {});
  ASSERT_TRUE(model.ok()) << model.status();
  const scoring::FeatureSchema& schema = model->schema();
  EXPECT_EQ(schema.profile_purpose(), 4);
  EXPECT_THAT(schema.other_event_types(), ElementsAre("page_view"));
  EXPECT_EQ(schema.size(), 4u);
  EXPECT_EQ(schema.scored_size(), 3u);
  EXPECT_EQ(schema[0].normalisation, scoring::Normalisation::kShareOf);
  EXPECT_EQ(schema[0].divisor, "all");
  EXPECT_EQ(schema.divisor(0), 1);
  EXPECT_TRUE(schema[1].auxiliary);
  EXPECT_FALSE(schema[2].aggregate.has_value());
  const scoring::Aggregate drama = {
      .function = AggregateFunction::kCount,
      .event_type = "rating",
      .filters = {{.attribute = "genre",
                   .comparison = Comparison::kIn,
                   .values = {FilterScalar(std::string("drama")), FilterScalar(std::string("war"))}},
                  {.attribute = "stars", .comparison = Comparison::kGreater, .values = {FilterScalar(3.0)}}},
      .attribute = "",
      .half_life_days = 30};
  EXPECT_EQ(schema[0].aggregate, drama);
  const scoring::Aggregate stars = {
      .function = AggregateFunction::kMean,
      .event_type = "",
      .filters = {{.attribute = "kids", .comparison = Comparison::kEquals, .values = {FilterScalar(true)}},
                  {.attribute = "price", .comparison = Comparison::kLess, .values = {FilterScalar(2.5)}}},
      .attribute = "stars",
      .half_life_days = std::nullopt};
  EXPECT_EQ(schema[3].aggregate, stars);
}

TEST(ModelContent, EveryFunctionIsItself) {
  for (int number = 1; number <= 8; ++number) {
    ModelFile message = Example();
    auto& source = *message.mutable_schema()->mutable_features(3)->mutable_aggregate();
    source.clear_filters();
    source.set_function(static_cast<internal::v1::AggregateFunction>(number));
    const bool takes_attribute = number != 1 && number != 7;
    if (!takes_attribute) source.clear_attribute();
    const auto model = ModelFromContent(message, {});
    ASSERT_TRUE(model.ok()) << number << model.status();
    EXPECT_EQ(static_cast<int>(model->schema()[3].aggregate->function) + 1, number);
  }
}

TEST(ModelContent, HistogramsComeInTheOrderOfTheScoredFeatures) {
  const auto model = ModelFromContent(Example(), {});
  ASSERT_TRUE(model.ok()) << model.status();
  ASSERT_EQ(model->reference_histograms().size(), 3u);
  EXPECT_THAT(model->reference_histograms()[0].counts, ElementsAre(7, 8));
  EXPECT_THAT(model->reference_histograms()[1].counts, ElementsAre(1, 2, 3));
  EXPECT_THAT(model->reference_histograms()[2].borders, ElementsAre(5));
  ModelFile none = Example();
  none.clear_reference_histograms();
  EXPECT_TRUE(ModelFromContent(none, {})->reference_histograms().empty());
}

TEST(ModelContent, RefusesWithTheFieldsName) {
  ModelFile message = Example();
  message.mutable_schema()->set_profile_purpose(1);
  EXPECT_THAT(ErrorOf(message), HasSubstr("schema.profile_purpose"));
  message = Example();
  message.mutable_schema()->mutable_features(3)->mutable_aggregate()->clear_function();
  EXPECT_THAT(ErrorOf(message), HasSubstr("schema.features[3].aggregate.function"));
  message = Example();
  message.mutable_schema()->mutable_features(3)->mutable_aggregate()->mutable_filters(1)->clear_condition();
  EXPECT_THAT(ErrorOf(message), HasSubstr("schema.features[3].aggregate.filters[1]"));
  message = Example();
  auto& filter = *message.mutable_schema()->mutable_features(0)->mutable_aggregate()->mutable_filters(0);
  filter.mutable_in()->mutable_values(1)->clear_kind();
  EXPECT_THAT(ErrorOf(message), HasSubstr("filters[0].in.values[1]"));
  message = Example();
  message.mutable_schema()->mutable_features(0)->mutable_aggregate()->set_half_life_days(0);
  EXPECT_THAT(ErrorOf(message), HasSubstr("drama_share"));
  message = Example();
  message.mutable_reference_histograms(0)->set_feature("all");
  EXPECT_THAT(ErrorOf(message), HasSubstr("reference_histograms[0].feature: not a scored"));
  message = Example();
  message.mutable_reference_histograms(1)->set_feature("age");
  EXPECT_THAT(ErrorOf(message), HasSubstr("reference_histograms[1].feature: repeated"));
  message = Example();
  message.mutable_reference_histograms(0)->clear_counts();
  EXPECT_THAT(ErrorOf(message), HasSubstr("reference_histograms[0].counts: empty"));
  message = Example();
  message.mutable_reference_histograms()->RemoveLast();
  ErrorOf(message);
}

}  // namespace
}  // namespace assent::storage
