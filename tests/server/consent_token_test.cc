#include "server/consent_token.h"

#include <map>
#include <string>

#include "absl/strings/escaping.h"
#include "gtest/gtest.h"

namespace assent::server {
namespace {

const policy::Pseudonymizer& Key(char c) {
  static auto& keys = *new std::map<char, policy::Pseudonymizer>;
  auto it = keys.find(c);
  if (it == keys.end()) it = keys.emplace(c, *policy::Pseudonymizer::Create(std::string(32, c))).first;
  return it->second;
}

TEST(ConsentToken, ComesBackAsItWas) {
  ConsentTokenCodec codec(Key('a'));
  for (const storage::CommitPoint point : {storage::CommitPoint{0, 0}, storage::CommitPoint{1, 2},
                                           storage::CommitPoint{0x0123456789abcdef, 0xfedcba9876543210}}) {
    const std::string token = codec.Encode(point);
    EXPECT_LE(token.size(), kConsentTokenBytesMax);
    const auto back = codec.Decode(token);
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->epoch, point.epoch);
    EXPECT_EQ(back->sequence, point.sequence);
  }
}

TEST(ConsentToken, EveryChangedBitIsNoticed) {
  ConsentTokenCodec codec(Key('a'));
  std::string bytes;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(codec.Encode({5, 77}), &bytes));
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::string changed = bytes;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_FALSE(codec.Decode(absl::WebSafeBase64Escape(changed)).has_value()) << bit;
  }
}

TEST(ConsentToken, OtherKeysAndNonsense) {
  ConsentTokenCodec codec(Key('a'));
  EXPECT_FALSE(codec.Decode(ConsentTokenCodec(Key('b')).Encode({5, 77})).has_value());
  const std::string token = codec.Encode({5, 77});
  EXPECT_FALSE(codec.Decode(token.substr(0, token.size() - 1)).has_value());
  EXPECT_FALSE(codec.Decode(token + "AAAA").has_value());
  EXPECT_FALSE(codec.Decode("").has_value());
  EXPECT_FALSE(codec.Decode("%%%").has_value());
  EXPECT_FALSE(codec.Decode(std::string(129, 'A')).has_value());
}

}  // namespace
}  // namespace assent::server
