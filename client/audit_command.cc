#include <memory>
#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "client/audit_line.h"
#include "client/audit_verifier.h"
#include "client/commands.h"
#include "client/line_reader.h"
#include "client/oversight_client.h"
#include "client/private_file.h"
#include "client/progress.h"
#include "client/request_flags.h"
#include "client/text_file.h"

namespace assent::client {
namespace {

struct AuditFlags {
  std::string subject, path, key, checkpoint;
};

constexpr int kPageSize = 1000;
constexpr uint64_t kShareSteps = 1000;  // of the progress bar over a file

constexpr char kAuditListExamples[] =
    R"(Every change of consent, notices, model, configuration and principals, the oldest first. With --subject only those of one
person, and what they were. The entries themselves name nobody.
Examples:
  assentctl audit list
  assentctl audit list --subject login:anna --json)";
constexpr char kAuditCheckpointExamples[] =
    R"(Signed JSON (RFC 7515). Keep it where nobody who could change the server's data can change it.
Examples:
  assentctl audit checkpoint > 2026-01-31.checkpoint)";
constexpr char kAuditExportExamples[] = R"(One entry a line, as JSON, and a checkpoint as the last line.
Examples:
  assentctl audit export audit.jsonl)";
constexpr char kAuditVerifyExamples[] =
    R"(Asks no server. Finds any byte that was changed, any entry that is missing, was put in or moved; with --checkpoint, one
that you kept yourself, also a missing end. Ends with status 1 and the first line at fault.
Get the public key from the operator by a way of its own: openssl pkey -in signing.key -pubout -out signing.pub
Examples:
  assentctl audit verify audit.jsonl --public-key signing.pub
  assentctl audit verify audit.jsonl --public-key signing.pub --checkpoint 2026-01-31.checkpoint)";

AuditLine LineOf(const v1::AuditEntry& entry) {
  AuditLine line;
  line.entry.index = entry.index();
  line.entry.time_us = entry.time().seconds() * 1'000'000 + entry.time().nanos() / 1000;
  line.entry.kind = static_cast<uint32_t>(entry.kind());
  line.entry.commitment = policy::Sha256FromBytes(entry.commitment()).value_or(policy::Sha256{});
  line.entry.actor = entry.actor();
  line.hash = policy::Sha256FromBytes(entry.hash()).value_or(policy::Sha256{});
  line.opening = entry.opening();
  return line;
}

std::string AuditTime(int64_t time_us) {
  return absl::FormatTime("%Y-%m-%d %H:%M:%S UTC", absl::FromUnixMicros(time_us), absl::UTCTimeZone());
}

void PrintEntry(const v1::AuditEntry& entry, CommandLine& line) {
  if (line.json) {
    line.out << ToJson(entry).dump() << "\n";
    return;
  }
  const AuditLine read = LineOf(entry);
  line.out << line.terminal.Paint(Style::kBold, absl::StrCat(entry.index())) << "  " << AuditTime(read.entry.time_us)
           << "  " << AuditKindName(read.entry.kind) << "  by " << entry.actor();
  const v1::AuditDetail& detail = entry.detail();
  if (!detail.name().empty()) line.out << "  " << detail.name();
  if (!detail.version().empty()) line.out << " " << detail.version();
  if (detail.number() != 0) line.out << "  " << detail.number();
  for (const v1::PurposeConsent& purpose : entry.change().purposes()) {
    line.out << "  " << v1::Purpose_Name(purpose.purpose()) << "=" << v1::ConsentStatus_Name(purpose.status());
  }
  line.out << "  " << line.terminal.Paint(Style::kDim, absl::BytesToHexString(entry.hash().substr(0, 8))) << "\n";
}

absl::Status RunAuditList(const AuditFlags& flags, CommandLine& line) {
  auto client = OversightClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::ListAuditEntriesRequest request;
  request.set_page_size(kPageSize);
  if (!flags.subject.empty()) {
    auto subject = ParseSubject(flags.subject);
    if (!subject.ok()) return subject.status();
    *request.mutable_subject() = *std::move(subject);
  }
  do {
    const auto page = client->ListAuditEntries(request);
    if (!page.ok()) return page.status();
    for (const v1::AuditEntry& entry : page->entries()) PrintEntry(entry, line);
    request.set_page_token(page->next_page_token());
  } while (!request.page_token().empty());
  return absl::OkStatus();
}

absl::Status RunAuditCheckpoint(const AuditFlags&, CommandLine& line) {
  auto client = OversightClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  const auto response = client->GetAuditCheckpoint();
  if (!response.ok()) return response.status();
  line.out << response->checkpoint() << "\n";
  return absl::OkStatus();
}

// The entries up to the checkpoint's, and the checkpoint.
absl::Status ExportEntries(const OversightClient& client, const std::string& checkpoint, uint64_t last,
                           PrivateFile& file, CommandLine& line) {
  Progress progress(line.err, line.progress, "entries", last);
  v1::ListAuditEntriesRequest request;
  request.set_page_size(kPageSize);
  for (uint64_t done = 0; done < last;) {
    const auto page = client.ListAuditEntries(request);
    if (!page.ok()) return page.status();
    for (const v1::AuditEntry& entry : page->entries()) {
      if (entry.index() > last) break;
      file.Write(RenderAuditLine(LineOf(entry)));
      done = entry.index();
    }
    progress.Update(done);
    request.set_page_token(page->next_page_token());
    if (request.page_token().empty() && done < last) {
      return absl::DataLossError(
          absl::StrCat("the server's log ends at entry ", done, ", its checkpoint is of ", last));
    }
  }
  file.Write(RenderCheckpointLine(checkpoint));
  return absl::OkStatus();
}

absl::Status RunAuditExport(const AuditFlags& flags, CommandLine& line) {
  auto client = OversightClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  const auto response = client->GetAuditCheckpoint();
  if (!response.ok()) return response.status();
  const auto key = policy::VerifyingKey::FromPem(response->public_key_pem());
  if (!key.ok()) return key.status();
  const auto checkpoint = VerifyCheckpoint(response->checkpoint(), *key);
  if (!checkpoint.ok()) return checkpoint.status();
  auto file = PrivateFile::Create(flags.path);
  if (!file.ok()) return file.status();
  absl::Status status = ExportEntries(*client, response->checkpoint(), checkpoint->index, **file, line);
  if (status.ok()) status = (*file)->Commit();
  if (!status.ok()) return status;
  if (line.json) {
    PrintJson({{"entries", checkpoint->index}}, line);
  } else {
    line.out << HumanCount(checkpoint->index) << " entries and the checkpoint are in " << flags.path << "\n";
  }
  return absl::OkStatus();
}

absl::StatusOr<policy::VerifyingKey> ReadPublicKey(const AuditFlags& flags) {
  auto pem = ReadTextFile(flags.key);
  if (!pem.ok()) return pem.status();
  auto key = policy::VerifyingKey::FromPem(*pem);
  if (!key.ok()) return absl::Status(key.status().code(), absl::StrCat("--public-key: ", key.status().message()));
  return key;
}

absl::StatusOr<std::optional<CheckpointFacts>> ReadKept(const AuditFlags& flags, const policy::VerifyingKey& key) {
  if (flags.checkpoint.empty()) return std::nullopt;
  const auto text = ReadTextFile(flags.checkpoint);
  if (!text.ok()) return text.status();
  const auto facts = VerifyCheckpoint(*text, key);
  if (!facts.ok()) return absl::Status(facts.status().code(), absl::StrCat("--checkpoint: ", facts.status().message()));
  return std::optional<CheckpointFacts>(*facts);
}

absl::Status VerifyLines(const std::string& path, AuditVerifier& verifier, CommandLine& line) {
  auto reader = LineReader::Open(path);
  if (!reader.ok()) return reader.status();
  Progress progress(line.err, line.progress, "verified", kShareSteps);
  absl::string_view text;
  for (;;) {
    const auto more = (*reader)->Next(text);
    if (!more.ok()) return more.status();
    if (!*more) break;
    if (absl::Status status = verifier.Add(text); !status.ok()) {
      return absl::Status(status.code(), absl::StrCat(path, ": line ", (*reader)->line(), ": ", status.message()));
    }
    progress.Update(static_cast<uint64_t>((*reader)->read_share() * kShareSteps));
  }
  absl::Status status = verifier.Finish();
  if (status.ok()) return status;
  return absl::Status(status.code(), absl::StrCat(path, ": line ", (*reader)->line() + 1, ": ", status.message()));
}

absl::Status RunAuditVerify(const AuditFlags& flags, CommandLine& line) {
  auto key = ReadPublicKey(flags);
  if (!key.ok()) return key.status();
  auto kept = ReadKept(flags, *key);
  if (!kept.ok()) return kept.status();
  AuditVerifier verifier(*std::move(key), *std::move(kept));
  if (absl::Status status = VerifyLines(flags.path, verifier, line); !status.ok()) return status;
  const CheckpointFacts& checkpoint = verifier.checkpoint();
  const std::string hash = absl::BytesToHexString(policy::BytesOf(checkpoint.hash));
  if (line.json) {
    PrintJson({{"entries", verifier.entries()},
               {"hash", hash},
               {"checkpoint_time_us", checkpoint.time_us},
               {"epoch", checkpoint.epoch}},
              line);
  } else {
    line.out << line.terminal.Paint(Style::kGood, absl::StrCat(HumanCount(verifier.entries()), " entries, unbroken"))
             << ", signed " << AuditTime(checkpoint.time_us) << ", hash " << hash << "\n";
  }
  return absl::OkStatus();
}

using AuditRunner = absl::Status (*)(const AuditFlags&, CommandLine&);

}  // namespace

void AddAuditCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<AuditFlags>();
  CLI::App* audit = root.add_subcommand("audit", "The audit log: list, sign, export, verify");
  audit->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, const char* examples, AuditRunner runner) {
    CLI::App* command = audit->add_subcommand(name, what);
    command->footer(examples);
    AddOutputFlags(*command, line);
    command->callback([flags, runner, &line] { line.run = [flags, runner, &line] { return runner(*flags, line); }; });
    return command;
  };
  CLI::App* list = add("list", "Its entries", kAuditListExamples, RunAuditList);
  list->add_option("--subject", flags->subject, "Whose: NAMESPACE:ID, such as login:anna; otherwise all");
  CLI::App* checkpoint = add("checkpoint", "Sign it as it stands", kAuditCheckpointExamples, RunAuditCheckpoint);
  CLI::App* write = add("export", "Write it to a file", kAuditExportExamples, RunAuditExport);
  write->add_option("file", flags->path, "File to write")->required();
  for (CLI::App* command : {list, checkpoint, write}) AddConnectionFlags(*command, line);
  CLI::App* verify = add("verify", "Verify an export, without a server", kAuditVerifyExamples, RunAuditVerify);
  verify->add_option("file", flags->path, "File that export wrote")->required();
  verify->add_option("--public-key,--public_key", flags->key, "File with the public key, PEM")->required();
  verify->add_option("--checkpoint", flags->checkpoint, "File with a checkpoint that was kept elsewhere");
}

}  // namespace assent::client
