#include <memory>
#include <string>

#include "client/assignment_client.h"
#include "client/commands.h"
#include "client/decision_source.h"
#include "client/request_flags.h"

namespace assent::client {
namespace {

constexpr char kReplayDecisionExamples[] =
    R"(The server decides again what was recorded, by the model of then, and compares winner, runner-up, distances, margin, segments
and rule bit for bit. Ends with 1 where anything differs, and says what.
Examples:
  assentctl replay-decision 00060a24181e40000102030405060708
  assentctl replay-decision anna.receipt)";

absl::Status RunReplayDecision(const std::string& id_or_path, CommandLine& line) {
  auto request = RequestOfEither(id_or_path);
  if (!request.ok()) return request.status();
  auto client = AssignmentClient::Create(line.DataPlane());
  if (!client.ok()) return client.status();
  const auto response = client->Explain(*std::move(request));
  if (!response.ok()) return response.status();
  if (line.json) {
    nlohmann::ordered_json json = {{"replay", ToJson(response->replay())}, {"recorded", ToJson(response->recorded())}};
    json["scored"] = response->has_replay();
    PrintJson(json, line);
  } else {
    line.out << OutcomeText(response->decision().outcome()) << "  " << response->decision().reason() << "\n";
    PrintReplay(*response, line);
  }
  if (!response->has_replay() || response->replay().identical()) return absl::OkStatus();
  return absl::DataLossError("the decision does not come out again as it was recorded");
}

}  // namespace

void AddReplayDecisionCommand(CLI::App& root, CommandLine& line) {
  auto source = std::make_shared<std::string>();
  CLI::App* command =
      root.add_subcommand("replay-decision", "Compute a decision of then again, and say whether it is identical");
  command->footer(kReplayDecisionExamples);
  command->add_option("decision", *source, "The id of a logged decision, or the file of a receipt")->required();
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([source, &line] { line.run = [source, &line] { return RunReplayDecision(*source, line); }; });
}

}  // namespace assent::client
