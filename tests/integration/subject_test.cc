// A person's controls through the whole server: real gRPC, real RocksDB.
#include "google/protobuf/util/json_util.h"
#include "server/role_table.h"
#include "server/server.h"
#include "storage/model_file.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

class SubjectServerTest : public ServerTest {
 protected:
  using Stub = v1::SubjectService::Stub;

  void StartAs(const char* role) {
    WriteModel("first");
    Configuration configuration = Defaults();
    configuration.insecure_roles |= RoleBitFromName(role);
    Start(configuration);
  }
  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request,
                    Response& response) {
    *request.mutable_subject() = EventOf("ada", {}).subject();
    grpc::ClientContext context;
    return (caller_->subject.get()->*method)(&context, request, &response);
  }
  std::string ReasonNow() {
    v1::AssignResponse answer;
    const grpc::Status status = caller_->Assign(EventOf("ada", kLight), answer);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return answer.reason();
  }
  grpc::Status Get(v1::GetConsentResponse& response) {
    v1::GetConsentRequest request;
    *request.mutable_subject() = EventOf("ada", {}).subject();
    grpc::ClientContext context;
    return caller_->consent->GetConsent(&context, request, &response);
  }
  v1::SubjectExport Export() {
    v1::ExportSubjectRequest request;
    *request.mutable_subject() = EventOf("ada", {}).subject();
    grpc::ClientContext context;
    const auto reader = caller_->subject->ExportSubject(&context, request);
    std::string json;
    for (v1::ExportSubjectResponse part; reader->Read(&part);) json += part.chunk();
    EXPECT_TRUE(reader->Finish().ok());
    v1::SubjectExport document;
    EXPECT_TRUE(google::protobuf::util::JsonStringToMessage(json, &document).ok()) << json;
    return document;
  }
  grpc::Status Import() {
    v1::RecordConsentRequest request = GrantOf("ada", {v1::PURPOSE_SELECT_ADVERTISING});
    request.set_method(v1::COLLECTION_METHOD_IMPORT);
    v1::RecordConsentResponse response;
    return caller_->Record(request, response);
  }
};

TEST_F(SubjectServerTest, EachControlIsObeyedByTheNextAssign) {
  StartAs("subject");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  EXPECT_EQ(ReasonNow(), "model.nearest");
  v1::SetSegmentPreferenceRequest refusal;
  refusal.set_segment_id("light");
  refusal.set_preference(v1::SEGMENT_PREFERENCE_REFUSED);
  v1::SetSegmentPreferenceResponse refused;
  ASSERT_TRUE(Call(&Stub::SetSegmentPreference, refusal, refused).ok());
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_RESTRICTED);
  EXPECT_EQ(answer.reason(), "segment.refused_by_person");
  EXPECT_EQ(answer.segments_size(), 0);

  v1::ContestAssignmentRequest contest;
  contest.set_segment_id("light");
  contest.set_statement("I read at night");
  v1::ContestAssignmentResponse contested;
  ASSERT_TRUE(Call(&Stub::ContestAssignment, contest, contested).ok());
  EXPECT_EQ(contested.state().contests(0).statement(), "I read at night");

  v1::RestrictSubjectResponse restricted;
  ASSERT_TRUE(Call(&Stub::RestrictSubject, v1::RestrictSubjectRequest(), restricted).ok());
  EXPECT_EQ(ReasonNow(), "subject.restricted");
  v1::GetConsentResponse got;
  ASSERT_TRUE(Get(got).ok());
  EXPECT_TRUE(got.consent().restricted());
  EXPECT_EQ(got.consent().purposes_size(), 1);

  v1::EraseSubjectResponse erased;
  ASSERT_TRUE(Call(&Stub::EraseSubject, v1::EraseSubjectRequest(), erased).ok());
  EXPECT_EQ(ReasonNow(), "subject.erased");
  ASSERT_TRUE(Get(got).ok());
  v1::Consent tombstone;
  tombstone.set_erased(true);
  tombstone.set_revision(5);
  tombstone.set_etag("r5");
  EXPECT_EQ(got.consent().SerializeAsString(), tombstone.SerializeAsString()) << got.consent().ShortDebugString();

  const grpc::Status import = Import();
  EXPECT_EQ(import.error_code(), StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(ReasonOf(import), "SUBJECT_ERASED");
  EXPECT_EQ(ReasonNow(), "subject.erased");
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  EXPECT_EQ(ReasonNow(), "model.nearest") << "neither refusal nor restriction outlived the erasure";
}

TEST_F(SubjectServerTest, ThePersonLearnsWhatIsKeptAndWhereItLeads) {
  StartAs("privacy");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  v1::ListSubjectSegmentsResponse list;
  ASSERT_TRUE(Call(&Stub::ListSubjectSegments, v1::ListSubjectSegmentsRequest(), list).ok());
  EXPECT_TRUE(list.segments(0).needs_features()) << list.ShortDebugString();
  EXPECT_EQ(list.segments(1).explanation(), "You have not agreed to it.");
  EXPECT_EQ(list.model().name(), "first");
  v1::SubjectExport document = Export();
  EXPECT_EQ(document.consent().purposes_size(), 1);
  EXPECT_EQ(document.history_size(), 1);
  v1::EraseSubjectResponse erased;
  ASSERT_TRUE(Call(&Stub::EraseSubject, v1::EraseSubjectRequest(), erased).ok());
  document = Export();
  EXPECT_TRUE(document.consent().erased());
  EXPECT_EQ(document.consent().purposes_size() + document.history_size() + document.profiles_size(), 0);
}

TEST_F(SubjectServerTest, GlobalPrivacyControlOfACookieReachesTheLoginBehindIt) {
  StartAs("subject");
  v1::RecordConsentResponse granted;
  for (const char* id : {"ada", "phone", "laptop"}) ASSERT_TRUE(caller_->Grant(id, granted).ok());
  for (const char* id : {"phone", "laptop"}) {
    v1::LinkSubjectsRequest link;
    *link.mutable_subject() = EventOf("ada", {}).subject();
    *link.mutable_linked() = EventOf(id, {}).subject();
    v1::LinkSubjectsResponse linked;
    grpc::ClientContext context;
    ASSERT_TRUE(caller_->consent->LinkSubjects(&context, link, &linked).ok());
  }
  EXPECT_EQ(ReasonNow(), "model.nearest");
  v1::AssignRequest event = EventOf("phone", kLight);
  event.mutable_signals()->set_gpc(true);
  v1::AssignResponse answer;
  ASSERT_TRUE(caller_->Assign(event, answer).ok());
  EXPECT_EQ(answer.reason(), "signal.gpc") << "refused at once, by its own signal";
  Until([&] {
    const std::string metrics = HttpGet(server_->metrics_address(), "/metrics");
    return metrics.find("assent_signal_opt_outs_total{result=\"stored\"} 1\n") != std::string::npos;
  });
  for (const char* id : {"ada", "phone", "laptop"}) {
    ASSERT_TRUE(caller_->Assign(EventOf(id, kLight), answer).ok());
    EXPECT_EQ(answer.outcome(), v1::OUTCOME_OPTED_OUT) << id << ", without any signal";
  }
  const v1::SubjectExport document = Export();
  EXPECT_EQ(document.history(0).recorded_by(), "signal.gpc");
  EXPECT_TRUE(document.history(0).by_link());
  EXPECT_EQ(document.links().linked_size(), 2);

  // What is stored outlives the process, and the erasure of the person is that of all.
  server_.reset();
  StartAs("subject");
  ASSERT_TRUE(caller_->Assign(EventOf("laptop", kLight), answer).ok());
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_OPTED_OUT);
  v1::EraseSubjectResponse erased;
  ASSERT_TRUE(Call(&Stub::EraseSubject, v1::EraseSubjectRequest(), erased).ok());
  ASSERT_TRUE(caller_->Assign(EventOf("laptop", kLight), answer).ok());
  EXPECT_EQ(answer.reason(), "subject.erased");
}

TEST_F(SubjectServerTest, ARefusedRowOfTheTaxonomyHoldsForThoseBelowIt) {
  Configuration configuration = Defaults();
  configuration.insecure_roles |= RoleBitFromName("subject");
  configuration.audience_taxonomy_file = folder_.Path("taxonomy.tsv");
  internal::v1::ModelFile model = SampleModelFile("first");
  model.mutable_segments(0)->set_iab_audience_id(22);
  ASSERT_TRUE(storage::WriteModelFile(folder_.Path("model.assent"), model).ok());
  EXPECT_EQ(Server::Start(configuration).status().code(), absl::StatusCode::kNotFound) << "it is named and not there";
  folder_.Write("taxonomy.tsv",
                "Unique ID\tParent ID\tTier 1\tTier 2\tTier 3\tTier 4\tTier 5\tTier 6\n"
                "2\t\tInterest\t\t\t\t\t\n22\t2\tInterest\tDarts\t\t\t\t\n");
  Start(configuration);
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  EXPECT_EQ(ReasonNow(), "model.nearest");
  v1::SetSegmentPreferenceRequest refusal;
  refusal.set_taxonomy_id(2);
  refusal.set_preference(v1::SEGMENT_PREFERENCE_REFUSED);
  v1::SetSegmentPreferenceResponse refused;
  ASSERT_TRUE(Call(&Stub::SetSegmentPreference, refusal, refused).ok());
  EXPECT_EQ(ReasonNow(), "segment.refused_by_person");
}

TEST_F(SubjectServerTest, TheRoleDecidesWhoMayAsk) {
  Configuration configuration = Defaults();
  configuration.insecure_roles = RoleBitFromName("reviewer") | RoleBitFromName("consent");
  Start(configuration);
  v1::EraseSubjectResponse erased;
  const grpc::Status status = Call(&Stub::EraseSubject, v1::EraseSubjectRequest(), erased);
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(status), "ROLE_REQUIRED");
  v1::MarkChildResponse marked;
  EXPECT_TRUE(Call(&Stub::MarkChild, v1::MarkChildRequest(), marked).ok()) << "the consent role may";
}

}  // namespace
}  // namespace assent::server
