#include "tests/integration/server_fixture.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/log.h"
#include "server/role_table.h"
#include "storage/model_file.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

std::shared_ptr<grpc::Channel> ChannelTo(const std::string& address,
                                         const std::shared_ptr<grpc::ChannelCredentials>& credentials) {
  grpc::ChannelArguments arguments;
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetMaxSendMessageSize(-1);
  return grpc::CreateCustomChannel(address, credentials, arguments);
}

}  // namespace

std::string HttpGet(const std::string& address, const std::string& path) {
  const size_t colon = address.rfind(':');
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(static_cast<uint16_t>(std::stoi(address.substr(colon + 1))));
  inet_pton(AF_INET, address.substr(0, colon).c_str(), &to.sin_addr);
  const int socket_fd = socket(AF_INET, SOCK_STREAM, 0);
  std::string answer;
  if (connect(socket_fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) == 0) {
    const std::string request = "GET " + path + " HTTP/1.0\r\nHost: test\r\nConnection: close\r\n\r\n";
    if (write(socket_fd, request.data(), request.size()) == static_cast<ssize_t>(request.size())) {
      char buffer[4096];
      for (ssize_t count = 0; (count = read(socket_fd, buffer, sizeof(buffer))) > 0;) {
        answer.append(buffer, static_cast<size_t>(count));
      }
    }
  }
  close(socket_fd);
  const size_t body = answer.find("\r\n\r\n");
  return body == std::string::npos ? "" : answer.substr(body + 4);
}

Caller::Caller(const std::string& data, const std::string& control,
               const std::shared_ptr<grpc::ChannelCredentials>& creds)
    : assignment(v1::AssignmentService::NewStub(ChannelTo(data, creds))),
      consent(v1::ConsentService::NewStub(ChannelTo(control, creds))),
      subject(v1::SubjectService::NewStub(ChannelTo(control, creds))),
      backup(v1::BackupService::NewStub(ChannelTo(control, creds))),
      key(v1::KeyService::NewStub(ChannelTo(control, creds))),
      oversight(v1::OversightService::NewStub(ChannelTo(control, creds))) {}

grpc::Status Caller::Assign(const v1::AssignRequest& request, v1::AssignResponse& response) const {
  grpc::ClientContext context;
  context.set_deadline(std::chrono::system_clock::now() + kCallTimeMax);
  return assignment->Assign(&context, request, &response);
}

grpc::Status Caller::Record(const v1::RecordConsentRequest& request, v1::RecordConsentResponse& response) const {
  {
    grpc::ClientContext context;
    grpc::Status status = consent->RecordConsent(&context, request, &response);
    if (ReasonOf(status) != "NOTICE_NOT_REGISTERED") return status;
  }
  grpc::Status status = RegisterSampleNotice();
  if (!status.ok()) return status;
  grpc::ClientContext context;
  return consent->RecordConsent(&context, request, &response);
}

grpc::Status Caller::RegisterSampleNotice() const {
  v1::RegisterNoticeRequest request;
  *request.mutable_notice() = SampleNotice();
  v1::RegisterNoticeResponse response;
  grpc::ClientContext context;
  return consent->RegisterNotice(&context, request, &response);
}

grpc::Status Caller::Grant(const std::string& id, v1::RecordConsentResponse& response) const {
  return Record(GrantOf(id, {v1::PURPOSE_SELECT_ADVERTISING}), response);
}

grpc::Status Caller::Withdraw(const std::string& id, v1::WithdrawConsentResponse& response) const {
  v1::WithdrawConsentRequest request;
  *request.mutable_subject() = EventOf(id, {}).subject();
  grpc::ClientContext context;
  return consent->WithdrawConsent(&context, request, &response);
}

v1::Notice SampleNotice() {
  v1::Notice notice;
  notice.set_notice_id("sample");
  notice.set_notice_version("1");
  notice.set_language("en");
  for (int number = v1::Purpose_MIN + 1; number <= v1::Purpose_MAX; ++number) {
    notice.add_purposes(static_cast<v1::Purpose>(number));
  }
  notice.add_data_categories("what you look at");
  v1::Controller& controller = *notice.add_controllers();
  controller.set_name("Example");
  controller.set_address("1 Example Road");
  controller.set_contact("privacy@example.org");
  notice.add_storage_locations("Germany");
  notice.set_retention("90 days");
  notice.add_recipients("nobody else");
  notice.set_withdrawal_method("in the settings");
  notice.set_jurisdiction("DE");
  return notice;
}

v1::RecordConsentRequest GrantOf(const std::string& id, std::initializer_list<v1::Purpose> purposes) {
  v1::RecordConsentRequest request;
  *request.mutable_subject() = EventOf(id, {}).subject();
  for (const v1::Purpose purpose : purposes) request.add_grants()->set_purpose(purpose);
  request.set_notice_id("sample");
  request.set_notice_version("1");
  return request;
}

v1::AssignRequest EventOf(const std::string& id, std::span<const float> features) {
  v1::AssignRequest request;
  request.mutable_subject()->set_namespace_("cookie");
  request.mutable_subject()->set_id(id);
  request.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  for (const float value : features) request.mutable_features()->add_dense(value);
  return request;
}

ServerTest::ServerTest() {
  CaptureGrpcLog();  // or every refused handshake is a line of the test's output
  const std::string key = folder_.Write("key", std::string(64, 'a'));
  chmod(key.c_str(), S_IRUSR | S_IWUSR);
}

Configuration ServerTest::Defaults() const {
  Configuration configuration;
  configuration.listen = "127.0.0.1:0";
  configuration.control_listen = "127.0.0.1:0";
  configuration.metrics_listen = "127.0.0.1:0";
  configuration.data_dir = folder_.Path("data");
  configuration.model = folder_.Path("model.assent");
  configuration.pseudonym_key_file = folder_.Path("key");
  configuration.insecure_roles = RoleBitFromName("assign") | RoleBitFromName("consent") | RoleBitFromName("privacy");
  configuration.model_poll = std::chrono::milliseconds(10);
  configuration.drain_delay = std::chrono::milliseconds(0);
  configuration.drain_deadline = std::chrono::seconds(60);
  return configuration;
}

void ServerTest::Start(const Configuration& configuration) {
  auto server = Server::Start(configuration);
  ASSERT_TRUE(server.ok()) << server.status();
  server_ = *std::move(server);
  caller_ =
      std::make_unique<Caller>(server_->data_address(), server_->control_address(), grpc::InsecureChannelCredentials());
}

void ServerTest::WriteModel(const std::string& name) const {
  ASSERT_TRUE(storage::WriteModelFile(folder_.Path("model.assent"), SampleModelFile(name)).ok());
}

}  // namespace assent::server
