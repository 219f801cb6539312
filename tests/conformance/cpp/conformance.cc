// Runs the conformance cases with the C++ client library.
//
//     conformance CASES DATA_PLANE CONTROL_PLANE
//
// tests/conformance/README.md explains the cases.
#include <cstdio>
#include <fstream>
#include <iterator>

#include "google/protobuf/util/json_util.h"
#include "tests/conformance/cpp/caller.h"

namespace assent::conformance {
namespace {

constexpr absl::Duration kDeadline = absl::Seconds(30);
constexpr size_t kAnswerCharacters = 2000;  // of an answer that is shown

std::vector<std::string> RunStep(const Caller& caller, const Json& original,
                                 std::map<std::string, std::string>& saved) {
  const Json step = Substitute(original, saved);
  const Json outcome = caller.Call(step);
  std::vector<std::string> wrong = Complaints(*Member(step, "expect"), &outcome, Member(step, "call")->string_value());
  if (!wrong.empty()) {
    wrong.push_back("answered " + Text(outcome).substr(0, kAnswerCharacters));
    return wrong;
  }
  const Json* response = Member(outcome, "response");
  if (const Json* sums = Member(step, "sums")) {
    for (const Json& rule : sums->list_value().values()) {
      for (std::string& text : SumComplaints(rule, *response)) wrong.push_back(std::move(text));
    }
  }
  if (const Json* save = Member(step, "save")) {
    for (const auto& [name, path] : save->struct_value().fields()) {
      const Json* value = response;
      std::string rest = path.string_value() + ".";
      for (size_t dot; (dot = rest.find('.')) != std::string::npos; rest = rest.substr(dot + 1)) {
        value = Member(*value, rest.substr(0, dot));
      }
      saved[name] = value->string_value();
    }
  }
  return wrong;
}

// True when every step of the case went as expected.
bool RunCase(const Caller& caller, const Json& one, int number) {
  std::map<std::string, std::string> saved = {{"subject", "case-" + std::to_string(number)}};
  const std::string& name = Member(one, "name")->string_value();
  int index = 0;
  for (const Json& step : Member(one, "steps")->list_value().values()) {
    ++index;
    const std::vector<std::string> wrong = RunStep(caller, step, saved);
    if (wrong.empty()) continue;
    std::printf("FAIL %s, step %d\n", name.c_str(), index);
    for (const std::string& text : wrong) std::printf("     %s\n", text.c_str());
    return false;
  }
  std::printf("ok   %s\n", name.c_str());
  return true;
}

absl::StatusOr<Caller> Connect(const std::string& data_plane, const std::string& control_plane) {
  client::ChannelOptions options;
  options.deadline = kDeadline;
  options.target = data_plane;
  absl::StatusOr<client::AssignmentClient> assignment = client::AssignmentClient::Create(options);
  if (!assignment.ok()) return assignment.status();
  options.target = control_plane;
  absl::StatusOr<client::ConsentClient> consent = client::ConsentClient::Create(options);
  if (!consent.ok()) return consent.status();
  return Caller(*std::move(assignment), *std::move(consent));
}

int Run(const std::string& cases_file, const std::string& data_plane, const std::string& control_plane) {
  std::ifstream file(cases_file);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  Json document;
  if (!google::protobuf::util::JsonStringToMessage(text, &document).ok()) {
    std::fprintf(stderr, "cannot read %s\n", cases_file.c_str());
    return 2;
  }
  const absl::StatusOr<Caller> caller = Connect(data_plane, control_plane);
  if (!caller.ok()) {
    std::fprintf(stderr, "%s\n", caller.status().ToString().c_str());
    return 2;
  }
  int passed = 0;
  int number = 0;
  for (const Json& one : Member(document, "cases")->list_value().values()) {
    passed += RunCase(*caller, one, number++) ? 1 : 0;
  }
  std::printf("cpp: %d passed, %d failed\n", passed, number - passed);
  return passed == number && number > 0 ? 0 : 1;
}

}  // namespace
}  // namespace assent::conformance

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: conformance CASES DATA_PLANE CONTROL_PLANE\n");
    return 2;
  }
  return assent::conformance::Run(argv[1], argv[2], argv[3]);
}
