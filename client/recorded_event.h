// One event out of a file, before anything knows its names.
#ifndef ASSENT_CLIENT_RECORDED_EVENT_H_
#define ASSENT_CLIENT_RECORDED_EVENT_H_

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "scoring/aggregate.h"

namespace assent::client {

// The limits of assent.v1.Event and Subject, in bytes: what a server would refuse is a bad row here already.
inline constexpr size_t kEventIdBytesMax = 128;
inline constexpr size_t kEventTypeBytesMax = 64;
inline constexpr size_t kEventAttributesMax = 32;
inline constexpr size_t kAttributeNameBytesMax = 64;
inline constexpr size_t kAttributeTextBytesMax = 256;

struct RecordedAttribute {
  std::string name;
  scoring::FilterScalar value;  // a number, a text or a flag
};

struct RecordedEvent {
  uint64_t row = 0;   // from 1
  uint64_t line = 0;  // in the file
  std::string subject;
  std::string event_id;
  int64_t time_us = 0;  // since 1970
  std::string type;
  std::vector<RecordedAttribute> attributes;
  std::string error;  // of a row that makes no sense: the line and why, without anything of the row; else empty
};

// Whether a message may say the name of an attribute. One that comes from the data may be anything, a person's too.
using MayName = std::function<bool(absl::string_view attribute)>;

// Errors: InvalidArgument that names the field: beyond a limit above, empty, not UTF-8, a number that is not finite, an
// attribute given twice, a time before 1970.
absl::Status CheckRecordedEvent(const RecordedEvent& event, const MayName& may_name);

// How far in the future an event may lie, as by a clock that is fast: the server's profiles.event_skew_seconds by
// default. One event of a wrong year would else be the newest, and every feature would have decayed until then.
inline constexpr absl::Duration kEventSkew = absl::Seconds(300);
// What is wrong with an event that lies beyond it.
std::string FutureText(uint64_t line);

// Source: RFC 3629.
bool IsUtf8(absl::string_view text);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_RECORDED_EVENT_H_
