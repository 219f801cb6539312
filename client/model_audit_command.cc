// `assentctl model audit` and `assentctl model verify-audit`.
#include <memory>
#include <optional>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "client/audit_policy.h"
#include "client/commands.h"
#include "client/model_audit.h"
#include "client/model_audit_report.h"
#include "client/progress.h"
#include "client/signed_json.h"
#include "client/text_file.h"
#include "storage/model_file.h"

namespace assent::client {
namespace {

constexpr int kNotPassedStatus = 3;

struct AuditFlags {
  std::string model, data, policy, population, key, out;
  std::vector<std::string> groups;
};

struct VerifyAuditFlags {
  std::string statement, key, model;
};

constexpr char kModelAuditExamples[] =
    R"(Assigns every row of a table with the model, here and not in a server, and compares the groups of people: who gets which
segment how often, which features give a group away, whether the data hold the population's groups. The columns of
--groups are read as text and are never scored unless the model names them as features.
Examples:
  assentctl model audit model.assent --data people.csv --groups sex,age_range,sex+age_range
  assentctl model audit model.assent --data people.csv.gz --groups sex --policy policy.textproto --population census.csv
  assentctl model audit model.assent --data people.csv --groups sex --key signing.pem --out audit.json
  assentctl model audit model.assent --data people.csv --groups sex --json | jq '.failures'
The policy is a textproto of assent.internal.v1.AuditPolicy, such as: ratio_min: 0.9 members_min: 200
The population is a CSV file: attribute,group,share. Make a key with openssl genpkey -algorithm ed25519.
Exit status: 0 passed; 1 error; 3 did not pass, and then a statement is written all the same.)";

constexpr char kVerifyAuditExamples[] =
    R"(Asks no server. Prints what the statement says, if the signature is that of the key.
Examples:
  assentctl model verify-audit audit.json --key signing.pub
  assentctl model verify-audit audit.json --key signing.pub --model model.assent
Exit status: 0 the audit passed; 1 error, also a bad signature or another model; 3 the audit did not pass.)";

absl::Status OfFlag(const absl::Status& status, absl::string_view flag) {
  return absl::Status(status.code(), absl::StrCat(flag, ": ", status.message()));
}

// None without --key. The two flags of a statement go together.
absl::StatusOr<std::optional<policy::SigningKey>> ReadAuditKey(const AuditFlags& flags) {
  if (flags.key.empty() != flags.out.empty()) {
    return absl::InvalidArgumentError("--key and --out go together: a statement is signed");
  }
  if (flags.key.empty()) return std::nullopt;
  auto pem = ReadTextFile(flags.key);
  if (!pem.ok()) return pem.status();
  auto key = policy::SigningKey::FromPem(*pem);
  if (!key.ok()) return OfFlag(key.status(), "--key");
  return *std::move(key);
}

absl::StatusOr<TrainingTable> ReadAuditTable(const AuditFlags& flags, const scoring::Model& model, CommandLine& line) {
  std::vector<std::string> columns;
  for (size_t j = 0; j < model.schema().scored_size(); ++j) columns.push_back(model.schema().scored(j).name);
  Progress progress(line.err, line.progress, "reading", 1000);
  return ReadTrainingTable(flags.data, columns,
                           [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); });
}

absl::StatusOr<std::vector<AuditAttribute>> ReadAttributes(const AuditFlags& flags, AuditSubject& subject) {
  auto attributes = ReadAuditGroups(flags.data, flags.groups);
  if (!attributes.ok() || flags.population.empty()) return attributes;
  if (absl::Status status = ReadPopulation(flags.population, *attributes); !status.ok()) return status;
  auto sha256 = FileSha256(flags.population);
  if (!sha256.ok()) return sha256.status();
  subject.population_sha256 = *std::move(sha256);
  return attributes;
}

absl::Status NotPassed(size_t failures, CommandLine& line) {
  line.error_status = kNotPassedStatus;
  return WithHint(absl::FailedPreconditionError(
                      absl::StrCat("the audit did not pass: ", failures, failures == 1 ? " failure" : " failures")),
                  "see docs/fairness.md for what each number says and does not say");
}

absl::Status RunAudit(const AuditFlags& flags, CommandLine& line) {
  auto key = ReadAuditKey(flags);
  if (!key.ok()) return key.status();
  auto policy = ReadAuditPolicy(flags.policy);
  if (!policy.ok()) return policy.status();
  auto model = storage::ReadModelFile(flags.model);
  if (!model.ok()) return model.status();
  auto table = ReadAuditTable(flags, *model, line);
  if (!table.ok()) return table.status();
  AuditSubject subject{.model_name = model->provenance().name,
                       .model_digest = model->digest_hex(),
                       .data_sha256 = table->sha256,
                       .population_sha256 = ""};
  auto attributes = ReadAttributes(flags, subject);
  if (!attributes.ok()) return attributes.status();
  absl::StatusOr<ModelAudit> audit;
  {
    Progress progress(line.err, line.progress, "auditing", 1000);
    audit = AuditModel(*model, *table, *attributes, *policy,
                       [&](double share) { progress.Update(static_cast<uint64_t>(share * 1000)); });
  }
  if (!audit.ok()) return audit.status();
  nlohmann::ordered_json json = AuditJson(subject, *policy, *audit);
  if (line.json) {
    PrintJson(json, line);
  } else {
    PrintAudit(subject, *policy, *audit, line);
  }
  if (key->has_value()) {
    json["issue_time"] = absl::FormatTime(absl::RFC3339_sec, absl::Now(), absl::UTCTimeZone());
    absl::Status status = WriteTextFile(flags.out, SignJson(json, kModelAuditSchema, **key) + "\n");
    if (!status.ok()) return status;
  }
  return audit->passed() ? absl::OkStatus() : NotPassed(audit->failures.size(), line);
}

// OK where there is no --model, or the statement is about it.
absl::Status CheckModelOf(const nlohmann::ordered_json& payload, const std::string& path) {
  if (path.empty()) return absl::OkStatus();
  auto model = storage::ReadModelFile(path);
  if (!model.ok()) return model.status();
  if (payload.contains("/model/digest"_json_pointer) && payload["/model/digest"_json_pointer] == model->digest_hex()) {
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(absl::StrCat("the statement is about another model than ", path));
}

absl::Status RunVerifyAudit(const VerifyAuditFlags& flags, CommandLine& line) {
  auto pem = ReadTextFile(flags.key);
  if (!pem.ok()) return pem.status();
  auto key = policy::VerifyingKey::FromPem(*pem);
  if (!key.ok()) return OfFlag(key.status(), "--key");
  auto text = ReadTextFile(flags.statement);
  if (!text.ok()) return text.status();
  auto payload = VerifiedJson(*text, kModelAuditSchema, *key, "audit statement");
  if (!payload.ok()) return payload.status();
  if (absl::Status status = CheckModelOf(*payload, flags.model); !status.ok()) return status;
  if (!line.json) {
    line.out << line.terminal.Paint(Style::kGood, "The signature is good. The statement says:") << "\n";
  }
  PrintJson(*payload, line);
  const bool passed = payload->contains("passed") && (*payload)["passed"] == true;
  return passed ? absl::OkStatus()
                : NotPassed(payload->value("failures", nlohmann::ordered_json::array()).size(), line);
}

}  // namespace

void AddModelAuditCommands(CLI::App& model, CommandLine& line) {
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* audit = model.add_subcommand("audit", "Compare how a model treats groups of people, on a table");
  audit->footer(kModelAuditExamples);
  audit->add_option("file,--model", flags->model, "Model file")->required();
  audit->add_option("--data", flags->data, "CSV file with the model's features and the groups, plain, gzip or zstd")
      ->required();
  audit->add_option("--groups", flags->groups, "Columns of groups; joined with + for intersections: sex,race,sex+race")
      ->delimiter(',')
      ->required();
  audit->add_option("--policy", flags->policy, "Limits (textproto); otherwise the defaults of docs/fairness.md");
  audit->add_option("--population", flags->population, "CSV file of the population: attribute,group,share");
  audit->add_option("--key", flags->key, "Ed25519 private key (PEM) that signs the statement of --out");
  audit->add_option("--out", flags->out, "File to write the signed statement to");
  AddOutputFlags(*audit, line);
  audit->callback([flags, &line] { line.run = [flags, &line] { return RunAudit(*flags, line); }; });
  auto verify_flags = std::make_shared<VerifyAuditFlags>();
  CLI::App* verify = model.add_subcommand("verify-audit", "Verify a statement of an audit, without a server");
  verify->footer(kVerifyAuditExamples);
  verify->add_option("statement", verify_flags->statement, "File with the statement")->required();
  verify->add_option("--key", verify_flags->key, "File with the public key, PEM")->required();
  verify->add_option("--model", verify_flags->model, "Model file that it must be about");
  AddOutputFlags(*verify, line);
  verify->callback(
      [verify_flags, &line] { line.run = [verify_flags, &line] { return RunVerifyAudit(*verify_flags, line); }; });
}

}  // namespace assent::client
