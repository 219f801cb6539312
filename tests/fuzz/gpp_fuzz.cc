// Any bytes as a GPP string under any sections in force: no crash, malformed denies everything, the same answer from
// the cache. The first four bytes choose the sections.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "policy/gpp.h"
#include "policy/signal_cache.h"
#include "policy/us_section.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/policy/signal_fixture.h"

namespace {

using assent::policy::kAllPurposeBits;

void CheckGpp(absl::string_view gpp, uint32_t sections) {
  static const assent::policy::SignalPolicy policy = {.tcf = assent::policy::ExamplePolicy()};
  static assent::policy::SignalCache cache(policy);
  std::vector<int32_t> sid;
  for (int section = 0; section < 32; ++section) {
    if ((sections >> section & 1) != 0) sid.push_back(section - 1);
  }
  const assent::policy::GppReading gpp_reading = ReadGpp(gpp, sid, policy.tcf);
  FUZZ_CHECK(gpp_reading.valid || gpp_reading.denied == kAllPurposeBits);
  FUZZ_CHECK((gpp_reading.denied & ~kAllPurposeBits) == 0);
  FUZZ_CHECK(gpp_reading.tcf_in_force || gpp_reading.tcf_permitted == 0 || !gpp_reading.valid);

  const assent::policy::RawSignals raw = {.gpp = gpp, .gpp_sid = sid};
  const assent::policy::SignalReading reading = ReadSignals(raw, policy);
  FUZZ_CHECK(reading.gpp_denies == gpp_reading.denied);
  FUZZ_CHECK(gpp_reading.valid || reading.tcf_permits == 0);
  FUZZ_CHECK(cache.Read(raw) == reading);
  FUZZ_CHECK(cache.Read(raw) == reading);
  for (int section = assent::policy::kUsSectionFirst; section <= assent::policy::kUsSectionLast; ++section) {
    assent::policy::UsSectionFields fields;
    const assent::policy::UsReading us = assent::policy::ReadUsSection(section, gpp);
    FUZZ_CHECK(us.valid == assent::policy::DecodeUsSection(section, gpp, fields));
    FUZZ_CHECK(us.valid || us.denied == kAllPurposeBits);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  uint32_t sections = 0;
  if (size < sizeof(sections)) return 0;
  std::memcpy(&sections, data, sizeof(sections));
  CheckGpp({reinterpret_cast<const char*>(data) + sizeof(sections), size - sizeof(sections)}, sections);
  return 0;
}
