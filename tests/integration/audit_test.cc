// The audit log through the whole server: what gets into it, who may see it, and how it goes on after restarts and
// restores. tests/conformance/audit_test.py verifies it with another implementation.
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "policy/audit_entry.h"
#include "server/role_table.h"
#include "storage/backup_restore.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/error_info.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

constexpr char kAuditSigningKey[] =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
    "KEY-----\n";

class AuditServerTest : public ServerTest {
 protected:
  Configuration WithKey() {
    Configuration configuration = Defaults();
    configuration.signing_key_file = folder_.Write("signing.key", kAuditSigningKey);
    chmod(configuration.signing_key_file.c_str(), S_IRUSR | S_IWUSR);
    configuration.sha256 = std::string(32, 'c');
    for (const char* role : {"auditor", "operator", "subject"}) configuration.insecure_roles |= RoleBitFromName(role);
    return configuration;
  }
  grpc::Status List(const v1::ListAuditEntriesRequest& request, v1::ListAuditEntriesResponse& response) {
    grpc::ClientContext context;
    response.Clear();
    return caller_->oversight->ListAuditEntries(&context, request, &response);
  }
  std::vector<v1::AuditEntry> All() {
    v1::ListAuditEntriesRequest request;
    request.set_page_size(1000);
    v1::ListAuditEntriesResponse response;
    const grpc::Status status = List(request, response);
    EXPECT_TRUE(status.ok()) << status.error_message();
    return {response.entries().begin(), response.entries().end()};
  }
  std::vector<v1::AuditEntryKind> Kinds() {
    std::vector<v1::AuditEntryKind> kinds;
    for (const v1::AuditEntry& entry : All()) kinds.push_back(entry.kind());
    return kinds;
  }
  std::vector<v1::AuditEntry> EntriesOf(const std::string& id) {
    v1::ListAuditEntriesRequest request;
    *request.mutable_subject() = EventOf(id, {}).subject();
    v1::ListAuditEntriesResponse response;
    EXPECT_TRUE(List(request, response).ok());
    return {response.entries().begin(), response.entries().end()};
  }
  void MustGrant(const std::string& id) {
    v1::RecordConsentResponse granted;
    ASSERT_TRUE(caller_->Grant(id, granted).ok());
  }
  bool Serves(const std::string& name) {
    return HttpGet(server_->metrics_address(), "/metrics").find("name=\"" + name + "\"") != std::string::npos;
  }
};

TEST_F(AuditServerTest, EverythingThatChangesHasAnEntryOnce) {
  WriteModel("first");
  Start(WithKey());
  Until([&] { return Serves("first"); });
  MustGrant("ada");
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("ada", withdrawn).ok());
  const std::vector<v1::AuditEntryKind> expected = {v1::AUDIT_ENTRY_KIND_CONFIGURATION, v1::AUDIT_ENTRY_KIND_MODEL,
                                                    v1::AUDIT_ENTRY_KIND_NOTICE, v1::AUDIT_ENTRY_KIND_GRANT,
                                                    v1::AUDIT_ENTRY_KIND_WITHDRAWAL};
  EXPECT_EQ(Kinds(), expected);
  const std::vector<v1::AuditEntry> entries = All();
  EXPECT_EQ(entries[0].actor(), "assentd");
  EXPECT_EQ(entries[0].detail().sha256(), std::string(32, 'c'));
  EXPECT_EQ(entries[1].detail().name(), "first");
  EXPECT_EQ(entries[1].detail().sha256().size(), 32u);
  EXPECT_EQ(entries[2].detail().name() + " " + entries[2].detail().version(), "sample 1");
  EXPECT_TRUE(entries[3].opening().empty()) << "of a person, whom the request does not name";
  EXPECT_FALSE(entries[3].has_detail());
  server_.reset();
  Start(WithKey());
  Until([&] { return Serves("first"); });
  EXPECT_EQ(Kinds(), expected) << "the same start again has no entry";
  WriteModel("second");
  Until([&] { return Serves("second"); });
  EXPECT_EQ(All().back().detail().name(), "second");
  Configuration other = WithKey();
  other.sha256 = std::string(32, 'd');
  server_.reset();
  Start(other);
  EXPECT_EQ(All().back().kind(), v1::AUDIT_ENTRY_KIND_CONFIGURATION);
  EXPECT_NE(HttpGet(server_->metrics_address(), "/metrics").find("assent_audit_entries 7\n"), std::string::npos);
}

TEST_F(AuditServerTest, APersonsEntriesShowWhatTheyWereUntilTheErasure) {
  Start(WithKey());
  MustGrant("ada");
  MustGrant("bob");
  const std::vector<v1::AuditEntry> entries = EntriesOf("ada");
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].change().purposes(0).purpose(), v1::PURPOSE_SELECT_ADVERTISING);
  EXPECT_EQ(policy::BytesOf(policy::CommitmentTo(entries[0].opening())), entries[0].commitment());
  v1::EraseSubjectRequest erase;
  *erase.mutable_subject() = EventOf("ada", {}).subject();
  v1::EraseSubjectResponse erased;
  grpc::ClientContext context;
  ASSERT_TRUE(caller_->subject->EraseSubject(&context, erase, &erased).ok());
  EXPECT_TRUE(EntriesOf("ada").empty());
  EXPECT_EQ(EntriesOf("bob").size(), 1u);
  EXPECT_EQ(All().back().kind(), v1::AUDIT_ENTRY_KIND_ERASURE);
  EXPECT_EQ(All()[entries[0].index() - 1].hash(), entries[0].hash());
}

TEST_F(AuditServerTest, ComesInPages) {
  Start(WithKey());
  for (int i = 0; i < 5; ++i) MustGrant("ada");
  for (const bool of_ada : {false, true}) {
    v1::ListAuditEntriesRequest request;
    if (of_ada) *request.mutable_subject() = EventOf("ada", {}).subject();
    request.set_page_size(2);
    v1::ListAuditEntriesResponse response;
    uint64_t last = of_ada ? 2 : 0;
    int pages = 0;
    do {
      ASSERT_TRUE(List(request, response).ok());
      ASSERT_LE(response.entries_size(), 2);
      for (const v1::AuditEntry& entry : response.entries()) EXPECT_EQ(entry.index(), ++last);
      request.set_page_token(response.next_page_token());
      ++pages;
    } while (!request.page_token().empty());
    EXPECT_EQ(last, 7u);
    EXPECT_EQ(pages, of_ada ? 3 : 4);
  }
  v1::ListAuditEntriesRequest bad;
  v1::ListAuditEntriesResponse response;
  bad.set_page_size(1001);
  EXPECT_EQ(ReasonOf(List(bad, response)), "VALUE_OUT_OF_RANGE");
  bad.set_page_size(0);
  bad.set_page_token("7");
  EXPECT_EQ(ReasonOf(List(bad, response)), "FIELD_INVALID");
  bad.clear_page_token();
  bad.mutable_subject()->set_namespace_("cookie");
  EXPECT_EQ(ReasonOf(List(bad, response)), "FIELD_REQUIRED");
}

TEST_F(AuditServerTest, WithoutAKeyTheLogIsKeptAndNothingSigned) {
  Configuration configuration = WithKey();
  configuration.signing_key_file = "";
  Start(configuration);
  MustGrant("ada");
  EXPECT_EQ(All().size(), 3u);
  grpc::ClientContext context;
  v1::GetAuditCheckpointResponse response;
  EXPECT_EQ(ReasonOf(caller_->oversight->GetAuditCheckpoint(&context, {}, &response)), "CHECKPOINTS_NOT_CONFIGURED");
}

TEST_F(AuditServerTest, OnlyWhoHoldsARoleSeesIt) {
  Configuration configuration = WithKey();
  configuration.insecure_roles = RoleBitFromName("consent") | RoleBitFromName("operator");
  Start(configuration);
  v1::ListAuditEntriesResponse response;
  EXPECT_EQ(ReasonOf(List({}, response)), "ROLE_REQUIRED");
  grpc::ClientContext context;
  v1::GetAuditCheckpointResponse checkpoint;
  EXPECT_TRUE(caller_->oversight->GetAuditCheckpoint(&context, {}, &checkpoint).ok());
}

TEST_F(AuditServerTest, ARestoredLogGoesOnWithTheRestoreAndItsRelease) {
  Configuration configuration = WithKey();
  configuration.backup_dir = folder_.Path("backups");
  Start(configuration);
  MustGrant("ada");
  v1::CreateBackupResponse backup;
  grpc::ClientContext context;
  ASSERT_TRUE(caller_->backup->CreateBackup(&context, {}, &backup).ok());
  MustGrant("bob");
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("ada", withdrawn).ok());
  server_.reset();
  const auto restored = storage::RestoreBackup({.backup_dir = folder_.Path("backups"),
                                                .data_dir = folder_.Path("restored"),
                                                .replay_from = folder_.Path("data")});
  ASSERT_TRUE(restored.ok()) << restored.status();
  configuration.data_dir = folder_.Path("restored");
  Start(configuration);
  grpc::ClientContext release_context;
  v1::ReleaseRestoredResponse released;
  ASSERT_TRUE(caller_->backup->ReleaseRestored(&release_context, {}, &released).ok());
  EXPECT_EQ(Kinds(), (std::vector<v1::AuditEntryKind>{v1::AUDIT_ENTRY_KIND_CONFIGURATION, v1::AUDIT_ENTRY_KIND_NOTICE,
                                                      v1::AUDIT_ENTRY_KIND_GRANT, v1::AUDIT_ENTRY_KIND_RESTORE,
                                                      v1::AUDIT_ENTRY_KIND_WITHDRAWAL, v1::AUDIT_ENTRY_KIND_RELEASE}));
  EXPECT_EQ(All()[3].detail().number(), restored->epoch);
  EXPECT_EQ(All()[3].actor(), "assentctl");
}

}  // namespace
}  // namespace assent::server
