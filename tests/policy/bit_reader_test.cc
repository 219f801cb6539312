#include "policy/bit_reader.h"

#include <gtest/gtest.h>

#include <string>

#include "policy/text_parts.h"
#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

TEST(BitReader, ReadsMostSignificantFirst) {
  BitReader bits("Bg_-");  // 000001 100000 111111 111110
  EXPECT_EQ(bits.left(), 24u);
  EXPECT_EQ(bits.Read(6), 1u);
  EXPECT_TRUE(bits.ReadFlag());
  EXPECT_EQ(bits.Read(0), 0u);
  EXPECT_EQ(bits.Read(7), 0b0000011u);
  EXPECT_EQ(bits.left(), 10u);
  EXPECT_EQ(bits.Read(10), 0b1111111110u);
  EXPECT_TRUE(bits.ok());
  EXPECT_EQ(bits.Read(1), 0u);
  EXPECT_FALSE(bits.ok());
}

TEST(BitReader, StaysBadWhenItRanOut) {
  BitReader bits("____");
  EXPECT_EQ(bits.Read(20), (1u << 20) - 1);
  EXPECT_EQ(bits.Read(5), 0u) << "four were left";
  EXPECT_FALSE(bits.ok());
  EXPECT_EQ(bits.Read(1), 0u);
  EXPECT_EQ(bits.left(), 0u);
  EXPECT_FALSE(bits.EndsInZeros());
}

TEST(BitReader, RefusesEveryCharacterOutsideOfTheAlphabet) {
  const std::string alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  for (int character = 0; character < 256; ++character) {
    const std::string text = std::string("A") + static_cast<char>(character) + "A";
    BitReader bits(text);
    const size_t at = alphabet.find(static_cast<char>(character));
    EXPECT_EQ(bits.ok(), at != std::string::npos) << character;
    bits.Read(6);
    EXPECT_EQ(bits.Read(6), at == std::string::npos ? 0 : at);
  }
}

TEST(BitReader, IgnoresUpToTwoPaddingCharactersAtTheEnd) {
  EXPECT_EQ(BitReader("AA=").left(), 12u);
  EXPECT_EQ(BitReader("AA==").left(), 12u);
  EXPECT_FALSE(BitReader("AA===").ok());
  EXPECT_FALSE(BitReader("A=A").ok());
  EXPECT_TRUE(BitReader("").ok());
}

TEST(BitReader, ReadAnyEqualsReadingOneByOne) {
  Random random(1);
  for (int i = 0; i < 2000; ++i) {
    std::string bits(static_cast<size_t>(Between(random, 0, 60)), '0');
    for (char& bit : bits) bit = Between(random, 0, 20) == 0 ? '1' : '0';
    const std::string text = TextOfBits(bits);
    bits.resize(6 * text.size(), '0');
    BitReader reader(text);
    size_t at = 0;
    while (at < bits.size()) {
      const auto step = static_cast<size_t>(Between(random, 0, static_cast<int>(bits.size() - at)));
      ASSERT_EQ(reader.ReadAny(step), bits.substr(at, step).find('1') != std::string::npos) << bits;
      at += step;
      ASSERT_EQ(reader.left(), bits.size() - at);
    }
    ASSERT_TRUE(reader.ok());
    ASSERT_FALSE(reader.ReadAny(1));
    ASSERT_FALSE(reader.ok());
  }
}

uint32_t FibonacciOf(const std::string& bits, bool* ok = nullptr) {
  const std::string text = TextOfBits(bits);
  BitReader reader(text);
  const uint32_t number = reader.ReadFibonacci();
  if (ok != nullptr) *ok = reader.ok();
  return number;
}

TEST(BitReader, ReadsFibonacciIntegers) {
  EXPECT_EQ(FibonacciOf("11"), 1u);
  EXPECT_EQ(FibonacciOf("011"), 2u);
  EXPECT_EQ(FibonacciOf("0011"), 3u);
  EXPECT_EQ(FibonacciOf("1011"), 4u);
  EXPECT_EQ(FibonacciOf("01011"), 7u);
}

TEST(BitReader, ReadsEveryFibonacciIntegerUpToTheLimit) {
  for (uint32_t number = 1; number <= kFibonacciMax + 1; ++number) {
    std::vector<uint32_t> terms = {1, 2};
    while (terms.back() <= number) terms.push_back(terms.back() + terms[terms.size() - 2]);
    std::string bits;
    uint32_t rest = number;
    for (size_t i = terms.size(); i-- > 0;) {
      const bool used = terms[i] <= rest;
      if (used) rest -= terms[i];
      if (used || !bits.empty()) bits.insert(0, used ? "1" : "0");
    }
    bool ok = false;
    ASSERT_EQ(FibonacciOf(bits + "1", &ok), number <= kFibonacciMax ? number : 0);
    ASSERT_EQ(ok, number <= kFibonacciMax);
  }
}

TEST(BitReader, RefusesAFibonacciIntegerWithoutEnd) {
  for (const size_t length : {size_t{0}, size_t{1}, size_t{30}, size_t{40000}}) {
    bool ok = true;
    EXPECT_EQ(FibonacciOf(std::string(length, '0'), &ok), 0u);
    EXPECT_FALSE(ok);
    EXPECT_EQ(FibonacciOf(std::string(length, '0') + "10", &ok), 0u);
    EXPECT_FALSE(ok);
  }
  std::string alternating;
  for (int i = 0; i < 200; ++i) alternating += "10";
  bool ok = true;
  FibonacciOf(alternating, &ok);
  EXPECT_FALSE(ok);
}

std::vector<std::string> PartsOf(absl::string_view text) {
  std::vector<std::string> out;
  TextParts parts(text, '.');
  for (absl::string_view part; parts.Next(part);) out.emplace_back(part);
  return out;
}

TEST(TextParts, GivesEveryPart) {
  EXPECT_EQ(PartsOf(""), std::vector<std::string>{""});
  EXPECT_EQ(PartsOf("a"), std::vector<std::string>{"a"});
  EXPECT_EQ(PartsOf("a.bc"), (std::vector<std::string>{"a", "bc"}));
  EXPECT_EQ(PartsOf("a."), (std::vector<std::string>{"a", ""}));
  EXPECT_EQ(PartsOf("..a"), (std::vector<std::string>{"", "", "a"}));
}

}  // namespace
}  // namespace assent::policy
