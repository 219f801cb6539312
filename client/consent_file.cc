#include "client/consent_file.h"

#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "client/csv_reader.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

nlohmann::ordered_json JsonOf(const ConsentTexts& texts) {
  nlohmann::ordered_json json = nlohmann::ordered_json::object();
  for (size_t i = 0; i < kConsentColumnCount; ++i) {
    if (texts[i].empty()) continue;
    const std::string name(kConsentColumns[i]);
    const auto column = static_cast<ConsentColumn>(i);
    if (column == ConsentColumn::kPurposes) {
      json[name] = std::vector<std::string>(absl::StrSplit(texts[i], ' '));
    } else if (column == ConsentColumn::kRestricted || column == ConsentColumn::kChild) {
      json[name] = texts[i] == "true";
    } else {
      json[name] = texts[i];
    }
  }
  return json;
}

}  // namespace

absl::StatusOr<ConsentFormat> ConsentFormatOf(const std::string& name, const std::string& path) {
  if (name == "csv") return ConsentFormat::kCsv;
  if (name == "jsonl") return ConsentFormat::kJsonLines;
  absl::string_view stem = path;
  if (!absl::ConsumeSuffix(&stem, ".gz")) absl::ConsumeSuffix(&stem, ".zst");
  if (absl::EndsWith(stem, ".csv")) return ConsentFormat::kCsv;
  if (absl::EndsWith(stem, ".jsonl") || absl::EndsWith(stem, ".ndjson")) return ConsentFormat::kJsonLines;
  return absl::InvalidArgumentError("what is in the file? Name it .csv or .jsonl, or say so with --format");
}

absl::StatusOr<std::unique_ptr<ConsentFile>> ConsentFile::Open(const std::string& path, ConsentFormat format) {
  return format == ConsentFormat::kCsv ? OpenConsentCsv(path) : OpenConsentJson(path);
}

std::string ConsentHeader(ConsentFormat format) {
  if (format == ConsentFormat::kJsonLines) return "";
  return CsvLine({kConsentColumns.begin(), kConsentColumns.end()});
}

std::string ConsentLineText(const ConsentTexts& texts, ConsentFormat format) {
  if (format == ConsentFormat::kCsv) return CsvLine({texts.begin(), texts.end()});
  return JsonOf(texts).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace assent::client
