#include "server/subject_service.h"

#include <limits>

#include "google/protobuf/util/json_util.h"
#include "grpcpp/server_builder.h"
#include "server/role_table.h"
#include "tests/server/error_info.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

// The service behind gRPC in this process, on the store that the pipeline reads.
class SubjectServiceTest : public PipelineTest {
 protected:
  using Stub = v1::SubjectService::Stub;

  SubjectServiceTest() { Serve("subject"); }
  void Serve(const char* role) {
    if (server_ != nullptr) server_->Shutdown();
    authorizer_ = std::make_unique<Authorizer>(ServedRoleTable(), RoleBitFromName(role));
    service_ = std::make_unique<SubjectService>(ControlCall(pseudonymizer_, *store_, *authorizer_, metrics_, {}), view_,
                                                disclosure_);
    grpc::ServerBuilder builder;
    builder.RegisterService(service_.get());
    server_ = builder.BuildAndStart();
    stub_ = v1::SubjectService::NewStub(server_->InProcessChannel({}));
  }

  template <typename Request, typename Response>
  grpc::Status Call(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*), Request request,
                    Response& response) {
    if (!request.has_subject()) *request.mutable_subject() = Event("ada", {}).subject();
    grpc::ClientContext context;
    return (stub_.get()->*method)(&context, request, &response);
  }
  template <typename Request, typename Response>
  v1::SubjectState MustCall(grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                            const Request& request) {
    Response response;
    const grpc::Status status = Call(method, request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    EXPECT_FALSE(response.consent_token().empty());
    token_ = response.consent_token();
    return response.state();
  }
  v1::SubjectState Prefer(v1::SetSegmentPreferenceRequest request, v1::SegmentPreference preference) {
    request.set_preference(preference);
    return MustCall(&Stub::SetSegmentPreference, request);
  }
  v1::SubjectState Restrict(bool lift) {
    v1::RestrictSubjectRequest request;
    request.set_lift(lift);
    return MustCall(&Stub::RestrictSubject, request);
  }
  // The rule of an Assign that has seen the last write.
  policy::Rule RuleNow() {
    v1::AssignRequest event = Event("ada", kLight);
    event.set_consent_token(token_);
    const absl::Status status = Decide(event);
    EXPECT_TRUE(status.ok()) << status;
    return decision_.rule;
  }
  static v1::SetSegmentPreferenceRequest Segment(const std::string& id) {
    v1::SetSegmentPreferenceRequest request;
    request.set_segment_id(id);
    return request;
  }
  static v1::SetSegmentPreferenceRequest TaxonomyRow(int32_t row) {
    v1::SetSegmentPreferenceRequest request;
    request.set_taxonomy_id(row);
    return request;
  }
  static v1::ContestAssignmentRequest ContestOf(const std::string& id, const std::string& statement) {
    v1::ContestAssignmentRequest request;
    request.set_segment_id(id);
    request.set_statement(statement);
    return request;
  }

  ControlMetrics metrics_;
  SubjectView view_{pipeline_->sources()};
  DisclosureSettings disclosure_;
  std::unique_ptr<Authorizer> authorizer_;
  std::unique_ptr<SubjectService> service_;
  std::unique_ptr<grpc::Server> server_;
  std::unique_ptr<Stub> stub_;
  std::string token_;
};

TEST_F(SubjectServiceTest, ARefusedSegmentIsNotGivenUntilItIsAllowed) {
  model_.Publish(SampleModel());
  Grant("ada");
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
  v1::SubjectState state = Prefer(Segment("light"), v1::SEGMENT_PREFERENCE_REFUSED);
  ASSERT_EQ(state.refused_segment_ids_size(), 1);
  EXPECT_EQ(state.refused_segment_ids(0), "light");
  EXPECT_EQ(state.revision(), 2u);
  EXPECT_EQ(RuleNow(), policy::Rule::kSegmentRefused);
  EXPECT_EQ(decision_.outcome, policy::Outcome::kRestricted);
  state = Prefer(Segment("light"), v1::SEGMENT_PREFERENCE_ALLOWED);
  EXPECT_EQ(state.refused_segment_ids_size(), 0);
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
  state = Prefer(TaxonomyRow(7), v1::SEGMENT_PREFERENCE_REFUSED);
  ASSERT_EQ(state.refused_taxonomy_ids_size(), 1);
  EXPECT_EQ(RuleNow(), policy::Rule::kSegmentRefused);
}

TEST_F(SubjectServiceTest, RestrictionAndChildhoodHoldUntilTheyAreTakenBack) {
  model_.Publish(SampleModel());
  Grant("ada");
  EXPECT_TRUE(Restrict(false).restricted());
  EXPECT_EQ(RuleNow(), policy::Rule::kSubjectRestricted);
  EXPECT_FALSE(Restrict(true).restricted());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
  v1::MarkChildRequest child;
  EXPECT_TRUE(MustCall(&Stub::MarkChild, child).child()) << "unset stands for yes";
  EXPECT_EQ(RuleNow(), policy::Rule::kSubjectChild);
  child.set_child(false);
  v1::MarkChildResponse refused;
  for (const char* role : {"subject", "consent"}) {
    Serve(role);
    const grpc::Status status = Call(&Stub::MarkChild, child, refused);
    EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED) << role;
    EXPECT_EQ(ReasonOf(status), "ROLE_REQUIRED") << role;
    EXPECT_EQ(RuleNow(), policy::Rule::kSubjectChild) << role;
  }
  Serve("privacy");
  EXPECT_FALSE(MustCall(&Stub::MarkChild, child).child());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
}

TEST_F(SubjectServiceTest, AnErasureLeavesNothingButTheFact) {
  model_.Publish(SampleModel());
  Grant("ada");
  Prefer(Segment("light"), v1::SEGMENT_PREFERENCE_REFUSED);
  Restrict(false);
  const v1::SubjectState state = MustCall(&Stub::EraseSubject, v1::EraseSubjectRequest());
  EXPECT_TRUE(state.erased());
  EXPECT_TRUE(state.has_erase_time());
  EXPECT_FALSE(state.restricted());
  EXPECT_EQ(state.refused_segment_ids_size(), 0);
  EXPECT_EQ(RuleNow(), policy::Rule::kSubjectErased);
}

TEST_F(SubjectServiceTest, AContestIsStoredAndChangesNoAnswer) {
  model_.Publish(SampleModel());
  Grant("ada");
  const std::string words = "I am no light user.\nAsk my router: 日本 “…”";
  const v1::SubjectState state = MustCall(&Stub::ContestAssignment, ContestOf("light", words));
  ASSERT_EQ(state.contests_size(), 1);
  EXPECT_EQ(state.contests(0).segment_id(), "light");
  EXPECT_EQ(state.contests(0).statement(), words);
  EXPECT_EQ(state.contests(0).recorded_by(), "insecure");
  EXPECT_TRUE(state.contests(0).has_contest_time());
  EXPECT_EQ(RuleNow(), policy::Rule::kNone);
}

TEST_F(SubjectServiceTest, PreferencesAndContestsAreBounded) {
  for (int i = 0; i < 64; ++i) MustCall(&Stub::ContestAssignment, ContestOf("light", "no"));
  v1::ContestAssignmentResponse response;
  const grpc::Status status = Call(&Stub::ContestAssignment, ContestOf("light", "no"), response);
  EXPECT_EQ(status.error_code(), StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(ReasonOf(status), "PREFERENCES_FULL");
}

TEST_F(SubjectServiceTest, AStaleEtagAndAReusedRequestIdChangeNothing) {
  const std::string etag = Restrict(false).etag();
  v1::RestrictSubjectRequest request;
  request.set_lift(true);
  request.set_etag(etag);
  request.set_request_id("01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(MustCall(&Stub::RestrictSubject, request).revision(), 2u);
  EXPECT_EQ(MustCall(&Stub::RestrictSubject, request).revision(), 2u) << "a retry";
  v1::RestrictSubjectResponse response;
  request.clear_request_id();
  EXPECT_EQ(ReasonOf(Call(&Stub::RestrictSubject, request, response)), "ETAG_MISMATCH");
  v1::EraseSubjectRequest erase;
  erase.set_request_id("01234567-89ab-cdef-0123-456789abcdef");
  v1::EraseSubjectResponse erased;
  EXPECT_EQ(ReasonOf(Call(&Stub::EraseSubject, erase, erased)), "REQUEST_ID_REUSED");
}

TEST_F(SubjectServiceTest, BadPreferencesNameTheField) {
  using R = v1::SetSegmentPreferenceRequest;
  const auto fault = [&](auto change) {
    R request = Segment("light");
    request.set_preference(v1::SEGMENT_PREFERENCE_REFUSED);
    change(request);
    v1::SetSegmentPreferenceResponse response;
    const grpc::Status status = Call(&Stub::SetSegmentPreference, request, response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    return ReasonOf(status) + " " + FieldOf(status);
  };
  EXPECT_EQ(fault([](R& r) { r.mutable_subject()->set_namespace_("cookie"); }), "FIELD_REQUIRED subject.id");
  EXPECT_EQ(fault([](R& r) { r.clear_segment_id(); }), "FIELD_REQUIRED segment_id");
  EXPECT_EQ(fault([](R& r) { r.set_segment_id(""); }), "FIELD_REQUIRED segment_id");
  EXPECT_EQ(fault([](R& r) { r.set_segment_id(std::string(129, 's')); }), "FIELD_TOO_LONG segment_id");
  EXPECT_EQ(fault([](R& r) { r.set_segment_id("a\n"); }), "FIELD_INVALID segment_id");
  EXPECT_EQ(fault([](R& r) { r.set_taxonomy_id(0); }), "VALUE_OUT_OF_RANGE taxonomy_id");
  EXPECT_EQ(fault([](R& r) { r.set_taxonomy_id(-1); }), "VALUE_OUT_OF_RANGE taxonomy_id");
  EXPECT_EQ(fault([](R& r) { r.set_taxonomy_id(100'001); }), "VALUE_OUT_OF_RANGE taxonomy_id");
  EXPECT_EQ(fault([](R& r) { r.clear_preference(); }), "FIELD_REQUIRED preference");
  EXPECT_EQ(fault([](R& r) { r.set_preference(static_cast<v1::SegmentPreference>(9)); }), "FIELD_INVALID preference");
  EXPECT_EQ(fault([](R& r) { r.set_request_id("x"); }), "FIELD_INVALID request_id");
  EXPECT_EQ(fault([](R& r) { r.set_etag("x"); }), "FIELD_INVALID etag");
  EXPECT_EQ(store_->applied().sequence, 0u);
}

TEST_F(SubjectServiceTest, BadStatementsNameTheField) {
  const auto fault = [&](const std::string& statement) {
    v1::ContestAssignmentResponse response;
    const grpc::Status status = Call(&Stub::ContestAssignment, ContestOf("light", statement), response);
    EXPECT_EQ(status.error_code(), StatusCode::INVALID_ARGUMENT);
    EXPECT_EQ(status.error_message().find("secret"), std::string::npos);
    return ReasonOf(status) + " " + FieldOf(status);
  };
  EXPECT_EQ(fault(""), "FIELD_REQUIRED statement");
  EXPECT_EQ(fault(std::string(1001, 's')), "FIELD_TOO_LONG statement");
  for (const char control : {'\0', '\1', '\2', '\3', '\4', '\t', '\r', '\x7f'}) {
    EXPECT_EQ(fault(std::string("secret") + control), "FIELD_INVALID statement") << int{control};
  }
  EXPECT_EQ(store_->applied().sequence, 0u);
}

TEST_F(SubjectServiceTest, AnExportComesInPartsThatMakeOneDocument) {
  for (int i = 0; i < 64; ++i) MustCall(&Stub::ContestAssignment, ContestOf("light", std::string(1000, 'w')));
  const auto read = [&](v1::ExportFormat format, int& parts, std::string& document) {
    v1::ExportSubjectRequest request;
    *request.mutable_subject() = Event("ada", {}).subject();
    request.set_format(format);
    grpc::ClientContext context;
    const auto reader = stub_->ExportSubject(&context, request);
    v1::ExportSubjectResponse response;
    for (parts = 0, document.clear(); reader->Read(&response); ++parts) {
      EXPECT_LE(response.chunk().size(), 64u << 10);
      document += response.chunk();
    }
    return reader->Finish();
  };
  int parts = 0;
  std::string document;
  ASSERT_TRUE(read(v1::EXPORT_FORMAT_UNSPECIFIED, parts, document).ok());
  EXPECT_GT(parts, 1);
  v1::SubjectExport exported;
  ASSERT_TRUE(google::protobuf::util::JsonStringToMessage(document, &exported).ok()) << document;
  EXPECT_EQ(exported.state().contests_size(), 64);
  EXPECT_EQ(exported.history_size(), 64);
  ASSERT_TRUE(read(v1::EXPORT_FORMAT_CSV, parts, document).ok());
  EXPECT_EQ(document.substr(0, 11), "field,value");
  EXPECT_EQ(FieldOf(read(static_cast<v1::ExportFormat>(9), parts, document)), "format");
  MustCall(&Stub::EraseSubject, v1::EraseSubjectRequest());
  ASSERT_TRUE(read(v1::EXPORT_FORMAT_JSON, parts, document).ok());
  EXPECT_EQ(document.find("wwww"), std::string::npos);
  EXPECT_EQ(parts, 1);
}

TEST_F(SubjectServiceTest, TheDisclosureIsThatOfTheRunningModel) {
  const auto disclose = [&] {
    grpc::ClientContext context;
    v1::GetDisclosureResponse response;
    EXPECT_TRUE(stub_->GetDisclosure(&context, {}, &response).ok());
    return response.disclosure();
  };
  EXPECT_FALSE(disclose().has_model());
  EXPECT_GT(disclose().rights_size(), 0);
  model_.Publish(SampleModel());
  EXPECT_EQ(disclose().model().name(), "sample");
  EXPECT_EQ(disclose().features_size(), 2);
  Serve("auditor");
  EXPECT_EQ(disclose().segments_size(), 4);
}

TEST_F(SubjectServiceTest, WhoIsNotKnownHasNoExportAndNoSegments) {
  v1::ExportSubjectRequest request;
  *request.mutable_subject() = Event("nobody", {}).subject();
  grpc::ClientContext context;
  const auto reader = stub_->ExportSubject(&context, request);
  v1::ExportSubjectResponse part;
  EXPECT_FALSE(reader->Read(&part));
  EXPECT_EQ(ReasonOf(reader->Finish()), "CONSENT_NOT_FOUND");
  v1::ListSubjectSegmentsResponse list;
  ASSERT_TRUE(Call(&Stub::ListSubjectSegments, v1::ListSubjectSegmentsRequest(), list).ok());
  EXPECT_EQ(list.segments(0).rule(), "consent.none");
}

TEST_F(SubjectServiceTest, RolesAreCheckedBeforeTheRequest) {
  Serve("consent");
  EXPECT_TRUE(MustCall(&Stub::MarkChild, v1::MarkChildRequest()).child());
  v1::RestrictSubjectResponse restricted;
  v1::EraseSubjectResponse erased;
  EXPECT_EQ(ReasonOf(Call(&Stub::RestrictSubject, v1::RestrictSubjectRequest(), restricted)), "ROLE_REQUIRED");
  EXPECT_EQ(ReasonOf(Call(&Stub::EraseSubject, v1::EraseSubjectRequest(), erased)), "ROLE_REQUIRED");
  Serve("privacy");
  EXPECT_TRUE(Restrict(false).restricted());
  Serve("assign");
  v1::MarkChildResponse child;
  EXPECT_EQ(ReasonOf(Call(&Stub::MarkChild, v1::MarkChildRequest(), child)), "ROLE_REQUIRED");
  const auto& calls = metrics_.rpc()[static_cast<size_t>(ControlMethod::kMarkChild)];
  EXPECT_EQ(calls.by_code[StatusCode::OK].Read(), 1u);
  EXPECT_EQ(calls.by_code[StatusCode::PERMISSION_DENIED].Read(), 1u);
}

}  // namespace
}  // namespace assent::server
