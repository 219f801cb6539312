#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/key_client.h"
#include "storage/key_file.h"

namespace assent::client {
namespace {

// Unless --deadline says otherwise: everything that is stored is written anew.
constexpr double kRotationDeadlineS = 3600;

constexpr char kNewExamples[] =
    R"(Adds a random key as the last line of a key file, for the server's sealing_key_file or pseudonym_key_file; makes the file
where there is none. The server seals with the last key after `assentctl keys rotate`, and takes a new pseudonym key at its
next start. Neither file is of any use without all the keys that are needed still: keep a copy, apart from the data.
Examples:
  assentctl keys new --append /etc/assent/sealing.keys
  assentctl keys new --append /etc/assent/pseudonym.key)";
constexpr char kRotateExamples[] =
    R"(The server reads its sealing_key_file again, seals with the last key from then on, and seals anew what was sealed
otherwise, while it serves. When this is answered, the older keys can be taken out of the file; backups that were made before
need them still.
Examples:
  assentctl keys new --append /etc/assent/sealing.keys
  assentctl keys rotate)";

absl::Status RunNew(const std::string& path, CommandLine& line) {
  const auto keys = storage::AppendKey(path);
  if (!keys.ok()) return keys.status();
  if (line.json) {
    PrintJson({{"file", path}, {"keys", *keys}}, line);
  } else {
    line.out << path << " has " << *keys << (*keys == 1 ? " key\n" : " keys, of which the last one is new\n");
  }
  return absl::OkStatus();
}

void PrintRotation(const v1::RotateSealingKeysResponse& response, CommandLine& line) {
  line.out << HumanCount(response.rewritten_values()) << " values sealed anew\n";
  for (const v1::SealingKeyUse& key : response.keys()) {
    line.out << "  key " << key.key_id() << "  " << HumanCount(key.values()) << " values"
             << (key.current() ? ", and what is written from now on" : ", which cannot be opened") << "\n";
  }
  if (response.unreadable_values() != 0) {
    line.out << "  " << HumanCount(response.unreadable_values()) << " values are damaged and stay as they are\n";
  }
  line.out << line.terminal.Paint(Style::kDim,
                                  "  the older keys can be taken out of the file; backups that were made before need "
                                  "them still")
           << "\n";
}

absl::Status RunRotate(CommandLine& line) {
  auto client = KeyClient::Create(line.ControlPlane());
  if (!client.ok()) return client.status();
  auto response = client->RotateSealingKeys();
  if (!response.ok()) return response.status();
  if (line.json) {
    PrintJson(ToJson(*response), line);
  } else {
    PrintRotation(*response, line);
  }
  return absl::OkStatus();
}

}  // namespace

void AddKeysCommand(CLI::App& root, CommandLine& line) {
  CLI::App* const keys = root.add_subcommand("keys", "Make keys, and seal what is stored with the newest");
  keys->require_subcommand(1);
  CLI::App* const add = keys->add_subcommand("new", "Add a random key to a key file");
  add->footer(kNewExamples);
  AddOutputFlags(*add, line);
  const auto path = std::make_shared<std::string>();
  add->add_option("--append", *path, "The key file; made where there is none, for its owner alone")->required();
  add->callback([path, &line] { line.run = [path, &line] { return RunNew(*path, line); }; });

  CLI::App* const rotate = keys->add_subcommand("rotate", "Seal everything that is stored with the newest sealing key");
  rotate->footer(kRotateExamples);
  AddOutputFlags(*rotate, line);
  AddConnectionFlags(*rotate, line);
  CLI::Option* const deadline = rotate->get_option("--deadline");
  deadline->default_str(absl::StrCat(kRotationDeadlineS));
  rotate->callback([deadline, &line] {
    if (deadline->count() == 0) line.deadline_s = kRotationDeadlineS;
    line.run = [&line] { return RunRotate(line); };
  });
}

}  // namespace assent::client
