#include "policy/gpp.h"

#include <algorithm>
#include <iterator>

#include "policy/bit_reader.h"
#include "policy/text_parts.h"
#include "policy/us_privacy.h"
#include "policy/us_section.h"

namespace assent::policy {
namespace {

constexpr uint64_t kGppType = 3;
constexpr uint64_t kGppVersion = 1;
constexpr uint32_t kSectionIdMax = 65535;

bool IsEvaluated(int32_t section) {
  return section == kGppSectionTcfEu || section == kGppSectionUsPrivacy ||
         (section >= kUsSectionFirst && section <= kUsSectionLast);
}

// Bit s for section s. False: an id that is not evaluated, or too many.
bool SectionsInForce(std::span<const int32_t> gpp_sid, uint32_t& sections) {
  sections = 0;
  if (gpp_sid.size() > kGppSectionsInForceMax) return false;
  for (const int32_t section : gpp_sid) {
    if (section <= 0) continue;
    if (!IsEvaluated(section)) return false;
    sections |= 1u << section;
  }
  return true;
}

// Adds what one section denies or permits. False: malformed.
bool AddSection(int section, absl::string_view text, const TcfPolicy& policy, GppReading& reading) {
  if (section == kGppSectionTcfEu) {
    const TcfReading tcf = ReadTcf(text, policy);
    reading.tcf_in_force = true;
    reading.tcf_permitted = tcf.permitted;
    reading.tcf_consented = tcf.consented;
    return tcf.valid;
  }
  const UsReading us = section == kGppSectionUsPrivacy ? ReadUsPrivacy(text) : ReadUsSection(section, text);
  reading.denied |= us.denied;
  reading.opted_out |= us.opted_out;
  return us.valid;
}

// The section in force that stands at `place`; 0: none does.
int SectionAt(int place, const GppIndex& index, uint32_t in_force) {
  // Ids grow along the string, so no section that is evaluated stands further back.
  if (place >= kGppSectionLast) return 0;
  for (int section = 1; section <= kGppSectionLast; ++section) {
    if ((in_force >> section & 1) != 0 && index.place[section] == place) return section;
  }
  return 0;
}

}  // namespace

bool DecodeGppHeader(absl::string_view header, GppIndex& out) {
  std::fill(std::begin(out.place), std::end(out.place), int16_t{-1});
  out.sections = 0;
  BitReader bits(header);
  if (bits.Read(6) != kGppType || bits.Read(6) != kGppVersion) return false;
  const auto entries = static_cast<int>(bits.Read(12));
  uint32_t last = 0;
  for (int entry = 0; entry < entries; ++entry) {
    const bool is_range = bits.ReadFlag();
    const uint32_t first = last + bits.ReadFibonacci();
    last = is_range ? first + bits.ReadFibonacci() : first;
    // A section takes at least its separator, so a longer list belongs to no string.
    const uint32_t count = last - first + 1;
    if (!bits.ok() || last > kSectionIdMax || count > kGppBytesMax - static_cast<uint32_t>(out.sections)) return false;
    for (uint32_t section = first; section <= std::min<uint32_t>(last, kGppSectionLast); ++section) {
      out.place[section] = static_cast<int16_t>(out.sections + static_cast<int>(section - first));
    }
    out.sections += static_cast<int>(count);
  }
  return bits.EndsInZeros();
}

GppReading ReadGpp(absl::string_view gpp, std::span<const int32_t> gpp_sid, const TcfPolicy& policy) {
  uint32_t in_force = 0;
  if (!SectionsInForce(gpp_sid, in_force)) return {};
  GppReading reading = {.valid = true, .denied = 0};
  if (in_force == 0) return reading;
  if (gpp.size() > kGppBytesMax) return {};

  TextParts parts(gpp, '~');
  absl::string_view part;
  GppIndex index;
  if (!parts.Next(part) || !DecodeGppHeader(part, index)) return {};
  int place = 0;
  for (; parts.Next(part); ++place) {
    const int section = SectionAt(place, index, in_force);
    if (section == 0) continue;
    if (!AddSection(section, part, policy, reading)) return {};
    in_force &= ~(1u << section);
  }
  if (place != index.sections || in_force != 0) return {};
  return reading;
}

}  // namespace assent::policy
