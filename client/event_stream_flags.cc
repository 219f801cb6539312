#include "client/event_stream_flags.h"

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"

namespace assent::client {

void AddEventStreamFlags(CLI::App& command, EventStreamFlags& flags, bool required) {
  const std::string group = "Recorded events";
  EventStreamOptions& options = flags.options;
  command.add_option("--events", options.path, "CSV or newline-delimited JSON, plain, gzip or zstd")
      ->required(required)
      ->group(group);
  command.add_option("--format", flags.format, "csv, json, or auto: by the first line")
      ->check(CLI::IsMember({"auto", "csv", "json"}))
      ->capture_default_str()
      ->group(group);
  command.add_option("--subject-column", options.subject_column, "Column, or JSON key, of the subject's id")
      ->capture_default_str()
      ->group(group);
  command.add_option("--time-column", options.time_column, "Column of the time")->capture_default_str()->group(group);
  command.add_option("--time-unit", flags.time_unit, "Of times that are numbers since 1970: s, ms, us")
      ->check(CLI::IsMember({"s", "ms", "us"}))
      ->capture_default_str()
      ->group(group);
  command.add_option("--time-zone", flags.time_zone, "Of times that name none, such as Europe/Berlin")
      ->capture_default_str()
      ->group(group);
  command.add_option("--type-column", options.type_column, "Column of the event's type")
      ->capture_default_str()
      ->group(group);
  command.add_option("--type", options.type, "The type of every event, instead of a column")->group(group);
  command.add_option("--event-id-column", options.event_id_column, "Column of the event's id (default: event_id)")
      ->group(group);
  command
      .add_option("--event-id-from", options.event_id_from,
                  "Derive the ids from these columns (without a column of ids: from line, subject and time)")
      ->delimiter(',')
      ->group(group);
  command
      .add_option("--attributes", options.attributes,
                  "NAME, NAME:number, NAME:text, NAME:flag (default: all other columns)")
      ->delimiter(',')
      ->group(group);
  command.add_option("--product", options.products, "NAME=A*B: an attribute more, such as amount=Quantity*UnitPrice")
      ->delimiter(',')
      ->group(group);
}

absl::StatusOr<EventStreamOptions> MakeEventStreamOptions(const EventStreamFlags& flags) {
  EventStreamOptions options = flags.options;
  options.format = flags.format == "csv"    ? EventFormat::kCsv
                   : flags.format == "json" ? EventFormat::kJsonLines
                                            : EventFormat::kByContent;
  options.time_unit = flags.time_unit == "ms"   ? TimeUnit::kMilliseconds
                      : flags.time_unit == "us" ? TimeUnit::kMicroseconds
                                                : TimeUnit::kSeconds;
  if (!absl::LoadTimeZone(flags.time_zone, &options.time_zone)) {
    return absl::InvalidArgumentError("--time-zone: not a zone of this system; write UTC or Europe/Berlin");
  }
  return options;
}

absl::StatusOr<std::optional<int64_t>> MakeTime(const std::string& flag, const std::string& text,
                                                const EventStreamOptions& options) {
  if (text.empty()) return std::nullopt;
  auto time = ParseEventTime(text, options.time_unit, options.time_zone);
  if (!time.ok()) return absl::InvalidArgumentError(absl::StrCat(flag, ": ", time.status().message()));
  return *time;
}

}  // namespace assent::client
