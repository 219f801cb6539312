#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "client/commands.h"
#include "client/rpc_error.h"
#include "grpc/health/v1/health.grpc.pb.h"

namespace assent::client {
namespace {

constexpr absl::Duration kPause = absl::Milliseconds(100);  // between two attempts of --wait

struct HealthFlags {
  double wait_s = 0;
};

constexpr char kHealthExamples[] =
    R"(Asks both planes whether calls may be sent (the gRPC health protocol). Exit status 0: both serve.
Examples:
  assentctl health
  assentctl health --wait 30 && assentctl assign …
  assentctl health --target 127.0.0.1:7400 --control 127.0.0.1:7401 --json)";

// OK when it serves. Errors: Unavailable when it does not; those of the channel and the call.
absl::Status CheckPlane(const ChannelOptions& options, absl::string_view name) {
  auto channel = OpenChannel(options);
  if (!channel.ok()) return channel.status();
  const auto stub = grpc::health::v1::Health::NewStub(*channel);
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + options.deadline));
  grpc::health::v1::HealthCheckResponse response;
  const grpc::Status status = stub->Check(&context, {}, &response);
  if (!status.ok()) {
    const absl::Status error = StatusFromRpc(status);
    return absl::Status(error.code(),
                        absl::StrCat(std::string(name), " at ", options.target, ": ", std::string(error.message())));
  }
  if (response.status() == grpc::health::v1::HealthCheckResponse::SERVING) return absl::OkStatus();
  return absl::UnavailableError(absl::StrCat(std::string(name), " at ", options.target, " does not serve"));
}

absl::Status CheckBoth(const CommandLine& line) {
  const absl::Status data = CheckPlane(line.DataPlane(), "the data plane");
  return data.ok() ? CheckPlane(line.ControlPlane(), "the control plane") : data;
}

absl::Status RunHealth(const HealthFlags& flags, CommandLine& line) {
  const absl::Time end = absl::Now() + absl::Seconds(flags.wait_s);
  absl::Status status = CheckBoth(line);
  while (!status.ok() && absl::Now() < end) {
    absl::SleepFor(kPause);
    status = CheckBoth(line);
  }
  if (!status.ok()) return status;
  if (line.json) {
    PrintJson({{"status", "SERVING"}}, line);
  } else {
    line.out << line.terminal.Paint(Style::kGood, "serving") << "  " << line.target << " (data plane), " << line.control
             << " (control plane)\n";
  }
  return absl::OkStatus();
}

}  // namespace

void AddHealthCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<HealthFlags>();
  CLI::App* command = root.add_subcommand("health", "Ask the server whether it takes calls");
  command->footer(kHealthExamples);
  command->add_option("--wait", flags->wait_s, "Ask again for so many seconds until it serves")
      ->check(CLI::Range(0.0, 3600.0));
  AddConnectionFlags(*command, line);
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunHealth(*flags, line); }; });
}

}  // namespace assent::client
