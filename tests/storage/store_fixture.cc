#include "tests/storage/store_fixture.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <utility>

#include "policy/consent_verdict.h"
#include "storage/consent_commit.h"

namespace assent::storage {
namespace {

using policy::Purpose;
using policy::SubjectKey;

// Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014: a bijection that spreads well.
uint64_t Mix(uint64_t x) {
  x += 0x9E3779B97F4A7C15;
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

uint32_t BitsOf(std::initializer_list<Purpose> purposes) {
  uint32_t bits = 0;
  for (Purpose purpose : purposes) bits |= policy::PurposeBit(purpose);
  return bits;
}

ConsentRequest ProtectiveOf(internal::v1::ConsentChangeKind kind, const SubjectKey& subject,
                            std::initializer_list<Purpose> purposes) {
  ConsentRequest request;
  request.subject = subject;
  request.kind = kind;
  request.purpose_bits = BitsOf(purposes);
  request.recorded_by = "test";
  return request;
}

}  // namespace

ScopedFolder::ScopedFolder() {
  path_ = (std::filesystem::temp_directory_path() / "assent_test_XXXXXX").string();
  if (mkdtemp(path_.data()) == nullptr) std::abort();
}

ScopedFolder::~ScopedFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

policy::ConsentState OpenStore::Find(const SubjectKey& subject) {
  scoring::Quiescence::Reader reader(domain);
  reader.Online();
  const policy::ConsentState state = index.Find(reader, subject);
  reader.Offline();
  return state;
}

bool OpenStore::Allows(const SubjectKey& subject, Purpose purpose, int64_t now_s) {
  return policy::EvaluateConsent(Find(subject), {}, {.purpose = purpose, .now_s = now_s}, {}).allowed;
}

absl::StatusOr<std::unique_ptr<OpenStore>> StartStore(const std::string& data_dir, rocksdb::Env* env, bool compress,
                                                      std::optional<policy::SealingRing> sealing_keys) {
  auto open = std::make_unique<OpenStore>();
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open({.data_dir = data_dir,
                                                                       .key_check = KeyCheck(),
                                                                       .env = env,
                                                                       .compress = compress,
                                                                       .sealing_keys = std::move(sealing_keys)});
  if (!database.ok()) return database.status();
  open->database = *std::move(database);
  absl::StatusOr<std::unique_ptr<ConsentStore>> store =
      ConsentStore::Open(*open->database, open->index, open->refusals, open->jurisdictions);
  if (!store.ok()) return store.status();
  open->store = *std::move(store);
  return open;
}

policy::SealingRing SealingRingOf(const std::string& characters) {
  std::vector<std::string> keys;
  for (const char character : characters) keys.emplace_back(policy::kSealingKeyBytes, character);
  return *policy::SealingRing::Create(keys);
}

SubjectKey KeyCheck() { return Subject(0xC0FFEE); }

SubjectKey Subject(uint64_t number) {
  const uint64_t words[2] = {Mix(2 * number), Mix(2 * number + 1)};
  SubjectKey key;
  std::memcpy(key.bytes.data(), words, sizeof(words));
  return key;
}

ConsentRequest GrantOf(const SubjectKey& subject, std::initializer_list<Purpose> purposes, uint32_t expire_time_s) {
  ConsentRequest request;
  request.subject = subject;
  request.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
  for (Purpose purpose : purposes) request.grants.push_back({.purpose = purpose});
  request.terms.expire_time_s = expire_time_s;
  request.terms.notice_id = "notice";
  request.terms.notice_version = "3";
  request.terms.jurisdiction = "DE";
  request.recorded_by = "test";
  return request;
}

ConsentRequest WithdrawalOf(const SubjectKey& subject, std::initializer_list<Purpose> purposes) {
  return ProtectiveOf(internal::v1::CONSENT_CHANGE_KIND_WITHDRAW, subject, purposes);
}

ConsentRequest OptOutOf(const SubjectKey& subject, std::initializer_list<Purpose> purposes) {
  return ProtectiveOf(internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, subject, purposes);
}

ConsentRequest ChangeOf(internal::v1::ConsentChangeKind kind, const SubjectKey& subject) {
  return ProtectiveOf(kind, subject, {});
}

ConsentRequest LinkOf(const SubjectKey& person, const SubjectKey& linked) {
  ConsentRequest request = ChangeOf(internal::v1::CONSENT_CHANGE_KIND_LINK, person);
  request.linked = linked;
  return request;
}

std::vector<absl::Status> CommitTogether(OpenStore& open, std::vector<ConsentRequest> requests) {
  DamagedSubjects damaged;
  ConsentCommitter committer(*open.database, open.index, open.refusals, open.jurisdictions, damaged);
  EXPECT_TRUE(committer.ReadSequence().ok());
  std::vector<PendingChange> changes(requests.size());
  std::vector<PendingChange*> waiting;
  for (size_t i = 0; i < requests.size(); ++i) {
    changes[i].request = std::move(requests[i]);
    changes[i].now = kTestTime;
    waiting.push_back(&changes[i]);
  }
  committer.Commit(waiting);
  std::vector<absl::Status> results;
  for (const PendingChange& change : changes) results.push_back(change.result.status());
  return results;
}

bool FullScale() {
  const char* value = std::getenv("ASSENT_FULL_SCALE");
  return value != nullptr && std::strcmp(value, "1") == 0;
}

}  // namespace assent::storage
