#include "server/status_conversion.h"

#include <optional>

#include "absl/strings/cord.h"
#include "absl/strings/str_cat.h"
#include "google/rpc/error_details.pb.h"

namespace assent::server {
namespace {

constexpr absl::string_view kPayloadUrl = "type.googleapis.com/google.rpc.ErrorInfo";

absl::Status Assemble(absl::StatusCode code, absl::string_view message, const google::rpc::ErrorInfo& info) {
  const auto it = info.metadata().find("field");
  const absl::string_view field = it == info.metadata().end() ? absl::string_view() : it->second;
  absl::Status status(code, field.empty() ? std::string(message) : absl::StrCat(field, ": ", message));
  status.SetPayload(kPayloadUrl, absl::Cord(info.SerializeAsString()));
  return status;
}

std::optional<google::rpc::ErrorInfo> InfoOf(const absl::Status& status) {
  const auto payload = status.GetPayload(kPayloadUrl);
  google::rpc::ErrorInfo info;
  if (!payload || !info.ParseFromString(std::string(*payload))) return std::nullopt;
  return info;
}

}  // namespace

absl::Status MakeError(Reason reason, absl::string_view field, absl::string_view message, ErrorMetadata metadata) {
  const ReasonFacts& facts = FactsOf(reason);
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(facts.name));
  info.set_domain(std::string(kErrorDomain));
  auto& map = *info.mutable_metadata();
  if (!field.empty()) map["field"] = std::string(field);
  for (const auto& [key, value] : metadata) map[std::string(key)] = std::string(value);
  return Assemble(facts.code, message, info);
}

absl::Status MakeLimitError(Reason reason, absl::string_view field, absl::string_view message, uint64_t limit) {
  const std::string number = absl::StrCat(limit);
  return MakeError(reason, field, absl::StrCat(message, " ", number), {{"limit", number}});
}

absl::Status WithFieldPrefix(const absl::Status& status, absl::string_view prefix) {
  auto info = InfoOf(status);
  if (status.ok() || !info) return status;
  const auto it = info->metadata().find("field");
  if (it == info->metadata().end()) return status;
  const absl::string_view message = status.message().substr(it->second.size() + 2);
  (*info->mutable_metadata())["field"] = absl::StrCat(prefix, it->second);
  return Assemble(status.code(), message, *info);
}

std::string ReasonOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  return info ? info->reason() : std::string(FactsOf(Reason::kInternal).name);
}

std::string FieldOf(const absl::Status& status) {
  const auto info = InfoOf(status);
  if (!info) return {};
  const auto it = info->metadata().find("field");
  return it == info->metadata().end() ? std::string() : it->second;
}

google::rpc::Status ToRpcStatus(const absl::Status& status) {
  google::rpc::Status out;
  if (status.ok()) return out;
  auto info = InfoOf(status);
  if (!info) return ToRpcStatus(MakeError(Reason::kInternal, "", "internal error; the server's log has the cause"));
  out.set_code(static_cast<int>(status.code()));
  out.set_message(std::string(status.message()));
  out.add_details()->PackFrom(*info);
  return out;
}

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const google::rpc::Status rpc = ToRpcStatus(status);
  return grpc::Status(static_cast<grpc::StatusCode>(rpc.code()), rpc.message(), rpc.SerializeAsString());
}

}  // namespace assent::server
