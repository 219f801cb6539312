// `assentctl model lint`.
#include <algorithm>
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/model_lint.h"
#include "storage/model_file.h"
#include "storage/taxonomy_file.h"

namespace assent::client {
namespace {

struct LintFlags {
  std::string model_file, taxonomy_file;
};

constexpr char kLintExamples[] = R"(Examples:
  assentctl model lint model.assent
  assentctl model lint model.assent --taxonomy "Audience Taxonomy 1.1.tsv"
  assentctl model lint model.assent --json | jq '.findings[] | select(.severity == "error")'
Exit status: 0 without errors, whatever the warnings; 1 with errors.)";

const char* LintSeverityName(LintSeverity severity) { return severity == LintSeverity::kError ? "error" : "warning"; }

nlohmann::ordered_json LintJson(const LintFlags& flags, const std::vector<LintFinding>& findings, size_t errors) {
  nlohmann::ordered_json list = nlohmann::ordered_json::array();
  for (const LintFinding& finding : findings) {
    list.push_back({{"severity", LintSeverityName(finding.severity)},
                    {"rule", finding.rule},
                    {"subject", finding.subject},
                    {"field", finding.field},
                    {"problem", finding.problem},
                    {"remedy", finding.remedy}});
  }
  return {{"model", flags.model_file},
          {"errors", errors},
          {"warnings", findings.size() - errors},
          {"findings", std::move(list)}};
}

std::string Counted(size_t count, absl::string_view noun) {
  return absl::StrCat(HumanCount(count), " ", noun, count == 1 ? "" : "s");
}

void PrintFindings(const std::vector<LintFinding>& findings, CommandLine& line) {
  for (const LintFinding& finding : findings) {
    const bool error = finding.severity == LintSeverity::kError;
    line.out << line.terminal.Paint(error ? Style::kBad : Style::kWarn, PadRight(error ? "error" : "warning", 8))
             << line.terminal.Paint(Style::kAccent, finding.subject.empty() ? "model" : finding.subject) << "  "
             << finding.problem << "\n"
             << line.terminal.Paint(Style::kDim, absl::StrCat("        ", finding.field, ": ", finding.remedy)) << "\n";
  }
}

absl::Status RunLint(const LintFlags& flags, CommandLine& line) {
  auto message = storage::ReadModelMessage(flags.model_file);
  if (!message.ok()) return message.status();
  // What the server would refuse is no model; there is nothing to say about its cards.
  if (auto model = storage::ModelFromMessage(*message); !model.ok()) {
    return absl::Status(model.status().code(), absl::StrCat(flags.model_file, ": ", model.status().message()));
  }
  std::optional<storage::Taxonomy> taxonomy;
  if (!flags.taxonomy_file.empty()) {
    auto read = storage::Taxonomy::Read(flags.taxonomy_file);
    if (!read.ok()) return read.status();
    taxonomy = *std::move(read);
  }
  const std::vector<LintFinding> findings = LintModel(*message, taxonomy ? &*taxonomy : nullptr);
  const auto errors =
      static_cast<size_t>(std::count_if(findings.begin(), findings.end(), [](const LintFinding& finding) {
        return finding.severity == LintSeverity::kError;
      }));
  const std::string summary =
      absl::StrCat(Counted(errors, "error"), " and ", Counted(findings.size() - errors, "warning"));
  if (line.json) {
    PrintJson(LintJson(flags, findings, errors), line);
  } else {
    PrintFindings(findings, line);
    if (errors == 0) line.out << flags.model_file << ": " << summary << "\n";
  }
  if (errors == 0) return absl::OkStatus();
  return WithHint(absl::FailedPreconditionError(absl::StrCat(flags.model_file, ": ", summary)),
                  "complete the cards before the model is used");
}

}  // namespace

void AddModelLintCommand(CLI::App& model, CommandLine& line) {
  auto flags = std::make_shared<LintFlags>();
  CLI::App* lint = model.add_subcommand("lint", "Find what is missing from a model's segment cards");
  lint->footer(kLintExamples);
  lint->add_option("file,--model", flags->model_file, "Model file")->required();
  lint->add_option("--taxonomy", flags->taxonomy_file,
                   "IAB Audience Taxonomy (TSV), to hold the cards' IAB ids against");
  AddOutputFlags(*lint, line);
  lint->callback([flags, &line] { line.run = [flags, &line] { return RunLint(*flags, line); }; });
}

}  // namespace assent::client
