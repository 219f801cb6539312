// What every command of assentctl shares: flags, output, errors with a next step.
#ifndef ASSENT_CLIENT_COMMAND_LINE_H_
#define ASSENT_CLIENT_COMMAND_LINE_H_

#include <functional>
#include <ostream>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "client/channel.h"
#include "client/terminal.h"
#include "google/protobuf/message.h"
#include "nlohmann/json.hpp"

namespace assent::client {

// The state of one run of assentctl.
struct CommandLine {
  std::ostream& out;
  std::ostream& err;
  Terminal terminal;      // of `out`
  bool progress = false;  // draw progress bars on `err`
  bool json = false;
  std::string target = "127.0.0.1:7400";
  std::string control = "127.0.0.1:7401";
  double deadline_s = 10;
  ChannelOptions tls = {};  // only the tls_* fields are used
  // What the chosen command will do; its callback sets it while the flags are read.
  std::function<absl::Status()> run = {};
  int error_status = 1;  // what the program exits with where `run` returns an error

  // How to reach the data plane (AssignmentService) and the control plane (everything else).
  ChannelOptions DataPlane() const;
  ChannelOptions ControlPlane() const;
};

// Adds --json and --no-progress. Every command calls it.
void AddOutputFlags(CLI::App& command, CommandLine& line);
// Adds --target, --control, --tls-ca, --tls-cert, --tls-key, --tls-server-name, --deadline, and reads ASSENT_TARGET,
// ASSENT_CONTROL, ASSENT_TLS_CA, ASSENT_TLS_CERT and ASSENT_TLS_KEY. Commands that speak to a server call it.
void AddConnectionFlags(CLI::App& command, CommandLine& line);

// `status` with a line that says what to do next. Keeps its payloads.
absl::Status WithHint(absl::Status status, absl::string_view hint);
// The line of WithHint, or one that fits the code and the server's reason; empty where there is nothing to say.
std::string HintOf(const absl::Status& status);
// Prints the error for a person, or as one JSON object with --json.
void PrintError(const absl::Status& status, CommandLine& line);

// The message with the names of its fields as in the .proto file and with unset fields shown.
nlohmann::ordered_json ToJson(const google::protobuf::Message& message);
// Prints one JSON document and a newline.
void PrintJson(const nlohmann::ordered_json& document, CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_COMMAND_LINE_H_
