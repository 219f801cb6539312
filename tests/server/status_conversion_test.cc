#include "server/status_conversion.h"

#include <fstream>
#include <iterator>
#include <regex>
#include <set>
#include <string>

#include "google/rpc/error_details.pb.h"
#include "gtest/gtest.h"

namespace assent::server {
namespace {

google::rpc::ErrorInfo InfoOf(const grpc::Status& status) {
  google::rpc::Status rpc;
  google::rpc::ErrorInfo info;
  EXPECT_TRUE(rpc.ParseFromString(status.error_details()));
  EXPECT_EQ(rpc.code(), status.error_code());
  EXPECT_EQ(rpc.message(), status.error_message());
  EXPECT_EQ(rpc.details_size(), 1);
  EXPECT_TRUE(rpc.details(0).UnpackTo(&info));
  return info;
}

TEST(StatusConversion, CarriesReasonFieldAndLimit) {
  const grpc::Status status =
      ToGrpcStatus(MakeLimitError(Reason::kFieldTooLong, "subject.id", "has more bytes than", 256));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_EQ(status.error_message(), "subject.id: has more bytes than 256");
  const auto info = InfoOf(status);
  EXPECT_EQ(info.reason(), "FIELD_TOO_LONG");
  EXPECT_EQ(info.domain(), "assent.v1");
  EXPECT_EQ(info.metadata().at("field"), "subject.id");
  EXPECT_EQ(info.metadata().at("limit"), "256");
}

TEST(StatusConversion, PrefixesTheFieldOfAnInnerRequest) {
  const absl::Status inner = MakeLimitError(Reason::kFieldTooLong, "subject.id", "has more bytes than", 256);
  const grpc::Status status = ToGrpcStatus(WithFieldPrefix(inner, "request."));
  EXPECT_EQ(status.error_message(), "request.subject.id: has more bytes than 256");
  EXPECT_EQ(InfoOf(status).metadata().at("field"), "request.subject.id");
  EXPECT_EQ(InfoOf(status).metadata().at("limit"), "256");
  EXPECT_TRUE(WithFieldPrefix(absl::OkStatus(), "request.").ok());
  const absl::Status no_field = MakeError(Reason::kNoModel, "", "no model");
  EXPECT_EQ(WithFieldPrefix(no_field, "request."), no_field);
}

TEST(StatusConversion, AnEnginesWordsNeverLeave) {
  const grpc::Status status = ToGrpcStatus(absl::NotFoundError("/var/lib/secret/000123.sst: key user-4711"));
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INTERNAL);
  EXPECT_EQ(status.error_message().find("secret"), std::string::npos);
  EXPECT_EQ(status.error_details().find("4711"), std::string::npos);
  EXPECT_EQ(InfoOf(status).reason(), "INTERNAL");
}

TEST(StatusConversion, OkIsOk) {
  EXPECT_TRUE(ToGrpcStatus(absl::OkStatus()).ok());
  EXPECT_EQ(ToRpcStatus(absl::OkStatus()).code(), 0);
}

// The reasons of docs/errors.md with their codes, from the rows of its table.
std::set<std::string> DocumentedReasons() {
  std::ifstream file(ASSENT_SOURCE_DIR "/docs/errors.md");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  const std::regex row("\n\\| `([A-Z_]+)` \\| `([A-Z_]+)` \\|");
  std::set<std::string> reasons;
  for (auto it = std::sregex_iterator(text.begin(), text.end(), row); it != std::sregex_iterator(); ++it) {
    reasons.insert((*it)[1].str() + " " + (*it)[2].str());
  }
  return reasons;
}

TEST(Reason, EveryOneIsDocumentedWithItsCodeAndNoOther) {
  std::set<std::string> known;
  for (const ReasonFacts& facts : AllReasons()) {
    EXPECT_TRUE(std::regex_match(std::string(facts.name), std::regex("[A-Z][A-Z0-9_]+[A-Z0-9]"))) << facts.name;
    known.insert(std::string(facts.name) + " " + absl::StatusCodeToString(facts.code));
  }
  EXPECT_EQ(known.size(), static_cast<size_t>(kReasonCount));
  EXPECT_EQ(DocumentedReasons(), known);
}

}  // namespace
}  // namespace assent::server
