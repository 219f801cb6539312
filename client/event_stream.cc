#include "client/event_stream.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "client/line_reader.h"
#include "scoring/event.h"

namespace assent::client {
namespace {

constexpr char kSeparator = '\x1F';

// The first line that is not blank decides.
absl::StatusOr<EventFormat> FormatOf(const std::string& path) {
  auto lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  absl::string_view line;
  while (true) {
    auto more = (*lines)->Next(line);
    if (!more.ok()) return more.status();
    if (!*more) return absl::InvalidArgumentError(absl::StrCat(path, " is empty"));
    line = absl::StripAsciiWhitespace(line);
    if (!line.empty()) return line.front() == '{' ? EventFormat::kJsonLines : EventFormat::kCsv;
  }
}

const double* NumberOf(const RecordedEvent& event, const std::string& name) {
  for (const RecordedAttribute& attribute : event.attributes) {
    if (attribute.name == name) return std::get_if<double>(&attribute.value);
  }
  return nullptr;
}

}  // namespace

bool IsMissingCell(absl::string_view cell) {
  return cell.empty() || cell == "NA" || absl::EqualsIgnoreCase(cell, "nan") || absl::EqualsIgnoreCase(cell, "null");
}

absl::StatusOr<scoring::FilterScalar> ValueOfCell(absl::string_view cell, absl::string_view kind) {
  if (kind == "text") return std::string(cell);
  if (kind != "number") {
    if (absl::EqualsIgnoreCase(cell, "true")) return true;
    if (absl::EqualsIgnoreCase(cell, "false")) return false;
    if (kind == "flag" && cell == "1") return true;
    if (kind == "flag" && cell == "0") return false;
    if (kind == "flag") return absl::InvalidArgumentError("not a flag: true, false, 1 or 0");
  }
  const char* begin = cell.data() + (!cell.empty() && cell.front() == '+' ? 1 : 0);
  const char* end = cell.data() + cell.size();
  double number = 0;
  const auto [stop, error] = std::from_chars(begin, end, number);
  if (error == std::errc() && stop == end && std::isfinite(number)) return number;
  if (kind == "number") return absl::InvalidArgumentError("not a finite number");
  return std::string(cell);
}

std::string DerivedEventId(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) {
    text += part;
    text += kSeparator;
  }
  return absl::StrFormat("%016x", scoring::HashText(text));
}

absl::Status EventStream::ParseOptions() {
  for (const std::string& text : options_.attributes) {
    const size_t colon = text.rfind(':');
    const std::string kind = colon == std::string::npos ? "" : text.substr(colon + 1);
    const bool declared = kind == "number" || kind == "text" || kind == "flag";
    attributes_.push_back({declared ? text.substr(0, colon) : text, declared ? kind : ""});
    AddName(attributes_.back().name);
  }
  for (const std::string& text : options_.products) {
    const std::pair<std::string, std::string> sides = absl::StrSplit(text, absl::MaxSplits('=', 1));
    const std::vector<std::string> factors = absl::StrSplit(sides.second, '*');
    if (sides.first.empty() || factors.size() != 2 || factors[0].empty() || factors[1].empty()) {
      return absl::InvalidArgumentError("--product: write NAME=A*B, such as --product amount=Quantity*UnitPrice");
    }
    const auto listed = [this](const std::string& factor) {
      return attributes_.empty() || std::any_of(attributes_.begin(), attributes_.end(),
                                                [&](const Attribute& attribute) { return attribute.name == factor; });
    };
    for (const std::string& factor : factors) {
      if (!listed(factor)) {
        return absl::InvalidArgumentError(absl::StrCat("--product: \"", factor, "\" is not one of the attributes"));
      }
    }
    products_.push_back({sides.first, factors[0], factors[1]});
    AddName(sides.first);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<EventStream>> EventStream::Open(const EventStreamOptions& options) {
  if (!options.event_id_column.empty() && !options.event_id_from.empty()) {
    return absl::InvalidArgumentError("give the column of the event ids or the columns to derive them from, not both");
  }
  EventFormat format = options.format;
  if (format == EventFormat::kByContent) {
    auto found = FormatOf(options.path);
    if (!found.ok()) return found.status();
    format = *found;
  }
  return format == EventFormat::kJsonLines ? OpenJsonEvents(options) : OpenCsvEvents(options);
}

void EventStream::Multiply(RecordedEvent& event) const {
  for (const Product& product : products_) {
    const double* left = NumberOf(event, product.left);
    const double* right = NumberOf(event, product.right);
    if (left == nullptr || right == nullptr) continue;
    event.attributes.push_back({product.name, *left * *right});
  }
}

absl::StatusOr<bool> EventStream::Next(RecordedEvent& event) {
  while (true) {
    event.attributes.clear();
    event.error.clear();
    absl::Status bad;
    auto more = Read(event, bad);
    if (!more.ok() || !*more) return more;
    event.row = ++rows_;
    if (bad.ok() && IsMissingCell(event.subject)) {
      ++without_subject_;
      continue;
    }
    if (bad.ok()) {
      Multiply(event);
      bad = CheckRecordedEvent(event, [this](absl::string_view name) { return names_.contains(name); });
    }
    if (!bad.ok()) event.error = absl::StrCat("line ", event.line, ", ", bad.message());
    return true;
  }
}

}  // namespace assent::client
