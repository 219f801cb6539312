#include <atomic>
#include <filesystem>

#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::HasSubstr;

constexpr char kKeyOfExport[] = "ffeeddccbbaa99887766554433221100";

class ConsentBulkCommandTest : public CommandsTest {
 protected:
  // A file with so many people, one a line behind the header.
  std::string People(int count) {
    std::string text = "namespace,id,purposes,status,given_time\n";
    for (int i = 0; i < count; ++i) {
      text += "login,person-" + std::to_string(i) + ",select_content,granted,2026-05-01T10:00:00Z\n";
    }
    return folder_.Write("people.csv", text);
  }
  bool Exists(const std::string& name) const { return std::filesystem::exists(folder_.Path(name)); }
  std::vector<std::string> IdsAsked() const {
    std::vector<std::string> ids;
    for (const auto& call : fake_.imports_asked) {
      for (const auto& message : call) {
        for (const auto& row : message.rows()) ids.push_back(row.subject().id());
      }
    }
    return ids;
  }
};

TEST_F(ConsentBulkCommandTest, Import_SendsEveryLineInBoundedMessages) {
  const Result result = WithFake({"consent", "import", People(2500), "--rows-per-call", "2000", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.json()["rows"], 2500);
  EXPECT_EQ(result.json()["taken"], 2500);
  std::vector<std::string> ids = IdsAsked();
  EXPECT_EQ(ids.size(), 2500u);
  std::sort(ids.begin(), ids.end());
  EXPECT_EQ(std::unique(ids.begin(), ids.end()), ids.end());
  for (const auto& call : fake_.imports_asked) {
    for (const auto& message : call) EXPECT_LE(message.rows_size(), 1000);
  }
  EXPECT_FALSE(Exists("people.csv.checkpoint"));
  EXPECT_FALSE(Exists("people.csv.refused.csv"));
}

TEST_F(ConsentBulkCommandTest, RefusedLines_AreReportedWithLineFieldAndReason) {
  const std::string path = folder_.Write("a.csv",
                                         "namespace,id,purposes,status,given_time\n"
                                         "login,anna,select_content,granted,2026-05-01T10:00:00Z\n"
                                         "login,ben,select_content,maybe,2026-05-01T10:00:00Z\n"
                                         "login,eve,select_content,granted,2026-05-01T10:00:00Z\n");
  fake_.import_consents = [](const auto&, v1::ImportConsentsResponse* response) {
    response->set_rows_taken(1);
    response->set_rows_refused(1);
    v1::RefusedRow& row = *response->add_refused();
    row.set_row(1);
    row.set_field("purposes[0].given_time");
    row.set_reason("VALUE_OUT_OF_RANGE");
    return grpc::Status::OK;
  };
  const Result result = WithFake({"consent", "import", path});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("2 of 3 rows failed; the others are done"));
  EXPECT_EQ(ReadAll(folder_.Path("a.csv.refused.csv")),
            "line,field,reason\n3,status,FIELD_INVALID\n4,purposes[0].given_time,VALUE_OUT_OF_RANGE\n");
  EXPECT_FALSE(Exists("a.csv.checkpoint"));
  fake_.import_consents = FakeService().import_consents;
  EXPECT_EQ(WithFake({"consent", "import", path, "--refused", folder_.Path("elsewhere.csv")}).status, 1);
  EXPECT_EQ(ReadAll(folder_.Path("elsewhere.csv")), "line,field,reason\n3,status,FIELD_INVALID\n");
}

TEST_F(ConsentBulkCommandTest, ABrokenImport_GoesOnWhereTheAcknowledgementsEnded) {
  const std::string path = People(100);
  std::atomic<int> calls{0};
  const auto whole = fake_.import_consents;
  fake_.import_consents = [&](const auto& messages, v1::ImportConsentsResponse* response) {
    if (calls++ == 3) return RichError(grpc::StatusCode::PERMISSION_DENIED, "ROLE_REQUIRED", "no role");
    return whole(messages, response);
  };
  const std::vector<std::string> import = {"consent", "import",     path, "--rows-per-call",
                                           "10",      "--parallel", "1",  "--json"};
  const Result broken = WithFake(import);
  EXPECT_EQ(broken.status, 1);
  EXPECT_EQ(broken.json()["rows"], 30);
  ASSERT_TRUE(Exists("people.csv.checkpoint"));
  fake_.imports_asked.clear();
  const Result rest = WithFake(import);
  ASSERT_EQ(rest.status, 0) << rest.err;
  EXPECT_EQ(rest.json()["rows"], 100);
  EXPECT_EQ(rest.json()["continued_behind"], 30);
  EXPECT_EQ(IdsAsked().size(), 70u);
  EXPECT_EQ(IdsAsked().front(), "person-30");
  EXPECT_FALSE(Exists("people.csv.checkpoint"));
}

TEST_F(ConsentBulkCommandTest, ACheckpointOfAnotherFile_DoesNotCount) {
  const std::string path = People(20);
  folder_.Write(
      "people.csv.checkpoint",
      R"({"input_bytes":1,"input_changed_ns":1,"line":10,"taken":9,"unchanged":0,"refused":0,"report_bytes":0})");
  folder_.Write("people.csv.refused.csv", "of an earlier import");
  ASSERT_EQ(WithFake({"consent", "import", path}).status, 0);
  EXPECT_EQ(IdsAsked().size(), 20u);
  EXPECT_FALSE(Exists("people.csv.refused.csv"));
  folder_.Write("people.csv.checkpoint", "rubbish");
  ASSERT_EQ(WithFake({"consent", "import", path}).status, 0);
  EXPECT_EQ(IdsAsked().size(), 40u);
}

TEST_F(ConsentBulkCommandTest, AServerThatIsAway_IsTriedAgain) {
  std::atomic<int> calls{0};
  const auto whole = fake_.import_consents;
  fake_.import_consents = [&](const auto& messages, v1::ImportConsentsResponse* response) {
    if (calls++ < 4) return RichError(grpc::StatusCode::UNAVAILABLE, "STORAGE_UNAVAILABLE", "the disk refused");
    return whole(messages, response);
  };
  EXPECT_EQ(WithFake({"consent", "import", People(5)}).status, 0);
  EXPECT_EQ(calls, 5) << "more often than gRPC does by itself";
}

TEST_F(ConsentBulkCommandTest, TheKeyCheck_GoesWithEveryMessageBehindIt) {
  const std::string path =
      folder_.Write("k.jsonl", std::string("{\"pseudonym\":\"00\",\"restricted\":true,\"key_check\":\"") +
                                   kKeyOfExport + "\"}\n{\"pseudonym\":\"01\",\"restricted\":true}\n");
  ASSERT_EQ(WithFake({"consent", "import", path, "--rows-per-call", "1", "--parallel", "1"}).status, 0);
  ASSERT_EQ(fake_.imports_asked.size(), 2u);
  for (const auto& call : fake_.imports_asked) EXPECT_EQ(call.at(0).key_check(), kKeyOfExport);
  EXPECT_EQ(fake_.imports_asked[1][0].rows(0).pseudonym(), "01");
}

TEST_F(ConsentBulkCommandTest, Export_GoesOnWhereItBrokeOffAndIsWholeOrNotThere) {
  const auto message = [](const std::string& pseudonym) {
    v1::ExportConsentsResponse response;
    response.set_key_check(kKeyOfExport);
    response.set_damaged_records(1);
    v1::ConsentRow& row = *response.add_rows();
    row.set_pseudonym(pseudonym);
    v1::PurposeConsent& purpose = *row.add_purposes();
    purpose.set_purpose(v1::PURPOSE_SELECT_CONTENT);
    purpose.set_status(v1::CONSENT_STATUS_WITHDRAWN);
    purpose.mutable_given_time()->set_seconds(1'777'629'600);
    return response;
  };
  fake_.export_consents = [&](const std::string& after, auto& messages) {
    messages.push_back(message(after.empty() ? "aa" : "bb"));
    return after.empty() ? RichError(grpc::StatusCode::UNAVAILABLE, "STORAGE_UNAVAILABLE", "gone") : grpc::Status::OK;
  };
  const Result result = WithFake({"consent", "export", folder_.Path("all.csv"), "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_EQ(result.json()["rows"], 2);
  EXPECT_EQ(result.json()["damaged_records"], 2);
  EXPECT_EQ(ReadAll(folder_.Path("all.csv")),
            "pseudonym,namespace,id,purposes,status,legal_basis,given_time,expire_time,notice_id,notice_version,"
            "jurisdiction,restricted,child,key_check\n"
            "aa,,,select_content,withdrawn,,2026-05-01T10:00:00Z,,,,,,,ffeeddccbbaa99887766554433221100\n"
            "bb,,,select_content,withdrawn,,2026-05-01T10:00:00Z,,,,,,,\n");
  fake_.export_consents = [&](const std::string&, auto& messages) {
    messages.push_back(message("aa"));
    return RichError(grpc::StatusCode::PERMISSION_DENIED, "ROLE_REQUIRED", "no role");
  };
  EXPECT_EQ(WithFake({"consent", "export", folder_.Path("none.csv")}).status, 1);
  EXPECT_FALSE(Exists("none.csv"));
}

TEST_F(ConsentBulkCommandTest, AFileWithoutAKnownName_NeedsAFormat) {
  const std::string path = folder_.Write("people.txt", "namespace,id,restricted\nlogin,anna,true\n");
  const Result unknown = WithFake({"consent", "import", path});
  EXPECT_EQ(unknown.status, 1);
  EXPECT_THAT(unknown.err, HasSubstr("--format"));
  EXPECT_EQ(WithFake({"consent", "import", path, "--format", "csv"}).status, 0);
}

}  // namespace
}  // namespace assent::client
