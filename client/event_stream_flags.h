// The flags that say where the parts of recorded events lie in a file.
#ifndef ASSENT_CLIENT_EVENT_STREAM_FLAGS_H_
#define ASSENT_CLIENT_EVENT_STREAM_FLAGS_H_

#include <optional>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "client/event_stream.h"

namespace assent::client {

struct EventStreamFlags {
  EventStreamOptions options;
  std::string format = "auto", time_unit = "s", time_zone = "UTC";
};

// Adds --events, --format, --subject-column, --time-column, --time-unit, --time-zone, --type-column, --type,
// --event-id-column, --event-id-from, --attributes and --product.
void AddEventStreamFlags(CLI::App& command, EventStreamFlags& flags, bool required);
// Errors: InvalidArgument that names the flag.
absl::StatusOr<EventStreamOptions> MakeEventStreamOptions(const EventStreamFlags& flags);
// The value of a flag that is a time; nothing where it is empty. Errors: InvalidArgument that names the flag.
absl::StatusOr<std::optional<int64_t>> MakeTime(const std::string& flag, const std::string& text,
                                                const EventStreamOptions& options);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_EVENT_STREAM_FLAGS_H_
