#include <memory>
#include <string>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/consent_client.h"
#include "client/page_reader.h"
#include "client/request_text.h"
#include "client/text_proto_file.h"

namespace assent::client {
namespace {

constexpr char kRegisterExamples[] = R"(The file is an assent.v1.Notice as textproto; assentctl demo-data writes one.
A version is never altered. One that asks for more than an earlier one outdates it: consents under that one count no more.
Examples:
  assentctl notice register notice.textproto)";
constexpr char kListExamples[] = R"(Examples:
  assentctl notice list
  assentctl notice list --notice welcome --json)";

std::string PurposesText(const v1::Notice& notice) {
  std::string text;
  for (int i = 0; i < notice.purposes_size(); ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", absl::AsciiStrToLower(PurposeText(notice.purposes(i))));
  }
  return text;
}

void PrintNotice(const v1::Notice& notice, CommandLine& line) {
  line.out << line.terminal.Paint(Style::kBold, absl::StrCat(notice.notice_id(), " ", notice.notice_version())) << "  "
           << notice.language() << "  " << notice.jurisdiction() << "  registered " << UtcText(notice.register_time());
  if (notice.outdated()) line.out << "  " << line.terminal.Paint(Style::kWarn, "outdated");
  line.out << "\n  " << PurposesText(notice) << "\n";
}

absl::Status RunRegister(const std::string& path, CommandLine& line) {
  v1::RegisterNoticeRequest request;
  if (absl::Status status = ReadTextProto(path, *request.mutable_notice()); !status.ok()) return status;
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->RegisterNotice(std::move(request));
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintNotice(response->notice(), line);
  }
  return absl::OkStatus();
}

absl::Status RunList(const std::string& notice_id, CommandLine& line) {
  auto client = ConsentClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  v1::ListNoticesRequest request;
  request.set_notice_id(notice_id);
  const auto all = ReadPages(std::move(request), [&](const auto& page) { return client->ListNotices(page); });
  if (!all.ok()) return all.status();
  if (line.json) {
    PrintJson(ToJson(*all), line);
    return absl::OkStatus();
  }
  for (const v1::Notice& notice : all->notices()) PrintNotice(notice, line);
  if (all->notices().empty()) line.out << "none is registered\n";
  return absl::OkStatus();
}

}  // namespace

void AddNoticeCommand(CLI::App& root, CommandLine& line) {
  CLI::App* notice = root.add_subcommand("notice", "Register and list what people are shown before they agree");
  notice->require_subcommand(1);
  const auto text = std::make_shared<std::string>();
  const auto add = [&](const char* name, const char* what, const char* examples, auto runner) {
    CLI::App* command = notice->add_subcommand(name, what);
    command->footer(examples);
    AddConnectionFlags(*command, line);
    AddOutputFlags(*command, line);
    command->callback([text, runner, &line] { line.run = [text, runner, &line] { return runner(*text, line); }; });
    return command;
  };
  add("register", "Register a version of a notice", kRegisterExamples, RunRegister)
      ->add_option("file", *text, "The notice, as textproto")
      ->required();
  add("list", "Print what is registered", kListExamples, RunList)
      ->add_option("--notice", *text, "Only the versions of this one");
}

}  // namespace assent::client
