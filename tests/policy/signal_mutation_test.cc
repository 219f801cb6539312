// Spoiled strings: they never crash, never read outside of themselves, and permit nothing when they are malformed.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "policy/gpp.h"
#include "policy/signal_reading.h"
#include "policy/tcf_string.h"
#include "policy/us_section.h"
#include "tests/policy/signal_fixture.h"
#include "tests/policy/tcf_reference.h"

namespace assent::policy {
namespace {

const std::vector<int32_t>& EverySection() {
  static const std::vector<int32_t> sections = {2,  6,  7,  8,  9,  10, 11, 12, 13, 14, 15, 16,
                                                17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27};
  return sections;
}

// On a copy of exactly its size on the heap, so that a sanitizer sees the first byte beyond.
void ExpectSafe(const std::string& text) {
  const std::unique_ptr<char[]> copy(new char[text.size()]);
  std::copy(text.begin(), text.end(), copy.get());
  const absl::string_view exact(copy.get(), text.size());

  const TcfReading tcf = ReadTcf(exact, ExamplePolicy());
  TcfString string;
  const bool decoded = DecodeTcf(exact, kExampleVendor, string);
  ASSERT_TRUE(decoded || !tcf.valid) << text;
  ASSERT_TRUE(tcf.valid || tcf.permitted == 0) << text;
  ASSERT_EQ(tcf.permitted & ~kAllTcfPurposeBits, 0u) << text;

  const SignalReading reading = ReadSignals(
      {.tcf = exact, .gpp = exact, .us_privacy = exact, .gpp_sid = EverySection()}, {.tcf = ExamplePolicy()});
  ASSERT_EQ(reading.tcf_permits & reading.tcf_denies, 0u) << text;
  ASSERT_EQ(reading.gpp_denies, kAllPurposeBits) << text << ": sections in force are missing";
  if (!text.empty()) {
    ASSERT_EQ(reading.tcf_permits | reading.tcf_denies, kAllPurposeBits) << text;
  }
}

const std::vector<std::string>& Vectors() {
  static const std::vector<std::string> vectors = {
      kTcfA,           kTcfB,     kTcfC,          kTcfD,         kTcfE,
      kTcfF,           kTcfG,     kTcfH,          kTcfI,         kTcfJ,
      kGppAllOptedOut, kGppChild, kGppCalifornia, kGppUsPrivacy, "DBACNYA~" + std::string(kTcfB) + "~1YNN"};
  return vectors;
}

TEST(SignalMutation, EveryTruncationIsSafe) {
  for (const std::string& vector : Vectors()) {
    for (size_t size = 0; size <= vector.size(); ++size) {
      ExpectSafe(vector.substr(0, size));
      ExpectSafe(vector.substr(size));
    }
  }
}

// A string that was cut permits nothing more than the whole one, and nothing at all when its core was cut.
TEST(SignalMutation, ATruncatedTcfStringPermitsNothingMore) {
  for (const std::string& vector : Vectors()) {
    const TcfReading whole = ReadTcf(vector, ExamplePolicy());
    for (size_t size = 0; size < vector.size(); ++size) {
      const TcfReading cut = ReadTcf(vector.substr(0, size), ExamplePolicy());
      EXPECT_EQ(cut.permitted & ~whole.permitted, 0u) << vector.substr(0, size);
      if (6 * size < 213 + 17 + 17 + 12) {
        EXPECT_FALSE(cut.valid) << vector.substr(0, size);
      }
    }
  }
}

TEST(SignalMutation, EveryChangeOfOneCharacterIsSafe) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=+/.~ ";
  for (const std::string& vector : Vectors()) {
    for (size_t at = 0; at < vector.size(); ++at) {
      std::string changed = vector;
      for (const char character : alphabet + std::string("\0\xff", 2)) {
        changed[at] = character;
        ExpectSafe(changed);
      }
    }
  }
}

// What a changed string permits is what the slow decoder says of it.
TEST(SignalMutation, AChangedTcfStringPermitsWhatTheReferenceSays) {
  const std::string alphabet = "ABDEHIPQXYfgvw-_.=";
  for (const std::string vector : {kTcfA, kTcfB, kTcfD, kTcfE, kTcfH}) {
    for (size_t at = 0; at < vector.size(); ++at) {
      std::string changed = vector;
      for (const char character : alphabet) {
        changed[at] = character;
        const TcfReading reading = ReadTcf(changed, ExamplePolicy());
        const auto expected = PermittedReference(changed, kExampleVendor, ExampleRegistration());
        ASSERT_EQ(reading.valid, expected.has_value()) << changed;
        uint32_t permitted = 0;
        if (expected) {
          for (const int purpose : *expected) permitted |= TcfPurposeBit(purpose);
        }
        ASSERT_EQ(reading.permitted, permitted) << changed;
      }
    }
  }
}

TEST(SignalMutation, RandomTextIsSafe) {
  const uint64_t seed = 5;
  SCOPED_TRACE("seed " + std::to_string(seed));
  Random random(seed);
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (size_t i = 0; i < SignalCasesOr(1000); ++i) {
    std::string text(static_cast<size_t>(Between(random, 0, 4200)), 'A');
    for (char& character : text) character = alphabet[random() % 64];
    // A start that is right leads deeper.
    if (i % 4 == 1) text = std::string(kTcfB).substr(0, 35) + text;
    if (i % 4 == 2) text = "DBABLA~" + text;
    if (i % 4 == 3) text = std::string(kTcfB) + "." + text;
    ExpectSafe(text);
    for (int section = 0; section <= 30; ++section)
      ASSERT_TRUE(ReadUsSection(section, text).denied == kAllPurposeBits || ReadUsSection(section, text).valid);
  }
}

// The most that 4 KiB can ask for: ranges of all vendors, again and again.
TEST(SignalMutation, ManyRangesCostNoMoreThanTheirText) {
  const std::string core = BitsOfText(std::string(kTcfH).substr(0, 35)) + "000";
  std::string bits = core.substr(0, 213) + Bits(65535, 16) + "1" + Bits(600, 12);
  for (int i = 0; i < 600; ++i) bits += "1" + Bits(1, 16) + Bits(65535, 16);
  bits += Bits(0, 17) + Bits(0, 12);
  const std::string text = TextOfBits(bits);
  ASSERT_LE(text.size(), kTcfBytesMax);
  for (int i = 0; i < 10000; ++i) {
    TcfString string;
    ASSERT_TRUE(DecodeTcf(text, kExampleVendor, string));
    ASSERT_TRUE(string.vendor.consent);
  }
}

}  // namespace
}  // namespace assent::policy
