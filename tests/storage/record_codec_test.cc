#include "storage/record_codec.h"

#include <gtest/gtest.h>

#include <string>

#include "assent/internal/v1/consent_record.pb.h"

namespace assent::storage {
namespace {

internal::v1::ConsentRecord Example() {
  internal::v1::ConsentRecord record;
  record.set_revision(7);
  record.add_purposes()->set_purpose(1);
  return record;
}

TEST(RecordCodec, GivesBackWhatWentIn) {
  const std::string value = EncodeRecord("key", Example());
  internal::v1::ConsentRecord record;
  ASSERT_TRUE(DecodeRecord("key", value, record).ok());
  EXPECT_EQ(record.SerializeAsString(), Example().SerializeAsString());
  EXPECT_EQ(*DecodeRecord("key", EncodeRecord("key", "")), "");
}

TEST(RecordCodec, RefusesEveryFlippedBitAndEveryCut) {
  const std::string value = EncodeRecord("key", Example());
  internal::v1::ConsentRecord record;
  for (size_t bit = 0; bit < 8 * value.size(); ++bit) {
    std::string damaged = value;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    EXPECT_EQ(DecodeRecord("key", damaged, record).code(), absl::StatusCode::kDataLoss) << bit;
  }
  for (size_t length = 0; length < value.size(); ++length) {
    EXPECT_EQ(DecodeRecord("key", value.substr(0, length), record).code(), absl::StatusCode::kDataLoss) << length;
  }
  EXPECT_EQ(DecodeRecord("key", value + "x", record).code(), absl::StatusCode::kDataLoss);
}

TEST(RecordCodec, RefusesAValueUnderAnotherKey) {
  internal::v1::ConsentRecord record;
  EXPECT_EQ(DecodeRecord("kez", EncodeRecord("key", Example()), record).code(), absl::StatusCode::kDataLoss);
}

TEST(RecordCodec, RefusesContentThatIsNoMessage) {
  internal::v1::ConsentRecord record;
  EXPECT_EQ(DecodeRecord("key", EncodeRecord("key", "\xFF\xFF"), record).code(), absl::StatusCode::kDataLoss);
}

}  // namespace
}  // namespace assent::storage
