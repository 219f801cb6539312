#include "client/recorded_event.h"

#include <cmath>
#include <variant>

#include "absl/strings/str_cat.h"

namespace assent::client {
namespace {

absl::Status CheckText(absl::string_view field, absl::string_view text, size_t bytes_max) {
  if (text.empty()) return absl::InvalidArgumentError(absl::StrCat(field, ": is missing"));
  if (text.size() > bytes_max) {
    return absl::InvalidArgumentError(absl::StrCat(field, ": longer than ", bytes_max, " bytes"));
  }
  if (!IsUtf8(text)) return absl::InvalidArgumentError(absl::StrCat(field, ": not UTF-8"));
  return absl::OkStatus();
}

std::string FieldOf(const RecordedAttribute& attribute, const MayName& may_name) {
  return may_name(attribute.name) ? absl::StrCat("attribute \"", attribute.name, "\"") : "an attribute";
}

absl::Status CheckAttribute(const RecordedAttribute& attribute, const MayName& may_name) {
  if (absl::Status status = CheckText("attribute name", attribute.name, kAttributeNameBytesMax); !status.ok()) {
    return status;
  }
  if (const double* number = std::get_if<double>(&attribute.value); number != nullptr && !std::isfinite(*number)) {
    return absl::InvalidArgumentError(absl::StrCat(FieldOf(attribute, may_name), ": not a finite number"));
  }
  const std::string* text = std::get_if<std::string>(&attribute.value);
  if (text == nullptr || text->empty()) return absl::OkStatus();
  return CheckText(FieldOf(attribute, may_name), *text, kAttributeTextBytesMax);
}

}  // namespace

// The first byte tells the length and the least second byte; overlong forms, surrogates and what lies beyond U+10FFFF
// are not UTF-8.
bool IsUtf8(absl::string_view text) {
  const auto byte = [&](size_t at) { return static_cast<unsigned char>(text[at]); };
  for (size_t at = 0; at < text.size();) {
    const unsigned char lead = byte(at);
    const size_t more = lead < 0x80 ? 0 : lead < 0xC2 ? 4 : lead < 0xE0 ? 1 : lead < 0xF0 ? 2 : lead < 0xF5 ? 3 : 4;
    if (more == 4 || at + more >= text.size()) return false;
    for (size_t next = 1; next <= more; ++next) {
      if ((byte(at + next) & 0xC0) != 0x80) return false;
    }
    if (lead == 0xE0 && byte(at + 1) < 0xA0) return false;
    if (lead == 0xED && byte(at + 1) > 0x9F) return false;
    if (lead == 0xF0 && byte(at + 1) < 0x90) return false;
    if (lead == 0xF4 && byte(at + 1) > 0x8F) return false;
    at += more + 1;
  }
  return true;
}

absl::Status CheckRecordedEvent(const RecordedEvent& event, const MayName& may_name) {
  constexpr size_t kSubjectBytesMax = 256;
  if (absl::Status status = CheckText("subject", event.subject, kSubjectBytesMax); !status.ok()) return status;
  if (absl::Status status = CheckText("event_id", event.event_id, kEventIdBytesMax); !status.ok()) return status;
  if (absl::Status status = CheckText("type", event.type, kEventTypeBytesMax); !status.ok()) return status;
  if (event.time_us < 0) return absl::InvalidArgumentError("time: before 1970");
  if (event.attributes.size() > kEventAttributesMax) {
    return absl::InvalidArgumentError(absl::StrCat("more than ", kEventAttributesMax, " attributes"));
  }
  for (size_t i = 0; i < event.attributes.size(); ++i) {
    if (absl::Status status = CheckAttribute(event.attributes[i], may_name); !status.ok()) return status;
    for (size_t j = 0; j < i; ++j) {
      if (event.attributes[j].name == event.attributes[i].name) {
        return absl::InvalidArgumentError(absl::StrCat(FieldOf(event.attributes[i], may_name), ": given twice"));
      }
    }
  }
  return absl::OkStatus();
}

std::string FutureText(uint64_t line) {
  return absl::StrCat("line ", line, ", time: in the future, by more than ", absl::ToInt64Seconds(kEventSkew),
                      " s; is --time-unit right?");
}

}  // namespace assent::client
