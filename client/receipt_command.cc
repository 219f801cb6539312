#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/consent_client.h"
#include "client/request_flags.h"
#include "client/signed_json.h"
#include "client/text_file.h"
#include "policy/signature.h"

namespace assent::client {
namespace {

struct ReceiptFlags {
  std::string subject, out, receipt, key;
};

constexpr char kReceiptExamples[] =
    R"(Signed JSON (RFC 7515) with the record and the notices that it names, and no id of the person.
Examples:
  assentctl consent receipt --subject login:anna --out anna.receipt.json)";
constexpr char kVerifyExamples[] = R"(Asks no server. Prints what the receipt says, if the signature is that of the key.
Get the public key from the operator by a way of its own: openssl pkey -in signing.key -pubout -out signing.pub
Examples:
  assentctl consent verify anna.receipt.json --key signing.pub)";

absl::Status RunReceipt(const ReceiptFlags& flags, CommandLine& line) {
  auto subject = ParseSubject(flags.subject);
  if (!subject.ok()) return subject.status();
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::GetConsentReceiptRequest request;
  *request.mutable_subject() = *std::move(subject);
  auto response = client->GetConsentReceipt(std::move(request));
  if (!response.ok()) return response.status();
  if (!flags.out.empty()) return WriteTextFile(flags.out, response->receipt() + "\n");
  line.out << response->receipt() << "\n";
  return absl::OkStatus();
}

absl::Status RunVerify(const ReceiptFlags& flags, CommandLine& line) {
  auto pem = ReadTextFile(flags.key);
  if (!pem.ok()) return pem.status();
  auto key = policy::VerifyingKey::FromPem(*pem);
  if (!key.ok()) return absl::Status(key.status().code(), absl::StrCat("--key: ", key.status().message()));
  auto text = ReadTextFile(flags.receipt);
  if (!text.ok()) return text.status();
  auto payload = VerifiedJson(*text, "", *key, "receipt");
  if (!payload.ok()) return payload.status();
  if (!line.json) line.out << line.terminal.Paint(Style::kGood, "The signature is good. The receipt says:") << "\n";
  PrintJson(*payload, line);
  return absl::OkStatus();
}

}  // namespace

void AddReceiptCommands(CLI::App& consent, CommandLine& line) {
  auto flags = std::make_shared<ReceiptFlags>();
  CLI::App* receipt = consent.add_subcommand("receipt", "Get what is recorded as signed JSON");
  receipt->footer(kReceiptExamples);
  receipt->add_option("--subject", flags->subject, "Who: NAMESPACE:ID, such as login:anna")->required();
  receipt->add_option("--out", flags->out, "File to write to; otherwise it is printed");
  AddConnectionFlags(*receipt, line);
  receipt->callback([flags, &line] { line.run = [flags, &line] { return RunReceipt(*flags, line); }; });
  CLI::App* verify = consent.add_subcommand("verify", "Verify a receipt, without a server");
  verify->footer(kVerifyExamples);
  verify->add_option("receipt", flags->receipt, "File with the receipt")->required();
  verify->add_option("--key", flags->key, "File with the public key, PEM")->required();
  AddOutputFlags(*verify, line);
  verify->callback([flags, &line] { line.run = [flags, &line] { return RunVerify(*flags, line); }; });
}

}  // namespace assent::client
