#include "client/consent_file.h"

#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {
namespace {

class ConsentFileTest : public testing::Test {
 protected:
  // "line field reason" of each fault, "line" of each good row; the rows are kept.
  std::vector<std::string> Read(const std::string& name, const std::string& content) {
    const std::string path = folder_.Write(name, content);
    auto format = ConsentFormatOf("", path);
    EXPECT_TRUE(format.ok()) << format.status();
    auto file = ConsentFile::Open(path, *format);
    EXPECT_TRUE(file.ok()) << file.status();
    std::vector<std::string> seen;
    rows_.clear();
    ConsentFileLine line;
    while (true) {
      auto more = (*file)->Next(line);
      EXPECT_TRUE(more.ok()) << more.status();
      if (!more.ok() || !*more) return seen;
      v1::ConsentRow row;
      auto fault = line.fault;
      if (!fault) fault = ParseConsentCells(line.cells, row);
      seen.push_back(std::to_string(line.line) + (fault ? " " + fault->field + " " + fault->reason : ""));
      if (!fault) rows_.push_back(row);
    }
  }

  ScratchFolder folder_;
  std::vector<v1::ConsentRow> rows_;
};

constexpr char kHeader[] =
    "namespace,id,purposes,status,legal_basis,given_time,expire_time,notice_id,notice_version,jurisdiction,restricted,"
    "child\n";

TEST_F(ConsentFileTest, CsvAndJson_SayTheSame) {
  ASSERT_EQ(Read("a.csv", std::string(kHeader) +
                              "login,anna,select_content profile_content,granted,consent,2026-05-01T10:00:00.123456Z,"
                              "2027-05-01T12:00:00+02:00,\"banner, new\",7,DE,,true\n"
                              "login,ben,,,,,,,,,1,\n"),
            (std::vector<std::string>{"2", "3"}));
  const std::vector<v1::ConsentRow> from_csv = rows_;
  const v1::ConsentRow& anna = from_csv[0];
  EXPECT_EQ(anna.subject().namespace_(), "login");
  EXPECT_EQ(anna.subject().id(), "anna");
  EXPECT_TRUE(anna.child());
  EXPECT_FALSE(anna.restricted());
  ASSERT_EQ(anna.purposes_size(), 2);
  EXPECT_EQ(anna.purposes(0).purpose(), v1::PURPOSE_SELECT_CONTENT);
  EXPECT_EQ(anna.purposes(1).purpose(), v1::PURPOSE_PROFILE_CONTENT);
  for (const v1::PurposeConsent& purpose : anna.purposes()) {
    EXPECT_EQ(purpose.status(), v1::CONSENT_STATUS_GRANTED);
    EXPECT_EQ(purpose.legal_basis(), v1::LEGAL_BASIS_CONSENT);
    EXPECT_EQ(purpose.given_time().seconds(), 1'777'629'600);
    EXPECT_EQ(purpose.given_time().nanos(), 123'456'000);
    EXPECT_EQ(purpose.expire_time().seconds(), 1'777'629'600 + 365 * 86'400);
    EXPECT_EQ(purpose.notice_id(), "banner, new");
    EXPECT_EQ(purpose.notice_version(), "7");
    EXPECT_EQ(purpose.jurisdiction(), "DE");
  }
  EXPECT_TRUE(from_csv[1].restricted());
  ASSERT_EQ(
      Read("a.jsonl",
           R"({"namespace":"login","id":"anna","purposes":["select_content","profile_content"],"status":"granted",)"
           R"("legal_basis":"consent","given_time":"2026-05-01T10:00:00.123456Z",)"
           R"("expire_time":"2027-05-01T12:00:00+02:00","notice_id":"banner, new","notice_version":"7",)"
           R"("jurisdiction":"DE","restricted":null,"child":true})"
           "\n\n"
           R"({"namespace":"login","id":"ben","restricted":true})"),
      (std::vector<std::string>{"1", "3"}));
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(rows_[i], from_csv[i]))
        << rows_[i].ShortDebugString();
  }
}

TEST_F(ConsentFileTest, BadCells_NameLineAndColumn) {
  const std::string good = "login,anna,select_content,granted,consent,2026-05-01T10:00:00Z,,,,,,\n";
  EXPECT_EQ(
      Read("b.csv", std::string(kHeader) + good +
                        "login,anna,select_nothing,granted,,2026-05-01T10:00:00Z,,,,,,\n"
                        "login,anna,select_content,,,2026-05-01T10:00:00Z,,,,,,\n"
                        "login,anna,select_content,maybe,,2026-05-01T10:00:00Z,,,,,,\n"
                        "login,anna,select_content,granted,whim,2026-05-01T10:00:00Z,,,,,,\n"
                        "login,anna,select_content,granted,,,,,,,,\n"
                        "login,anna,select_content,granted,,yesterday,,,,,,\n"
                        "login,anna,select_content,granted,,2026-05-01T10:00:00Z,never,,,,,\n"
                        "login,anna,select_content,granted,,2026-05-01T10:00:00Z,,,,,yes,\n"
                        "login,anna,select_content,granted,,2026-05-01T10:00:00Z,,,,,,old\n"
                        "login,anna\n" +
                        good),
      (std::vector<std::string>{"2", "3 purposes PURPOSE_UNKNOWN", "4 status FIELD_REQUIRED", "5 status FIELD_INVALID",
                                "6 legal_basis FIELD_INVALID", "7 given_time FIELD_REQUIRED",
                                "8 given_time FIELD_INVALID", "9 expire_time FIELD_INVALID",
                                "10 restricted FIELD_INVALID", "11 child FIELD_INVALID", "12  FIELD_INVALID", "13"}));
}

TEST_F(ConsentFileTest, BadJson_NamesLineAndKey) {
  EXPECT_EQ(Read("b.jsonl",
                 "{\"id\":\"anna\"}\n"
                 "{\"id\":\"anna\",\"expiretime\":\"2026-05-01T10:00:00Z\"}\n"
                 "{\"id\":\"anna\",\"id\":\"ben\"}\n"
                 "{\"id\":1}\n"
                 "{\"id\":true}\n"
                 "{\"id\":[\"anna\"]}\n"
                 "{\"status\":{\"a\":\"b\"}}\n"
                 "{\"purposes\":[[\"select_content\"]]}\n"
                 "[]\n\"anna\"\n{\"id\":\"an\n"
                 "{\"id\":\"anna\"}"),
            (std::vector<std::string>{"1", "2  FIELD_INVALID", "3 id ENTRY_REPEATED", "4 id FIELD_INVALID",
                                      "5 id FIELD_INVALID", "6 id FIELD_INVALID", "7 status FIELD_INVALID",
                                      "8 purposes FIELD_INVALID", "9  FIELD_INVALID", "10  FIELD_INVALID",
                                      "11  FIELD_INVALID", "12"}));
}

TEST_F(ConsentFileTest, ACsvColumnThatIsNoneOfConsents_IsRefused) {
  const std::string path = folder_.Write("c.csv", "namespace,id,purpose\nlogin,anna,select_content\n");
  const auto file = ConsentFile::Open(path, ConsentFormat::kCsv);
  EXPECT_EQ(file.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_NE(file.status().message().find("column \"purpose\""), absl::string_view::npos) << file.status();
}

TEST_F(ConsentFileTest, TheName_SaysTheFormat) {
  EXPECT_EQ(*ConsentFormatOf("", "a.csv"), ConsentFormat::kCsv);
  EXPECT_EQ(*ConsentFormatOf("", "a.csv.gz"), ConsentFormat::kCsv);
  EXPECT_EQ(*ConsentFormatOf("", "a.jsonl.zst"), ConsentFormat::kJsonLines);
  EXPECT_EQ(*ConsentFormatOf("", "a.ndjson"), ConsentFormat::kJsonLines);
  EXPECT_EQ(*ConsentFormatOf("csv", "a.jsonl"), ConsentFormat::kCsv);
  EXPECT_EQ(*ConsentFormatOf("jsonl", "a"), ConsentFormat::kJsonLines);
  EXPECT_EQ(ConsentFormatOf("", "a.json").status().code(), absl::StatusCode::kInvalidArgument);
}

// What an export writes, an import reads: purposes that differ in nothing share a line.
TEST_F(ConsentFileTest, ARow_GoesThroughAFileUnchanged) {
  v1::ConsentRow row;
  row.set_pseudonym("00112233445566778899aabbccddeeff");
  row.set_restricted(true);
  for (const v1::Purpose number :
       {v1::PURPOSE_SELECT_ADVERTISING, v1::PURPOSE_SELECT_CONTENT, v1::PURPOSE_PROFILE_CONTENT}) {
    v1::PurposeConsent& purpose = *row.add_purposes();
    purpose.set_purpose(number);
    purpose.set_status(v1::CONSENT_STATUS_GRANTED);
    purpose.set_legal_basis(v1::LEGAL_BASIS_CONSENT);
    purpose.mutable_given_time()->set_seconds(1'777'629'600);
    purpose.mutable_given_time()->set_nanos(1'000);
    purpose.set_notice_id("a \"quoted\" one,\twith a tab");
  }
  row.mutable_purposes(1)->set_status(v1::CONSENT_STATUS_OPTED_OUT);
  const std::vector<ConsentTexts> lines = LinesOfRow(row);
  ASSERT_EQ(lines.size(), 2u);
  for (const ConsentFormat format : {ConsentFormat::kCsv, ConsentFormat::kJsonLines}) {
    std::string content = ConsentHeader(format);
    for (const ConsentTexts& line : lines) content += ConsentLineText(line, format);
    Read(format == ConsentFormat::kCsv ? "r.csv" : "r.jsonl", content);
    ASSERT_EQ(rows_.size(), 2u) << content;
    v1::ConsentRow merged = rows_[0];
    merged.mutable_purposes()->MergeFrom(rows_[1].purposes());
    std::sort(merged.mutable_purposes()->begin(), merged.mutable_purposes()->end(),
              [](const auto& a, const auto& b) { return a.purpose() < b.purpose(); });
    EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(merged, row)) << content;
  }
}

}  // namespace
}  // namespace assent::client
