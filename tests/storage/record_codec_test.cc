#include "storage/record_codec.h"

#include <gtest/gtest.h>
#include <zlib.h>

#include <cstring>
#include <string>

#include "assent/internal/v1/consent_record.pb.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

const RecordCodec kPlain;

internal::v1::ConsentRecord Example() {
  internal::v1::ConsentRecord record;
  record.set_revision(7);
  record.add_purposes()->set_purpose(1);
  return record;
}

TEST(RecordCodec, GivesBackWhatWentIn) {
  const std::string value = kPlain.Encode("key", Example());
  internal::v1::ConsentRecord record;
  ASSERT_TRUE(kPlain.Decode("key", value, record).ok());
  EXPECT_EQ(record.SerializeAsString(), Example().SerializeAsString());
  std::string opened;
  EXPECT_EQ(*kPlain.Decode("key", kPlain.Encode("key", ""), opened), "");
}

TEST(RecordCodec, RefusesEveryFlippedBitAndEveryCut) {
  const std::string value = kPlain.Encode("key", Example());
  internal::v1::ConsentRecord record;
  for (size_t bit = 0; bit < 8 * value.size(); ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(kPlain.Decode("key", damaged, record).code(), absl::StatusCode::kDataLoss) << bit;
  }
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_EQ(kPlain.Decode("key", value.substr(0, length), record).code(), absl::StatusCode::kDataLoss) << length;
  }
  EXPECT_EQ(kPlain.Decode("key", value + "x", record).code(), absl::StatusCode::kDataLoss);
}

TEST(RecordCodec, RefusesAValueUnderAnotherKey) {
  internal::v1::ConsentRecord record;
  EXPECT_EQ(kPlain.Decode("kez", kPlain.Encode("key", Example()), record).code(), absl::StatusCode::kDataLoss);
}

TEST(RecordCodec, RefusesContentThatIsNoMessage) {
  internal::v1::ConsentRecord record;
  EXPECT_EQ(kPlain.Decode("key", kPlain.Encode("key", "\xFF\xFF"), record).code(), absl::StatusCode::kDataLoss);
}

// The value with a checksum that is right, as who may write to the disk can make it.
std::string WithRightChecksum(const std::string& key, std::string value) {
  const std::string covered = key + value.substr(0, 2) + value.substr(kEnvelopeBytes);
  const auto crc = static_cast<uint32_t>(
      crc32(0, reinterpret_cast<const Bytef*>(covered.data()), static_cast<uInt>(covered.size())));
  std::memcpy(value.data() + 2, &crc, sizeof(crc));
  return value;
}

TEST(SealedRecordCodec, GivesBackWhatWentInAndShowsNothing) {
  const SealingKeys keys(SealingRingOf("a"));
  const RecordCodec codec("consent", keys);
  const std::string text = "a text that nobody should read";
  const std::string value = codec.Encode("key", text);
  EXPECT_EQ(value.size(), kEnvelopeBytes + text.size() + policy::kSealedOverheadBytes);
  EXPECT_EQ(value.substr(0, 2), std::string("\1\1"));
  EXPECT_EQ(value.find("nobody"), std::string::npos);
  EXPECT_EQ(WithRightChecksum("key", value), value);
  std::string opened;
  EXPECT_EQ(*codec.Decode("key", value, opened), text);
  internal::v1::ConsentRecord record;
  ASSERT_TRUE(codec.Decode("key", codec.Encode("key", Example()), record).ok());
  EXPECT_EQ(record.SerializeAsString(), Example().SerializeAsString());
  EXPECT_EQ(*codec.Decode("key", kPlain.Encode("key", text), opened), text) << "of before there were keys";
}

TEST(SealedRecordCodec, RefusesEveryChangedByteAlsoUnderARightChecksum) {
  const SealingKeys keys(SealingRingOf("a"));
  const RecordCodec codec("consent", keys);
  const std::string value = codec.Encode("key", Example());
  internal::v1::ConsentRecord record;
  for (size_t bit = 0; bit < 8 * value.size(); ++bit) {
    std::string changed = value;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(codec.Decode("key", changed, record).code(), absl::StatusCode::kDataLoss) << bit;
    if (bit / 8 < 2) continue;  // the head: another version, or a value that says it is not sealed
    if (bit / 8 < kEnvelopeBytes) continue;
    const absl::Status status = codec.Decode("key", WithRightChecksum("key", changed), record);
    // The key's id names another key, which is not there.
    const bool names_key = bit / 8 < kEnvelopeBytes + 4;
    EXPECT_EQ(status.code(), names_key ? absl::StatusCode::kFailedPrecondition : absl::StatusCode::kDataLoss) << bit;
  }
  for (size_t length = kEnvelopeBytes; length < value.size(); ++length) {
    const std::string cut = WithRightChecksum("key", value.substr(0, length));
    EXPECT_EQ(codec.Decode("key", cut, record).code(), absl::StatusCode::kDataLoss) << length;
  }
}

TEST(SealedRecordCodec, RefusesAValueOfAnotherRecordOrFamily) {
  const SealingKeys keys(SealingRingOf("a"));
  const RecordCodec codec("consent", keys);
  const RecordCodec other("profiles", keys);
  const std::string value = codec.Encode("one", Example());
  internal::v1::ConsentRecord record;
  EXPECT_EQ(codec.Decode("two", WithRightChecksum("two", value), record).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(other.Decode("one", value, record).code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(codec.Decode("one", value, record).ok());
}

TEST(SealedRecordCodec, AMissingKeyIsNoDamage) {
  const SealingKeys keys(SealingRingOf("a"));
  const SealingKeys wrong(SealingRingOf("b"));
  const SealingKeys none(std::nullopt);
  const std::string value = RecordCodec("consent", keys).Encode("key", Example());
  internal::v1::ConsentRecord record;
  EXPECT_TRUE(absl::IsFailedPrecondition(RecordCodec("consent", wrong).Decode("key", value, record)));
  EXPECT_TRUE(absl::IsFailedPrecondition(RecordCodec("consent", none).Decode("key", value, record)));
  EXPECT_TRUE(absl::IsFailedPrecondition(kPlain.Decode("key", value, record)));
}

TEST(SealedRecordCodec, FollowsItsKeys) {
  SealingKeys keys(SealingRingOf("a"));
  const RecordCodec codec("consent", keys);
  const std::string old = codec.Encode("key", Example());
  keys.Replace(SealingRingOf("ab"));
  const std::string fresh = codec.Encode("key", Example());
  internal::v1::ConsentRecord record;
  EXPECT_TRUE(codec.Decode("key", old, record).ok());
  EXPECT_TRUE(codec.Decode("key", fresh, record).ok());
  EXPECT_EQ(RecordCodec::SealingOf("key", old).key_id, SealingRingOf("a").sealing_key_id());
  EXPECT_EQ(RecordCodec::SealingOf("key", fresh).key_id, SealingRingOf("b").sealing_key_id());
  EXPECT_EQ(RecordCodec::SealingOf("key", fresh).kind, ValueSealing::Kind::kSealed);
  EXPECT_EQ(RecordCodec::SealingOf("key", kPlain.Encode("key", "x")).kind, ValueSealing::Kind::kNone);
  EXPECT_EQ(RecordCodec::SealingOf("kez", fresh).kind, ValueSealing::Kind::kUnreadable);
  keys.Replace(SealingRingOf("b"));
  EXPECT_TRUE(absl::IsFailedPrecondition(codec.Decode("key", old, record)));
  EXPECT_TRUE(codec.Decode("key", fresh, record).ok());
}

}  // namespace
}  // namespace assent::storage
