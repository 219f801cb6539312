#include "tests/conformance/cpp/matcher.h"

#include <algorithm>
#include <cmath>

#include "google/protobuf/util/json_util.h"

namespace assent::conformance {
namespace {

bool IsEmpty(const Json* value) {
  if (value == nullptr) return true;
  switch (value->kind_case()) {
    case Json::kNumberValue:
      return value->number_value() == 0;
    case Json::kStringValue:
      return value->string_value().empty();
    case Json::kStructValue:
      return value->struct_value().fields().empty();
    case Json::kListValue:
      return value->list_value().values().empty();
    case Json::kBoolValue:
      return !value->bool_value();
    default:
      return true;
  }
}

bool IsNumber(const Json* value) { return value != nullptr && value->has_number_value(); }

// True when `wanted` is a predicate; `holds` then says whether it is met.
bool Predicate(const Json& wanted, const Json* actual, bool& holds) {
  if (const Json* length = Member(wanted, "$length")) {
    holds = actual != nullptr && actual->has_list_value() &&
            actual->list_value().values_size() == static_cast<int>(length->number_value());
  } else if (const Json* above = Member(wanted, "$above")) {
    holds = IsNumber(actual) && actual->number_value() > above->number_value();
  } else if (const Json* near = Member(wanted, "$near")) {
    holds = IsNumber(actual) &&
            std::abs(actual->number_value() - near->number_value()) <= Member(wanted, "within")->number_value();
  } else if (const Json* set = Member(wanted, "$set")) {
    holds = IsEmpty(actual) != set->bool_value();
  } else {
    return false;
  }
  return true;
}

bool ScalarsEqual(const Json& wanted, const Json* actual) {
  if (actual == nullptr || wanted.kind_case() != actual->kind_case()) return false;
  if (wanted.has_number_value()) return wanted.number_value() == actual->number_value();
  if (wanted.has_string_value()) return wanted.string_value() == actual->string_value();
  return !wanted.has_bool_value() || wanted.bool_value() == actual->bool_value();
}

void Append(std::vector<std::string>& all, std::vector<std::string> more) {
  all.insert(all.end(), more.begin(), more.end());
}

std::string Repeated(const std::string& text, double times) {
  std::string result;
  for (int i = 0; i < static_cast<int>(times); ++i) result += text;
  return result;
}

}  // namespace

const Json* Member(const Json& object, const std::string& name) {
  const auto& fields = object.struct_value().fields();
  const auto found = fields.find(name);
  return found == fields.end() ? nullptr : &found->second;
}

std::string Text(const Json& value) {
  std::string text;
  return google::protobuf::util::MessageToJsonString(value, &text).ok() ? text : "?";
}

void SetMember(Json& object, const std::string& name, Json value) {
  (*object.mutable_struct_value()->mutable_fields())[name] = std::move(value);
}

Json TextValue(const std::string& text) {
  Json value;
  value.set_string_value(text);
  return value;
}

std::vector<std::string> Complaints(const Json& wanted, const Json* actual, const std::string& where) {
  const std::vector<std::string> complaint = {where + ": wanted " + Text(wanted) + ", got " +
                                              (actual == nullptr ? "nothing" : Text(*actual))};
  bool holds = false;
  if (Predicate(wanted, actual, holds)) return holds ? std::vector<std::string>{} : complaint;
  std::vector<std::string> all;
  if (wanted.has_struct_value()) {
    if (actual == nullptr || !actual->has_struct_value()) return complaint;
    for (const auto& [name, value] : wanted.struct_value().fields()) {
      Append(all, Complaints(value, Member(*actual, name), where + "." + name));
    }
    return all;
  }
  if (wanted.has_list_value()) {
    const auto& entries = wanted.list_value().values();
    if (actual == nullptr || actual->list_value().values_size() != entries.size()) return complaint;
    for (int i = 0; i < entries.size(); ++i) {
      Append(all, Complaints(entries[i], &actual->list_value().values(i), where + "[" + std::to_string(i) + "]"));
    }
    return all;
  }
  return ScalarsEqual(wanted, actual) ? all : complaint;
}

std::vector<std::string> SumComplaints(const Json& rule, const Json& response) {
  const std::string& member = Member(rule, "member")->string_value();
  double total = 0;
  for (const Json& entry : Member(response, Member(rule, "over")->string_value())->list_value().values()) {
    total += Member(entry, member)->number_value();
  }
  double wanted = 0;
  for (const Json& name : Member(rule, "to")->list_value().values()) {
    const std::string& text = name.string_value();
    wanted +=
        text[0] == '-' ? -Member(response, text.substr(1))->number_value() : Member(response, text)->number_value();
  }
  if (std::abs(total - wanted) <= 1e-9 * std::max(1.0, std::abs(wanted))) return {};
  return {member + " sums to " + std::to_string(total) + ", wanted " + std::to_string(wanted)};
}

Json Substitute(const Json& value, const std::map<std::string, std::string>& saved) {
  if (const Json* text = Member(value, "$repeat")) {
    return TextValue(Repeated(text->string_value(), Member(value, "times")->number_value()));
  }
  Json result = value;
  if (value.has_struct_value()) {
    for (auto& [name, entry] : *result.mutable_struct_value()->mutable_fields()) entry = Substitute(entry, saved);
  } else if (value.has_list_value()) {
    for (Json& entry : *result.mutable_list_value()->mutable_values()) entry = Substitute(entry, saved);
  } else if (value.has_string_value()) {
    std::string& text = *result.mutable_string_value();
    for (const auto& [name, known] : saved) {
      const std::string mark = "${" + name + "}";
      for (size_t at = text.find(mark); at != std::string::npos; at = text.find(mark, at + known.size())) {
        text.replace(at, mark.size(), known);
      }
    }
  }
  return result;
}

}  // namespace assent::conformance
