// The sealing keys rotate through the whole server, while it answers.
#include <sys/stat.h>

#include <fstream>

#include "server/role_table.h"
#include "server/server.h"
#include "storage/key_file.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class KeysServerTest : public ServerTest {
 protected:
  Configuration WithKeys() {
    Configuration configuration = Defaults();
    configuration.sealing_key_file = keys_;
    configuration.insecure_roles |= RoleBitFromName("operator");
    return configuration;
  }
  void WriteKeys(const std::string& text) {
    std::ofstream(keys_) << text;
    ASSERT_EQ(chmod(keys_.c_str(), 0600), 0);
  }
  grpc::Status Rotate(v1::RotateSealingKeysResponse& response) {
    grpc::ClientContext context;
    return caller_->key->RotateSealingKeys(&context, v1::RotateSealingKeysRequest(), &response);
  }
  std::string RefusalOfRotation() {
    v1::RotateSealingKeysResponse response;
    return ReasonOf(Rotate(response));
  }
  std::string AnswerFor(const std::string& id) {
    v1::AssignResponse answer;
    const grpc::Status status = caller_->Assign(EventOf(id, kLight), answer);
    return status.ok() ? answer.reason() : ReasonOf(status);
  }

  const std::string keys_ = folder_.Path("sealing.keys");
  const std::string old_key_ = std::string(64, 'a') + "\n";
  const std::string new_key_ = std::string(64, 'b') + "\n";
};

TEST_F(KeysServerTest, ANewKeySealsEverythingAndTheOldOneGoes) {
  WriteModel("first");
  WriteKeys(old_key_);
  Start(WithKeys());
  v1::RecordConsentResponse granted;
  for (const char* person : {"ada", "bob"}) ASSERT_TRUE(caller_->Grant(person, granted).ok());
  Until([&] { return AnswerFor("ada") == "model.nearest"; });
  WriteKeys(old_key_ + new_key_);
  v1::RotateSealingKeysResponse rotated;
  const grpc::Status status = Rotate(rotated);
  ASSERT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(rotated.rewritten_values(), 11u)
      << "two records, two changes, the notice; of the audit log four entries and what opens two of them";
  ASSERT_EQ(rotated.keys_size(), 1);
  EXPECT_EQ(rotated.keys(0).values(), 11u);
  EXPECT_TRUE(rotated.keys(0).current());
  EXPECT_EQ(rotated.keys(0).key_id().size(), 8u);
  EXPECT_EQ(rotated.unsealed_values() + rotated.unreadable_values(), 0u);
  EXPECT_EQ(AnswerFor("ada"), "model.nearest");
  ASSERT_TRUE(caller_->Grant("cem", granted).ok());

  server_.reset();
  WriteKeys(new_key_);
  Start(WithKeys());
  Until([&] { return AnswerFor("ada") != "NO_MODEL"; });
  for (const char* person : {"ada", "bob", "cem"}) EXPECT_EQ(AnswerFor(person), "model.nearest") << person;

  server_.reset();
  WriteKeys(old_key_);
  const auto refused = Server::Start(WithKeys());
  EXPECT_EQ(refused.status().code(), absl::StatusCode::kFailedPrecondition);
  EXPECT_NE(refused.status().message().find("is not in sealing_key_file"), std::string::npos) << refused.status();
}

TEST_F(KeysServerTest, AFileThatLacksAKeyIsRefusedAndTheServerGoesOn) {
  WriteKeys(old_key_);
  Start(WithKeys());
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  WriteKeys(new_key_);
  EXPECT_EQ(RefusalOfRotation(), "SEALING_KEYS_REFUSED");
  WriteKeys("no key");
  EXPECT_EQ(RefusalOfRotation(), "SEALING_KEYS_REFUSED");
  ASSERT_TRUE(caller_->Grant("ada", granted).ok());
  server_.reset();
  WriteKeys(old_key_);
  Start(WithKeys());
}

TEST_F(KeysServerTest, ForOperatorsAndWhereSomethingIsSealed) {
  Start(Defaults());
  EXPECT_EQ(RefusalOfRotation(), "ROLE_REQUIRED");
  server_.reset();
  Configuration unsealed = WithKeys();
  unsealed.sealing_key_file = "";
  Start(unsealed);
  EXPECT_EQ(RefusalOfRotation(), "SEALING_OFF");
}

TEST_F(KeysServerTest, APseudonymKeyMoreFindsEverybodyAndTheirTokens) {
  WriteModel("first");
  Configuration configuration = Defaults();
  Start(configuration);
  v1::RecordConsentResponse granted;
  for (const char* person : {"ada", "bob"}) ASSERT_TRUE(caller_->Grant(person, granted).ok());
  v1::WithdrawConsentResponse withdrawn;
  ASSERT_TRUE(caller_->Withdraw("bob", withdrawn).ok());
  server_.reset();
  ASSERT_EQ(*storage::AppendKey(configuration.pseudonym_key_file), 2u);
  for (int start = 0; start < 2; ++start) {
    Start(configuration);
    Until([&] { return AnswerFor("ada") != "NO_MODEL"; });
    EXPECT_EQ(AnswerFor("ada"), "model.nearest");
    EXPECT_EQ(AnswerFor("bob"), "consent.withdrawn");
    EXPECT_EQ(AnswerFor("a stranger"), "consent.none");
    v1::AssignRequest with_token = EventOf("bob", kLight);
    with_token.set_consent_token(withdrawn.consent_token());
    v1::AssignResponse answer;
    EXPECT_TRUE(caller_->Assign(with_token, answer).ok());
    EXPECT_EQ(answer.reason(), "consent.withdrawn");
    server_.reset();
  }
}

}  // namespace
}  // namespace assent::server
