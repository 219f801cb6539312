// After an erasure and a sweep no file of the data folder holds the subject's pseudonym outside the tombstone, nor
// anything that was said of it. The same scan finds both before: it can see.
#include "storage/erasure_sweep.h"

#include <gtest/gtest.h>
#include <rocksdb/db.h>

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "storage/consent_change.h"
#include "storage/profile_record.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

constexpr char kCanary[] = "CANARY-that-nobody-else-says";

class ErasureSweepTest : public testing::Test {
 protected:
  ErasureSweepTest() { Start(); }
  void Start() {
    open.reset();
    auto started = StartStore(folder.path(), nullptr, /*compress=*/false);
    ASSERT_TRUE(started.ok()) << started.status();
    open = *std::move(started);
  }
  void MustApply(ConsentRequest request) {
    const auto result = open->store->Apply(std::move(request), kTestTime);
    ASSERT_TRUE(result.ok()) << result.status();
  }
  // Consents, history, preferences and a profile, all of which name the canary.
  void Live() {
    ConsentRequest grant = GrantOf(subject, {Purpose::kSelectContent, Purpose::kProfileContent});
    grant.terms.notice_version = kCanary;
    MustApply(grant);
    MustApply(WithdrawalOf(subject, {Purpose::kSelectContent}));
    MustApply(grant);
    ConsentRequest contest = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_SET_PREFERENCES, subject);
    contest.preference.segment_id = "s1";
    contest.preference.statement = kCanary;
    MustApply(contest);
    const std::string key = ProfileKey(subject, Purpose::kProfileContent);
    ASSERT_TRUE(open->store
                    ->Write([&](rocksdb::WriteBatch& batch) {
                      EXPECT_TRUE(batch.Put(open->database->family(Family::kProfiles), key, kCanary).ok());
                    })
                    .ok());
  }
  uint64_t Sweep() {
    const auto swept = SweepErased(*open->database, *open->store, stop);
    EXPECT_TRUE(swept.ok()) << swept.status();
    return swept.value_or(0);
  }
  Found ScanFor(const std::string& text) { return Scan(folder.path(), text); }

  // The first of all, so that it is a bound of every table that it is in.
  const SubjectKey subject = {.bytes = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}};
  const std::string pseudonym = ConsentKey(subject);
  ScopedFolder folder;
  std::unique_ptr<OpenStore> open;
  std::atomic<bool> stop{false};
};

TEST_F(ErasureSweepTest, NothingButTheTombstoneIsLeft) {
  for (uint64_t i = 100; i < 400; ++i) MustApply(GrantOf(Subject(i), {Purpose::kSelectContent}));
  Live();
  Start();  // closing writes the tables: what lived is in them too
  Live();
  EXPECT_GE(ScanFor(pseudonym)[".sst"], 3u);
  EXPECT_GE(ScanFor(kCanary)[".sst"], 3u);
  EXPECT_GE(ScanFor(kCanary)[".log"], 3u);

  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  EXPECT_GE(ScanFor(kCanary)[".sst"], 3u) << "deleted is not gone";
  EXPECT_EQ(Sweep(), 1u);
  // While the process runs. The engine removes files a moment after it has replaced them. The keys of the history and
  // of the profile may also stand in the list of files, as bounds of tables.
  for (const std::string& gone :
       {std::string(kCanary), HistoryKey(subject, 1).substr(0, 23), ProfileKey(subject, Purpose::kProfileContent)}) {
    for (int i = 0; i < 1000 && !ScanFor(gone).empty(); ++i) std::this_thread::yield();
    EXPECT_EQ(ScanFor(gone), Found());
  }
  open.reset();
  EXPECT_EQ(ScanFor(kCanary), Found());
  Found left = ScanFor(pseudonym);
  EXPECT_LE(left[".sst"], 2u) << "the tombstone, and perhaps the index of its table";
  left.erase(".sst");
  left.erase("list of files");  // where the tombstone is the first or last record of a table
  EXPECT_EQ(left, Found());
  EXPECT_EQ(ScanFor(absl::BytesToHexString(pseudonym)), Found());

  Start();
  EXPECT_TRUE(open->Find(subject).erased);
  for (uint64_t i = 100; i < 400; ++i) ASSERT_TRUE(open->Allows(Subject(i), Purpose::kSelectContent)) << i;
}

// The records of others named the subject: of the person that it was linked to, and of one that it no longer is.
TEST_F(ErasureSweepTest, NobodysRecordNamesWhoWasErased) {
  const SubjectKey person = Subject(50);
  const SubjectKey former = Subject(51);
  MustApply(LinkOf(former, subject));
  Start();  // closing writes the tables: what the record named is in one
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNLINK, subject));
  MustApply(LinkOf(person, subject));
  MustApply(LinkOf(person, Subject(52)));
  Start();
  const auto key_of = [](const SubjectKey& one) { return ConsentKey(one); };
  EXPECT_GE(ScanFor(pseudonym)[".sst"], 4u) << "its own record, its history, those of both others";
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  EXPECT_EQ(Sweep(), 1u);
  open.reset();
  Found left = ScanFor(pseudonym);
  EXPECT_LE(left[".sst"], 2u) << "the tombstone, and perhaps the index of its table";
  left.erase(".sst");
  left.erase("list of files");
  EXPECT_EQ(left, Found());
  EXPECT_GE(ScanFor(key_of(person))[".sst"], 1u) << "who was not erased is there";
}

// Whoever was unlinked may be erased later, when nothing says any more whose record named them.
TEST_F(ErasureSweepTest, TheEndOfALinkIsSweptWithoutAnErasure) {
  const SubjectKey person = Subject(50);
  MustApply(LinkOf(person, subject));
  Start();
  const std::string names_linked = "\x12\x10" + pseudonym;           // SubjectLinks.linked
  const std::string names_person = "\x0a\x10" + ConsentKey(person);  // SubjectLinks.person
  EXPECT_GE(ScanFor(names_linked)[".sst"], 1u);
  EXPECT_GE(ScanFor(names_person)[".sst"], 1u);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_UNLINK, subject));
  EXPECT_EQ(Sweep(), 0u) << "nobody was erased";
  open.reset();
  EXPECT_EQ(ScanFor(names_linked), Found());
  EXPECT_EQ(ScanFor(names_person), Found());
}

TEST_F(ErasureSweepTest, SweepsWhatWasErasedSinceAndOnlyThat) {
  EXPECT_EQ(Sweep(), 0u);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(8)));
  EXPECT_EQ(Sweep(), 2u);
  EXPECT_EQ(Sweep(), 0u);
  Start();
  EXPECT_EQ(Sweep(), 0u);
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(9)));
  EXPECT_EQ(Sweep(), 1u);
}

TEST_F(ErasureSweepTest, WhoAgreesAnewBeforeTheSweepIsSweptOfWhatWasErased) {
  Live();
  Start();
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  MustApply(GrantOf(subject, {Purpose::kSelectContent}));
  MustApply(WithdrawalOf(subject, {Purpose::kSelectContent}));
  EXPECT_GE(ScanFor(kCanary)[".sst"], 1u);
  EXPECT_EQ(Sweep(), 1u);
  open.reset();
  EXPECT_EQ(ScanFor(kCanary), Found());
  Start();
  EXPECT_EQ(Sweep(), 0u);
  EXPECT_EQ(open->store->Get(subject)->record.purposes_size(), 1);
}

TEST_F(ErasureSweepTest, WhatIsStoppedIsSweptTheNextTime) {
  MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, subject));
  stop = true;
  EXPECT_TRUE(absl::IsCancelled(SweepErased(*open->database, *open->store, stop).status()));
  stop = false;
  EXPECT_EQ(Sweep(), 1u);
}

TEST_F(ErasureSweepTest, ManyAtOnceAreSweptToo) {
  for (uint64_t i = 1000; i < 1300; ++i) {
    ConsentRequest grant = GrantOf(Subject(i), {Purpose::kSelectContent});
    grant.terms.notice_version = kCanary;
    MustApply(grant);
  }
  Start();
  for (uint64_t i = 1000; i < 1300; ++i) MustApply(ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, Subject(i)));
  EXPECT_EQ(Sweep(), 300u);
  open.reset();
  EXPECT_EQ(ScanFor(kCanary), Found());
}

}  // namespace
}  // namespace assent::storage
