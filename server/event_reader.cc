#include "server/event_reader.h"

#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "scoring/aggregate.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

constexpr int64_t kMicrosPerSecond = 1'000'000;
constexpr int32_t kNanosPerSecond = 1'000'000'000;

// Only built for errors.
std::string Field(int index, absl::string_view member) { return absl::StrCat("events[", index, "].", member); }

std::string AttributeField(int index, absl::string_view name) {
  return absl::StrCat("events[", index, "].attributes[\"", name, "\"]");
}

// A name that the model does not know may be anything, a person's too, and is never repeated.
std::string AttributeField(int index, absl::string_view name, scoring::NameNumber number) {
  return number == scoring::kUnknownName ? Field(index, "attributes") : AttributeField(index, name);
}

absl::Status CheckText(int index, absl::string_view member, absl::string_view text, size_t bytes_max) {
  if (text.empty()) return MakeError(Reason::kFieldRequired, Field(index, member), "is required");
  if (text.size() <= bytes_max) return absl::OkStatus();
  return MakeLimitError(Reason::kFieldTooLong, Field(index, member), "has more bytes than", bytes_max);
}

absl::Status ReadTime(const v1::Event& event, int index, int64_t now_us, std::chrono::seconds skew, int64_t& time_us) {
  if (!event.has_time()) return MakeError(Reason::kFieldRequired, Field(index, "time"), "is required");
  const int64_t seconds = event.time().seconds();
  const int32_t nanos = event.time().nanos();
  if (nanos < 0 || nanos >= kNanosPerSecond) {
    return MakeError(Reason::kFieldInvalid, Field(index, "time"), "has nanos outside 0 to 999999999");
  }
  if (seconds < 0) return MakeError(Reason::kValueOutOfRange, Field(index, "time"), "is before 1970");
  const int64_t latest_us = now_us + skew.count() * kMicrosPerSecond;
  const bool representable = seconds <= latest_us / kMicrosPerSecond;
  if (representable) time_us = seconds * kMicrosPerSecond + nanos / 1000;
  if (representable && time_us <= latest_us) return absl::OkStatus();
  return MakeLimitError(Reason::kValueOutOfRange, Field(index, "time"),
                        "lies in the future, by more seconds than profiles.event_skew_seconds,",
                        static_cast<uint64_t>(skew.count()));
}

// Turns what ProfileLayout::Check says, "attribute NAME: must be …", into the field and the rest.
absl::Status AttributeError(const v1::Event& event, int index, const absl::Status& check) {
  absl::string_view text = check.message();
  const bool named = absl::ConsumePrefix(&text, "attribute ");
  const size_t name_bytes = named ? text.find(": ") : absl::string_view::npos;
  if (name_bytes == absl::string_view::npos) {
    return MakeError(Reason::kAttributeKindMismatch, Field(index, "attributes"), check.message());
  }
  const std::string name(text.substr(0, name_bytes));
  const auto value = event.attributes().find(name);
  const bool number = value != event.attributes().end() && value->second.kind_case() == v1::Value::kNumber;
  return MakeError(number ? Reason::kValueOutOfRange : Reason::kAttributeKindMismatch, AttributeField(index, name),
                   text.substr(name_bytes + 2));
}

}  // namespace

absl::Status EventReader::Read(const EventList& events, const scoring::ProfileLayout& layout, int64_t now_us) {
  count_ = attribute_count_ = unknown_ = expired_ = 0;
  const auto size = static_cast<size_t>(events.size());
  size_t attributes = 0;
  for (int i = 0; i < events.size(); ++i) {
    const size_t entries = events[i].attributes().size();
    attributes += entries;
    if (entries <= limits_.event_attributes_max) continue;
    return MakeLimitError(Reason::kTooManyEntries, Field(i, "attributes"), "has more entries than",
                          limits_.event_attributes_max);
  }
  // All at once: the events point into the attributes.
  if (events_.size() < size) events_.resize(size);
  if (attributes_.size() < attributes) attributes_.resize(attributes);
  for (int i = 0; i < events.size(); ++i) {
    if (absl::Status status = ReadEvent(events[i], i, layout, now_us); !status.ok()) {
      count_ = 0;
      return status;
    }
  }
  return absl::OkStatus();
}

absl::Status EventReader::ReadEvent(const v1::Event& event, int index, const scoring::ProfileLayout& layout,
                                    int64_t now_us) {
  scoring::Event& out = events_[count_];
  if (event.event_id().empty() || event.event_id().size() > kEventIdBytesMax) {
    return CheckText(index, "event_id", event.event_id(), kEventIdBytesMax);
  }
  if (event.type().empty() || event.type().size() > scoring::kEventNameBytesMax) {
    return CheckText(index, "type", event.type(), scoring::kEventNameBytesMax);
  }
  if (absl::Status status = ReadTime(event, index, now_us, rules_.skew, out.time_us); !status.ok()) return status;
  if (absl::Status status = ReadAttributes(event, index, layout, out); !status.ok()) return status;
  out.type = layout.EventType(event.type());
  if (out.type == scoring::kUnknownName && !layout.ReadsEveryType()) {
    if (rules_.unknown_type == EventRules::UnknownType::kRefuse) {
      return MakeError(Reason::kEventTypeUnknown, Field(index, "type"), "is no type that the model knows");
    }
    ++unknown_;
    return absl::OkStatus();
  }
  out.id_hash = scoring::HashText(event.event_id());
  if (absl::Status status = layout.Check(out); !status.ok()) return AttributeError(event, index, status);
  if (now_us - out.time_us > rules_.retention.count() * kMicrosPerSecond) {
    ++expired_;
    return absl::OkStatus();
  }
  ++count_;
  return absl::OkStatus();
}

absl::Status EventReader::ReadAttributes(const v1::Event& event, int index, const scoring::ProfileLayout& layout,
                                         scoring::Event& out) {
  const size_t first = attribute_count_;
  for (const auto& [name, value] : event.attributes()) {
    if (name.empty() || name.size() > scoring::kEventNameBytesMax) {
      return MakeLimitError(name.empty() ? Reason::kFieldRequired : Reason::kFieldTooLong, Field(index, "attributes"),
                            "has a name that is empty or has more bytes than", scoring::kEventNameBytesMax);
    }
    const scoring::NameNumber number = layout.Attribute(name);
    scoring::AttributeValue& attribute = attributes_[attribute_count_];
    switch (value.kind_case()) {
      case v1::Value::kNumber:
        if (!std::isfinite(value.number())) {
          return MakeError(Reason::kValueOutOfRange, AttributeField(index, name, number), "is not a finite number");
        }
        attribute = {.attribute = number, .kind = scoring::ValueKind::kNumber, .number = value.number()};
        break;
      case v1::Value::kText:
        if (value.text().size() > limits_.event_text_bytes_max) {
          return MakeLimitError(Reason::kFieldTooLong, AttributeField(index, name, number), "has more bytes than",
                                limits_.event_text_bytes_max);
        }
        attribute = {.attribute = number, .kind = scoring::ValueKind::kText};
        if (number != scoring::kUnknownName) attribute.text_hash = scoring::HashText(value.text());
        break;
      case v1::Value::kFlag:
        attribute = {.attribute = number, .kind = scoring::ValueKind::kFlag, .number = value.flag() ? 1.0 : 0.0};
        break;
      case v1::Value::KIND_NOT_SET:
        return MakeError(Reason::kFieldRequired, AttributeField(index, name, number),
                         "needs a number, a text or a flag");
    }
    if (number != scoring::kUnknownName) ++attribute_count_;
  }
  out.attributes = {attributes_.data() + first, attribute_count_ - first};
  return absl::OkStatus();
}

}  // namespace assent::server
