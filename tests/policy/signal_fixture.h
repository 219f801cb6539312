// Strings for the tests of privacy signals: published vectors, bits and text, and random strings.
#ifndef ASSENT_TESTS_POLICY_SIGNAL_FIXTURE_H_
#define ASSENT_TESTS_POLICY_SIGNAL_FIXTURE_H_

#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "policy/signal_reading.h"

namespace assent::policy {

// How many cases a scaled test runs: ASSENT_TEST_CASES, or `otherwise`.
size_t SignalCasesOr(size_t otherwise);

using Random = std::mt19937_64;
// Evenly from `low` to `high`, both included.
int Between(Random& random, int low, int high);

// "0" and "1" to base64url, filled up with zeros to a whole character, and back. Preconditions: only such characters.
std::string TextOfBits(const std::string& bits);
std::string BitsOfText(const std::string& text);
// `number` with `width` bits.
std::string Bits(uint64_t number, int width);

// Vendor 42 under consent for TCF purposes 1, 3-7, 9 and 10, legitimate interest for 2, 8 and 11; 2, 7 and 9 are
// flexible. In versions 100 and 15 of the list.
TcfPolicy ExamplePolicy();
const VendorRegistration& ExampleRegistration();
inline constexpr uint16_t kExampleVendor = 42;

// Encoded with the reference encoder of the IAB, for vendor 42.
inline constexpr char kTcfA[] = "CQgcD4AQgcD4AAfAHBENBkFoAP_gAEPgAAYgF5wA4AAgAEACoBeYAVQAQAVAAA.IF5wA4AAgAEACoBeYA";
inline constexpr char kTcfB[] = "CQgcD4AQgcD4AAfAHBENBkFgANAAAAAAAAqIAVQAQAVAAAAA.IAVQAQAVAA";
inline constexpr char kTcfC[] = "CQgcD4AQgcD4AAfAHBENBkFgAP_gAAAAAAqIAVgAAAAAAoAAAAA.IAVgAAAAAA4";
inline constexpr char kTcfD[] = "CQgcD4AQgcD4AAfAHBENBkFgAP_gAEKAAAqIAVgAAAAAAYAVQAQAVAAhgAIAKg.IAVgAAAAAAY";
inline constexpr char kTcfE[] =
    "CQgcD4AQgcD4AAfAHBENBkFgALAAAAKAABCYAVQAQAVABVABABUAEOgAwAKADImACABUACw.IAVQAQAVAA.dAAACAAAATg";
inline constexpr char kTcfF[] = "CQgcD4AQgcD4AAfAHBENBkFgALAAAAAAABCYJYwA4AFAV2A4SCWAJYgAAAAA.IKJwAYAAgomA";
inline constexpr char kTcfG[] = "CQgcD4AQgcD4AAfAHBENBkFgALAAAAAAABCYAVQAQAVAAAAA";
inline constexpr char kTcfH[] = "CQSU_AAQSU_AAAfAHBENBkEgALAAAAAAABCYAVQAQAVAAAAA";
inline constexpr char kTcfI[] = "CQgcD4AQgcD4AAfAHBDEBkFgADAAAAAAAIYgAVQAQAVAAAAA.IAVQAQAVAA";
inline constexpr char kTcfJ[] = "CQgcD4AQgcD4AAfAHBENBkFAALAAAAAAABCYAVQAQAVAAAAA.IAVQAQAVAA";
inline constexpr char kTcfPolicy2[] = "CQSbk4AQSbk4ANwAAAENAwCgAAAAAAAAAAYgACPAAAAA.IDKQA4AAgAKAGQAygAAA";

inline constexpr char kGppAllOptedOut[] = "DBABLA~CVQVAAAAAACA.QA";
inline constexpr char kGppNoneOptedOut[] = "DBABLA~CVQqAAAAAACA.QA";
inline constexpr char kGppGpc[] = "DBABLA~CAAAAAAAAACA.YA";
inline constexpr char kGppChild[] = "DBABLA~CAAAYAEAAkBA";
inline constexpr char kGppCalifornia[] = "DBABBg~BUUAAABA.YA";
inline constexpr char kGppUsPrivacy[] = "DBABTA~1YYN";

// A TCF string of random fields, lists and restrictions; about one in ten breaks a rule of the format.
std::string RandomTcf(Random& random);
// A section of random answers, with and without its second part; about one in ten breaks a rule of the format.
std::string RandomUsSection(Random& random, int section);

}  // namespace assent::policy

#endif  // ASSENT_TESTS_POLICY_SIGNAL_FIXTURE_H_
