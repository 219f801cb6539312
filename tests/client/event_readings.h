// Events as a test reads them out of a file.
#ifndef ASSENT_TESTS_CLIENT_EVENT_READINGS_H_
#define ASSENT_TESTS_CLIENT_EVENT_READINGS_H_

#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "client/event_stream.h"

namespace assent::client {

// One line an event, to compare with.
inline std::string Show(const RecordedEvent& event) {
  if (!event.error.empty()) return "row " + std::to_string(event.row) + ": " + event.error;
  std::string text = event.subject + " " + event.event_id + " " + EventTimeText(event.time_us) + " " + event.type;
  for (const RecordedAttribute& attribute : event.attributes) {
    text += " " + attribute.name + "=";
    if (const double* number = std::get_if<double>(&attribute.value)) text += "number:" + std::to_string(*number);
    if (const bool* flag = std::get_if<bool>(&attribute.value)) text += *flag ? "flag:true" : "flag:false";
    if (const auto* words = std::get_if<std::string>(&attribute.value)) text += "text:" + *words;
  }
  return text;
}

struct Readings {
  std::vector<std::string> shown;
  absl::Status status;
  uint64_t rows = 0, without_subject = 0;
  double share = 0;
};

inline Readings ReadEvents(EventStreamOptions options) {
  Readings readings;
  auto events = EventStream::Open(options);
  readings.status = events.status();
  if (!events.ok()) return readings;
  RecordedEvent event;
  while (true) {
    auto more = (*events)->Next(event);
    readings.status = more.status();
    if (!more.ok() || !*more) break;
    readings.shown.push_back(Show(event));
  }
  readings.rows = (*events)->rows();
  readings.without_subject = (*events)->without_subject();
  readings.share = (*events)->read_share();
  return readings;
}

inline EventStreamOptions At(const std::string& path) {
  EventStreamOptions options;
  options.path = path;
  return options;
}

}  // namespace assent::client

#endif  // ASSENT_TESTS_CLIENT_EVENT_READINGS_H_
