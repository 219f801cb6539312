// Events of a file with one JSON object a line.
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "client/event_stream.h"
#include "client/line_reader.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

using Json = nlohmann::json;

absl::StatusOr<scoring::FilterScalar> ValueOf(const Json& value, absl::string_view kind) {
  if (value.is_boolean() && (kind.empty() || kind == "flag")) return value.get<bool>();
  if (value.is_number() && (kind.empty() || kind == "number")) return value.get<double>();
  if (value.is_string() && (kind.empty() || kind == "text")) return value.get<std::string>();
  return absl::InvalidArgumentError(kind.empty() ? std::string("neither a number nor a text nor a flag")
                                                 : absl::StrCat("not a ", kind));
}

// A text, or a whole number written as one.
std::string TextOf(const Json& value) {
  if (value.is_string()) return value.get<std::string>();
  return value.is_number_integer() ? value.dump() : std::string();
}

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
    const Json object = Json::parse(line.begin(), line.end(), nullptr, /*allow_exceptions=*/false);
    if (object.is_object()) {
      bad = Fill(object, event);
    } else {
      const bool returns = line.find('\r') != absl::string_view::npos;
      bad = absl::InvalidArgumentError(
          absl::StrCat("not one JSON object", returns ? "; " : "", returns ? kLineEndsHint : ""));
    }
    return true;
  }

  absl::Status Fill(const Json& object, RecordedEvent& event) const {
    event.subject = TextOf(Member(object, options_.subject_column));
    if (IsMissingCell(event.subject)) return absl::OkStatus();  // left out: the rest does not matter
    event.type = options_.type.empty() ? TextOf(Member(object, options_.type_column)) : options_.type;
    const Json& time = Member(object, options_.time_column);
    auto time_us = time.is_number() ? EventTimeOf(time.get<double>(), options_.time_unit)
                                    : ParseEventTime(TextOf(time), options_.time_unit, options_.time_zone);
    if (!time_us.ok()) {
      return absl::InvalidArgumentError(absl::StrCat(options_.time_column, ": ", time_us.status().message()));
    }
    event.time_us = *time_us;
    event.event_id = EventId(object, time, event);
    return FillAttributes(object, event);
  }

  static const Json& Member(const Json& object, const std::string& name) {
    static const Json* const none = new Json();
    const auto found = object.find(name);
    return found == object.end() ? *none : *found;
  }

  // A key of the object itself, or one of its attributes.
  static const Json& Anywhere(const Json& object, const std::string& name) {
    const Json& own = Member(object, name);
    const Json& attributes = Member(object, "attributes");
    return own.is_null() && attributes.is_object() ? Member(attributes, name) : own;
  }

  std::string EventId(const Json& object, const Json& time, const RecordedEvent& event) const {
    std::vector<std::string> parts;
    if (!options_.event_id_from.empty()) {
      for (const std::string& name : options_.event_id_from) {
        const Json& value = Anywhere(object, name);
        parts.push_back(value.is_string() ? value.get<std::string>() : value.dump());
      }
      return DerivedEventId(parts);
    }
    const Json& given = Member(object, options_.event_id_column);
    if (!given.is_null()) return TextOf(given);
    return DerivedEventId(
        {absl::StrCat(event.line), event.subject, time.is_string() ? time.get<std::string>() : time.dump()});
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
    const Json& attributes = Member(object, "attributes");
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
