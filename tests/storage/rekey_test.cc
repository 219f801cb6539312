// A folder whose pseudonym key was rotated: everyone is found under the new pseudonym with everything that was kept,
// nobody under the old one, and a crash leaves one of the two, whole.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "storage/consent_change.h"
#include "storage/decision_store.h"
#include "storage/meta_value.h"
#include "storage/notice_store.h"
#include "storage/profile_record.h"
#include "tests/storage/folder_scan.h"
#include "tests/storage/lossy_disk.h"
#include "tests/storage/lossy_file_system.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using policy::Pseudonymizer;
using policy::Purpose;
using policy::RawSubject;
using policy::SubjectKey;
using testing::HasSubstr;

// A key for each character, oldest first.
Pseudonymizer ChainOf(const std::string& characters) {
  std::vector<std::string> keys;
  for (const char character : characters) keys.emplace_back(32, character);
  return *Pseudonymizer::CreateChain(keys);
}

SubjectKey PseudonymOf(const Pseudonymizer& chain, int person) {
  return chain.Pseudonymize(RawSubject("login", "person" + std::to_string(person)));
}

// One start of the service, with the keys of a chain.
struct Keyed {
  explicit Keyed(const std::string& keys) : chain(ChainOf(keys)) {}

  absl::Status Start(const std::string& data_dir, rocksdb::Env* env, std::optional<policy::SealingRing> sealing) {
    auto opened = Database::Open({.data_dir = data_dir,
                                  .key_check = chain.CheckValue(),
                                  .env = env,
                                  .compress = false,
                                  .sealing_keys = std::move(sealing),
                                  .pseudonymizer = &chain});
    if (!opened.ok()) return opened.status();
    open.database = *std::move(opened);
    auto store = ConsentStore::Open(*open.database, open.index, open.refusals, open.jurisdictions);
    if (store.ok()) open.store = *std::move(store);
    return store.status();
  }
  SubjectKey Of(int person) const { return PseudonymOf(chain, person); }

  Pseudonymizer chain;
  OpenStore open;
};

// What is kept of a person, by names instead of pseudonyms: the same in every generation.
struct Kept {
  std::string record;  // without links
  std::vector<int> linked;
  int person = -1;
  std::vector<std::string> history;  // without its place in the audit log
  std::string profile;
  int openings = 0;  // changes that open an entry of the audit log: those of before a re-keying do not
  friend bool operator==(const Kept&, const Kept&) = default;
};

constexpr int kPeople = 60;

class RekeyTest : public testing::Test {
 protected:
  std::unique_ptr<Keyed> Open(const std::string& keys, rocksdb::Env* env = nullptr) {
    auto keyed = std::make_unique<Keyed>(keys);
    status = keyed->Start(env == nullptr ? folder.path() + "/data" : "/disk/data", env, sealing);
    return status.ok() ? std::move(keyed) : nullptr;
  }
  static void Apply(Keyed& keyed, ConsentRequest request) {
    ASSERT_TRUE(keyed.open.store->Apply(std::move(request), kTestTime).ok());
  }
  // Grants, withdrawals, a person with links, one who was erased, profiles, a notice.
  void Live(Keyed& keyed) {
    for (int i = 0; i < kPeople; ++i) {
      Apply(keyed, GrantOf(keyed.Of(i), {Purpose::kSelectContent, Purpose::kProfileContent}));
      if (i % 3 == 0) Apply(keyed, WithdrawalOf(keyed.Of(i), {Purpose::kSelectContent}));
    }
    for (const int linked : {11, 12, 13}) Apply(keyed, LinkOf(keyed.Of(10), keyed.Of(linked)));
    Apply(keyed, ChangeOf(internal::v1::CONSENT_CHANGE_KIND_ERASE, keyed.Of(20)));
    Database& database = *keyed.open.database;
    ASSERT_TRUE(keyed.open.store
                    ->Write([&](rocksdb::WriteBatch& batch) {
                      for (int i = 30; i < 40; ++i) {
                        const std::string key = ProfileKey(keyed.Of(i), Purpose::kProfileContent);
                        const std::vector<uint8_t> state(64, static_cast<uint8_t>(i));
                        const std::string value =
                            EncodeProfile(database.codec(Family::kProfiles), key,
                                          {.layout_digest = 5, .opened_revision = 1, .state = state});
                        EXPECT_TRUE(batch.Put(database.family(Family::kProfiles), key, value).ok());
                      }
                    })
                    .ok());
    const auto notices = NoticeStore::Open(database, *keyed.open.store, keyed.open.index);
    internal::v1::NoticeRecord notice;
    notice.set_id("notice");
    ASSERT_TRUE((*notices)->Register(notice).ok());
  }
  static std::map<int, Kept> AllKept(Keyed& keyed) {
    std::map<std::string, int> names;
    for (int i = 0; i < kPeople; ++i) names[ConsentKey(keyed.Of(i))] = i;
    std::map<int, Kept> all;
    for (int i = 0; i < kPeople; ++i) {
      Kept& kept = all[i];
      auto record = keyed.open.store->Get(keyed.Of(i));
      if (!record.ok()) continue;
      for (const std::string& linked : record->record.links().linked()) kept.linked.push_back(names.at(linked));
      EXPECT_TRUE(std::is_sorted(record->record.links().linked().begin(), record->record.links().linked().end()));
      std::sort(kept.linked.begin(), kept.linked.end());
      const std::string& person = record->record.links().person();
      if (!person.empty()) kept.person = names.at(person);
      record->record.clear_links();
      kept.record = record->record.SerializeAsString();
      EXPECT_TRUE(keyed.open.store
                      ->History(keyed.Of(i), 0,
                                [&](uint64_t, internal::v1::ConsentChange change) {
                                  if (change.audit_index() != 0) ++kept.openings;
                                  change.clear_audit_index();
                                  change.clear_audit_salt();
                                  kept.history.push_back(change.SerializeAsString());
                                  return true;
                                })
                      .ok());
      Database& database = *keyed.open.database;
      const std::string key = ProfileKey(keyed.Of(i), Purpose::kProfileContent);
      std::string value;
      if (!database.rocks().Get({}, database.family(Family::kProfiles), key, &value).ok()) continue;
      std::vector<uint8_t> state;
      const auto profile = DecodeProfile(database.codec(Family::kProfiles), key, value, state);
      EXPECT_TRUE(profile.ok()) << profile.status();
      kept.profile.assign(state.begin(), state.end());
    }
    return all;
  }
  // But for the openings, which a re-keying takes away.
  static bool SameBut(std::map<int, Kept> before, std::map<int, Kept> after) {
    for (auto* all : {&before, &after}) {
      for (auto& [person, kept] : *all) kept.openings = 0;
    }
    return before == after;
  }
  size_t InFiles(const std::string& text) {
    size_t count = 0;
    for (const auto& [kind, times] : Scan(folder.path(), text)) count += times;
    return count;
  }

  ScopedFolder folder;
  std::optional<policy::SealingRing> sealing;
  absl::Status status;
};

TEST_F(RekeyTest, EveryoneIsFoundUnderTheNewPseudonymAndNobodyUnderTheOld) {
  auto keyed = Open("a");
  ASSERT_NE(keyed, nullptr) << status;
  Live(*keyed);
  const auto before = AllKept(*keyed);
  EXPECT_EQ(before.at(10).linked, (std::vector<int>{11, 12, 13}));
  EXPECT_EQ(before.at(11).person, 10);
  EXPECT_EQ(before.at(35).profile, std::string(64, 35));
  const uint64_t epoch = keyed->open.database->epoch();
  const uint64_t sequence = keyed->open.store->applied().sequence;
  // Tables leave out the first bytes of a key that it shares with the one before.
  std::vector<std::string> old_pseudonyms;
  for (int i = 0; i < kPeople; ++i) old_pseudonyms.push_back(ConsentKey(keyed->Of(i)).substr(4));
  keyed.reset();
  for (const std::string& pseudonym : old_pseudonyms) EXPECT_GE(InFiles(pseudonym), 1u) << "the scan can see";

  std::string keys = "a";
  for (const char added : {'b', 'c'}) {
    keys += added;
    keyed = Open(keys);
    ASSERT_NE(keyed, nullptr) << status;
    ASSERT_TRUE(keyed->open.database->rekeyed().has_value());
    EXPECT_EQ(keyed->open.database->rekeyed()->subjects, static_cast<uint64_t>(kPeople));
    EXPECT_EQ(keyed->open.database->rekeyed()->unreadable, 0u);
    EXPECT_EQ(keyed->open.store->damaged_records(), 0u);
    const auto after = AllKept(*keyed);
    EXPECT_TRUE(SameBut(before, after));
    for (const auto& [person, kept] : after) EXPECT_EQ(kept.openings, 0) << "it would tell of the old pseudonym";
    EXPECT_EQ(keyed->open.database->epoch(), epoch) << "consent tokens go on";
    EXPECT_EQ(keyed->open.store->applied().sequence, sequence);
    EXPECT_TRUE(NoticeStore::Open(*keyed->open.database, *keyed->open.store, keyed->open.index).ok());
    for (const std::string& pseudonym : old_pseudonyms) ASSERT_EQ(InFiles(pseudonym), 0u) << "no file names it";
    keyed.reset();
  }
}

TEST_F(RekeyTest, LoggedDecisionsFollowTheirSubject) {
  auto keyed = Open("a");
  ASSERT_NE(keyed, nullptr) << status;
  Live(*keyed);
  const policy::DecisionId id = policy::DecisionId::Of(1'000'000, 7);
  {
    policy::Decision decision;
    decision.outcome = policy::Outcome::kNoConsent;
    decision.rule = policy::Rule::kConsentWithdrawn;
    decision.purpose = Purpose::kSelectContent;
    decision.subject = keyed->Of(3);
    decision.time_us = id.time_us();
    std::string content(policy::kRecordedDecisionBytesMax, '\0');
    content.resize(policy::WriteRecordedDecision(decision, {}, content));
    DecisionStore decisions(*keyed->open.database, *keyed->open.store, keyed->open.index, keyed->open.domain);
    const auto left_out = decisions.Append({{{.id = id, .subject = decision.subject, .content = content}}});
    ASSERT_TRUE(left_out.ok()) << left_out.status();
  }
  keyed.reset();
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  const DecisionStore decisions(*keyed->open.database, *keyed->open.store, keyed->open.index, keyed->open.domain);
  const policy::RecordedDecision found = decisions.Get(id).value();
  EXPECT_EQ(found.subject, keyed->Of(3));
  EXPECT_EQ(found.rule, policy::Rule::kConsentWithdrawn);
  int listed = 0;
  const auto count = [&](const policy::DecisionId& one, const policy::RecordedDecision&) {
    EXPECT_EQ(one, id);
    return ++listed > 0;
  };
  EXPECT_TRUE(decisions.ListOfSubject(keyed->Of(3), {}, count).ok());
  EXPECT_EQ(listed, 1);
}

TEST_F(RekeyTest, IsDoneOnceAndChangesGoOn) {
  auto keyed = Open("a");
  Live(*keyed);
  keyed.reset();
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  Apply(*keyed, WithdrawalOf(keyed->Of(12), {}));
  Apply(*keyed, OptOutOf(keyed->Of(11), {}));  // reaches who is linked
  const auto before = AllKept(*keyed);
  keyed.reset();
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  EXPECT_FALSE(keyed->open.database->rekeyed().has_value());
  EXPECT_TRUE(SameBut(AllKept(*keyed), before));
  for (const int linked : {10, 11, 12, 13})
    EXPECT_FALSE(keyed->open.Allows(keyed->Of(linked), Purpose::kSelectContent));
  EXPECT_TRUE(keyed->open.Allows(keyed->Of(14), Purpose::kSelectContent));
  EXPECT_TRUE(keyed->open.Find(keyed->Of(20)).erased);
}

TEST_F(RekeyTest, SeveralKeysAtOnceAreTheSameAsOneByOne) {
  auto keyed = Open("a");
  Live(*keyed);
  const auto before = AllKept(*keyed);
  keyed.reset();
  keyed = Open("abcd");
  ASSERT_NE(keyed, nullptr) << status;
  EXPECT_TRUE(SameBut(AllKept(*keyed), before));
}

TEST_F(RekeyTest, AnyOtherKeyIsRefusedAsEver) {
  auto keyed = Open("ab");
  Live(*keyed);
  const auto before = AllKept(*keyed);
  keyed.reset();
  for (const std::string keys : {"a", "b", "ba", "ac", "x"}) {
    EXPECT_EQ(Open(keys), nullptr) << keys;
    EXPECT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << keys;
    EXPECT_THAT(std::string(status.message()), HasSubstr("another pseudonym key"));
  }
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  EXPECT_TRUE(SameBut(AllKept(*keyed), before));
}

TEST_F(RekeyTest, WhatIsDamagedStaysRefused) {
  auto keyed = Open("a");
  Live(*keyed);
  Database& database = *keyed->open.database;
  for (const int person : {1, 10}) {
    const std::string key = ConsentKey(keyed->Of(person));
    ASSERT_TRUE(database.rocks().Put({}, database.family(Family::kConsent), key, "rubbish").ok());
  }
  keyed.reset();
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  EXPECT_EQ(keyed->open.database->rekeyed()->unreadable, 2u);
  EXPECT_EQ(keyed->open.store->damaged_records(), 2u);
  EXPECT_FALSE(keyed->open.Allows(keyed->Of(1), Purpose::kSelectContent));
  EXPECT_TRUE(keyed->open.Allows(keyed->Of(2), Purpose::kSelectContent));
}

TEST_F(RekeyTest, OfASealedFolderToo) {
  sealing = SealingRingOf("s");
  auto keyed = Open("a");
  Live(*keyed);
  const auto before = AllKept(*keyed);
  keyed.reset();
  keyed = Open("ab");
  ASSERT_NE(keyed, nullptr) << status;
  EXPECT_TRUE(SameBut(AllKept(*keyed), before));
  std::string value;
  Database& database = *keyed->open.database;
  const std::string key = ConsentKey(keyed->Of(1));
  ASSERT_TRUE(database.rocks().Get({}, database.family(Family::kConsent), key, &value).ok());
  EXPECT_EQ(RecordCodec::SealingOf(key, value).kind, ValueSealing::Kind::kSealed);
}

// The power goes at a random point of the re-keying. The folder is then that of the old key or that of the new ones,
// and in both everything is there.
TEST_F(RekeyTest, APowerCutLeavesTheOldFolderOrTheNewOne) {
  const uint64_t seed = std::random_device{}();
  std::printf("seed %llu\n", static_cast<unsigned long long>(seed));
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  int interrupted = 0;
  uint64_t operations = 0;  // of a re-keying that nothing interrupts: the first
  std::map<std::string, int> found;
  for (int cut = 0; cut < (FullScale() ? 600 : 30); ++cut) {
    LossyDisk disk(random());
    const std::unique_ptr<rocksdb::Env> env = NewLossyEnv(disk);
    ASSERT_TRUE(env->CreateDirIfMissing("/disk").ok());
    sealing.reset();
    auto keyed = Open("a", env.get());
    ASSERT_NE(keyed, nullptr) << status;
    Live(*keyed);
    const auto before = AllKept(*keyed);
    // The start that re-keys may have something to write to the log before.
    if (cut % 3 == 1) sealing = SealingRingOf("s");
    if (cut % 2 == 0) disk.Cut();  // the start finds a log
    keyed.reset();
    if (disk.is_off()) disk.PowerOn();
    const uint64_t before_rekeying = disk.operations();
    if (operations != 0) disk.CutAfter(1 + random() % operations);
    keyed = Open("ab", env.get());
    if (operations == 0) operations = disk.operations() - before_rekeying;
    interrupted += keyed == nullptr;
    disk.Cut();
    keyed.reset();
    disk.PowerOn();
    std::string generation = "a";
    keyed = Open(generation, env.get());
    if (keyed == nullptr) {
      ASSERT_EQ(status.code(), absl::StatusCode::kFailedPrecondition) << status;
      keyed = Open(generation = "ab", env.get());
    }
    ASSERT_NE(keyed, nullptr) << "cut " << cut << ": " << status;
    ++found[generation];
    ASSERT_TRUE(SameBut(AllKept(*keyed), before)) << "cut " << cut;
    keyed.reset();
    keyed = Open("ab", env.get());
    ASSERT_NE(keyed, nullptr) << "cut " << cut << ": " << status;
    ASSERT_TRUE(SameBut(AllKept(*keyed), before)) << "cut " << cut;
  }
  std::printf("%d interrupted; the old folder %d times, the new one %d times\n", interrupted, found["a"], found["ab"]);
  EXPECT_GT(interrupted, 0);
  EXPECT_GT(found["a"], 0);
  EXPECT_GT(found["ab"], 0);
}

// At full scale a million: docs/operations.md has the figure.
TEST_F(RekeyTest, ManySubjects) {
  const int people = FullScale() ? 1'000'000 : 2'000;
  auto keyed = Open("a");
  ASSERT_NE(keyed, nullptr) << status;
  std::vector<ImportedRow> rows;
  for (int i = 0; i < people; ++i) {
    ImportedRow& row = rows.emplace_back(ImportedRow{.subject = keyed->Of(i)});
    row.purposes.push_back(
        {.purpose = Purpose::kSelectContent, .status = policy::ConsentStatus::kGranted, .given_time_us = 1'000'000});
    if (rows.size() < 10'000 && i + 1 < people) continue;
    std::vector<ImportOutcome> outcomes(rows.size());
    ASSERT_TRUE(keyed->open.store->Import(rows, "test", kTestTime, outcomes).ok());
    rows.clear();
  }
  keyed.reset();
  auto next = std::make_unique<Keyed>("ab");
  const auto start = std::chrono::steady_clock::now();
  auto opened = Database::Open(
      {.data_dir = folder.path() + "/data", .key_check = next->chain.CheckValue(), .pseudonymizer = &next->chain});
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  ASSERT_TRUE(opened.ok()) << opened.status();
  EXPECT_EQ((*opened)->rekeyed()->subjects, static_cast<uint64_t>(people));
  EXPECT_EQ((*opened)->rekeyed()->values, 2 * static_cast<uint64_t>(people));
  std::printf("%d subjects re-keyed in %.2f s\n", people, took.count());
}

}  // namespace
}  // namespace assent::storage
