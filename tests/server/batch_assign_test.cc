#include "server/batch_assign.h"

#include <cmath>
#include <random>

#include "gmock/gmock.h"
#include "server/assign_response.h"
#include "server/status_conversion.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

constexpr uint32_t kNone = 0xFFFFFFFF;

class BatchAssignTest : public PipelineTest {
 protected:
  static v1::BatchAssignRequest Batch(const std::vector<std::string>& ids, const std::vector<float>& values,
                                      uint32_t columns = 2) {
    v1::BatchAssignRequest request;
    request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
    request.set_namespace_("cookie");
    for (const std::string& id : ids) request.add_subject_ids(id);
    for (const float value : values) request.mutable_features()->add_values(value);
    request.mutable_features()->set_columns(columns);
    return request;
  }

  std::string ReasonOfRow(int row) const {
    return batch_response_.reasons(static_cast<int>(batch_response_.reason_index(row)));
  }
  void ExpectFault(const v1::BatchAssignRequest& request, const char* reason, const char* field) {
    const absl::Status status = DecideBatch(request);
    EXPECT_FALSE(status.ok()) << request.ShortDebugString();
    EXPECT_EQ(ReasonOf(status), reason) << status;
    EXPECT_EQ(FieldOf(status), field) << status;
  }
};

TEST_F(BatchAssignTest, OneBadRowFailsAlone) {
  model_.Publish(SampleModel());
  Grant("a");
  Grant("b");
  Grant("d");
  auto request = Batch({"a", "b", "", "c", "d"}, {30, 5, std::nanf(""), 5, 30, 5, 30, 5, 120, 20});
  ASSERT_TRUE(DecideBatch(request).ok());
  const auto& answer = batch_response_;
  EXPECT_THAT(answer.outcomes(), testing::ElementsAre(1, 0, 0, 3, 1));
  EXPECT_THAT(answer.segment_index(), testing::ElementsAre(0, kNone, kNone, kNone, 1));
  EXPECT_THAT(answer.segment_ids(), testing::ElementsAre("light", "heavy"));
  EXPECT_THAT(answer.margins(), testing::ElementsAre(9, 0, 0, 0, 9));
  EXPECT_EQ(ReasonOfRow(0), "model.nearest");
  EXPECT_EQ(ReasonOfRow(3), "consent.none");
  ASSERT_EQ(answer.errors_size(), 2);
  EXPECT_EQ(answer.errors(0).row(), 1u);
  EXPECT_EQ(answer.errors(0).field(), "features.values[2]");
  EXPECT_EQ(answer.errors(0).reason(), "FEATURE_NOT_FINITE");
  EXPECT_EQ(answer.errors(1).row(), 2u);
  EXPECT_EQ(answer.errors(1).field(), "subject_ids[2]");
  EXPECT_EQ(answer.errors(1).reason(), "FIELD_REQUIRED");
  EXPECT_EQ(answer.model().name(), "sample");
  EXPECT_EQ(cells_.entry_errors.Read(), 2u);
}

TEST_F(BatchAssignTest, RefusedRowsAreNotRead) {
  model_.Publish(SampleModel());
  ASSERT_TRUE(DecideBatch(Batch({"stranger"}, {std::nanf(""), std::nanf("")})).ok());
  EXPECT_EQ(batch_response_.errors_size(), 0);
  EXPECT_EQ(batch_response_.outcomes(0), v1::OUTCOME_NO_CONSENT);
}

TEST_F(BatchAssignTest, MissingCellsAndMissingMatrix) {
  model_.Publish(SampleModel("sample", /*refuse_missing=*/true));
  Grant("a");
  auto request = Batch({"a", "a", "a"}, {0, 5, 30, 0, 30, 5});
  request.mutable_features()->add_missing_cells(0);  // minutes of row 0: the mean stands in
  request.mutable_features()->add_missing_cells(3);  // sessions of row 1: refused
  ASSERT_TRUE(DecideBatch(request).ok());
  ASSERT_EQ(batch_response_.errors_size(), 1);
  EXPECT_EQ(batch_response_.errors(0).row(), 1u);
  EXPECT_EQ(batch_response_.errors(0).field(), "features.values[3]");
  EXPECT_EQ(batch_response_.errors(0).reason(), "FEATURE_MISSING");
  EXPECT_EQ(batch_response_.outcomes(2), v1::OUTCOME_ASSIGNED);
  ASSERT_TRUE(DecideBatch(Batch({"a"}, {})).ok());
  EXPECT_EQ(batch_response_.errors(0).reason(), "FEATURE_MISSING");
}

TEST_F(BatchAssignTest, SignalsByRow) {
  model_.Publish(SampleModel());
  Grant("a");
  auto request = Batch({"a", "a", "a", "a"}, {30, 5, 30, 5, 30, 5, 30, 5});
  request.add_signals();
  request.add_signals()->set_gpc(true);
  request.add_signals()->set_jurisdiction("nowhere");
  for (const uint32_t index : {0u, 1u, 2u, 9u}) request.add_signals_index(index);
  ASSERT_TRUE(DecideBatch(request).ok());
  EXPECT_THAT(batch_response_.outcomes(), testing::ElementsAre(1, 3, 0, 0));
  EXPECT_EQ(ReasonOfRow(1), "signal.gpc");
  ASSERT_EQ(batch_response_.errors_size(), 2);
  EXPECT_EQ(batch_response_.errors(0).field(), "signals[2].jurisdiction");
  EXPECT_EQ(batch_response_.errors(1).field(), "signals_index[3]");
  request = Batch({"a", "a"}, {30, 5, 30, 5});
  request.add_signals()->set_gpc(true);  // one for all
  ASSERT_TRUE(DecideBatch(request).ok());
  EXPECT_THAT(batch_response_.outcomes(), testing::ElementsAre(3, 3));
}

TEST_F(BatchAssignTest, ABatchThatMakesNoSenseFailsWhole) {
  model_.Publish(SampleModel());
  Grant("a");
  using R = v1::BatchAssignRequest;
  const auto broken = [&](const char* reason, const char* field, auto change) {
    auto request = Batch({"a"}, {30, 5});
    change(request);
    ExpectFault(request, reason, field);
  };
  broken("FIELD_REQUIRED", "purpose", [](R& r) { r.clear_purpose(); });
  broken("PURPOSE_NOT_SELECTION", "purpose", [](R& r) { r.set_purpose(v1::PURPOSE_PROFILE_CONTENT); });
  broken("FIELD_REQUIRED", "namespace", [](R& r) { r.clear_namespace_(); });
  broken("FIELD_REQUIRED", "subject_ids", [](R& r) { r.clear_subject_ids(); });
  broken("TOO_MANY_ENTRIES", "subject_ids", [](R& r) {
    for (int i = 0; i < 4096; ++i) r.add_subject_ids("x");
  });
  broken("FIELD_REQUIRED", "features.columns", [](R& r) { r.mutable_features()->clear_columns(); });
  broken("FEATURE_DIMENSION_MISMATCH", "features.values", [](R& r) { r.mutable_features()->add_values(1); });
  broken("FEATURE_DIMENSION_MISMATCH", "features.columns", [](R& r) {
    r.mutable_features()->set_columns(3);
    r.mutable_features()->add_values(1);
  });
  broken("VALUE_OUT_OF_RANGE", "features.missing_cells", [](R& r) { r.mutable_features()->add_missing_cells(2); });
  broken("VALUE_OUT_OF_RANGE", "features.missing_cells", [](R& r) {
    r.mutable_features()->add_missing_cells(1);
    r.mutable_features()->add_missing_cells(1);
  });
  broken("FIELD_REQUIRED", "signals_index", [](R& r) {
    r.add_signals();
    r.add_signals();
  });
  broken("FIELD_INVALID", "signals_index", [](R& r) {
    r.add_signals_index(0);
    r.add_signals_index(0);
  });
  broken("CONSENT_TOKEN_INVALID", "consent_token", [](R& r) { r.set_consent_token("AAAA"); });
  for (const auto& of_purpose : cells_.outcomes) {
    for (const Cell& cell : of_purpose) EXPECT_EQ(cell.Read(), 0u);  // nothing was counted
  }
}

TEST_F(BatchAssignTest, WithoutAModelOnlyRefusalsAreAnswered) {
  ASSERT_TRUE(DecideBatch(Batch({"stranger"}, {30, 5})).ok());
  EXPECT_FALSE(batch_response_.has_model());
  Grant("a");
  const absl::Status status = DecideBatch(Batch({"stranger", "a"}, {30, 5, 30, 5}));
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(ReasonOf(status), "NO_MODEL");
  EXPECT_FALSE(DecideBatch(Batch({"", "a"}, {30, 5, 30, 5})).ok());
  EXPECT_EQ(cells_.entry_errors.Read(), 0u);  // the bad row is no row that failed alone: its batch failed whole
}

// The call looks at the deadline before it begins; the batch looks again before each further block of 256 rows.
TEST_F(BatchAssignTest, ADeadlineThatPassesBetweenBlocksFailsTheWholeAndCountsNothing) {
  model_.Publish(SampleModel());
  Grant("a");
  const auto batch = [](size_t rows) {
    std::vector<float> values;
    for (size_t i = 0; i < rows; ++i) values.insert(values.end(), {kLight[0], kLight[1]});
    return Batch(std::vector<std::string>(rows, "a"), values);
  };
  constexpr int64_t kLongAgo = 1;
  const absl::Status status = DecideBatch(batch(257), kLongAgo);
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(ReasonOf(status), "DEADLINE_EXPIRED");
  for (const auto& of_purpose : cells_.outcomes) {
    for (const Cell& cell : of_purpose) EXPECT_EQ(cell.Read(), 0u);
  }
  EXPECT_EQ(model_.segment_totals().Read().at("light"), 0u);
  ASSERT_TRUE(DecideBatch(batch(256), kLongAgo).ok());
  EXPECT_EQ(model_.segment_totals().Read().at("light"), 256u);
  ASSERT_TRUE(DecideBatch(batch(257)).ok());  // nothing of the failed one is left
  EXPECT_EQ(model_.segment_totals().Read().at("light"), 513u);
}

// Many rows, over several blocks and two models: each row as Assign alone decides it, bit for bit.
TEST_F(BatchAssignTest, EqualsAssignRowByRow) {
  constexpr uint32_t kSeed = 20261121;
  std::minstd_rand random(kSeed);
  constexpr int kRows = 1000;
  for (const size_t dim : {size_t{3}, size_t{64}}) {
    model_.Publish(NoiseModel(/*k=*/50, dim, kSeed));
    std::vector<std::string> ids;
    std::vector<float> values;
    for (int row = 0; row < kRows; ++row) {
      ids.push_back("person-" + std::to_string(random() % 400));
      for (size_t i = 0; i < dim; ++i) values.push_back(static_cast<float>(random() % 4001) * 0.001f - 2.0f);
    }
    for (int i = 0; i < 400; i += 2) Grant("person-" + std::to_string(i));
    const auto request = Batch(ids, values, static_cast<uint32_t>(dim));
    ASSERT_TRUE(DecideBatch(request).ok());
    ASSERT_EQ(batch_response_.outcomes_size(), kRows);
    for (int row = 0; row < kRows; ++row) {
      const std::span<const float> features(values.data() + static_cast<size_t>(row) * dim, dim);
      ASSERT_TRUE(Decide(Event(ids[static_cast<size_t>(row)], features)).ok());
      v1::AssignResponse alone;
      FillAssignResponse(decision_, alone);
      ASSERT_EQ(batch_response_.outcomes(row), alone.outcome());
      ASSERT_EQ(ReasonOfRow(row), alone.reason());
      ASSERT_EQ(batch_response_.margins(row), alone.margin());
      const uint32_t index = batch_response_.segment_index(row);
      ASSERT_EQ(index == kNone, alone.segments_size() == 0);
      if (index != kNone) {
        ASSERT_EQ(batch_response_.segment_ids(static_cast<int>(index)), alone.segments(0).segment_id());
      }
    }
  }
}

}  // namespace
}  // namespace assent::server
