// The commands of assentctl: one file each, one table.
#ifndef ASSENT_CLIENT_COMMANDS_H_
#define ASSENT_CLIENT_COMMANDS_H_

#include <ostream>

#include "client/command_line.h"

namespace assent::client {

// Each adds its subcommand to `root`. Its CLI11 callback sets `line.run`; nothing runs while flags are read.
void AddDemoDataCommand(CLI::App& root, CommandLine& line);
void AddFeaturesCommand(CLI::App& root, CommandLine& line);
void AddTrainCommand(CLI::App& root, CommandLine& line);
void AddModelCommand(CLI::App& root, CommandLine& line);
void AddNoticeCommand(CLI::App& root, CommandLine& line);
void AddConsentCommand(CLI::App& root, CommandLine& line);
void AddSubjectCommand(CLI::App& root, CommandLine& line);
void AddAssignCommand(CLI::App& root, CommandLine& line);
void AddExplainCommand(CLI::App& root, CommandLine& line);
void AddReplayCommand(CLI::App& root, CommandLine& line);
void AddDecisionsCommand(CLI::App& root, CommandLine& line);
void AddReplayDecisionCommand(CLI::App& root, CommandLine& line);
void AddHealthCommand(CLI::App& root, CommandLine& line);
void AddBackupCommand(CLI::App& root, CommandLine& line);
void AddAuditCommand(CLI::App& root, CommandLine& line);
void AddKeysCommand(CLI::App& root, CommandLine& line);
void AddBenchCommand(CLI::App& root, CommandLine& line);
// Called by AddModelCommand and AddConsentCommand, with their subcommands.
void AddReceiptCommands(CLI::App& consent, CommandLine& line);
void AddModelLintCommand(CLI::App& model, CommandLine& line);
void AddModelAuditCommands(CLI::App& model, CommandLine& line);
void AddConsentBulkCommands(CLI::App& consent, CommandLine& line);

// Reads the flags, runs the command, prints its error. Returns the exit status: 0 done, 1 failed, 2 wrong usage.
// `progress`: draw progress bars on `err`.
int RunAssentctl(int argc, const char* const* argv, std::ostream& out, std::ostream& err, bool progress);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_COMMANDS_H_
