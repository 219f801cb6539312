// From the events of a request to those that the profile arithmetic folds.
#ifndef ASSENT_SERVER_EVENT_READER_H_
#define ASSENT_SERVER_EVENT_READER_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "assent/v1/event.pb.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "scoring/event.h"
#include "scoring/profile.h"
#include "server/configuration.h"

namespace assent::server {

inline constexpr size_t kEventIdBytesMax = 128;

using EventList = google::protobuf::RepeatedPtrField<v1::Event>;

// Scratch memory for the events of one call. Threads: one reader a thread.
class EventReader {
 public:
  EventReader(const RequestLimits& limits, const EventRules& rules) : limits_(limits), rules_(rules) {}

  // Takes the events whose type the layout knows. Every event is checked, the unknown ones too, and nothing is folded
  // here: an error leaves everything as it was.
  // Errors (MakeError, fields "events[3].time", `events[0].attributes["price"]`): TOO_MANY_ENTRIES (attributes; how
  // many events there may be is ValidateAssign's), FIELD_REQUIRED,
  // FIELD_TOO_LONG, FIELD_INVALID, VALUE_OUT_OF_RANGE, EVENT_TYPE_UNKNOWN, ATTRIBUTE_KIND_MISMATCH. An attribute is
  // named only where the model knows it. Cost when valid: no allocation once the largest call was seen.
  absl::Status Read(const EventList& events, const scoring::ProfileLayout& layout, int64_t now_us);

  // In the order of the request. Valid until the next Read.
  std::span<const scoring::Event> events() const { return {events_.data(), count_}; }
  // Events that were left out because their type is unknown, or because they are older than the retention: a profile
  // that they alone would make is not kept, and it must not matter in which order events come.
  uint32_t unknown() const { return unknown_; }
  uint32_t expired() const { return expired_; }

 private:
  absl::Status ReadEvent(const v1::Event& event, int index, const scoring::ProfileLayout& layout, int64_t now_us);
  absl::Status ReadAttributes(const v1::Event& event, int index, const scoring::ProfileLayout& layout,
                              scoring::Event& out);

  const RequestLimits limits_;
  const EventRules rules_;
  std::vector<scoring::Event> events_;
  std::vector<scoring::AttributeValue> attributes_;
  size_t count_ = 0;
  size_t attribute_count_ = 0;
  uint32_t unknown_ = 0;
  uint32_t expired_ = 0;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_EVENT_READER_H_
