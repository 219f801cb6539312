#include "client/commands.h"

#include <algorithm>

namespace assent::client {
namespace {

constexpr char kDescription[] =
    "assentctl: trains segment models, records consent, assigns events to segments and says why.";

constexpr char kAllExamples[] = R"(Examples:
  assentctl demo-data --out demo --people 5000 --seed 7
  assentctl train --input demo/audience.csv --schema demo/schema.textproto --k 6 --seed 7 --out demo/model.assent
  assentctl model show demo/model.assent
  assentctl notice register demo/notice.textproto
  assentctl consent grant --subject login:anna --purpose select_content --notice welcome --notice-version 1
  assentctl assign --subject login:anna --purpose select_content --feature kids_share=0.7
  assentctl explain --subject login:anna --purpose select_content --feature kids_share=0.7
Every command has --help with examples of its own.)";

using CommandAdder = void (*)(CLI::App& root, CommandLine& line);

// The order is that of the help page.
constexpr CommandAdder kCommands[] = {
    AddDemoDataCommand,       AddFeaturesCommand, AddTrainCommand,  AddModelCommand,   AddNoticeCommand,
    AddConsentCommand,        AddSubjectCommand,  AddAssignCommand, AddExplainCommand, AddDecisionsCommand,
    AddReplayDecisionCommand, AddReplayCommand,   AddHealthCommand, AddBackupCommand,  AddKeysCommand,
    AddAuditCommand,          AddBenchCommand,
};

int PrintUsageError(const CLI::ParseError& error, CommandLine& line) {
  PrintError(WithHint(absl::InvalidArgumentError(error.what()), "assentctl --help, or assentctl COMMAND --help"), line);
  return 2;
}

// CLI11 reports by exceptions; they end here.
int ReadFlags(CLI::App& app, int argc, const char* const* argv, CommandLine& line) {
  try {
    app.parse(argc, argv);
  } catch (const CLI::Success& request) {
    return app.exit(request, line.out, line.err);
  } catch (const CLI::ParseError& error) {
    return PrintUsageError(error, line);
  }
  return 0;
}

}  // namespace

int RunAssentctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool progress) {
  CommandLine line{.out = out, .err = err, .terminal = Terminal::Of(1), .progress = progress};
  CLI::App app(kDescription, "assentctl");
  app.footer(kAllExamples);
  app.require_subcommand(1);
  app.set_version_flag("--version", "assentctl 0.1.0");
  for (const CommandAdder add : kCommands) add(app, line);
  // Known before the flags are read, so that errors in them are JSON as well.
  line.json =
      std::any_of(argv, argv + argc, [](const char* argument) { return absl::string_view(argument) == "--json"; });
  const int usage = ReadFlags(app, argc, argv, line);
  if (usage != 0 || !line.run) return usage;
  const absl::Status status = line.run();
  if (!status.ok()) PrintError(status, line);
  return status.ok() ? 0 : line.error_status;
}

}  // namespace assent::client
