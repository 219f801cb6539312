// The configuration of assentd: read, completed with defaults, checked.
#ifndef ASSENT_SERVER_CONFIGURATION_H_
#define ASSENT_SERVER_CONFIGURATION_H_

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "assent/internal/v1/server_config.pb.h"
#include "policy/jurisdiction.h"
#include "scoring/profile.h"
#include "server/decision_settings.h"
#include "server/disclosure_settings.h"
#include "server/transport_limits.h"

namespace assent::server {

// Bounds of one request. Defaults: those of assent.internal.v1.Limits.
struct RequestLimits {
  size_t subject_id_bytes_max = 256;
  size_t batch_rows_max = 4096;
  size_t named_features_max = 1024;
  size_t events_per_call_max = scoring::kRepeatWindow;
  size_t event_attributes_max = 32;
  size_t event_text_bytes_max = 256;
};

// What events must be like, and what becomes of those of an unknown type. Defaults: those of
// assent.internal.v1.ProfileConfig.
struct EventRules {
  enum class UnknownType : uint8_t { kCount, kIgnore, kRefuse };
  UnknownType unknown_type = UnknownType::kCount;
  std::chrono::seconds skew{300};               // how far in the future an event may lie
  std::chrono::seconds retention{90 * 86'400};  // how far in the past one may lie that is to count
};

struct Configuration {
  std::string listen = "127.0.0.1:7400";
  std::string control_listen = "127.0.0.1:7401";
  std::string metrics_listen = "127.0.0.1:7402";
  std::string data_dir;
  std::string model;                   // empty: none
  std::string audience_taxonomy_file;  // empty: none
  std::string pseudonym_key_file;
  std::string signing_key_file;  // empty: none
  std::string sealing_key_file;  // empty: none
  internal::v1::TlsConfig tls;   // meaningful with has_tls; reload_seconds is completed
  bool has_tls = false;
  std::string principals_file;
  uint32_t insecure_roles = 0;  // bits, see server/role_table.h
  RequestLimits request;
  EventRules events;
  policy::Jurisdictions jurisdictions;
  uint16_t tcf_vendor_id = 0;  // 0: none
  std::vector<std::string> vendor_list_files;
  bool tcf_only_with_gdpr = false;
  uint32_t significant_uses_allowed = 0;  // of policy::UseBit
  size_t profile_subjects_max = 1'000'000;
  std::chrono::milliseconds profile_flush_interval{5000};
  std::chrono::hours profile_retention{90 * 24};
  DisclosureSettings disclosure = {};
  TransportLimits transport;
  size_t calls_in_flight_max = 4096;
  size_t streams_max = 1024;
  int control_threads_max = 32;
  int data_plane_threads = 1;
  std::chrono::milliseconds drain_delay{5000};
  std::chrono::milliseconds drain_deadline{10000};
  std::chrono::milliseconds model_poll{1000};
  std::chrono::hours erasure_sweep{24};
  std::string backup_dir;  // empty: no backups
  std::chrono::hours backup_retention{168};
  std::chrono::minutes audit_checkpoint{10};
  // Of the message that it was made of, with what flags replaced; 32 bytes. Empty: it was made of none.
  std::string sha256;
  DecisionSettings decisions = {};

  bool mutual_tls() const { return has_tls && !tls.client_ca_file().empty(); }
};

// Errors: NotFound or InvalidArgument, with the line and column of what cannot be read.
absl::StatusOr<internal::v1::ServerConfig> ReadServerConfig(const std::string& path);

// Errors: InvalidArgument that names the field, its limit, and what to write instead.
absl::StatusOr<Configuration> ResolveConfiguration(const internal::v1::ServerConfig& message);

}  // namespace assent::server

#endif  // ASSENT_SERVER_CONFIGURATION_H_
