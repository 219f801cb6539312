#include "server/configuration.h"

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "server/listen_address.h"
#include "server/role_table.h"
#include "tests/client/scratch_folder.h"

namespace assent::server {
namespace {

constexpr char kLeast[] = "data_dir: 'd' pseudonym_key_file: 'k' ";

absl::StatusOr<Configuration> Resolve(const std::string& text) {
  internal::v1::ServerConfig message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return ResolveConfiguration(message);
}

void ExpectRefused(const std::string& text, const std::string& field) {
  const auto resolved = Resolve(text);
  ASSERT_FALSE(resolved.ok()) << text;
  EXPECT_EQ(resolved.status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(resolved.status().message().substr(0, field.size() + 2), field + ": ") << resolved.status();
}

TEST(Configuration, Defaults) {
  const auto resolved = Resolve(kLeast);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->listen, "127.0.0.1:7400");
  EXPECT_EQ(resolved->control_listen, "127.0.0.1:7401");
  EXPECT_EQ(resolved->metrics_listen, "127.0.0.1:7402");
  EXPECT_EQ(resolved->transport.message_bytes_max, 4194304);
  EXPECT_EQ(resolved->request.subject_id_bytes_max, 256u);
  EXPECT_EQ(resolved->request.batch_rows_max, 4096u);
  EXPECT_EQ(resolved->request.named_features_max, 1024u);
  EXPECT_EQ(resolved->calls_in_flight_max, 4096u);
  EXPECT_EQ(resolved->transport.streams_per_connection_max, 1024);
  EXPECT_EQ(resolved->control_threads_max, 32);
  EXPECT_EQ(resolved->transport.metadata_bytes_max, 8192);
  EXPECT_GE(resolved->data_plane_threads, 1);
  EXPECT_EQ(resolved->drain_delay.count(), 5000);
  EXPECT_EQ(Resolve(std::string(kLeast) + "drain_delay_ms: 0")->drain_delay.count(), 0);
  EXPECT_EQ(Resolve(std::string(kLeast) + "drain_delay_ms: 7")->drain_delay.count(), 7);
  EXPECT_EQ(resolved->streams_max, 1024u);
  EXPECT_EQ(resolved->drain_deadline.count(), 10000);
  EXPECT_EQ(resolved->model_poll.count(), 1000);
  EXPECT_EQ(resolved->insecure_roles, 0u);
}

TEST(Configuration, DefaultsOfProfilesAndEvents) {
  const auto resolved = Resolve(kLeast);
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->request.events_per_call_max, 16u);
  EXPECT_EQ(resolved->request.event_attributes_max, 32u);
  EXPECT_EQ(resolved->request.event_text_bytes_max, 256u);
  EXPECT_EQ(resolved->profile_subjects_max, 1'000'000u);
  EXPECT_EQ(resolved->profile_flush_interval, std::chrono::milliseconds(5000));
  EXPECT_EQ(resolved->profile_retention, std::chrono::hours(90 * 24));
  EXPECT_EQ(resolved->events.skew, std::chrono::seconds(300));
  EXPECT_EQ(resolved->events.unknown_type, EventRules::UnknownType::kCount);
}

TEST(Configuration, ProfilesAsGiven) {
  const auto resolved = Resolve(std::string(kLeast) +
                                "limits { events_per_call_max: 7 event_attributes_max: 8 event_text_bytes_max: 9 } "
                                "profiles { subjects_max: 10 flush_interval_ms: 11 retention_days: 12 "
                                "event_skew_seconds: 13 unknown_event_types: UNKNOWN_EVENT_TYPES_REFUSE }");
  ASSERT_TRUE(resolved.ok()) << resolved.status();
  EXPECT_EQ(resolved->request.events_per_call_max, 7u);
  EXPECT_EQ(resolved->request.event_attributes_max, 8u);
  EXPECT_EQ(resolved->request.event_text_bytes_max, 9u);
  EXPECT_EQ(resolved->profile_subjects_max, 10u);
  EXPECT_EQ(resolved->profile_flush_interval, std::chrono::milliseconds(11));
  EXPECT_EQ(resolved->profile_retention, std::chrono::hours(12 * 24));
  EXPECT_EQ(resolved->events.skew, std::chrono::seconds(13));
  EXPECT_EQ(resolved->events.unknown_type, EventRules::UnknownType::kRefuse);
  EXPECT_EQ(Resolve(std::string(kLeast) + "profiles { unknown_event_types: UNKNOWN_EVENT_TYPES_IGNORE }")
                ->events.unknown_type,
            EventRules::UnknownType::kIgnore);
}

TEST(Configuration, TheDisclosureSaysTheRetentionThatHolds) {
  const auto least = Resolve(std::string(kLeast) + "profiles { retention_days: 7 }");
  ASSERT_TRUE(least.ok()) << least.status();
  EXPECT_EQ(least->disclosure.profile_retention, std::chrono::hours(7 * 24));
  EXPECT_TRUE(least->disclosure.texts.controller_name().empty());
  const auto named = Resolve(std::string(kLeast) + "disclosure { controller_name: 'Shop' contact: 'a@b.example' }");
  ASSERT_TRUE(named.ok()) << named.status();
  EXPECT_EQ(named->disclosure.texts.controller_name(), "Shop");
  ExpectRefused(std::string(kLeast) + "disclosure { contact: 'a@b.example' }", "disclosure.controller_name");
}

TEST(Configuration, BackupsLieBesideTheData) {
  const auto none = Resolve(kLeast);
  ASSERT_TRUE(none.ok()) << none.status();
  EXPECT_EQ(none->backup_dir, "");
  const auto week = Resolve(std::string(kLeast) + "backup_dir: 'd-backups'");
  ASSERT_TRUE(week.ok()) << week.status();
  EXPECT_EQ(week->backup_dir, "d-backups");
  EXPECT_EQ(week->backup_retention, std::chrono::hours(168));
  EXPECT_EQ(Resolve(std::string(kLeast) + "backup_dir: 'b' backup_retention_hours: 1")->backup_retention,
            std::chrono::hours(1));
  for (const char* folder : {"d", "./d/", "d/backups", "d/../d/b", ".", "/"}) {
    ExpectRefused(std::string(kLeast) + "backup_dir: '" + folder + "'", "backup_dir");
  }
}

TEST(Configuration, ErrorsNameTheField) {
  const std::string least = kLeast;
  ExpectRefused("pseudonym_key_file: 'k'", "data_dir");
  ExpectRefused("data_dir: 'd'", "pseudonym_key_file");
  ExpectRefused(least + "listen: 'nonsense'", "listen");
  ExpectRefused(least + "control_listen: '127.0.0.1:65536'", "control_listen");
  ExpectRefused(least + "metrics_listen: ':'", "metrics_listen");
  ExpectRefused(least + "insecure_roles: 'king'", "insecure_roles");
  ExpectRefused(least + "limits { message_bytes_max: 10 }", "limits.message_bytes_max");
  ExpectRefused(least + "limits { batch_rows_max: 4000000000 }", "limits.batch_rows_max");
  ExpectRefused(least + "limits { events_per_call_max: 17 }", "limits.events_per_call_max");
  ExpectRefused(least + "profiles { subjects_max: 1000000001 }", "profiles.subjects_max");
  ExpectRefused(least + "profiles { flush_interval_ms: 9 }", "profiles.flush_interval_ms");
  ExpectRefused(least + "profiles { retention_days: 36501 }", "profiles.retention_days");
  ExpectRefused(least + "profiles { event_skew_seconds: 86401 }", "profiles.event_skew_seconds");
  ExpectRefused(least + "profiles { unknown_event_types: 9 }", "profiles.unknown_event_types");
  ExpectRefused(least + "data_plane_threads: 1000", "data_plane_threads");
  ExpectRefused(least + "model_poll_ms: 1", "model_poll_ms");
  ExpectRefused(least + "backup_dir: 'b' backup_retention_hours: 721", "backup_retention_hours");
  ExpectRefused(least + "backup_retention_hours: 24", "backup_retention_hours");
  ExpectRefused(least + "tls { private_key_file: 'k' }", "tls.certificate_file");
  ExpectRefused(least + "tls { certificate_file: 'c' }", "tls.private_key_file");
  const std::string pair = "certificate_file: 'c' private_key_file: 'k'";
  ExpectRefused(least + "tls { " + pair + " client_ca_file: 'a' }", "principals_file");
  for (const char* seconds : {"86401", "4294967295"}) {
    ExpectRefused(least + "tls { " + pair + " reload_seconds: " + seconds + " }", "tls.reload_seconds");
  }
  ExpectRefused(least + "tls { " + pair + " } principals_file: 'p'", "principals_file");
  ExpectRefused(least + "principals_file: 'p'", "principals_file");
  ExpectRefused(least + "tls { " + pair + " client_ca_file: 'a' } principals_file: 'p' insecure_roles: 'assign'",
                "insecure_roles");
}

TEST(Configuration, OnlyLoopbackWithoutTls) {
  const std::string least = kLeast;
  ExpectRefused(least + "listen: '0.0.0.0:0'", "listen");
  ExpectRefused(least + "control_listen: '[::]:0'", "control_listen");
  ExpectRefused(least + "listen: '192.0.2.1:7400'", "listen");
  EXPECT_TRUE(Resolve(least + "listen: '[::1]:0' control_listen: 'localhost:0' metrics_listen: '127.9.9.9:0'").ok());
  EXPECT_TRUE(Resolve(least + "listen: '0.0.0.0:0' allow_insecure_non_loopback: true").ok());
  const std::string tls = "tls { certificate_file: 'c' private_key_file: 'k' } ";
  EXPECT_TRUE(Resolve(least + tls + "listen: '0.0.0.0:0' control_listen: '0.0.0.0:0'").ok());
  ExpectRefused(least + tls + "metrics_listen: '0.0.0.0:0'", "metrics_listen");  // /metrics has no TLS
}

TEST(Configuration, RolesByName) {
  const auto resolved = Resolve(std::string(kLeast) + "insecure_roles: 'assign' insecure_roles: 'data-science'");
  ASSERT_TRUE(resolved.ok());
  EXPECT_EQ(resolved->insecure_roles, RoleBitFromName("assign") | RoleBitFromName("data-science"));
}

TEST(Configuration, AFileThatCannotBeReadSaysWhere) {
  const client::ScratchFolder folder;
  EXPECT_EQ(ReadServerConfig(folder.Path("none")).status().code(), absl::StatusCode::kNotFound);
  const auto broken = ReadServerConfig(folder.Write("config", "data_dir: 'd'\nlissten: 'x'\n"));
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.status().message().find("config:2:"), absl::string_view::npos) << broken.status();
  EXPECT_NE(broken.status().message().find("lissten"), absl::string_view::npos) << broken.status();
}

TEST(ListenAddress, PortAndHost) {
  EXPECT_EQ(WithPort("127.0.0.1:0", 80), "127.0.0.1:80");
  EXPECT_EQ(WithPort("[::1]:0", 80), "[::1]:80");
  for (const char* good : {"127.0.0.1:0", "[::1]:65535", "localhost:1", "example.org:7400"}) {
    EXPECT_TRUE(CheckListenAddress("f", good).ok()) << good;
  }
  for (const char* bad : {"", ":1", "host", "host:", "host:x", "host:-1", "host:65536"}) {
    EXPECT_FALSE(CheckListenAddress("f", bad).ok()) << bad;
  }
  EXPECT_TRUE(IsLoopback("127.255.0.1:1"));
  EXPECT_FALSE(IsLoopback("128.0.0.1:1"));
  EXPECT_FALSE(IsLoopback("[::2]:1"));
  EXPECT_FALSE(IsLoopback("localhost.example.org:1"));
}

}  // namespace
}  // namespace assent::server
