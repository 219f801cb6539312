// Receipts and logged decisions: what Assign answered comes back as it was, by the model of then, and only to whom it
// may.
#include "server/decision_recall.h"

#include <functional>
#include <optional>

#include "absl/time/clock.h"
#include "server/assignment_service.h"
#include "server/decision_log.h"
#include "server/role_table.h"
#include "server/status_conversion.h"
#include "storage/decision_erasure.h"
#include "storage/model_file.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

const std::string kOldKey(policy::kSealingKeyBytes, '\x01');
const std::string kNewKey(policy::kSealingKeyBytes, '\x02');
constexpr int64_t kDayUs = int64_t{86'400} * 1'000'000;

policy::SealingRing Ring(const std::vector<std::string>& keys) { return *policy::SealingRing::Create(keys); }

class DecisionRecallTest : public PipelineTest {
 protected:
  DecisionRecallTest() {
    settings_.logged_per_million = DecisionSettings::kEachDecision;
    Use(Ring({kOldKey}));
    model_.Publish(SampleModel());
    Grant("ada");
  }
  // From now on receipts are sealed with these keys, and nothing is remembered.
  void Use(const policy::SealingRing& ring) {
    recall_.reset();
    service_.reset();
    log_.reset();
    keys_ = std::make_unique<storage::SealingKeys>(ring);
    decisions_ = std::make_unique<storage::DecisionStore>(*database_, *store_, index_, domain_);
    log_ = std::make_unique<DecisionLog>(*decisions_, settings_, 1, std::chrono::hours(1));
    keeping_ = {.sealing = keys_.get(), .log = log_.get()};
    keeping_.policy_version.fill(7);
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), ~0u);
    service_ = std::make_unique<AssignmentService>(pipeline_->sources(), *authorizer_, cells_, 0, keeping_);
    recall_ = std::make_unique<DecisionRecall>(
        pipeline_->sources(),
        RecallParts{.keeping = keeping_, .decisions = *decisions_, .models = archive_.get(), .settings = settings_});
  }
  // What a caller gets, with a receipt; logged by then.
  v1::AssignResponse Answer(v1::AssignRequest request) {
    request.set_return_receipt(true);
    CallContext context;
    v1::AssignResponse response;
    service_->Awake();
    const grpc::Status status = service_->Assign(request, response, context);
    service_->Idle();
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_TRUE(log_->WriteAll());
    return response;
  }
  absl::Status Explain(const v1::ExplainRequest& request, int64_t later_us = 0) {
    return recall_->Explain(request, caller_, absl::ToUnixMicros(absl::Now()) + later_us, explained_);
  }
  absl::Status ExplainReceipt(const std::string& receipt, int64_t later_us = 0) {
    v1::ExplainRequest request;
    request.set_receipt(receipt);
    return Explain(request, later_us);
  }
  absl::Status ExplainLogged(const std::string& id, int64_t later_us = 0) {
    v1::ExplainRequest request;
    request.set_decision_id(id);
    return Explain(request, later_us);
  }
  // The answer without what only its own message has.
  static std::string Plain(v1::AssignResponse response) {
    response.clear_receipt();
    response.clear_decision_id();
    return response.DebugString();
  }
  void Change(const std::string& id, internal::v1::ConsentChangeKind kind) {
    storage::ConsentRequest request;
    request.subject = KeyOf(id);
    request.kind = kind;
    ASSERT_TRUE(store_->Apply(request, absl::Now()).ok());
  }

  DecisionSettings settings_;
  std::unique_ptr<storage::SealingKeys> keys_;
  std::unique_ptr<storage::ModelArchive> archive_ = *storage::ModelArchive::Open(folder_.Path("data"));
  std::unique_ptr<storage::DecisionStore> decisions_;
  std::unique_ptr<DecisionLog> log_;
  DecisionKeeping keeping_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<AssignmentService> service_;
  std::unique_ptr<DecisionRecall> recall_;
  RecallCaller caller_ = {.principal = HashPrincipal(pseudonymizer_, "")};
  v1::ExplainResponse explained_;
};

TEST_F(DecisionRecallTest, EveryOutcomeComesBackAsItWasAnswered) {
  auto all = Event("ada", kLight);
  all.set_max_segments(4);
  all.set_return_memberships(true);
  auto missing = Event("ada", {});
  (*missing.mutable_features()->mutable_named())["minutes"] = 30;
  for (const auto& request : {all, Event("ada", kLight), Event("ada", kHeavy), Event("ada", kBetween),
                              Event("ada", kFarAway), Event("ada", kHealth), Event("stranger", kLight), missing}) {
    const v1::AssignResponse answer = Answer(request);
    EXPECT_EQ(answer.decision_id().size(), 32u);
    for (const bool logged : {false, true}) {
      const absl::Status status = logged ? ExplainLogged(answer.decision_id()) : ExplainReceipt(answer.receipt());
      ASSERT_TRUE(status.ok()) << status;
      EXPECT_EQ(Plain(explained_.decision()), Plain(answer));
      EXPECT_EQ(explained_.has_replay(), answer.has_model());
      EXPECT_EQ(explained_.replay().identical(), answer.has_model()) << explained_.DebugString();
      EXPECT_EQ(explained_.recorded().policy_version(), "0707070707070707");
      EXPECT_TRUE(explained_.recorded().policy_is_current());
    }
  }
}

// The same explanation as one that is made on the spot.
TEST_F(DecisionRecallTest, TheExplanationIsThatOfThen) {
  auto request = Event("ada", {});
  (*request.mutable_features()->mutable_named())["minutes"] = 30;
  request.set_return_memberships(true);
  const v1::AssignResponse answer = Answer(request);
  v1::ExplainRequest now;
  *now.mutable_request() = request;
  v1::ExplainResponse direct;
  CallContext context{.method = Method::kExplain};
  service_->Awake();
  ASSERT_TRUE(service_->Explain(now, direct, context).ok());
  service_->Idle();
  ASSERT_TRUE(ExplainReceipt(answer.receipt()).ok());
  explained_.clear_replay();
  EXPECT_EQ(explained_.recorded().consent_revision(), 1u);
  EXPECT_EQ(explained_.recorded().permission(), "explicit_grant");
  explained_.clear_recorded();
  EXPECT_EQ(explained_.DebugString(), direct.DebugString());
  EXPECT_TRUE(explained_.contributions(1).missing());
}

TEST_F(DecisionRecallTest, AReplacedModelExplainsItsDecisions) {
  const std::string path = folder_.Path("sample.assent");
  ASSERT_TRUE(storage::WriteModelFile(path, SampleModelFile()).ok());
  const v1::AssignResponse answer = Answer(Event("ada", kLight));
  model_.Publish(NoiseModel(9, 5, 1));
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "DECISION_MODEL_GONE");
  ASSERT_TRUE(archive_->Keep(path, SampleModel().digest_hex(), absl::Now()).ok());
  for (int i = 0; i < 2; ++i) {  // from the file, and from memory
    ASSERT_TRUE(ExplainReceipt(answer.receipt()).ok());
    EXPECT_EQ(Plain(explained_.decision()), Plain(answer));
    EXPECT_TRUE(explained_.replay().identical());
    ASSERT_TRUE(archive_->RemoveBefore(absl::InfiniteFuture()).ok());
  }
  ASSERT_TRUE(ExplainLogged(answer.decision_id()).ok());
  EXPECT_EQ(explained_.segment().segment_id(), "light");
}

TEST_F(DecisionRecallTest, WhatDiffersIsNamed) {
  policy::RecordedDecision recorded;
  recorded.outcome = policy::Outcome::kAssigned;
  recorded.purpose = policy::Purpose::kSelectAdvertising;
  recorded.permission = policy::Permission::kGrant;
  recorded.scaled = {-1, -1};
  recorded.assignment = {.winner = 1, .runner_up = 2, .winner_distance = 0, .runner_up_distance = 9, .margin = 8.5};
  recorded.nearest = {{0, 0.25}};
  pipeline_->Online();
  scoring::Workspace workspace;
  v1::Replay replay;
  ReplayDecision(recorded, *pipeline_->PinModel(), workspace, replay);
  EXPECT_FALSE(replay.identical());
  EXPECT_EQ(std::vector<std::string>(replay.differences().begin(), replay.differences().end()),
            (std::vector<std::string>{"winner: heavy recorded, light now", "margin: 8.5 recorded, 9 now",
                                      "segments: light recorded, not there at that distance now"}));
  recorded.assignment.winner = 0;
  recorded.assignment.margin = 9;
  recorded.nearest = {{0, 0}};
  ReplayDecision(recorded, *pipeline_->PinModel(), workspace, replay);
  EXPECT_TRUE(replay.identical()) << replay.DebugString();
  pipeline_->Offline();
}

TEST_F(DecisionRecallTest, AForgedDamagedOrForeignReceiptIsRefused) {
  const std::string receipt = Answer(Event("ada", kLight)).receipt();
  for (size_t i = 0; i < receipt.size(); ++i) {
    std::string changed = receipt;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_EQ(ReasonOf(ExplainReceipt(changed)), i < 4 ? "RECEIPT_KEY_UNKNOWN" : "RECEIPT_INVALID") << i;
    EXPECT_EQ(ReasonOf(ExplainReceipt(receipt.substr(0, i))), "RECEIPT_INVALID") << i;
  }
  EXPECT_EQ(ReasonOf(ExplainReceipt(std::string(kReceiptBytesMax + 1, 'x'))), "FIELD_TOO_LONG");
  // Sealed with the same key for another use, and for another deployment.
  const std::string content(80, 'c');
  for (const auto& [use, bound] :
       {std::pair<std::string, std::string>{"records", ReceiptBinding(pseudonymizer_.CheckValue())},
        {std::string(kReceiptUse), "another deployment"}}) {
    policy::Sealer sealer(Ring({kOldKey}), use);
    std::string sealed(content.size() + policy::kSealedOverheadBytes, '\0');
    ASSERT_TRUE(sealer.Seal(content, bound, sealed));
    EXPECT_EQ(ReasonOf(ExplainReceipt(sealed)), "RECEIPT_INVALID") << use;
  }
  EXPECT_TRUE(ExplainReceipt(receipt).ok());
}

TEST_F(DecisionRecallTest, ReceiptsOutliveTheRotationOfKeys) {
  const std::string receipt = Answer(Event("ada", kLight)).receipt();
  Use(Ring({kOldKey, kNewKey}));
  EXPECT_TRUE(ExplainReceipt(receipt).ok());
  const std::string newer = Answer(Event("ada", kLight)).receipt();
  EXPECT_NE(receipt.substr(0, 4), newer.substr(0, 4));
  Use(Ring({kNewKey}));
  EXPECT_TRUE(ExplainReceipt(newer).ok());
  EXPECT_EQ(ReasonOf(ExplainReceipt(receipt)), "RECEIPT_KEY_UNKNOWN");
}

TEST_F(DecisionRecallTest, ALifetimeEnds) {
  const v1::AssignResponse answer = Answer(Event("ada", kLight));
  EXPECT_TRUE(ExplainReceipt(answer.receipt(), 90 * kDayUs - 60'000'000).ok());
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt(), 90 * kDayUs + 60'000'000)), "RECEIPT_EXPIRED");
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt(), -3'600'000'000)), "RECEIPT_EXPIRED");
  EXPECT_TRUE(ExplainLogged(answer.decision_id(), 30 * kDayUs - 60'000'000).ok());
  EXPECT_EQ(ReasonOf(ExplainLogged(answer.decision_id(), 30 * kDayUs + 60'000'000)), "DECISION_NOT_FOUND");
}

TEST_F(DecisionRecallTest, OnlyWhoReceivedItMayAskAndReviewersOfTheLog) {
  const v1::AssignResponse answer = Answer(Event("ada", kLight));
  caller_.principal = HashPrincipal(pseudonymizer_, "spiffe://example.org/another");
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "DECISION_NOT_YOURS");
  EXPECT_EQ(ReasonOf(ExplainLogged(answer.decision_id())), "DECISION_NOT_YOURS");
  caller_.reviewer = true;
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "DECISION_NOT_YOURS");
  EXPECT_TRUE(ExplainLogged(answer.decision_id()).ok());
}

TEST_F(DecisionRecallTest, NothingOfWhomRestrictedOrErased) {
  const v1::AssignResponse answer = Answer(Event("ada", kLight));
  Change("ada", internal::v1::CONSENT_CHANGE_KIND_RESTRICT);
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "SUBJECT_RESTRICTED");
  EXPECT_EQ(ReasonOf(ExplainLogged(answer.decision_id())), "SUBJECT_RESTRICTED");
  EXPECT_EQ(explained_.ByteSizeLong(), 0u);
  Change("ada", internal::v1::CONSENT_CHANGE_KIND_ERASE);
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "SUBJECT_ERASED");
  EXPECT_EQ(ReasonOf(ExplainLogged(answer.decision_id())), "DECISION_NOT_FOUND");
  Grant("ada");  // comes back, and what was before stays gone
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "SUBJECT_ERASED");
  EXPECT_TRUE(ExplainReceipt(Answer(Event("ada", kLight)).receipt()).ok());
}

TEST_F(DecisionRecallTest, ADecisionOnItsWayIsLeftOutByAnErasure) {
  CallContext context;
  v1::AssignResponse response;
  service_->Awake();
  ASSERT_TRUE(service_->Assign(Event("ada", kLight), response, context).ok());
  service_->Idle();
  ASSERT_FALSE(response.decision_id().empty());
  Change("ada", internal::v1::CONSENT_CHANGE_KIND_ERASE);
  EXPECT_TRUE(log_->WriteAll());
  EXPECT_EQ(log_->figures().erased, 1u);
  EXPECT_EQ(log_->figures().written, 0u);
  EXPECT_EQ(ReasonOf(ExplainLogged(response.decision_id())), "DECISION_NOT_FOUND");
  // And what is refused because of the erasure would be all that is left of the person.
  EXPECT_EQ(Answer(Event("ada", kLight)).decision_id(), "");
}

TEST_F(DecisionRecallTest, WithoutKeysOrALogTheErrorSaysSo) {
  const v1::AssignResponse answer = Answer(Event("ada", kLight));
  keeping_ = {};
  service_ = std::make_unique<AssignmentService>(pipeline_->sources(), *authorizer_, cells_, 0, keeping_);
  recall_ = std::make_unique<DecisionRecall>(pipeline_->sources(),
                                             RecallParts{.keeping = keeping_, .decisions = *decisions_});
  auto request = Event("ada", kLight);
  v1::AssignResponse response;
  CallContext context;
  service_->Awake();
  EXPECT_TRUE(service_->Assign(request, response, context).ok());
  EXPECT_EQ(response.decision_id() + response.receipt(), "");
  request.set_return_receipt(true);
  EXPECT_EQ(service_->Assign(request, response, context).error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  service_->Idle();
  EXPECT_EQ(ReasonOf(ExplainReceipt(answer.receipt())), "DECISION_RECEIPTS_OFF");
  EXPECT_EQ(ReasonOf(ExplainLogged(std::string(32, '0'))), "DECISION_LOG_OFF");
  EXPECT_EQ(ReasonOf(ExplainLogged("no id")), "FIELD_INVALID");
  EXPECT_TRUE(ExplainLogged(answer.decision_id()).ok());  // what was logged once stays for its time
}

TEST_F(DecisionRecallTest, WhatThePersonRefusesNowIsNotToldOf) {
  const std::string receipt = Answer(Event("ada", kLight)).receipt();
  storage::ConsentRequest refusal;
  refusal.subject = KeyOf("ada");
  refusal.kind = internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES;
  refusal.preference.segment_id = "heavy";
  ASSERT_TRUE(store_->Apply(refusal, absl::FromUnixMicros(kNowUs)).ok());
  v1::ExplainRequest request;
  request.set_receipt(receipt);
  request.set_why_not("heavy");
  ASSERT_TRUE(Explain(request).ok());
  EXPECT_EQ(explained_.segment().segment_id(), "light") << "what was decided stands";
  EXPECT_EQ(explained_.why_not().rule(), "segment.refused_by_person");
  EXPECT_EQ(explained_.why_not().terms_size(), 0);
  EXPECT_NE(explained_.runner_up().segment_id(), "heavy");
}

TEST_F(DecisionRecallTest, AReceiptOutlivesARotationOfThePseudonymKey) {
  const std::string receipt = Answer(Event("ada", kLight)).receipt();
  const auto chain = policy::Pseudonymizer::CreateChain(std::vector{std::string(32, 'k'), std::string(32, 'n')});
  ASSERT_TRUE(chain.ok()) << chain.status();
  const policy::SubjectKey renamed = chain->Continue(KeyOf("ada"), 1);
  EXPECT_NE(renamed, KeyOf("ada"));
  PipelineSources sources = pipeline_->sources();
  DecisionRecall recall(
      PipelineSources{.domain = sources.domain,
                      .pseudonymizer = *chain,
                      .index = sources.index,
                      .refusals = sources.refusals,
                      .store = sources.store,
                      .model = sources.model,
                      .limits = sources.limits,
                      .jurisdictions = sources.jurisdictions},
      RecallParts{.keeping = keeping_, .decisions = *decisions_, .models = archive_.get(), .settings = settings_});
  v1::ExplainRequest request;
  request.set_receipt(receipt);
  v1::ExplainResponse response;
  const RecallCaller caller = {.principal = HashPrincipal(*chain, "")};
  ASSERT_TRUE(recall.Explain(request, caller, absl::ToUnixMicros(absl::Now()), response).ok());
  EXPECT_TRUE(response.replay().identical());
  // It is about the person under the new pseudonym: what holds for that counts.
  storage::ConsentRequest erasure;
  erasure.subject = renamed;
  erasure.kind = internal::v1::CONSENT_CHANGE_KIND_ERASE;
  ASSERT_TRUE(store_->Apply(erasure, absl::FromUnixMicros(kNowUs)).ok());
  EXPECT_EQ(ReasonOf(recall.Explain(request, caller, absl::ToUnixMicros(absl::Now()), response)), "SUBJECT_ERASED");
}

}  // namespace
}  // namespace assent::server
