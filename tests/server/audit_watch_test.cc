#include "server/audit_watch.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "assent/v1/audit.pb.h"
#include "storage/audit_log.h"
#include "tests/storage/store_fixture.h"

namespace assent::server {
namespace {

using policy::Purpose;

// The example of RFC 8410 section 10.3.
constexpr char kSigningKey[] =
    "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE "
    "KEY-----\n";

class AuditWatchTest : public testing::Test {
 protected:
  void Change(uint64_t subject) {
    EXPECT_TRUE(
        open_->store->Apply(storage::GrantOf(storage::Subject(subject), {Purpose::kSelectContent}), storage::kTestTime)
            .ok());
  }
  storage::StoredCheckpoint Last() {
    const auto last = storage::LastCheckpoint(*open_->database);
    EXPECT_TRUE(last.ok()) << last.status();
    return last.value_or(storage::StoredCheckpoint());
  }

  storage::ScopedFolder folder_;
  std::unique_ptr<storage::OpenStore> open_ = *storage::StartStore(folder_.path());
  policy::SigningKey key_ = *policy::SigningKey::FromPem(kSigningKey);
  AuditCheckpoints checkpoints_{*open_->database, *open_->store, &key_};
};

TEST_F(AuditWatchTest, ACheckpointNamesTheLastEntryAndIsSigned) {
  Change(1);
  Change(2);
  const auto made = checkpoints_.Make(absl::FromUnixMicros(7));
  ASSERT_TRUE(made.ok()) << made.status();
  EXPECT_EQ(made->tail.index, 2u);
  EXPECT_EQ(Last().signed_json, made->signed_json);
  // {"payload":"…","protected":"…","signature":"…"}: every fourth piece between quotation marks.
  const std::vector<std::string> pieces = absl::StrSplit(made->signed_json, '"');
  std::string payload;
  std::string signature;
  ASSERT_TRUE(absl::WebSafeBase64Unescape(pieces[3], &payload));
  ASSERT_TRUE(absl::WebSafeBase64Unescape(pieces[11], &signature));
  EXPECT_EQ(payload, absl::StrCat(R"({"schema":"assent.v1.AuditCheckpoint","epoch":)", open_->database->epoch(),
                                  R"(,"index":2,"hash":")", absl::BytesToHexString(policy::BytesOf(made->tail.hash)),
                                  R"(","time_us":7})"));
  EXPECT_TRUE(key_.verifying().Verify(absl::StrCat(pieces[7], ".", pieces[3]), signature));
}

TEST_F(AuditWatchTest, SignsWhatWasAddedByCountByTimeAndAtTheEnd) {
  AuditWatch by_count(checkpoints_, *open_->database, *open_->store,
                      {.interval = std::chrono::hours(1), .entries_max = 2, .look = std::chrono::milliseconds(1)});
  Change(1);
  Change(2);
  while (Last().index != 2) std::this_thread::yield();
  Change(3);
  by_count.Stop();
  EXPECT_EQ(Last().index, 3u) << "the last one at the end";
  AuditWatch by_time(checkpoints_, *open_->database, *open_->store,
                     {.interval = std::chrono::milliseconds(1), .entries_max = 1000});
  Change(4);
  while (Last().index != 4) std::this_thread::yield();
}

TEST_F(AuditWatchTest, WithoutAKeyOrAnythingNewItDoesNothing) {
  const AuditCheckpoints without(*open_->database, *open_->store, nullptr);
  Change(1);
  AuditWatch(without, *open_->database, *open_->store, {}).Stop();
  EXPECT_EQ(Last().index, 0u);
  const std::string made = checkpoints_.Make(absl::FromUnixMicros(7))->signed_json;
  AuditWatch(checkpoints_, *open_->database, *open_->store, {}).Stop();
  EXPECT_EQ(Last().signed_json, made) << "nothing was added since";
}

// The public kinds are the numbers that are stored.
TEST(AuditKinds, AreTheSameInStorageAndContract) {
  using storage::AuditKind;
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kImport), uint32_t{v1::AUDIT_ENTRY_KIND_IMPORT});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kNotice), uint32_t{v1::AUDIT_ENTRY_KIND_NOTICE});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kModel), uint32_t{v1::AUDIT_ENTRY_KIND_MODEL});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kConfiguration), uint32_t{v1::AUDIT_ENTRY_KIND_CONFIGURATION});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kPrincipals), uint32_t{v1::AUDIT_ENTRY_KIND_PRINCIPALS});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kRestore), uint32_t{v1::AUDIT_ENTRY_KIND_RESTORE});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kRelease), uint32_t{v1::AUDIT_ENTRY_KIND_RELEASE});
  EXPECT_EQ(static_cast<uint32_t>(AuditKind::kPseudonymKey), uint32_t{v1::AUDIT_ENTRY_KIND_PSEUDONYM_KEY});
  // Of the changes of a person.
  const auto* const changes = internal::v1::ConsentChangeKind_descriptor();
  const auto* const kinds = v1::AuditEntryKind_descriptor();
  for (int i = 0; i < changes->value_count(); ++i) {
    EXPECT_NE(kinds->FindValueByNumber(changes->value(i)->number()), nullptr) << changes->value(i)->name();
  }
}

}  // namespace
}  // namespace assent::server
