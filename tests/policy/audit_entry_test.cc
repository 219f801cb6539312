// The numbers are those of another implementation (Python's struct and hashlib), made from docs/storage_format.md.
#include "policy/audit_entry.h"

#include <gtest/gtest.h>

#include <numeric>
#include <string>

#include "absl/strings/escaping.h"

namespace assent::policy {
namespace {

std::string HexOf(const Sha256& hash) { return absl::BytesToHexString(BytesOf(hash)); }

AuditEntry SampleEntry() {
  return {.index = 1,
          .time_us = 1'700'000'000'000'001,
          .kind = 2,
          .commitment = CommitmentTo("opening"),
          .actor = "spiffe://example.org/cmp"};
}

TEST(AuditEntry, HasTheBytesAndHashesOfTheDocument) {
  EXPECT_EQ(HexOf(CommitmentTo("opening")), "9a422be6de745d74e2799dbd1ceb74c1f0b47dbb9f549a649d6985de531685fd");
  const std::string bytes = CanonicalBytes(SampleEntry());
  EXPECT_EQ(absl::BytesToHexString(bytes),
            "010000000000000001401e18240a060002000000180000009a422be6de745d74e2799dbd1ceb74c1f0b47dbb9f549a649d6985de53"
            "1685fd7370696666653a2f2f6578616d706c652e6f72672f636d70");
  const Sha256 first = ChainHash(Sha256{}, bytes);
  EXPECT_EQ(HexOf(first), "4f3bd992fdb1e519d7ea410065cc0a9485ce4e1f9cc566240d8746eac64093a4");
  AuditEntry second{.index = 2, .time_us = -5, .kind = 41, .commitment = {}, .actor = ""};
  std::iota(second.commitment.begin(), second.commitment.end(), uint8_t{0});
  EXPECT_EQ(HexOf(ChainHash(first, CanonicalBytes(second))),
            "eb7b6ba4d8bb1c8f6f096d9c49b3c2ddfb3d71e4d014859ee17e34421995c073");
}

TEST(AuditEntry, IsReadFromItsBytesAndFromNoOthers) {
  const std::string bytes = CanonicalBytes(SampleEntry());
  const auto read = AuditEntryFromBytes(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->index, 1u);
  EXPECT_EQ(read->actor, SampleEntry().actor);
  EXPECT_EQ(CanonicalBytes(*read), bytes);
  for (size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(AuditEntryFromBytes(bytes.substr(0, size))) << size;
  EXPECT_FALSE(AuditEntryFromBytes(bytes + "x"));
}

TEST(AuditEntry, ALongNameIsCut) {
  AuditEntry entry = SampleEntry();
  entry.actor = std::string(kAuditActorBytesMax + 1, 'a');
  const auto read = AuditEntryFromBytes(CanonicalBytes(entry));
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->actor.size(), kAuditActorBytesMax);
}

}  // namespace
}  // namespace assent::policy
