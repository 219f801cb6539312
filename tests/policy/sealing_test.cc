#include "policy/sealing.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace assent::policy {
namespace {

const std::string kOld(kSealingKeyBytes, '\x01');
const std::string kNew(kSealingKeyBytes, '\x02');

SealingRing RingOf(const std::vector<std::string>& keys) {
  auto ring = SealingRing::Create(keys);
  EXPECT_TRUE(ring.ok()) << ring.status();
  return *ring;
}

std::string Sealed(Sealer& sealer, const std::string& plain, const std::string& bound) {
  std::string out(plain.size() + kSealedOverheadBytes, '\0');
  EXPECT_TRUE(sealer.Seal(plain, bound, out));
  return out;
}

TEST(Sealing, OpensWhatItSealed) {
  Sealer sealer(RingOf({kOld}), "records");
  Sealer another(RingOf({kOld}), "records");
  for (const std::string plain : {"", "a", "a longer value than one block of the cipher has"}) {
    for (Sealer* opener : {&sealer, &another}) {
      std::string opened;
      ASSERT_TRUE(opener->Open(Sealed(sealer, plain, "key"), "key", opened).ok());
      EXPECT_EQ(opened, plain);
    }
  }
}

TEST(Sealing, NothingSealedIsAlike) {
  std::set<std::string> all;
  for (int i = 0; i < 100; ++i) {
    Sealer sealer(RingOf({kOld}), "records");
    for (int j = 0; j < 10; ++j) all.insert(Sealed(sealer, "the same", "").substr(4));
  }
  EXPECT_EQ(all.size(), 1000U);
}

TEST(Sealing, AnyChangedByteIsFound) {
  Sealer sealer(RingOf({kOld}), "records");
  const std::string sealed = Sealed(sealer, "the content of a record", "key");
  std::string opened;
  for (size_t i = 0; i < sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i] = static_cast<char>(changed[i] ^ 0x10);
    const absl::Status status = sealer.Open(changed, "key", opened);
    EXPECT_EQ(status.code(), i < 4 ? absl::StatusCode::kNotFound : absl::StatusCode::kDataLoss) << i;
    EXPECT_EQ(opened, "");
  }
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_EQ(sealer.Open(sealed.substr(0, size), "key", opened).code(), absl::StatusCode::kDataLoss) << size;
  }
  EXPECT_FALSE(sealer.Open(sealed + "x", "key", opened).ok());
  EXPECT_TRUE(sealer.Open(sealed, "key", opened).ok());
}

TEST(Sealing, IsBoundToItsKeyAndItsUse) {
  Sealer sealer(RingOf({kOld}), "records");
  Sealer receipts(RingOf({kOld}), "receipts");
  const std::string sealed = Sealed(sealer, "content", "one key");
  std::string opened;
  EXPECT_EQ(sealer.Open(sealed, "another", opened).code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(receipts.Open(sealed, "one key", opened).code(), absl::StatusCode::kDataLoss);
}

TEST(Sealing, KeysRotate) {
  Sealer before(RingOf({kOld}), "records");
  Sealer during(RingOf({kOld, kNew}), "records");
  Sealer after(RingOf({kNew}), "records");
  const std::string old = Sealed(before, "content", "");
  const std::string fresh = Sealed(during, "content", "");
  std::string opened;
  EXPECT_TRUE(during.Open(old, "", opened).ok());
  EXPECT_TRUE(during.Open(fresh, "", opened).ok());
  EXPECT_TRUE(during.Open(old, "", opened).ok());  // back to the other key
  EXPECT_TRUE(after.Open(fresh, "", opened).ok());
  EXPECT_EQ(after.Open(old, "", opened).code(), absl::StatusCode::kNotFound);
  uint32_t id = 0;
  ASSERT_TRUE(Sealer::KeyIdOf(fresh, id));
  EXPECT_EQ(id, RingOf({kNew}).sealing_key_id());
}

TEST(SealingRing, RefusesKeysThatAreNone) {
  EXPECT_FALSE(SealingRing::Create({}).ok());
  EXPECT_FALSE(SealingRing::Create(std::vector<std::string>{kOld, kOld}).ok());
  EXPECT_FALSE(SealingRing::Create(std::vector<std::string>{kOld.substr(1)}).ok());
  std::vector<std::string> many;
  for (size_t i = 0; i <= kSealingKeysMax; ++i) many.emplace_back(kSealingKeyBytes, static_cast<char>(i));
  EXPECT_FALSE(SealingRing::Create(many).ok());
  many.pop_back();
  EXPECT_TRUE(SealingRing::Create(many).ok());
}

}  // namespace
}  // namespace assent::policy
