#include "client/command_line.h"

#include <algorithm>

#include "absl/strings/cord.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "client/rpc_error.h"
#include "google/protobuf/util/json_util.h"

namespace assent::client {
namespace {

constexpr char kHintUrl[] = "assent/hint";

struct ReasonHint {
  absl::string_view reason;
  absl::string_view hint;
};

// Reasons of docs/errors.md that a person at a terminal can do something about.
constexpr ReasonHint kReasonHints[] = {
    {"NO_MODEL",
     "give the server a model: assentctl train …, then assentd --model FILE, or put it where its "
     "configuration says"},
    {"FEATURE_UNKNOWN", "see the names of the model's features: assentctl model show FILE"},
    {"FEATURE_MISSING", "see which features the model needs: assentctl model show FILE"},
    {"FEATURE_DIMENSION_MISMATCH", "is --model the file that the server uses? assentctl model show FILE"},
    {"PURPOSE_NOT_SELECTION", "assign and explain take --purpose select_advertising or select_content"},
    {"LEGAL_BASIS_NOT_ALLOWED", "leave out --legal-basis: this purpose needs consent"},
    {"TOO_MANY_ENTRIES", "send fewer at a time, such as --batch 256"},
    {"CONSENT_TOKEN_AHEAD", "try again in a moment"},
    {"CONSENT_TOKEN_OTHER_EPOCH", "get a new token: assentctl consent show --subject … --json"},
    {"CONSENT_NOT_FOUND", "nothing was recorded: assentctl consent grant --subject … --purpose … --notice …"},
    {"NOTICE_NOT_REGISTERED", "register it first: assentctl notice register FILE"},
    {"REQUEST_ID_REUSED", "take a new request_id for each change: this one stands for another"},
    {"KEY_MISMATCH", "import by the people's own ids, or into a server with the key of the export"},
    {"ETAG_MISMATCH", "read the record again: assentctl consent show --subject … --json"},
    {"BACKUPS_OFF", "set backup_dir in the server's configuration, and restart it"},
    {"BACKUP_UNDER_WAY", "try again when it has ended: assentctl backup list"},
    {"BACKUPS_FULL", "remove old ones: assentctl backup purge --older-than 7d"},
    {"STORAGE_UNAVAILABLE", "look at the server's disk, then run the command again: recording twice is safe"},
    {"TOO_MANY_CALLS", "try again, with a smaller --parallel"},
    {"TOO_MANY_STREAMS", "try again, with a smaller --parallel"},
    {"ROLE_REQUIRED",
     "use a certificate whose principal holds the role (--tls-cert, --tls-key); without mutual TLS the "
     "server's insecure_roles decide"},
};

absl::string_view HintForReason(absl::string_view reason) {
  for (const ReasonHint& entry : kReasonHints) {
    if (entry.reason == reason) return entry.hint;
  }
  return "";
}

std::string HintForCode(absl::StatusCode code) {
  switch (code) {
    case absl::StatusCode::kUnavailable:
      return "is assentd running there? Point --target (data plane) and --control (control plane), or ASSENT_TARGET "
             "and ASSENT_CONTROL, at the addresses of its ready line; with TLS give --tls-ca";
    case absl::StatusCode::kDeadlineExceeded:
      return "give it more time with --deadline SECONDS, or look at the server's load";
    case absl::StatusCode::kUnimplemented:
      return "this address serves other services: AssignmentService is on --target, ConsentService on --control";
    case absl::StatusCode::kPermissionDenied:
      return "use a certificate whose principal holds the role (--tls-cert, --tls-key)";
    case absl::StatusCode::kResourceExhausted:
      return "the server is at its limit: try again later, or send smaller batches";
    default:
      return "";
  }
}

}  // namespace

ChannelOptions CommandLine::DataPlane() const {
  ChannelOptions options = tls;
  options.target = target;
  options.deadline = absl::Seconds(deadline_s);
  return options;
}

ChannelOptions CommandLine::ControlPlane() const {
  ChannelOptions options = DataPlane();
  options.target = control;
  return options;
}

void AddOutputFlags(CLI::App& command, CommandLine& line) {
  command.add_flag("--json", line.json, "Print one JSON document instead of text; errors too, on stderr");
  command.add_flag_callback(
      "--no-progress", [&line] { line.progress = false; }, "Draw no progress bars");
}

void AddConnectionFlags(CLI::App& command, CommandLine& line) {
  const std::string group = "Connection";
  command.add_option("--target", line.target, "Data plane (assign, explain), HOST:PORT")
      ->envname("ASSENT_TARGET")
      ->capture_default_str()
      ->group(group);
  command.add_option("--control", line.control, "Control plane (consent), HOST:PORT")
      ->envname("ASSENT_CONTROL")
      ->capture_default_str()
      ->group(group);
  command.add_option("--tls-ca", line.tls.tls_ca_file, "Authorities that sign the server (PEM); turns TLS on")
      ->envname("ASSENT_TLS_CA")
      ->group(group);
  command.add_option("--tls-cert", line.tls.tls_certificate_file, "Certificate of this client (PEM)")
      ->envname("ASSENT_TLS_CERT")
      ->group(group);
  command.add_option("--tls-key", line.tls.tls_key_file, "Private key of this client (PEM)")
      ->envname("ASSENT_TLS_KEY")
      ->group(group);
  command.add_option("--tls-server-name", line.tls.tls_server_name, "Name in the server's certificate")->group(group);
  command.add_option("--deadline", line.deadline_s, "Longest time for one call, in seconds")
      ->check(CLI::PositiveNumber)
      ->capture_default_str()
      ->group(group);
}

absl::Status WithHint(absl::Status status, absl::string_view hint) {
  if (!status.ok()) status.SetPayload(kHintUrl, absl::Cord(hint));
  return status;
}

std::string HintOf(const absl::Status& status) {
  if (const auto hint = status.GetPayload(kHintUrl); hint.has_value()) return std::string(*hint);
  const std::string reason = ReasonOf(status);
  if (!reason.empty()) return std::string(HintForReason(reason));
  return HintForCode(status.code());
}

void PrintError(const absl::Status& status, CommandLine& line) {
  const std::string reason = ReasonOf(status);
  const std::string hint = HintOf(status);
  const std::string message(status.message());
  if (line.json) {
    nlohmann::ordered_json error = {{"code", absl::StatusCodeToString(status.code())}, {"message", message}};
    if (!reason.empty()) error["reason"] = reason;
    if (!hint.empty()) error["hint"] = hint;
    line.err << nlohmann::ordered_json{{"error", error}}.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace)
             << "\n";
    return;
  }
  const Terminal terminal = Terminal::Of(2);
  line.err << terminal.Paint(Style::kBad, "error: ") << message;
  if (!reason.empty()) line.err << " (" << reason << ")";
  line.err << "\n";
  if (!hint.empty()) line.err << terminal.Paint(Style::kDim, "  next: ") << hint << "\n";
}

nlohmann::ordered_json ToJson(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(message, &text, options).ok()) return nullptr;
  return nlohmann::ordered_json::parse(text, nullptr, /*allow_exceptions=*/false);
}

void PrintJson(const nlohmann::ordered_json& document, CommandLine& line) {
  line.out << document.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
}

}  // namespace assent::client
