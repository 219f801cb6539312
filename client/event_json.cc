// Events of a file with one JSON object a line.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/event_stream.h"
#include "client/line_reader.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

using Json = nlohmann::json;

constexpr char kAttributes[] = "attributes";
constexpr char kNotAValue[] = "neither a number nor a text nor a flag";

absl::StatusOr<scoring::FilterScalar> ValueOf(const Json& value, absl::string_view kind) {
  if (value.is_boolean() && (kind.empty() || kind == "flag")) return value.get<bool>();
  if (value.is_number() && (kind.empty() || kind == "number")) return value.get<double>();
  if (value.is_string() && (kind.empty() || kind == "text")) return value.get<std::string>();
  return absl::InvalidArgumentError(kind.empty() ? std::string(kNotAValue) : absl::StrCat("not a ", kind));
}

// Above it not every whole number is a double.
constexpr double kExactWholeMax = 9007199254740992;  // 2^53

// A text, or a whole number as one (17850.0 is "17850"); nothing for null. Errors: InvalidArgument for another kind.
absl::StatusOr<std::string> TextOf(const Json& value, const std::string& name) {
  if (value.is_null()) return std::string();
  if (value.is_string()) return value.get<std::string>();
  if (value.is_number_integer()) return value.dump();
  if (value.is_number_float()) {
    const double number = value.get<double>();
    if (std::fabs(number) <= kExactWholeMax && number == std::trunc(number)) {
      return absl::StrCat(static_cast<int64_t>(number));
    }
  }
  return absl::InvalidArgumentError(absl::StrCat(name, ": not a text"));
}

// Keys that an object has twice: its own, and those of its attributes.
class DuplicateKeys {
 public:
  // `depth`: 1 for the object's own. Keys come in the order of the text.
  void Add(int depth, const std::string& key) {
    if (depth == 1) {
      in_attributes_ = key == kAttributes;
      if (!seen_.insert(key).second) own_.push_back(key);
    } else if (depth == 2 && in_attributes_) {
      attribute_ = !seen_attributes_.insert(key).second || attribute_;
    }
  }
  const std::vector<std::string>& own() const { return own_; }
  bool attribute() const { return attribute_; }

 private:
  absl::flat_hash_set<std::string> seen_, seen_attributes_;
  std::vector<std::string> own_;
  bool in_attributes_ = false, attribute_ = false;
};

class JsonEvents final : public EventStream {
 public:
  JsonEvents(EventStreamOptions options, std::unique_ptr<LineReader> lines)
      : EventStream(std::move(options)), lines_(std::move(lines)) {
    if (options_.event_id_column.empty() && options_.event_id_from.empty()) options_.event_id_column = "event_id";
  }

  absl::Status Prepare() { return ParseOptions(); }
  double read_share() const override { return lines_->read_share(); }

 private:
  absl::StatusOr<bool> Read(RecordedEvent& event, absl::Status& bad) override {
    absl::string_view line;
    do {
      auto more = lines_->Next(line);
      if (!more.ok() || !*more) return more;
      line = absl::StripAsciiWhitespace(line);
    } while (line.empty());
    event.line = lines_->line();
    DuplicateKeys keys;
    const Json object = Json::parse(
        line.begin(), line.end(),
        [&](int depth, Json::parse_event_t what, Json& value) {
          if (what == Json::parse_event_t::key) keys.Add(depth, value.get_ref<const std::string&>());
          return true;
        },
        /*allow_exceptions=*/false);
    if (object.is_object()) {
      bad = CheckKeys(keys);
      if (bad.ok()) bad = Fill(object, event);
    } else {
      const bool returns = line.find('\r') != absl::string_view::npos;
      bad = absl::InvalidArgumentError(
          absl::StrCat("not one JSON object", returns ? "; " : "", returns ? kLineEndsHint : ""));
    }
    return true;
  }

  // JSON leaves open which of two equal keys counts.
  absl::Status CheckKeys(const DuplicateKeys& keys) const {
    for (const std::string& key : keys.own()) {
      if (Reads(key)) return absl::InvalidArgumentError(absl::StrCat(key, ": given twice"));
    }
    return keys.attribute() ? absl::InvalidArgumentError("an attribute: given twice") : absl::OkStatus();
  }

  // Whether a key of the object itself is read; its name is then one of the flags'.
  bool Reads(const std::string& key) const {
    const auto& from = options_.event_id_from;
    return key == kAttributes || key == options_.subject_column || key == options_.time_column ||
           key == options_.type_column || key == options_.event_id_column ||
           std::find(from.begin(), from.end(), key) != from.end() ||
           std::any_of(attributes_.begin(), attributes_.end(),
                       [&](const Attribute& attribute) { return attribute.name == key; });
  }

  absl::Status Fill(const Json& object, RecordedEvent& event) const {
    if (absl::Status status = FillText(object, options_.subject_column, event.subject); !status.ok()) return status;
    if (IsMissingCell(event.subject)) return absl::OkStatus();  // left out: the rest does not matter
    event.type = options_.type;
    if (event.type.empty()) {
      if (absl::Status status = FillText(object, options_.type_column, event.type); !status.ok()) return status;
    }
    const Json& time = Member(object, options_.time_column);
    auto time_us = time.is_number() ? EventTimeOf(time.get<double>(), options_.time_unit)
                                    : ParseEventTime(time.is_string() ? time.get<std::string>() : "",
                                                     options_.time_unit, options_.time_zone);
    if (!time_us.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(options_.time_column, ": ", time_us.status().message()));
    }
    event.time_us = *time_us;
    if (absl::Status status = FillEventId(object, time, event); !status.ok()) return status;
    return FillAttributes(object, event);
  }

  static absl::Status FillText(const Json& object, const std::string& name, std::string& into) {
    auto text = TextOf(Member(object, name), name);
    if (!text.ok()) return text.status();
    into = *std::move(text);
    return absl::OkStatus();
  }

  static const Json& Member(const Json& object, const std::string& name) {
    static const Json* const none = new Json();
    const auto found = object.find(name);
    return found == object.end() ? *none : *found;
  }

  // A key of the object itself, or one of its attributes.
  static const Json& Anywhere(const Json& object, const std::string& name) {
    const Json& own = Member(object, name);
    const Json& attributes = Member(object, kAttributes);
    return own.is_null() && attributes.is_object() ? Member(attributes, name) : own;
  }

  // What a value adds to a derived id: its text, as written. Nothing that holds other values, however deep.
  static absl::StatusOr<std::string> IdPart(const Json& value, const std::string& name) {
    if (value.is_string()) return value.get<std::string>();
    if (value.is_number() || value.is_boolean() || value.is_null()) return value.dump();
    return absl::InvalidArgumentError(absl::StrCat(name, ": ", kNotAValue));
  }

  absl::Status FillEventId(const Json& object, const Json& time, RecordedEvent& event) const {
    std::vector<std::string> parts;
    for (const std::string& name : options_.event_id_from) {
      auto part = IdPart(Anywhere(object, name), name);
      if (!part.ok()) return part.status();
      parts.push_back(*std::move(part));
    }
    if (parts.empty()) {
      if (!Member(object, options_.event_id_column).is_null()) {
        return FillText(object, options_.event_id_column, event.event_id);
      }
      auto part = IdPart(time, options_.time_column);
      if (!part.ok()) return part.status();
      parts = {absl::StrCat(event.line), event.subject, *std::move(part)};
    }
    event.event_id = DerivedEventId(parts);
    return absl::OkStatus();
  }

  absl::Status Add(const std::string& name, const Json& json, absl::string_view kind, RecordedEvent& event) const {
    if (json.is_null()) return absl::OkStatus();
    auto value = ValueOf(json, kind);
    if (!value.ok()) {
      // The name of an attribute that was not asked for may be anything.
      const bool named = !attributes_.empty();
      return absl::InvalidArgumentError(absl::StrCat(named ? absl::StrCat("attribute \"", name, "\"") : "an attribute",
                                                     ": ", value.status().message()));
    }
    event.attributes.push_back({name, *std::move(value)});
    return absl::OkStatus();
  }

  absl::Status FillAttributes(const Json& object, RecordedEvent& event) const {
    for (const Attribute& attribute : attributes_) {
      if (absl::Status status = Add(attribute.name, Anywhere(object, attribute.name), attribute.kind, event);
          !status.ok()) {
        return status;
      }
    }
    const Json& attributes = Member(object, kAttributes);
    if (!attributes_.empty() || attributes.is_null()) return absl::OkStatus();
    if (!attributes.is_object()) return absl::InvalidArgumentError("attributes: not a JSON object");
    for (const auto& [name, value] : attributes.items()) {
      if (absl::Status status = Add(name, value, "", event); !status.ok()) return status;
    }
    return absl::OkStatus();
  }

  std::unique_ptr<LineReader> lines_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<EventStream>> OpenJsonEvents(EventStreamOptions options) {
  auto lines = LineReader::Open(options.path);
  if (!lines.ok()) return lines.status();
  auto events = std::make_unique<JsonEvents>(std::move(options), *std::move(lines));
  if (absl::Status status = events->Prepare(); !status.ok()) return status;
  return events;
}

}  // namespace assent::client
