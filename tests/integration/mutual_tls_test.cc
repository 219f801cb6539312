// Mutual TLS with certificates that the openssl program makes for the test.
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

#include "grpcpp/generic/generic_stub.h"
#include "server/role_table.h"
#include "tests/integration/server_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using grpc::StatusCode;

constexpr char kAdServer[] = "spiffe://example.org/ad-server";
constexpr char kConsentPlatform[] = "spiffe://example.org/consent-platform";
constexpr char kStranger[] = "spiffe://example.org/stranger";

class MutualTlsTest : public ServerTest {
 protected:
  void SetUp() override {
    if (std::system("openssl version > /dev/null 2>&1") != 0) GTEST_SKIP() << "the openssl program is missing";
    MakeAuthority("ca");
    MakeCertificate("ca", "server", "DNS:localhost,IP:127.0.0.1");
    MakeCertificate("ca", "ads", std::string("URI:") + kAdServer);
    MakeCertificate("ca", "cmp", std::string("URI:") + kConsentPlatform);
    MakeCertificate("ca", "stranger", std::string("URI:") + kStranger);
    WritePrincipals("assign", "consent");
    WriteModel("first");
  }

  void Run(const std::string& arguments) const {
    const std::string command = "cd " + folder_.Path("") + " && openssl " + arguments + " > openssl.out 2>&1";
    ASSERT_EQ(std::system(command.c_str()), 0) << command << "\n" << client::ReadAll(folder_.Path("openssl.out"));
  }
  void MakeAuthority(const std::string& name) const {
    Run("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=" + name + " -keyout " +
        name + ".key -out " + name + ".crt");
  }
  void MakeCertificate(const std::string& authority, const std::string& name, const std::string& alternative) const {
    Run("req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=" + name + " -keyout " + name +
        ".key -out " + name + ".csr");
    folder_.Write("extensions", "subjectAltName=" + alternative + "\n");
    Run("x509 -req -days 2 -in " + name + ".csr -CA " + authority + ".crt -CAkey " + authority +
        ".key -CAcreateserial -extfile extensions -out " + name + ".crt");
  }
  void WritePrincipals(const std::string& ads_role, const std::string& cmp_role) const {
    folder_.Write("principals", std::string("principals { uri: '") + kAdServer + "' roles: '" + ads_role +
                                    "' }\nprincipals { uri: '" + kConsentPlatform + "' roles: '" + cmp_role +
                                    "' roles: 'privacy' }\n");
  }

  Configuration Secure() const {
    Configuration configuration = Defaults();
    configuration.insecure_roles = 0;
    configuration.has_tls = true;
    configuration.tls.set_certificate_file(folder_.Path("server.crt"));
    configuration.tls.set_private_key_file(folder_.Path("server.key"));
    configuration.tls.set_client_ca_file(folder_.Path("ca.crt"));
    configuration.tls.set_reload_seconds(1);
    configuration.principals_file = folder_.Path("principals");
    return configuration;
  }
  // With the certificate `name`; none for an empty name.
  std::shared_ptr<grpc::ChannelCredentials> CredentialsOf(const std::string& name) const {
    grpc::SslCredentialsOptions options;
    options.pem_root_certs = client::ReadAll(folder_.Path("ca.crt"));
    if (!name.empty()) {
      options.pem_private_key = client::ReadAll(folder_.Path(name + ".key"));
      options.pem_cert_chain = client::ReadAll(folder_.Path(name + ".crt"));
    }
    return grpc::SslCredentials(options);
  }
  Caller CallerWith(const std::string& name) const {
    return Caller(server_->data_address(), server_->control_address(), CredentialsOf(name));
  }
  std::shared_ptr<grpc::Channel> ChannelWith(const std::string& name, const std::string& address) const {
    grpc::ChannelArguments own_connection;
    own_connection.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    return grpc::CreateCustomChannel(address, CredentialsOf(name), own_connection);
  }
};

TEST_F(MutualTlsTest, EachPrincipalMayDoWhatItsRoleMay) {
  Start(Secure());
  const Caller ads = CallerWith("ads");
  const Caller cmp = CallerWith("cmp");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(cmp.Grant("ada", granted).ok());
  EXPECT_EQ(granted.consent().purposes(0).recorded_by(), kConsentPlatform);
  v1::AssignResponse answer;
  const grpc::Status assigned = ads.Assign(EventOf("ada", kLight), answer);
  ASSERT_TRUE(assigned.ok()) << assigned.error_message();
  EXPECT_EQ(answer.outcome(), v1::OUTCOME_ASSIGNED);
  // Even for requests that break every rule: the role is checked first, and the answer says nothing else.
  for (const grpc::Status& refused : {ads.Grant("", granted), cmp.Assign({}, answer),
                                      CallerWith("stranger").Assign(EventOf("ada", kLight), answer)}) {
    EXPECT_EQ(refused.error_code(), StatusCode::PERMISSION_DENIED);
    EXPECT_EQ(refused.error_message(), "the caller holds no role that may call this");
    EXPECT_EQ(ReasonOf(refused), "ROLE_REQUIRED");
  }
  // A call is counted when its answer has left, which its caller may see before.
  const auto counted = [this](const std::string& call) {
    return HttpGet(server_->metrics_address(), "/metrics").find(call) != std::string::npos;
  };
  Until([&] { return counted("{method=\"Assign\",code=\"PERMISSION_DENIED\"} 2\n"); });
  Until([&] { return counted("{method=\"RecordConsent\",code=\"PERMISSION_DENIED\"} 1\n"); });
}

// Of the table, not of a list in this test: a method that forgets to ask is found.
TEST_F(MutualTlsTest, AReceiptIsForWhoReceivedIt) {
  WritePrincipals("assign", "assign' roles: 'consent");
  folder_.Write("sealing", std::string(64, 'a') + "\n");
  ASSERT_EQ(chmod(folder_.Path("sealing").c_str(), 0600), 0);
  Configuration configuration = Secure();
  configuration.sealing_key_file = folder_.Path("sealing");
  Start(configuration);
  const Caller ads = CallerWith("ads");
  const Caller cmp = CallerWith("cmp");
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(cmp.Grant("ada", granted).ok());
  v1::AssignRequest request = EventOf("ada", kLight);
  request.set_return_receipt(true);
  v1::AssignResponse answer;
  ASSERT_TRUE(ads.Assign(request, answer).ok());
  v1::ExplainRequest explain;
  explain.set_receipt(answer.receipt());
  const auto explained_for = [&](const Caller& caller) {
    grpc::ClientContext context;
    v1::ExplainResponse response;
    return caller.assignment->Explain(&context, explain, &response);
  };
  EXPECT_TRUE(explained_for(ads).ok());
  const grpc::Status refused = explained_for(cmp);
  EXPECT_EQ(refused.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(refused), "DECISION_NOT_YOURS");
}

TEST_F(MutualTlsTest, EveryMethodRefusesAStranger) {
  Start(Secure());
  const std::vector<std::string> paths = ServedRoleTable().Paths();
  EXPECT_GE(paths.size(), 8u);
  for (const std::string& path : paths) {
    const bool data = path.rfind("/assent.v1.AssignmentService/", 0) == 0;
    grpc::GenericStub stub(ChannelWith("stranger", data ? server_->data_address() : server_->control_address()));
    grpc::ClientContext context;
    grpc::CompletionQueue queue;
    grpc::ByteBuffer answer;
    grpc::Status status;
    const auto call = stub.PrepareUnaryCall(&context, path, grpc::ByteBuffer(nullptr, 0), &queue);
    call->StartCall();
    call->Finish(&answer, &status, nullptr);
    void* tag = nullptr;
    bool ok = false;
    ASSERT_TRUE(queue.Next(&tag, &ok));
    EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED) << path << ": " << status.error_message();
    EXPECT_EQ(ReasonOf(status), "ROLE_REQUIRED") << path;
  }
}

TEST_F(MutualTlsTest, AChangeIsRecordedAsThePrincipalThatHoldsTheRole) {
  MakeCertificate("ca", "both", std::string("URI:") + kStranger + ",URI:" + kConsentPlatform);
  Start(Secure());
  v1::RecordConsentResponse granted;
  ASSERT_TRUE(CallerWith("both").Grant("ada", granted).ok());
  EXPECT_EQ(granted.consent().purposes(0).recorded_by(), kConsentPlatform);
}

TEST_F(MutualTlsTest, WithoutACertificateOrWithOneOfAnotherAuthorityNobodyGetsIn) {
  MakeAuthority("other");
  MakeCertificate("other", "forged", std::string("URI:") + kAdServer);
  Start(Secure());
  v1::AssignResponse answer;
  EXPECT_EQ(CallerWith("").Assign(EventOf("ada", kLight), answer).error_code(), StatusCode::UNAVAILABLE);
  EXPECT_EQ(CallerWith("forged").Assign(EventOf("ada", kLight), answer).error_code(), StatusCode::UNAVAILABLE);
  const Caller plain(server_->data_address(), server_->control_address(), grpc::InsecureChannelCredentials());
  EXPECT_EQ(plain.Assign(EventOf("ada", kLight), answer).error_code(), StatusCode::UNAVAILABLE);
}

TEST_F(MutualTlsTest, ReloadedPrincipalsHoldForTheNextCall) {
  Start(Secure());
  const Caller ads = CallerWith("ads");
  v1::AssignResponse answer;
  ASSERT_TRUE(ads.Assign(EventOf("ada", kLight), answer).ok());
  WritePrincipals("auditor", "consent");
  server_->Reload();
  EXPECT_EQ(ads.Assign(EventOf("ada", kLight), answer).error_code(), StatusCode::PERMISSION_DENIED);
  folder_.Write("principals", "nonsense");
  server_->Reload();  // refused: the last good one stays
  EXPECT_EQ(ads.Assign(EventOf("ada", kLight), answer).error_code(), StatusCode::PERMISSION_DENIED);
  WritePrincipals("assign", "consent");
  server_->Reload();
  EXPECT_TRUE(ads.Assign(EventOf("ada", kLight), answer).ok());
}

TEST_F(MutualTlsTest, AnOpenStreamEndsAtItsNextMessageWhenTheRoleIsTaken) {
  Start(Secure());
  const Caller ads = CallerWith("ads");
  grpc::ClientContext context;
  auto stream = ads.assignment->StreamAssign(&context);
  v1::StreamAssignRequest request;
  *request.mutable_request() = EventOf("ada", kLight);
  v1::StreamAssignResponse response;
  for (int reloads = 0; reloads < 2; ++reloads) {  // a reload that takes nothing from this caller ends nothing
    ASSERT_TRUE(stream->Write(request));
    ASSERT_TRUE(stream->Read(&response));
    WritePrincipals("assign", "auditor");
    server_->Reload();
  }
  ASSERT_TRUE(stream->Write(request));
  ASSERT_TRUE(stream->Read(&response));
  WritePrincipals("auditor", "consent");
  server_->Reload();
  stream->Write(request);
  EXPECT_FALSE(stream->Read(&response));
  const grpc::Status status = stream->Finish();
  EXPECT_EQ(status.error_code(), StatusCode::PERMISSION_DENIED);
  EXPECT_EQ(ReasonOf(status), "ROLE_REQUIRED");
}

TEST_F(MutualTlsTest, AReplacedCertificateIsServedToNewConnections) {
  Start(Secure());
  v1::AssignResponse answer;
  ASSERT_TRUE(CallerWith("ads").Assign(EventOf("ada", kLight), answer).ok());
  // A new authority signs everything: only a server that took the new files is trusted by the new client.
  MakeAuthority("ca");
  MakeCertificate("ca", "server", "DNS:localhost,IP:127.0.0.1");
  MakeCertificate("ca", "ads", std::string("URI:") + kAdServer);
  Until([&] { return CallerWith("ads").Assign(EventOf("ada", kLight), answer).ok(); });
}

TEST_F(MutualTlsTest, TlsWithoutClientCertificatesUsesTheConfiguredRoles) {
  Configuration configuration = Secure();
  configuration.tls.clear_client_ca_file();
  configuration.principals_file.clear();
  configuration.insecure_roles = RoleBitFromName("assign");
  Start(configuration);
  const Caller anyone = CallerWith("");
  v1::AssignResponse answer;
  v1::RecordConsentResponse granted;
  EXPECT_TRUE(anyone.Assign(EventOf("ada", kLight), answer).ok());
  EXPECT_EQ(ReasonOf(anyone.Grant("ada", granted)), "ROLE_REQUIRED");
}

TEST_F(MutualTlsTest, BadFilesAreNamed) {
  const auto message = [](const Configuration& configuration) {
    return std::string(Server::Start(configuration).status().message());
  };
  Configuration configuration = Secure();
  configuration.tls.set_private_key_file(folder_.Path("ads.key"));
  EXPECT_EQ(message(configuration), "tls.private_key_file: does not belong to tls.certificate_file");
  configuration = Secure();
  configuration.tls.set_certificate_file(folder_.Path("none"));
  EXPECT_EQ(message(configuration).substr(0, 22), "tls.certificate_file: ");
  configuration = Secure();
  configuration.tls.set_client_ca_file(folder_.Path("principals"));
  EXPECT_EQ(message(configuration).substr(0, 20), "tls.client_ca_file: ");
  configuration = Secure();
  configuration.principals_file = folder_.Path("none");
  EXPECT_EQ(message(configuration).substr(0, 17), "principals_file: ");
}

}  // namespace
}  // namespace assent::server
