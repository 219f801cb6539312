// Power cuts at random points: after each the store opens, holds every acknowledged change, and of each change that was
// under way all or nothing.

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <map>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "storage/consent_change.h"
#include "storage/record_codec.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr int kWriters = 3;
constexpr uint64_t kSubjectsEach = 4;
constexpr int kCutsADisk = 40;  // then a new disk, so that histories stay short

// What a subject must look like after a restart: the last acknowledged record, or that with the change under way.
struct Expectation {
  internal::v1::ConsentRecord acknowledged;
  std::optional<ConsentRequest> under_way;
  uint64_t erased_at = 0;  // the revision of its last erasure, which took the history with it
};

ConsentRequest RandomChange(const SubjectKey& subject, std::mt19937_64& random) {
  const auto purpose = static_cast<Purpose>(1 + random() % policy::kPurposeCount);
  switch (random() % 8) {
    case 0:
      return WithdrawalOf(subject, {purpose});
    case 1:
      return OptOutOf(subject, {});
    case 2:
      return ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject);
    case 3:
      return ChangeOf(internal::v1::CONSENT_CHANGE_KIND_RESTRICT, subject);
    default:
      return GrantOf(subject, {purpose}, static_cast<uint32_t>(2'000'000 + random() % 3));
  }
}

bool SameButForTheSequence(internal::v1::ConsentRecord one, internal::v1::ConsentRecord two) {
  for (internal::v1::ConsentRecord* record : {&one, &two}) {
    record->clear_sequence();
    record->clear_erase_sequence();  // that of an erasure under way
  }
  return one.SerializeAsString() == two.SerializeAsString();
}

class CrashTest : public testing::Test {
 protected:
  void NewDisk(uint64_t seed) {
    disk = std::make_unique<LossyDisk>(seed);
    env = NewLossyEnv(*disk);
    EXPECT_TRUE(env->CreateDirIfMissing("/disk").ok());
    expected.clear();
  }

  // Changes until the power goes, each writer its own subjects.
  void WriteUntilTheCut(OpenStore& open, uint64_t seed) {
    for (int writer = 0; writer < kWriters; ++writer) {
      for (uint64_t i = 0; i < kSubjectsEach; ++i) expected[Number(writer, i)];  // no insertion while they run
    }
    std::vector<std::thread> writers;
    for (int writer = 0; writer < kWriters; ++writer) {
      writers.emplace_back([&, writer] {
        std::mt19937_64 random(seed + static_cast<uint64_t>(writer));
        for (;;) {
          const uint64_t number = Number(writer, random() % kSubjectsEach);
          Expectation& expectation = expected.at(number);
          const ConsentRequest change = RandomChange(Subject(number), random);
          expectation.under_way = change;
          const auto result = open.store->Apply(change, kTestTime);
          if (!result.ok()) return;
          Accept(result->record, expectation);
        }
      });
    }
    for (std::thread& writer : writers) writer.join();
  }

  // The record is what the change under way, if it was made, left.
  static void Accept(const internal::v1::ConsentRecord& record, Expectation& expectation) {
    const bool made = record.revision() != expectation.acknowledged.revision();
    if (made && expectation.under_way->kind == internal::v1::CONSENT_CHANGE_KIND_ERASE) {
      expectation.erased_at = record.revision();
    }
    expectation.acknowledged = record;
    expectation.under_way.reset();
  }

  static uint64_t Number(int writer, uint64_t i) { return static_cast<uint64_t>(writer) * 100 + i; }

  void Check(OpenStore& open) {
    EXPECT_EQ(open.store->damaged_records(), 0u);
    for (auto& [number, expectation] : expected) {
      const auto found = open.store->Get(Subject(number));
      internal::v1::ConsentRecord record;
      if (found.ok()) record = found->record;
      internal::v1::ConsentRecord with_change = expectation.acknowledged;
      if (expectation.under_way) ApplyChange(*expectation.under_way, kTestTime, 0, with_change);
      const bool kept = SameButForTheSequence(record, expectation.acknowledged);
      ASSERT_TRUE(kept || SameButForTheSequence(record, with_change))
          << "subject " << number << " acknowledged " << expectation.acknowledged.ShortDebugString() << " found "
          << record.ShortDebugString();
      ASSERT_EQ(open.Find(Subject(number)), StateOf(record, policy::Jurisdictions())) << number;
      Accept(record, expectation);
      CheckHistory(open, number, record.revision() - expectation.erased_at);
    }
  }

  // As many entries as the revisions since the last erasure: record and history are one write.
  void CheckHistory(OpenStore& open, uint64_t number, uint64_t revisions) {
    const std::unique_ptr<rocksdb::Iterator> history(
        open.database->rocks().NewIterator({}, open.database->family(Family::kConsentHistory)));
    uint64_t entries = 0;
    const std::string prefix = ConsentKey(Subject(number));
    for (history->Seek(prefix); history->Valid() && history->key().starts_with(prefix); history->Next()) {
      internal::v1::ConsentChange entry;
      ASSERT_TRUE(RecordCodec().Decode(history->key().ToString(), history->value().ToString(), entry).ok());
      ++entries;
    }
    ASSERT_EQ(entries, revisions) << number;
  }

  std::unique_ptr<LossyDisk> disk;
  std::unique_ptr<rocksdb::Env> env;
  std::map<uint64_t, Expectation> expected;
};

TEST_F(CrashTest, PowerCutsLoseNoAcknowledgedChange) {
  const uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  const int cuts = FullScale() ? 10'000 : 120;
  int opened = 0;
  int refused = 0;
  for (int cut = 0; cut < cuts; ++cut) {
    if (cut % kCutsADisk == 0) NewDisk(random());
    // Some cuts hit the opening itself, most the writing.
    disk->CutAfter(1 + random() % (random() % 4 == 0 ? 60 : 400));
    {
      auto open = StartStore("/disk/data", env.get());
      if (open.ok()) {
        ++opened;
        Check(**open);
        if (HasFatalFailure()) return;
        WriteUntilTheCut(**open, random());
      } else {
        ++refused;
        ASSERT_TRUE(disk->is_off()) << "cut " << cut << ": " << open.status();
      }
      disk->Cut();
    }
    disk->PowerOn();
    auto open = StartStore("/disk/data", env.get());
    ASSERT_TRUE(open.ok()) << "cut " << cut << ": " << open.status();
    Check(**open);
    if (HasFatalFailure()) return;
  }
  EXPECT_GT(opened, cuts / 2);
  EXPECT_GT(refused, 0);
}

// The tests above rest on a disk that does forget.
TEST(LossyDisk, KeepsWhatWasSyncedAndForgetsTheRest) {
  LossyDisk disk(1);
  ASSERT_EQ(disk.MakeFolder("/d"), DiskFault::kNone);
  std::shared_ptr<LossyDisk::File> synced;
  std::shared_ptr<LossyDisk::File> nameless;
  ASSERT_EQ(disk.Create("/d/synced", synced), DiskFault::kNone);
  ASSERT_EQ(disk.Append(*synced, "kept", 4), DiskFault::kNone);
  ASSERT_EQ(disk.SyncFile(*synced), DiskFault::kNone);
  ASSERT_EQ(disk.SyncFolder("/d"), DiskFault::kNone);
  ASSERT_EQ(disk.Create("/d/nameless", nameless), DiskFault::kNone);
  int lost_names = 0;
  int lost_bytes = 0;
  for (int i = 0; i < 50; ++i) {
    if (i > 0) {
      synced = disk.Open("/d/synced");
      ASSERT_EQ(disk.Create("/d/nameless", nameless), DiskFault::kNone);
    }
    const uint64_t before = disk.Length(*synced);
    ASSERT_EQ(disk.Append(*synced, "unsynced", 8), DiskFault::kNone);
    disk.Cut();
    EXPECT_EQ(disk.Append(*synced, "x", 1), DiskFault::kPowerOff);
    disk.PowerOn();
    ASSERT_TRUE(disk.IsFile("/d/synced"));
    EXPECT_EQ(disk.Read(*disk.Open("/d/synced"), 0, 4), "kept");
    lost_bytes += *disk.Size("/d/synced") < before + 8;
    lost_names += !disk.IsFile("/d/nameless");
    if (disk.IsFile("/d/nameless")) {
      ASSERT_EQ(disk.Delete("/d/nameless"), DiskFault::kNone);
      ASSERT_EQ(disk.SyncFolder("/d"), DiskFault::kNone);
    }
  }
  EXPECT_GT(lost_names, 5);
  EXPECT_GT(lost_bytes, 5);
}

}  // namespace
}  // namespace assent::storage
