// Any bytes as a TCF string: no crash, no permission without a valid string, the same answer from the cache and from
// the slow decoder.
#include <cstddef>
#include <cstdint>
#include <string>

#include "policy/signal_cache.h"
#include "policy/tcf_string.h"
#include "tests/fuzz/fuzz_check.h"
#include "tests/policy/signal_fixture.h"
#include "tests/policy/tcf_reference.h"

namespace {

using assent::policy::DecodeTcf;
using assent::policy::ExamplePolicy;
using assent::policy::ReadSignals;
using assent::policy::SignalReading;

void CheckTcf(absl::string_view text) {
  static const assent::policy::SignalPolicy policy = {.tcf = ExamplePolicy()};
  static assent::policy::SignalCache cache(policy);
  assent::policy::TcfString string;
  const bool decoded = DecodeTcf(text, assent::policy::kExampleVendor, string);
  const assent::policy::TcfReading tcf = ReadTcf(text, policy.tcf);
  FUZZ_CHECK(decoded || !tcf.valid);
  FUZZ_CHECK(tcf.valid || tcf.permitted == 0);
  FUZZ_CHECK(string.vendor.consent || string.vendor.legitimate_interest || tcf.permitted == 0);

  const SignalReading reading = ReadSignals({.tcf = text}, policy);
  FUZZ_CHECK((reading.tcf_permits & reading.tcf_denies) == 0);
  FUZZ_CHECK(tcf.valid || text.empty() || reading.tcf_denies == assent::policy::kAllPurposeBits);
  FUZZ_CHECK(cache.Read({.tcf = text}) == reading);
  FUZZ_CHECK(cache.Read({.tcf = text}) == reading);

  // The slow decoder makes a set of every range: only for what stays small.
  if (text.size() > 200) return;
  const auto expected = assent::policy::PermittedReference(std::string(text), assent::policy::kExampleVendor,
                                                           assent::policy::ExampleRegistration());
  FUZZ_CHECK(expected.has_value() == tcf.valid);
  uint32_t permitted = 0;
  if (expected) {
    for (const int purpose : *expected) permitted |= assent::policy::TcfPurposeBit(purpose);
  }
  FUZZ_CHECK(permitted == tcf.permitted);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  CheckTcf({reinterpret_cast<const char*>(data), size});
  return 0;
}
