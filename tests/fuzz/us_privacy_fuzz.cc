// Any bytes as a US Privacy string: malformed denies everything, and nothing else than an opt-out denies.
#include <cstddef>
#include <cstdint>

#include "policy/signal_reading.h"
#include "policy/us_privacy.h"
#include "tests/fuzz/fuzz_check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const absl::string_view text(reinterpret_cast<const char*>(data), size);
  const assent::policy::UsReading reading = assent::policy::ReadUsPrivacy(text);
  FUZZ_CHECK(reading.valid || reading.denied == assent::policy::kAllPurposeBits);
  FUZZ_CHECK(!reading.valid || text.size() == 4);
  FUZZ_CHECK(!reading.valid || (reading.denied != 0) == (text[2] == 'Y'));
  const uint32_t denied = assent::policy::ReadSignals({.us_privacy = text}, {}).us_privacy_denies;
  FUZZ_CHECK(denied == (text.empty() ? 0 : reading.denied));
  return 0;
}
