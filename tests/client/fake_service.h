// All services in this process, answering what a test tells them to, and remembering what they were asked.
#ifndef ASSENT_TESTS_CLIENT_FAKE_SERVICE_H_
#define ASSENT_TESTS_CLIENT_FAKE_SERVICE_H_

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "assent/v1/assignment_service.grpc.pb.h"
#include "assent/v1/backup_service.grpc.pb.h"
#include "assent/v1/consent_service.grpc.pb.h"
#include "assent/v1/key_service.grpc.pb.h"
#include "assent/v1/subject_service.grpc.pb.h"
#include "google/rpc/error_details.pb.h"
#include "google/rpc/status.pb.h"
#include "grpcpp/security/server_credentials.h"
#include "grpcpp/server.h"
#include "grpcpp/server_builder.h"
#include "grpcpp/server_context.h"

namespace assent::client {

// The error that the real server sends: a status with one ErrorInfo.
inline grpc::Status RichError(grpc::StatusCode code, const std::string& reason, const std::string& message) {
  google::rpc::Status details;
  details.set_code(code);
  details.set_message(message);
  google::rpc::ErrorInfo info;
  info.set_reason(reason);
  info.set_domain("assent.v1");
  details.add_details()->PackFrom(info);
  return grpc::Status(code, message, details.SerializeAsString());
}

// Threads: the server's; `asked` lists are read after the calls have ended.
class FakeService {
 public:
  FakeService() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    builder.RegisterService(&assignment_);
    builder.RegisterService(&consent_);
    builder.RegisterService(&subject_);
    builder.RegisterService(&backup_);
    builder.RegisterService(&keys_);
    server_ = builder.BuildAndStart();
  }
  ~FakeService() { server_->Shutdown(std::chrono::system_clock::now()); }

  std::string address() const { return "127.0.0.1:" + std::to_string(port_); }

  // What to answer; the defaults are an empty OK.
  std::function<grpc::Status(const v1::AssignRequest&, v1::AssignResponse*)> assign = [](auto&, auto*) {
    return grpc::Status::OK;
  };
  std::function<grpc::Status(const v1::BatchAssignRequest&, v1::BatchAssignResponse*)> batch_assign = [](auto&, auto*) {
    return grpc::Status::OK;
  };
  std::function<grpc::Status(const v1::ExplainRequest&, v1::ExplainResponse*)> explain = [](auto&, auto*) {
    return grpc::Status::OK;
  };
  std::function<grpc::Status(const v1::RecordEventsRequest&, v1::RecordEventsResponse*)> record_events =
      [](auto&, auto*) { return grpc::Status::OK; };
  std::function<grpc::Status(const v1::RecordConsentRequest&, v1::RecordConsentResponse*)> record = [](auto&, auto*) {
    return grpc::Status::OK;
  };
  // Of a whole call of ImportConsents: by default every row is taken.
  using ImportMessages = std::vector<v1::ImportConsentsRequest>;
  std::function<grpc::Status(const ImportMessages&, v1::ImportConsentsResponse*)> import_consents =
      [](const ImportMessages& messages, v1::ImportConsentsResponse* response) {
        uint64_t rows = 0;
        for (const auto& message : messages) rows += static_cast<uint64_t>(message.rows_size());
        response->set_rows_taken(rows);
        return grpc::Status::OK;
      };
  // The messages of an ExportConsents, and its status, by the pseudonym that it begins behind.
  std::function<grpc::Status(const std::string& after, std::vector<v1::ExportConsentsResponse>&)> export_consents =
      [](auto&, auto&) { return grpc::Status::OK; };
  bool hang = false;  // Assign waits until the caller gives up

  std::vector<v1::AssignRequest> assigns_asked;  // those of StreamAssign too
  std::vector<v1::BatchAssignRequest> batches_asked;
  std::vector<v1::RecordEventsRequest> events_asked;
  std::vector<v1::RecordConsentRequest> records_asked;
  std::vector<v1::OptOutRequest> opt_outs_asked;
  std::vector<v1::RegisterNoticeRequest> notices_asked;
  std::vector<v1::LinkSubjectsRequest> links_asked;
  std::vector<v1::UnlinkSubjectsRequest> unlinks_asked;
  std::vector<ImportMessages> imports_asked;
  std::vector<v1::SetSegmentPreferenceRequest> preferences_asked;
  std::vector<v1::ContestAssignmentRequest> contests_asked;
  std::vector<v1::RestrictSubjectRequest> restrictions_asked;
  std::vector<v1::MarkChildRequest> child_marks_asked;
  std::vector<v1::EraseSubjectRequest> erasures_asked;
  std::vector<v1::PurgeBackupsRequest> purges_asked;

 private:
  template <typename Message>
  void Remember(std::vector<Message>& list, const Message& message) {
    const std::lock_guard<std::mutex> lock(mutex_);
    list.push_back(message);
  }

  struct Assignment final : v1::AssignmentService::Service {
    explicit Assignment(FakeService& fake_service) : fake(fake_service) {}
    grpc::Status Assign(grpc::ServerContext* context, const v1::AssignRequest* request,
                        v1::AssignResponse* response) override {
      fake.Remember(fake.assigns_asked, *request);
      while (fake.hang && !context->IsCancelled()) std::this_thread::yield();
      return fake.assign(*request, response);
    }
    grpc::Status BatchAssign(grpc::ServerContext*, const v1::BatchAssignRequest* request,
                             v1::BatchAssignResponse* response) override {
      fake.Remember(fake.batches_asked, *request);
      return fake.batch_assign(*request, response);
    }
    grpc::Status StreamAssign(
        grpc::ServerContext*,
        grpc::ServerReaderWriter<v1::StreamAssignResponse, v1::StreamAssignRequest>* stream) override {
      v1::StreamAssignRequest request;
      while (stream->Read(&request)) {
        fake.Remember(fake.assigns_asked, request.request());
        v1::StreamAssignResponse response;
        response.set_tag(request.tag());
        const grpc::Status status = fake.assign(request.request(), response.mutable_response());
        if (!status.ok()) response.mutable_error()->ParseFromString(status.error_details());
        stream->Write(response);
      }
      return grpc::Status::OK;
    }
    grpc::Status Explain(grpc::ServerContext*, const v1::ExplainRequest* request,
                         v1::ExplainResponse* response) override {
      return fake.explain(*request, response);
    }
    grpc::Status RecordEvents(grpc::ServerContext*, const v1::RecordEventsRequest* request,
                              v1::RecordEventsResponse* response) override {
      fake.Remember(fake.events_asked, *request);
      return fake.record_events(*request, response);
    }
    FakeService& fake;
  };

  struct Consent final : v1::ConsentService::Service {
    explicit Consent(FakeService& fake_service) : fake(fake_service) {}
    grpc::Status RecordConsent(grpc::ServerContext*, const v1::RecordConsentRequest* request,
                               v1::RecordConsentResponse* response) override {
      fake.Remember(fake.records_asked, *request);
      return fake.record(*request, response);
    }
    grpc::Status OptOut(grpc::ServerContext*, const v1::OptOutRequest* request, v1::OptOutResponse* response) override {
      fake.Remember(fake.opt_outs_asked, *request);
      response->set_consent_token("token-of-opt-out");
      return grpc::Status::OK;
    }
    grpc::Status RegisterNotice(grpc::ServerContext*, const v1::RegisterNoticeRequest* request,
                                v1::RegisterNoticeResponse* response) override {
      fake.Remember(fake.notices_asked, *request);
      *response->mutable_notice() = request->notice();
      return grpc::Status::OK;
    }
    // Two pages of one entry each.
    grpc::Status ListNotices(grpc::ServerContext*, const v1::ListNoticesRequest* request,
                             v1::ListNoticesResponse* response) override {
      const bool first = request->page_token().empty();
      v1::Notice& notice = *response->add_notices();
      notice.set_notice_id("banner");
      notice.set_notice_version(first ? "1" : "2");
      notice.add_purposes(v1::PURPOSE_SELECT_CONTENT);
      notice.set_outdated(first);
      if (first) response->set_next_page_token("next");
      return grpc::Status::OK;
    }
    grpc::Status ListConsentHistory(grpc::ServerContext*, const v1::ListConsentHistoryRequest* request,
                                    v1::ListConsentHistoryResponse* response) override {
      const bool first = request->page_token().empty();
      v1::ConsentChange& change = *response->add_changes();
      change.set_revision(first ? 2 : 1);
      change.set_kind(first ? v1::CONSENT_CHANGE_KIND_WITHDRAW : v1::CONSENT_CHANGE_KIND_GRANT);
      change.set_recorded_by("spiffe://example.org/cmp");
      change.add_purposes()->set_purpose(v1::PURPOSE_SELECT_CONTENT);
      if (first) response->set_next_page_token("next");
      return grpc::Status::OK;
    }
    grpc::Status LinkSubjects(grpc::ServerContext*, const v1::LinkSubjectsRequest* request,
                              v1::LinkSubjectsResponse* response) override {
      fake.Remember(fake.links_asked, *request);
      response->mutable_consent()->set_revision(7);
      response->set_links(3);
      return grpc::Status::OK;
    }
    grpc::Status UnlinkSubjects(grpc::ServerContext*, const v1::UnlinkSubjectsRequest* request,
                                v1::UnlinkSubjectsResponse*) override {
      fake.Remember(fake.unlinks_asked, *request);
      return grpc::Status::OK;
    }
    grpc::Status ImportConsents(grpc::ServerContext*, grpc::ServerReader<v1::ImportConsentsRequest>* reader,
                                v1::ImportConsentsResponse* response) override {
      ImportMessages messages;
      for (v1::ImportConsentsRequest message; reader->Read(&message);) messages.push_back(message);
      fake.Remember(fake.imports_asked, messages);
      return fake.import_consents(messages, response);
    }
    grpc::Status ExportConsents(grpc::ServerContext*, const v1::ExportConsentsRequest* request,
                                grpc::ServerWriter<v1::ExportConsentsResponse>* writer) override {
      std::vector<v1::ExportConsentsResponse> messages;
      const grpc::Status status = fake.export_consents(request->after_pseudonym(), messages);
      for (const v1::ExportConsentsResponse& message : messages) writer->Write(message);
      return status;
    }
    grpc::Status GetConsent(grpc::ServerContext*, const v1::GetConsentRequest*, v1::GetConsentResponse*) override {
      return RichError(grpc::StatusCode::NOT_FOUND, "CONSENT_NOT_FOUND", "nothing is recorded for this subject");
    }
    FakeService& fake;
  };

  // Answers with a state that has everything.
  struct Subject final : v1::SubjectService::Service {
    explicit Subject(FakeService& fake_service) : fake(fake_service) {}
    grpc::Status SetSegmentPreference(grpc::ServerContext*, const v1::SetSegmentPreferenceRequest* request,
                                      v1::SetSegmentPreferenceResponse* response) override {
      fake.Remember(fake.preferences_asked, *request);
      return Answer(*response->mutable_state());
    }
    grpc::Status ContestAssignment(grpc::ServerContext*, const v1::ContestAssignmentRequest* request,
                                   v1::ContestAssignmentResponse* response) override {
      fake.Remember(fake.contests_asked, *request);
      return Answer(*response->mutable_state());
    }
    grpc::Status RestrictSubject(grpc::ServerContext*, const v1::RestrictSubjectRequest* request,
                                 v1::RestrictSubjectResponse* response) override {
      fake.Remember(fake.restrictions_asked, *request);
      return Answer(*response->mutable_state());
    }
    grpc::Status MarkChild(grpc::ServerContext*, const v1::MarkChildRequest* request,
                           v1::MarkChildResponse* response) override {
      fake.Remember(fake.child_marks_asked, *request);
      return Answer(*response->mutable_state());
    }
    grpc::Status EraseSubject(grpc::ServerContext*, const v1::EraseSubjectRequest* request,
                              v1::EraseSubjectResponse* response) override {
      fake.Remember(fake.erasures_asked, *request);
      return Answer(*response->mutable_state());
    }
    grpc::Status ListSubjectSegments(grpc::ServerContext*, const v1::ListSubjectSegmentsRequest*,
                                     v1::ListSubjectSegmentsResponse* response) override {
      v1::SubjectSegment& segment = *response->add_segments();
      segment.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
      segment.set_outcome(v1::OUTCOME_ASSIGNED);
      segment.set_rule("model.nearest");
      segment.mutable_segment()->set_segment_id("segment-4");
      segment.mutable_segment()->set_label("Families");
      segment.set_explanation("Mostly because kids_share is 0.7.");
      v1::SubjectSegment& other = *response->add_segments();
      other.set_purpose(v1::PURPOSE_SELECT_CONTENT);
      other.set_needs_features(true);
      return grpc::Status::OK;
    }
    grpc::Status ExportSubject(grpc::ServerContext*, const v1::ExportSubjectRequest* request,
                               grpc::ServerWriter<v1::ExportSubjectResponse>* writer) override {
      for (const char* part : {"{\"a\":", "1}"}) {
        v1::ExportSubjectResponse response;
        response.set_chunk(request->format() == v1::EXPORT_FORMAT_CSV ? "field,value\r\n" : part);
        writer->Write(response);
      }
      if (request->subject().id() != "nobody") return grpc::Status::OK;
      return RichError(grpc::StatusCode::UNAVAILABLE, "STORAGE_UNAVAILABLE", "the disk refused");
    }
    static grpc::Status Answer(v1::SubjectState& state) {
      state.set_restricted(true);
      state.set_child(true);
      state.add_refused_segment_ids("segment-4");
      state.add_refused_taxonomy_ids(381);
      v1::ContestedAssignment& contest = *state.add_contests();
      contest.set_segment_id("segment-5");
      contest.mutable_contest_time()->set_seconds(1'700'000'000);
      state.set_revision(7);
      state.set_etag("r7");
      return grpc::Status::OK;
    }
    FakeService& fake;
  };

  struct BackupMaker final : v1::BackupService::Service {
    explicit BackupMaker(FakeService& fake_service) : fake(fake_service) {}
    grpc::Status CreateBackup(grpc::ServerContext*, const v1::CreateBackupRequest*,
                              v1::CreateBackupResponse* response) override {
      Fill(12, *response->mutable_backup());
      return grpc::Status::OK;
    }
    grpc::Status ListBackups(grpc::ServerContext*, const v1::ListBackupsRequest*,
                             v1::ListBackupsResponse* response) override {
      for (const uint32_t id : {11u, 12u}) Fill(id, *response->add_backups());
      return grpc::Status::OK;
    }
    grpc::Status PurgeBackups(grpc::ServerContext*, const v1::PurgeBackupsRequest* request,
                              v1::PurgeBackupsResponse* response) override {
      fake.Remember(fake.purges_asked, *request);
      response->set_purged(2);
      return grpc::Status::OK;
    }
    grpc::Status ReleaseRestored(grpc::ServerContext*, const v1::ReleaseRestoredRequest*,
                                 v1::ReleaseRestoredResponse* response) override {
      response->set_was_closed(!released);
      released = true;
      return grpc::Status::OK;
    }
    static void Fill(uint32_t id, v1::Backup& backup) {
      backup.set_id(id);
      backup.mutable_create_time()->set_seconds(1'700'000'000);
      backup.set_bytes(2'500'000);
      backup.set_sequence(1234);
    }
    FakeService& fake;
    bool released = false;
  };

  struct Keys final : v1::KeyService::Service {
    grpc::Status RotateSealingKeys(grpc::ServerContext*, const v1::RotateSealingKeysRequest*,
                                   v1::RotateSealingKeysResponse* response) override {
      response->set_rewritten_values(1234);
      response->set_unreadable_values(2);
      Fill("0badcafe", 2, false, *response->add_keys());
      Fill("1badcafe", 56789, true, *response->add_keys());
      return grpc::Status::OK;
    }
    static void Fill(const std::string& id, uint64_t values, bool current, v1::SealingKeyUse& key) {
      key.set_key_id(id);
      key.set_values(values);
      key.set_current(current);
    }
  };

  std::mutex mutex_;
  int port_ = 0;
  Assignment assignment_{*this};
  Consent consent_{*this};
  Subject subject_{*this};
  BackupMaker backup_{*this};
  Keys keys_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace assent::client

#endif  // ASSENT_TESTS_CLIENT_FAKE_SERVICE_H_
