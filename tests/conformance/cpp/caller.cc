#include "tests/conformance/cpp/caller.h"

#include <cstdio>
#include <cstdlib>

#include "client/rpc_error.h"
#include "google/protobuf/util/json_util.h"

namespace assent::conformance {
namespace {

constexpr absl::Duration kStreamDeadline = absl::Seconds(30);

// A case that is not a request is a mistake in cases.json.
template <typename Request>
Request RequestOf(const Json& json) {
  Request request;
  const auto status = google::protobuf::util::JsonStringToMessage(Text(json), &request);
  if (!status.ok()) {
    std::fprintf(stderr, "not a %s: %s\n", request.GetTypeName().c_str(), status.ToString().c_str());
    std::exit(2);
  }
  return request;
}

Json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.always_print_primitive_fields = true;
  options.preserve_proto_field_names = true;
  std::string text;
  Json json;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok() ||
      !google::protobuf::util::JsonStringToMessage(text, &json).ok()) {
    std::fprintf(stderr, "cannot print a %s\n", message.GetTypeName().c_str());
    std::exit(2);
  }
  return json;
}

Json Wrapped(const std::string& name, Json value) {
  Json object;
  SetMember(object, name, std::move(value));
  return object;
}

Json ErrorJson(const absl::Status& status) {
  Json error;
  SetMember(error, "code", TextValue(absl::StatusCodeToString(status.code())));
  if (const auto info = client::ErrorInfoOf(status)) {
    SetMember(error, "reason", TextValue(info->reason()));
    SetMember(error, "domain", TextValue(info->domain()));
    for (const auto& [key, value] : info->metadata()) SetMember(error, key, TextValue(value));
  }
  return error;
}

template <typename Response>
Json Outcome(const absl::StatusOr<Response>& answer) {
  return answer.ok() ? Wrapped("response", ToJson(*answer)) : Wrapped("error", ErrorJson(answer.status()));
}

}  // namespace

Json Caller::Call(const Json& step) const {
  const std::string& name = Member(step, "call")->string_value();
  if (const Json* requests = Member(step, "requests")) return CallStream(*requests);
  const Json& request = *Member(step, "request");
  if (name == "Assign") return Outcome(assignment_.Assign(RequestOf<v1::AssignRequest>(request)));
  if (name == "BatchAssign") return Outcome(assignment_.BatchAssign(RequestOf<v1::BatchAssignRequest>(request)));
  if (name == "Explain") return Outcome(assignment_.Explain(RequestOf<v1::ExplainRequest>(request)));
  if (name == "RecordEvents") return Outcome(assignment_.RecordEvents(RequestOf<v1::RecordEventsRequest>(request)));
  if (name == "RecordConsent") return Outcome(consent_.RecordConsent(RequestOf<v1::RecordConsentRequest>(request)));
  if (name == "WithdrawConsent") {
    return Outcome(consent_.WithdrawConsent(RequestOf<v1::WithdrawConsentRequest>(request)));
  }
  if (name == "OptOut") return Outcome(consent_.OptOut(RequestOf<v1::OptOutRequest>(request)));
  if (name == "GetConsent") return Outcome(consent_.GetConsent(RequestOf<v1::GetConsentRequest>(request)));
  std::fprintf(stderr, "no RPC is called %s\n", name.c_str());
  std::exit(2);
}

Json Caller::CallStream(const Json& requests) const {
  client::AssignmentClient::AssignStream stream = assignment_.StreamAssign(kStreamDeadline);
  for (const Json& request : requests.list_value().values()) {
    if (!stream.Write(RequestOf<v1::StreamAssignRequest>(request))) break;
  }
  stream.WritesDone();
  Json responses;
  responses.mutable_list_value();
  for (v1::StreamAssignResponse response; stream.Read(response);) {
    Json json;
    if (response.has_error()) {
      const absl::Status error = client::StatusFromProto(response.error());
      response.clear_error();
      json = ToJson(response);
      SetMember(json, "error", ErrorJson(error));
    } else {
      json = ToJson(response);
    }
    *responses.mutable_list_value()->add_values() = std::move(json);
  }
  const absl::Status status = stream.Finish();
  return status.ok() ? Wrapped("responses", std::move(responses)) : Wrapped("error", ErrorJson(status));
}

}  // namespace assent::conformance
