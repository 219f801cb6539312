#include "server/status_conversion.h"

#include <algorithm>
#include <fstream>
#include <set>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_split.h"
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

// The reasons of docs/errors.md with their codes, from the rows of its table: | `REASON` | `CODE` | …
std::set<std::string> DocumentedReasons() {
  std::ifstream file(ASSENT_SOURCE_DIR "/docs/errors.md");
  std::set<std::string> reasons;
  for (std::string line; std::getline(file, line);) {
    const std::vector<std::string> parts = absl::StrSplit(line, '`');
    if (parts.size() >= 5 && parts[0] == "| " && parts[2] == " | ") reasons.insert(parts[1] + " " + parts[3]);
  }
  return reasons;
}

// Upper snake case, as AIP-193 asks.
bool IsReasonName(absl::string_view name) {
  return !name.empty() && absl::ascii_isupper(static_cast<unsigned char>(name.front())) && name.back() != '_' &&
         std::all_of(name.begin(), name.end(), [](char c) {
           return absl::ascii_isupper(static_cast<unsigned char>(c)) ||
                  absl::ascii_isdigit(static_cast<unsigned char>(c)) || c == '_';
         });
}

TEST(Reason, EveryOneIsDocumentedWithItsCodeAndNoOther) {
  std::set<std::string> known;
  for (const ReasonFacts& facts : AllReasons()) {
    EXPECT_TRUE(IsReasonName(facts.name)) << facts.name;
    known.insert(std::string(facts.name) + " " + absl::StatusCodeToString(facts.code));
  }
  EXPECT_EQ(known.size(), static_cast<size_t>(kReasonCount));
  EXPECT_EQ(DocumentedReasons(), known);
}

}  // namespace
}  // namespace assent::server
