#include "policy/subject.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <concepts>
#include <ostream>
#include <random>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "absl/strings/escaping.h"

namespace assent::policy {
namespace {

// The raw id has no way out: these fail to compile the day that somebody adds one.
template <typename T>
concept Streamable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Streamable<RawSubject>);
static_assert(!std::is_convertible_v<RawSubject, std::string>);
static_assert(!std::is_convertible_v<RawSubject, absl::string_view>);
static_assert(!std::is_constructible_v<std::string, RawSubject>);
static_assert(!std::is_constructible_v<absl::string_view, RawSubject>);
static_assert(!std::equality_comparable<RawSubject>);
static_assert(!std::is_copy_constructible_v<Pseudonymizer>);

std::string Key(char fill = 'k') { return std::string(32, fill); }

Pseudonymizer Make(const std::string& key) {
  auto made = Pseudonymizer::Create(key);
  EXPECT_TRUE(made.ok()) << made.status();
  return *std::move(made);
}

// The oracle: OpenSSL's one-shot HMAC over the message as the header describes it.
std::string Reference(const std::string& key, const std::string& message) {
  unsigned char mac[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()), reinterpret_cast<const unsigned char*>(message.data()),
       message.size(), mac, &length);
  return {reinterpret_cast<char*>(mac), 16};
}

std::string Bytes(const SubjectKey& key) { return {reinterpret_cast<const char*>(key.bytes.data()), key.bytes.size()}; }

TEST(Pseudonymizer, MatchesHmacOfEveryLength) {
  const uint32_t seed = 20240501;
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (size_t id_bytes = 0; id_bytes <= 300; ++id_bytes) {
    std::string key(32, '\0');
    for (char& c : key) c = static_cast<char>(random());
    std::string id(id_bytes, '\0');
    for (char& c : id) c = static_cast<char>(random());
    const std::string name_space(1 + id_bytes % kNamespaceBytesMax, 'n');
    const std::string message = std::string(1, static_cast<char>(name_space.size())) + name_space + id;
    EXPECT_EQ(Bytes(Make(key).Pseudonymize(RawSubject(name_space, id))), Reference(key, message)) << id_bytes;
  }
}

// RFC 4231 keys are not 32 bytes long, but HMAC pads a shorter key with zeros: test case 1 fits.
TEST(Pseudonymizer, MatchesRfc4231TestCase1) {
  std::string key(20, '\x0b');
  key.resize(32, '\0');
  // The message "Hi There" as a length byte (0x48 = 'H', 72) cannot be a namespace of ours, so the vector goes through
  // the reference, and the reference is what the other tests compare with.
  EXPECT_EQ(absl::BytesToHexString(Reference(key, "Hi There")), "b0344c61d8db38535ca8afceaf0bf12b");
}

TEST(Pseudonymizer, NamespaceAndIdCannotBeShifted) {
  const Pseudonymizer pseudonymizer = Make(Key());
  EXPECT_NE(pseudonymizer.Pseudonymize(RawSubject("cookie", "a1")),
            pseudonymizer.Pseudonymize(RawSubject("cookiea", "1")));
}

TEST(Pseudonymizer, KeysAndUsesDiffer) {
  const Pseudonymizer one = Make(Key('1'));
  const Pseudonymizer two = Make(Key('2'));
  EXPECT_NE(one.Pseudonymize(RawSubject("login", "x")), two.Pseudonymize(RawSubject("login", "x")));
  EXPECT_NE(one.CheckValue(), two.CheckValue());
  EXPECT_EQ(one.CheckValue(), Make(Key('1')).CheckValue());
  EXPECT_NE(one.TokenMac("x"), two.TokenMac("x"));
  EXPECT_EQ(one.TokenMac("x"), Make(Key('1')).TokenMac("x"));
  EXPECT_NE(one.TokenMac("x"), one.TokenMac("y"));
}

TEST(Pseudonymizer, TokenMacHasAKeyOfItsOwn) {
  const std::string token_key_seed =
      "\xFE"
      "assent consent token key v1";
  unsigned char token_key[EVP_MAX_MD_SIZE];
  unsigned int length = 0;
  HMAC(EVP_sha256(), Key().data(), 32, reinterpret_cast<const unsigned char*>(token_key_seed.data()),
       token_key_seed.size(), token_key, &length);
  const auto mac = Make(Key()).TokenMac("message");
  EXPECT_EQ(std::string(mac.begin(), mac.end()),
            Reference(std::string(reinterpret_cast<char*>(token_key), 32), "message"));
}

// The pseudonym that a chain makes, from OpenSSL's own HMAC.
std::string ReferenceOnion(const std::vector<std::string>& keys, const std::string& message) {
  std::string pseudonym = Reference(keys[0], message);
  for (size_t i = 1; i < keys.size(); ++i) pseudonym = Reference(keys[i], "\xFD" + pseudonym);
  return pseudonym;
}

TEST(PseudonymizerChain, IsAnOnionOfTheReference) {
  std::vector<std::string> keys;
  for (size_t count = 1; count <= kPseudonymKeysMax; ++count) {
    keys.push_back(Key(static_cast<char>('0' + count)));
    const auto chain = Pseudonymizer::CreateChain(keys);
    ASSERT_TRUE(chain.ok()) << chain.status();
    EXPECT_EQ(Bytes(chain->Pseudonymize(RawSubject("login", "anna"))), ReferenceOnion(keys, "\5loginanna")) << count;
    EXPECT_EQ(Bytes(chain->CheckValue()), ReferenceOnion(keys,
                                                         "\xFF"
                                                         "assent key check v1"))
        << count;
    EXPECT_EQ(chain->TokenMac("x"), Make(keys[0]).TokenMac("x")) << "tokens outlive a rotation";
  }
}

TEST(PseudonymizerChain, OneKeyIsAsBefore) {
  const auto chain = Pseudonymizer::CreateChain(std::vector<std::string>{Key('1')});
  EXPECT_EQ(chain->Pseudonymize(RawSubject("login", "x")), Make(Key('1')).Pseudonymize(RawSubject("login", "x")));
  EXPECT_EQ(chain->CheckValue(), Make(Key('1')).CheckValue());
}

TEST(PseudonymizerChain, ContinuesWhatItsFirstKeysMade) {
  const std::vector<std::string> keys = {Key('1'), Key('2'), Key('3')};
  const auto chain = Pseudonymizer::CreateChain(keys);
  const RawSubject subject("login", "x");
  for (size_t count = 1; count <= keys.size(); ++count) {
    const auto first = Pseudonymizer::CreateChain(std::span(keys).first(count));
    EXPECT_EQ(chain->KeysOf(first->CheckValue()), count);
    EXPECT_EQ(chain->Continue(first->Pseudonymize(subject), count), chain->Pseudonymize(subject)) << count;
  }
  EXPECT_EQ(chain->KeysOf(Make(Key('2')).CheckValue()), std::nullopt) << "a part, but not the first";
  EXPECT_EQ(Make(Key('1')).KeysOf(chain->CheckValue()), std::nullopt) << "made with more keys";
}

TEST(PseudonymizerChain, RefusesWhatIsNoChain) {
  const auto code_of = [](const std::vector<std::string>& keys) {
    return Pseudonymizer::CreateChain(keys).status().code();
  };
  EXPECT_EQ(code_of({}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code_of({Key('1'), Key('2'), Key('1')}), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(code_of({Key('1'), "short"}), absl::StatusCode::kInvalidArgument);
  std::vector<std::string> many;
  for (size_t i = 0; i <= kPseudonymKeysMax; ++i) many.push_back(Key(static_cast<char>('a' + i)));
  EXPECT_EQ(code_of(many), absl::StatusCode::kInvalidArgument);
}

TEST(Pseudonymizer, SurvivesAMove) {
  Pseudonymizer first = Make(Key('1'));
  const SubjectKey expected = first.Pseudonymize(RawSubject("login", "x"));
  Pseudonymizer second = std::move(first);
  Pseudonymizer third = Make(Key('3'));
  third = std::move(second);
  EXPECT_EQ(third.Pseudonymize(RawSubject("login", "x")), expected);
}

TEST(Pseudonymizer, RefusesAKeyOfAnotherLength) {
  for (size_t length : {0, 16, 31, 33, 64}) {
    EXPECT_EQ(Pseudonymizer::Create(std::string(length, 'k')).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

TEST(RawSubject, NamesTheFieldAndNeverTheValue) {
  const std::string secret = "SECRET-person@example.org";
  const struct {
    std::string name_space, id, field;
  } cases[] = {
      {"", secret, "subject.namespace"},
      {std::string(kNamespaceBytesMax + 1, 'a'), secret, "subject.namespace"},
      {"SECRET", secret, "subject.namespace"},
      {"a b", secret, "subject.namespace"},
      {"cookie", "", "subject.id"},
      {"cookie", secret + std::string(256, 'x'), "subject.id"},
  };
  for (const auto& test : cases) {
    const RawSubject subject(test.name_space, test.id);
    const absl::Status status = subject.Validate(256);
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(status.message()), testing::StartsWith(test.field));
    EXPECT_THAT(std::string(status.message()), testing::Not(testing::HasSubstr("SECRET")));
    EXPECT_FALSE(subject.IsValid(256));
  }
}

TEST(RawSubject, AcceptsItsLimits) {
  const std::string name_space(kNamespaceBytesMax, 'z');
  const std::string id(256, '\0');
  EXPECT_TRUE(RawSubject(name_space, id).Validate(256).ok());
  EXPECT_TRUE(RawSubject(name_space, id).IsValid(256));
  EXPECT_TRUE(RawSubject("a_0-z", "\xFF").IsValid(256));
}

// A pseudonym is meant to be uniform: the index takes its shard and slot from these words.
TEST(SubjectKey, WordsSpreadOverShards) {
  const Pseudonymizer pseudonymizer = Make(Key());
  std::array<int, 64> high = {};
  std::array<int, 64> low = {};
  for (int i = 0; i < 64000; ++i) {
    const SubjectKey key = pseudonymizer.Pseudonymize(RawSubject("cookie", std::to_string(i)));
    ++high[key.high() >> 58];
    ++low[key.low() >> 58];
  }
  // 1000 expected in each, standard deviation 31: six of them.
  for (int count : high) EXPECT_NEAR(count, 1000, 190);
  for (int count : low) EXPECT_NEAR(count, 1000, 190);
}

TEST(PseudonymizerChain, KnowsTheCheckValueOfEachOfItsBeginnings) {
  const std::vector<std::string> keys = {std::string(32, 'a'), std::string(32, 'b'), std::string(32, 'c')};
  const auto chain = Pseudonymizer::CreateChain(keys);
  ASSERT_TRUE(chain.ok()) << chain.status();
  const std::vector<SubjectKey> values = chain->CheckValues();
  ASSERT_EQ(values.size(), keys.size());
  for (size_t count = 1; count <= keys.size(); ++count) {
    EXPECT_EQ(values[count - 1], Pseudonymizer::CreateChain(std::span(keys).first(count))->CheckValue());
    EXPECT_EQ(chain->KeysOf(values[count - 1]), count);
  }
}

}  // namespace
}  // namespace assent::policy
