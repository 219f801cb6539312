// One pipeline on a real store in a folder of its own, without any RPC.
#ifndef ASSENT_TESTS_SERVER_PIPELINE_FIXTURE_H_
#define ASSENT_TESTS_SERVER_PIPELINE_FIXTURE_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "gtest/gtest.h"
#include "scoring/quiescence.h"
#include "server/assign_pipeline.h"
#include "server/assignment_handler.h"
#include "server/batch_assign.h"
#include "server/data_plane_cells.h"
#include "server/model_source.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"
#include "storage/profile_store.h"
#include "tests/client/scratch_folder.h"

namespace assent::server {

inline constexpr int64_t kNowUs = 1'700'000'000'000'000;

class PipelineTest : public testing::Test {
 protected:
  PipelineTest();

  PipelineSources Sources();
  // From now on decisions are made by another pipeline.
  void UsePipeline(const PipelineSources& sources);
  // An event of `id` (namespace "cookie") for SELECT_ADVERTISING, with dense features.
  static v1::AssignRequest Event(const std::string& id, std::span<const float> features);
  void Grant(const std::string& id, policy::Purpose purpose = policy::Purpose::kSelectAdvertising,
             uint32_t expire_time_s = 0);
  // Returns the point of the commit.
  storage::CommitPoint Change(const std::string& id, internal::v1::ConsentChangeKind kind, policy::Purpose purpose,
                              uint32_t expire_time_s = 0);
  // Links two subjects of the namespace "cookie".
  void Link(const std::string& person, const std::string& linked);
  policy::SubjectKey KeyOf(const std::string& id) const {
    return pseudonymizer_.Pseudonymize(policy::RawSubject("cookie", id));
  }
  // Decides as the polling thread would.
  absl::Status Decide(const v1::AssignRequest& request, int64_t now_us = kNowUs);
  absl::Status DecideBatch(const v1::BatchAssignRequest& request, int64_t deadline_ns = CallContext::kNoDeadline);

  client::ScratchFolder folder_;
  policy::Pseudonymizer pseudonymizer_;
  scoring::Quiescence domain_;
  storage::ConsentIndex index_{domain_};
  storage::RefusalIndex refusals_{domain_};
  policy::Jurisdictions jurisdictions_;
  OptOutQueue opt_outs_;
  std::unique_ptr<storage::Database> database_;
  std::unique_ptr<storage::ConsentStore> store_;
  std::unique_ptr<storage::ProfileStore> profiles_;
  ModelSource model_;
  DataPlaneCells cells_;
  std::unique_ptr<AssignPipeline> pipeline_;
  std::unique_ptr<BatchAssigner> batch_;
  policy::Decision decision_;
  v1::BatchAssignResponse batch_response_;
};

}  // namespace assent::server

#endif  // ASSENT_TESTS_SERVER_PIPELINE_FIXTURE_H_
