// Consents of a file with one JSON object a line.
#include <bitset>
#include <utility>

#include "absl/strings/ascii.h"
#include "client/consent_file.h"
#include "client/line_reader.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

using Json = nlohmann::json;

// Takes one object: texts and flags by the names of the columns, and a list of texts for the purposes. Keys that are
// unknown or there twice are faults: a misspelt expire_time must not become a grant without an end.
class ConsentSax final : public nlohmann::json_sax<Json> {
 public:
  ConsentTexts texts;
  std::optional<RefusedLine> fault;

  void Reset() {
    for (std::string& text : texts) text.clear();
    fault.reset();
    seen_.reset();
    depth_ = 0;
    in_list_ = false;
  }

  bool null() override { return depth_ == 1 || Refuse(); }
  bool boolean(bool value) override { return Take(value ? "true" : "false", /*flag=*/true); }
  bool number_integer(number_integer_t) override { return Refuse(); }
  bool number_unsigned(number_unsigned_t) override { return Refuse(); }
  bool number_float(number_float_t, const string_t&) override { return Refuse(); }
  bool string(string_t& value) override { return Take(value, /*flag=*/false); }
  bool binary(binary_t&) override { return Refuse(); }
  bool start_object(std::size_t) override { return ++depth_ == 1 || Refuse(); }
  bool end_object() override { return true; }
  bool start_array(std::size_t) override {
    if (in_list_ || depth_ != 1 || column_ != ConsentColumn::kPurposes) return Refuse();
    in_list_ = true;
    return true;
  }
  bool end_array() override {
    in_list_ = false;
    return true;
  }
  bool key(string_t& name) override {
    const auto column = ConsentColumnOf(name);
    if (!column || seen_[static_cast<size_t>(*column)]) {
      fault =
          RefusedLine{.line = 0, .field = column ? name : "", .reason = column ? "ENTRY_REPEATED" : "FIELD_INVALID"};
      return false;
    }
    column_ = *column;
    seen_.set(static_cast<size_t>(*column));
    return true;
  }
  bool parse_error(std::size_t, const std::string&, const nlohmann::detail::exception&) override {
    fault = RefusedLine{.line = 0, .field = "", .reason = "FIELD_INVALID"};
    return false;
  }

 private:
  bool Refuse() {
    const std::string field = depth_ == 0 ? "" : std::string(kConsentColumns[static_cast<size_t>(column_)]);
    fault = RefusedLine{.line = 0, .field = field, .reason = "FIELD_INVALID"};
    return false;
  }
  bool Take(absl::string_view value, bool flag) {
    const bool of_flag = column_ == ConsentColumn::kRestricted || column_ == ConsentColumn::kChild;
    if (depth_ != 1 || (flag && !of_flag)) return Refuse();
    std::string& text = texts[static_cast<size_t>(column_)];
    if (in_list_ && !text.empty()) text += ' ';
    text.append(value.data(), value.size());
    return true;
  }

  std::bitset<kConsentColumnCount> seen_;
  ConsentColumn column_ = ConsentColumn::kPseudonym;
  int depth_ = 0;
  bool in_list_ = false;
};

class ConsentJson final : public ConsentFile {
 public:
  explicit ConsentJson(std::unique_ptr<LineReader> lines) : lines_(std::move(lines)) {}

  absl::StatusOr<bool> Next(ConsentFileLine& line) override {
    absl::string_view text;
    do {
      auto more = lines_->Next(text);
      if (!more.ok() || !*more) return more;
      text = absl::StripAsciiWhitespace(text);
    } while (text.empty());
    line.line = lines_->line();
    sax_.Reset();
    const bool whole = Json::sax_parse(text.begin(), text.end(), &sax_);
    line.fault = std::move(sax_.fault);
    if (!whole && !line.fault) line.fault = RefusedLine{.line = 0, .field = "", .reason = "FIELD_INVALID"};
    if (line.fault) line.fault->line = line.line;
    for (size_t i = 0; i < kConsentColumnCount; ++i) line.cells[i] = sax_.texts[i];
    return true;
  }

  double read_share() const override { return lines_->read_share(); }

 private:
  const std::unique_ptr<LineReader> lines_;
  ConsentSax sax_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ConsentFile>> OpenConsentJson(const std::string& path) {
  auto lines = LineReader::Open(path);
  if (!lines.ok()) return lines.status();
  return std::make_unique<ConsentJson>(*std::move(lines));
}

}  // namespace assent::client
