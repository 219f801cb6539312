#include <array>
#include <filesystem>
#include <memory>

#include "absl/strings/str_cat.h"
#include "client/commands.h"
#include "client/csv_reader.h"
#include "client/demo_audience.h"
#include "client/progress.h"
#include "client/text_file.h"
#include "google/protobuf/text_format.h"

namespace assent::client {
namespace {

struct DemoDataFlags {
  std::string folder;
  uint64_t people = 5000;
  uint64_t seed = 1;
};

constexpr char kDemoDataExamples[] = R"(Writes into the folder:
  audience.csv       subject_id and behaviour, one row a person
  schema.textproto   the features with their units, for assentctl train --schema
  notice.textproto   what they were asked, for assentctl notice register
  grants.csv         the people who said yes
  opt_outs.csv       the people who said no, and never again
  truth.csv          the planted segment of each person; nothing but a report should read it
Examples:
  assentctl demo-data --out demo
  assentctl demo-data --out demo --people 100000 --seed 7)";

// What the made-up people were shown.
constexpr char kNotice[] = R"(# proto-file: proto/assent/v1/notice.proto
# proto-message: assent.v1.Notice
notice_id: "welcome"
notice_version: "1"
language: "en"
purposes: PURPOSE_SELECT_ADVERTISING
purposes: PURPOSE_SELECT_CONTENT
purposes: PURPOSE_PROFILE_ADVERTISING
purposes: PURPOSE_PROFILE_CONTENT
data_categories: "what you watch, for how long, and on how many devices"
controllers { name: "Example Streaming" address: "1 Example Road, 10115 Berlin, Germany" contact: "privacy@streaming.example" }
storage_locations: "Germany"
retention: "Habits for 90 days; the consent for as long as it has to be proven."
recipients: "Nobody else."
withdrawal_method: "https://streaming.example/privacy, as easily as it was given"
jurisdiction: "DE"
)";

struct DemoFiles {
  std::string audience, grants = "subject_id\n", opt_outs = "subject_id\n", truth = "subject_id,segment\n";
  uint64_t grant_count = 0, opt_out_count = 0;
};

std::string Header(const internal::v1::FeatureSchema& schema) {
  std::vector<std::string> names = {"subject_id"};
  for (const auto& feature : schema.features()) names.push_back(feature.name());
  return CsvLine(names);
}

void Append(const DemoPerson& person, DemoFiles& files) {
  std::vector<std::string> cells = {person.subject_id};
  for (size_t j = 0; j < kDemoFeatures; ++j) {
    cells.push_back(person.missing[j] ? std::string() : absl::StrCat(person.features[j]));
  }
  files.audience += CsvLine(cells);
  files.truth += CsvLine({person.subject_id, person.outlier ? "like nobody" : DemoSegmentNames()[person.planted]});
  if (person.choice == DemoChoice::kGrant) {
    files.grants += CsvLine({person.subject_id});
    ++files.grant_count;
  } else if (person.choice == DemoChoice::kOptOut) {
    files.opt_outs += CsvLine({person.subject_id});
    ++files.opt_out_count;
  }
}

absl::Status WriteFiles(const std::string& folder, const internal::v1::FeatureSchema& schema, const DemoFiles& files) {
  std::string schema_text;
  google::protobuf::TextFormat::PrintToString(schema, &schema_text);
  const std::array<std::pair<const char*, absl::string_view>, 6> contents = {{{"audience.csv", files.audience},
                                                                              {"schema.textproto", schema_text},
                                                                              {"notice.textproto", kNotice},
                                                                              {"grants.csv", files.grants},
                                                                              {"opt_outs.csv", files.opt_outs},
                                                                              {"truth.csv", files.truth}}};
  for (const auto& [name, content] : contents) {
    if (absl::Status status = WriteTextFile(absl::StrCat(folder, "/", name), content); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RunDemoData(const DemoDataFlags& flags, CommandLine& line) {
  std::error_code error;
  std::filesystem::create_directories(flags.folder, error);
  if (error) return absl::UnavailableError(absl::StrCat("cannot make the folder ", flags.folder));
  const internal::v1::FeatureSchema schema = DemoSchema();
  const DemoAudience audience(flags.seed);
  DemoFiles files;
  files.audience = Header(schema);
  Progress progress(line.err, line.progress, "making people", flags.people);
  for (uint64_t i = 0; i < flags.people; ++i) {
    Append(audience.Person(i), files);
    if (i % 1024 == 0) progress.Update(i);
  }
  if (absl::Status status = WriteFiles(flags.folder, schema, files); !status.ok()) return status;
  if (line.json) {
    PrintJson({{"folder", flags.folder},
               {"people", flags.people},
               {"features", schema.features_size()},
               {"planted_segments", DemoSegmentNames().size()},
               {"grants", files.grant_count},
               {"opt_outs", files.opt_out_count},
               {"seed", flags.seed}},
              line);
    return absl::OkStatus();
  }
  line.out << HumanCount(flags.people) << " people with " << schema.features_size() << " features and "
           << DemoSegmentNames().size() << " planted segments in " << flags.folder << "/audience.csv\n"
           << HumanCount(files.grant_count) << " of them said yes, " << HumanCount(files.opt_out_count)
           << " opted out, the others said nothing\n";
  return absl::OkStatus();
}

}  // namespace

void AddDemoDataCommand(CLI::App& root, CommandLine& line) {
  auto flags = std::make_shared<DemoDataFlags>();
  CLI::App* command = root.add_subcommand("demo-data", "Make up the audience of a streaming service");
  command->footer(kDemoDataExamples);
  command->add_option("--out", flags->folder, "Folder to write to; made when missing")->required();
  command->add_option("--people", flags->people, "How many people")
      ->check(CLI::Range(uint64_t{1}, kDemoPeopleMax))
      ->capture_default_str();
  command->add_option("--seed", flags->seed, "The same seed makes the same people")->capture_default_str();
  AddOutputFlags(*command, line);
  command->callback([flags, &line] { line.run = [flags, &line] { return RunDemoData(*flags, line); }; });
}

}  // namespace assent::client
