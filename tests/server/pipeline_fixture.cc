#include "tests/server/pipeline_fixture.h"

namespace assent::server {

PipelineTest::PipelineTest()
    : pseudonymizer_(*policy::Pseudonymizer::Create(std::string(32, 'k'))),
      database_(*storage::Database::Open({.data_dir = folder_.Path("data"), .key_check = pseudonymizer_.CheckValue()})),
      store_(*storage::ConsentStore::Open(*database_, index_, refusals_, jurisdictions_)),
      profiles_(*storage::ProfileStore::Open(*database_, *store_, index_, domain_,
                                             {.subjects_max = 64,
                                              .flush_interval = absl::InfiniteDuration(),
                                              .clock = [] { return absl::FromUnixMicros(kNowUs); }})),
      model_(domain_, {.profiles = profiles_.get()}) {
  UsePipeline(Sources());
}

PipelineSources PipelineTest::Sources() {
  return {.domain = domain_,
          .pseudonymizer = pseudonymizer_,
          .index = index_,
          .refusals = refusals_,
          .store = *store_,
          .model = model_.published(),
          .limits = {},
          .jurisdictions = jurisdictions_,
          .profiles = profiles_.get(),
          .opt_outs = &opt_outs_};
}

void PipelineTest::UsePipeline(const PipelineSources& sources) {
  batch_.reset();
  pipeline_ = std::make_unique<AssignPipeline>(sources);
  batch_ = std::make_unique<BatchAssigner>(*pipeline_, cells_, 0);
}

v1::AssignRequest PipelineTest::Event(const std::string& id, std::span<const float> features) {
  v1::AssignRequest request;
  request.mutable_subject()->set_namespace_("cookie");
  request.mutable_subject()->set_id(id);
  request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  for (const float value : features) request.mutable_features()->add_dense(value);
  return request;
}

void PipelineTest::Grant(const std::string& id, policy::Purpose purpose, uint32_t expire_time_s) {
  Change(id, internal::v1::CONSENT_CHANGE_KIND_GRANT, purpose, expire_time_s);
}

storage::CommitPoint PipelineTest::Change(const std::string& id, internal::v1::ConsentChangeKind kind,
                                          policy::Purpose purpose, uint32_t expire_time_s) {
  storage::ConsentRequest request;
  request.subject = KeyOf(id);
  request.kind = kind;
  request.grants = {{.purpose = purpose}};
  request.terms.notice_id = "banner";
  request.terms.notice_version = "7";
  request.purpose_bits = policy::PurposeBit(purpose);
  request.terms.expire_time_s = expire_time_s;
  const auto result = store_->Apply(request, absl::FromUnixMicros(kNowUs));
  EXPECT_TRUE(result.ok()) << result.status();
  return result->point;
}

void PipelineTest::Link(const std::string& person, const std::string& linked) {
  storage::ConsentRequest request;
  request.subject = KeyOf(person);
  request.kind = internal::v1::CONSENT_CHANGE_KIND_LINK;
  request.linked = KeyOf(linked);
  const auto result = store_->Apply(request, absl::FromUnixMicros(kNowUs));
  EXPECT_TRUE(result.ok()) << result.status();
}

absl::Status PipelineTest::Decide(const v1::AssignRequest& request, int64_t now_us) {
  pipeline_->Online();
  absl::Status status = pipeline_->Decide(request, now_us, decision_);
  pipeline_->Offline();
  return status;
}

absl::Status PipelineTest::DecideBatch(const v1::BatchAssignRequest& request, int64_t deadline_ns) {
  pipeline_->Online();
  absl::Status status = batch_->Decide(request, kNowUs, deadline_ns, batch_response_);
  pipeline_->Offline();
  return status;
}

}  // namespace assent::server
