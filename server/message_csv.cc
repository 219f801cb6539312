#include "server/message_csv.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/timestamp.pb.h"
#include "google/protobuf/util/time_util.h"

namespace assent::server {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Timestamp;

void AddCell(absl::string_view cell, std::string& out) {
  if (cell.find_first_of(",\"\r\n") == absl::string_view::npos) {
    absl::StrAppend(&out, cell);
  } else {
    absl::StrAppend(&out, "\"", absl::StrReplaceAll(cell, {{"\"", "\"\""}}), "\"");
  }
}

void AddRow(absl::string_view field, absl::string_view value, std::string& out) {
  AddCell(field, out);
  out += ',';
  AddCell(value, out);
  out += "\r\n";
}

// `index`: of an element of a repeated field; -1 for one that is not.
std::string ScalarText(const Message& message, const FieldDescriptor& field, int index) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const auto pick = [&](auto one, auto element) {
    return index < 0 ? (reflection.*one)(message, &field) : (reflection.*element)(message, &field, index);
  };
  using R = google::protobuf::Reflection;
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_STRING:
      return pick(&R::GetString, &R::GetRepeatedString);
    case FieldDescriptor::CPPTYPE_ENUM:
      return pick(&R::GetEnum, &R::GetRepeatedEnum)->name();
    case FieldDescriptor::CPPTYPE_BOOL:
      return pick(&R::GetBool, &R::GetRepeatedBool) ? "true" : "false";
    case FieldDescriptor::CPPTYPE_INT32:
      return absl::StrCat(pick(&R::GetInt32, &R::GetRepeatedInt32));
    case FieldDescriptor::CPPTYPE_UINT32:
      return absl::StrCat(pick(&R::GetUInt32, &R::GetRepeatedUInt32));
    case FieldDescriptor::CPPTYPE_INT64:
      return absl::StrCat(pick(&R::GetInt64, &R::GetRepeatedInt64));
    case FieldDescriptor::CPPTYPE_UINT64:
      return absl::StrCat(pick(&R::GetUInt64, &R::GetRepeatedUInt64));
    case FieldDescriptor::CPPTYPE_FLOAT:
      return absl::StrCat(pick(&R::GetFloat, &R::GetRepeatedFloat));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return absl::StrCat(pick(&R::GetDouble, &R::GetRepeatedDouble));
    case FieldDescriptor::CPPTYPE_MESSAGE:
      break;
  }
  return {};
}

void AddMessage(const Message& message, const std::string& path, std::string& out);

void AddField(const Message& message, const FieldDescriptor& field, int index, const std::string& path,
              std::string& out) {
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) {
    return AddRow(path, ScalarText(message, field, index), out);
  }
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  const Message& inner =
      index < 0 ? reflection.GetMessage(message, &field) : reflection.GetRepeatedMessage(message, &field, index);
  if (inner.GetDescriptor() == Timestamp::descriptor()) {
    Timestamp time;
    time.CopyFrom(inner);
    return AddRow(path, google::protobuf::util::TimeUtil::ToString(time), out);
  }
  AddMessage(inner, absl::StrCat(path, "."), out);
}

void AddMessage(const Message& message, const std::string& path, std::string& out) {
  const google::protobuf::Reflection& reflection = *message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection.ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    const std::string name = absl::StrCat(path, field->name());
    if (!field->is_repeated()) {
      AddField(message, *field, -1, name, out);
      continue;
    }
    for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
      AddField(message, *field, i, absl::StrCat(name, "[", i, "]"), out);
    }
  }
}

}  // namespace

std::string MessageCsv(const Message& message) {
  std::string out = "field,value\r\n";
  AddMessage(message, "", out);
  return out;
}

}  // namespace assent::server
