#include "server/configuration.h"

#include <algorithm>
#include <filesystem>
#include <limits>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "policy/sha256.h"
#include "server/listen_address.h"
#include "server/policy_configuration.h"
#include "server/role_table.h"
#include "server/text_proto_file.h"

namespace assent::server {
namespace {

constexpr uint32_t kMaxDataPlaneThreads = 128;

absl::Status Bad(absl::string_view field, absl::string_view message) {
  return absl::InvalidArgumentError(absl::StrCat(field, ": ", message));
}

// Reads fields that are 0 by default, remembers the first that is out of range.
class Bounds {
 public:
  template <typename T>
  void Read(absl::string_view field, uint32_t value, uint32_t minimum, uint32_t maximum, T& out) {
    if (value == 0) return;
    if (value < minimum || value > maximum) {
      if (status_.ok())
        status_ = Bad(field, absl::StrCat("must be ", minimum, " to ", maximum, ", or 0 for the default"));
      return;
    }
    out = static_cast<T>(value);
  }
  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

absl::Status ResolveLimits(const internal::v1::Limits& limits, Configuration& out) {
  Bounds bounds;
  bounds.Read("limits.message_bytes_max", limits.message_bytes_max(), 1024, 1u << 30, out.transport.message_bytes_max);
  bounds.Read("limits.subject_id_bytes_max", limits.subject_id_bytes_max(), 1, 4096, out.request.subject_id_bytes_max);
  bounds.Read("limits.batch_rows_max", limits.batch_rows_max(), 1, 1u << 20, out.request.batch_rows_max);
  bounds.Read("limits.named_features_max", limits.named_features_max(), 1, 1024, out.request.named_features_max);
  bounds.Read("limits.events_per_call_max", limits.events_per_call_max(), 1, scoring::kRepeatWindow,
              out.request.events_per_call_max);
  bounds.Read("limits.event_attributes_max", limits.event_attributes_max(), 1, 1024, out.request.event_attributes_max);
  bounds.Read("limits.event_text_bytes_max", limits.event_text_bytes_max(), 1, 65'536,
              out.request.event_text_bytes_max);
  bounds.Read("limits.calls_in_flight_max", limits.calls_in_flight_max(), 1, 1u << 20, out.calls_in_flight_max);
  bounds.Read("limits.streams_per_connection_max", limits.streams_per_connection_max(), 1, 1u << 20,
              out.transport.streams_per_connection_max);
  bounds.Read("limits.streams_max", limits.streams_max(), 1, 1u << 20, out.streams_max);
  bounds.Read("limits.control_threads_max", limits.control_threads_max(), 4, 1024, out.control_threads_max);
  bounds.Read("limits.metadata_bytes_max", limits.metadata_bytes_max(), 1024, 1u << 20,
              out.transport.metadata_bytes_max);
  return bounds.status();
}

absl::Status ResolveTimes(const internal::v1::ServerConfig& message, Configuration& out) {
  constexpr uint32_t kHourMs = 3'600'000;
  uint32_t deadline = 10'000;
  uint32_t poll = 1'000;
  uint32_t sweep_hours = 24;
  uint32_t checkpoint_minutes = 10;
  Bounds bounds;
  if (message.has_drain_delay_ms()) {
    uint32_t delay = 0;
    bounds.Read("drain_delay_ms", message.drain_delay_ms(), 1, kHourMs, delay);
    out.drain_delay = std::chrono::milliseconds(delay);
  }
  bounds.Read("audit_checkpoint_minutes", message.audit_checkpoint_minutes(), 1, 1440, checkpoint_minutes);
  out.audit_checkpoint = std::chrono::minutes(checkpoint_minutes);
  bounds.Read("drain_deadline_ms", message.drain_deadline_ms(), 1, kHourMs, deadline);
  bounds.Read("erasure_sweep_hours", message.erasure_sweep_hours(), 1, 720, sweep_hours);
  bounds.Read("model_poll_ms", message.model_poll_ms(), 10, kHourMs, poll);
  const uint32_t half = std::max(1u, std::thread::hardware_concurrency() / 2);
  out.data_plane_threads = static_cast<int>(std::min(half, kMaxDataPlaneThreads));
  bounds.Read("data_plane_threads", message.data_plane_threads(), 1, kMaxDataPlaneThreads, out.data_plane_threads);
  out.drain_deadline = std::chrono::milliseconds(deadline);
  out.model_poll = std::chrono::milliseconds(poll);
  out.erasure_sweep = std::chrono::hours(sweep_hours);
  return bounds.status();
}

absl::Status ResolveProfiles(const internal::v1::ProfileConfig& profiles, Configuration& out) {
  constexpr uint64_t kSubjectsMax = 1'000'000'000;
  uint32_t flush_ms = 5'000;
  uint32_t retention_days = 90;
  uint32_t skew_s = 300;
  Bounds bounds;
  bounds.Read("profiles.flush_interval_ms", profiles.flush_interval_ms(), 10, 3'600'000, flush_ms);
  bounds.Read("profiles.retention_days", profiles.retention_days(), 1, 36'500, retention_days);
  bounds.Read("profiles.event_skew_seconds", profiles.event_skew_seconds(), 1, 86'400, skew_s);
  if (profiles.subjects_max() > kSubjectsMax) {
    return Bad("profiles.subjects_max", absl::StrCat("must be 1 to ", kSubjectsMax, ", or 0 for the default"));
  }
  if (profiles.subjects_max() != 0) out.profile_subjects_max = profiles.subjects_max();
  out.profile_flush_interval = std::chrono::milliseconds(flush_ms);
  out.profile_retention = std::chrono::hours(24) * retention_days;
  out.events.retention = out.profile_retention;
  out.events.skew = std::chrono::seconds(skew_s);
  switch (profiles.unknown_event_types()) {
    case internal::v1::UNKNOWN_EVENT_TYPES_UNSPECIFIED:
    case internal::v1::UNKNOWN_EVENT_TYPES_COUNT:
      out.events.unknown_type = EventRules::UnknownType::kCount;
      break;
    case internal::v1::UNKNOWN_EVENT_TYPES_IGNORE:
      out.events.unknown_type = EventRules::UnknownType::kIgnore;
      break;
    case internal::v1::UNKNOWN_EVENT_TYPES_REFUSE:
      out.events.unknown_type = EventRules::UnknownType::kRefuse;
      break;
    default:
      return Bad("profiles.unknown_event_types", "must be UNKNOWN_EVENT_TYPES_COUNT, _IGNORE or _REFUSE");
  }
  return bounds.status();
}

// Without a trailing slash and "." or "..", so that two names of one folder are equal.
std::string FolderName(const std::string& path) {
  std::string name = std::filesystem::absolute(path).lexically_normal().string();
  while (name.size() > 1 && name.back() == '/') name.pop_back();
  return name;
}

// Both as FolderName has them.
bool IsInside(const std::string& inner, const std::string& outer) {
  return inner == outer || absl::StartsWith(inner, outer == "/" ? outer : outer + "/");
}

absl::Status ResolveBackups(const internal::v1::ServerConfig& message, Configuration& out) {
  uint32_t retention_hours = 168;
  Bounds bounds;
  bounds.Read("backup_retention_hours", message.backup_retention_hours(), 1, 720, retention_hours);
  out.backup_dir = message.backup_dir();
  out.backup_retention = std::chrono::hours(retention_hours);
  if (out.backup_dir.empty()) {
    return message.backup_retention_hours() == 0 ? absl::OkStatus()
                                                 : Bad("backup_retention_hours", "needs backup_dir, or leave it out");
  }
  const std::string data = FolderName(out.data_dir);
  const std::string backups = FolderName(out.backup_dir);
  if (IsInside(backups, data) || IsInside(data, backups)) {
    return Bad("backup_dir", "must be a folder beside data_dir, not in it nor around it; best on another disk");
  }
  return bounds.status();
}

absl::Status ResolveListeners(const internal::v1::ServerConfig& message, Configuration& out) {
  struct Listener {
    absl::string_view field;
    const std::string& given;
    std::string& resolved;
    bool encrypted;
  };
  const bool tls = message.has_tls();
  for (const Listener& listener : {Listener{"listen", message.listen(), out.listen, tls},
                                   Listener{"control_listen", message.control_listen(), out.control_listen, tls},
                                   Listener{"metrics_listen", message.metrics_listen(), out.metrics_listen, false}}) {
    if (!listener.given.empty()) listener.resolved = listener.given;
    if (absl::Status status = CheckListenAddress(listener.field, listener.resolved); !status.ok()) return status;
    if (listener.encrypted || message.allow_insecure_non_loopback() || IsLoopback(listener.resolved)) continue;
    return Bad(listener.field,
               listener.field == "metrics_listen"
                   ? "is not a loopback address, and /metrics has no TLS; set allow_insecure_non_loopback to allow it"
                   : "is not a loopback address and there is no TLS; set tls, or allow_insecure_non_loopback");
  }
  return absl::OkStatus();
}

absl::Status ResolveTls(const internal::v1::ServerConfig& message, Configuration& out) {
  out.has_tls = message.has_tls();
  out.principals_file = message.principals_file();
  if (!out.has_tls) {
    return out.principals_file.empty()
               ? absl::OkStatus()
               : Bad("principals_file", "needs mutual TLS: set tls.client_ca_file, or leave it out");
  }
  out.tls = message.tls();
  if (out.tls.certificate_file().empty()) return Bad("tls.certificate_file", "is required");
  if (out.tls.private_key_file().empty()) return Bad("tls.private_key_file", "is required");
  if (out.mutual_tls() && out.principals_file.empty()) {
    return Bad("principals_file", "is required with tls.client_ca_file: without it nobody holds a role");
  }
  if (!out.mutual_tls() && !out.principals_file.empty()) {
    return Bad("principals_file", "needs mutual TLS: set tls.client_ca_file, or leave it out");
  }
  uint32_t reload_seconds = 10;
  Bounds bounds;
  bounds.Read("tls.reload_seconds", out.tls.reload_seconds(), 1, 86'400, reload_seconds);
  out.tls.set_reload_seconds(reload_seconds);
  return bounds.status();
}

}  // namespace

absl::StatusOr<internal::v1::ServerConfig> ReadServerConfig(const std::string& path) {
  internal::v1::ServerConfig message;
  if (absl::Status status = ReadTextProto(path, message); !status.ok()) return status;
  return message;
}

absl::StatusOr<Configuration> ResolveConfiguration(const internal::v1::ServerConfig& message) {
  Configuration out;
  if (message.data_dir().empty()) return Bad("data_dir", "is required: the folder for the database");
  if (message.pseudonym_key_file().empty()) {
    return Bad("pseudonym_key_file", "is required: a file with 64 hexadecimal characters (openssl rand -hex 32)");
  }
  out.data_dir = message.data_dir();
  out.model = message.model();
  out.audience_taxonomy_file = message.audience_taxonomy_file();
  out.pseudonym_key_file = message.pseudonym_key_file();
  out.signing_key_file = message.signing_key_file();
  out.sealing_key_file = message.sealing_key_file();
  out.sha256 = std::string(policy::BytesOf(policy::Sha256Of({message.SerializeAsString()})));
  if (absl::Status status = ResolveTls(message, out); !status.ok()) return status;
  if (absl::Status status = ResolveListeners(message, out); !status.ok()) return status;
  if (absl::Status status = ResolveLimits(message.limits(), out); !status.ok()) return status;
  if (absl::Status status = ResolveTimes(message, out); !status.ok()) return status;
  if (absl::Status status = ResolveProfiles(message.profiles(), out); !status.ok()) return status;
  if (absl::Status status = ResolveBackups(message, out); !status.ok()) return status;
  auto jurisdictions = ReadJurisdictions(message.jurisdictions());
  if (!jurisdictions.ok()) return jurisdictions.status();
  out.jurisdictions = *std::move(jurisdictions);
  if (absl::Status status = ReadSignalConfig(message.signals(), out); !status.ok()) return status;
  if (message.has_disclosure()) {
    auto disclosure = ResolveDisclosure(message.disclosure());
    if (!disclosure.ok()) return disclosure.status();
    out.disclosure = *std::move(disclosure);
  }
  out.disclosure.profile_retention = out.profile_retention;
  auto decisions = ResolveDecisions(message.decisions());
  if (!decisions.ok()) return decisions.status();
  out.decisions = *std::move(decisions);
  out.decisions.verdict_text = VerdictTextOf(message);
  if (out.decisions.logs()) out.disclosure.decision_retention = out.decisions.log_retention;
  const auto uses = ReadUsesAllowed(message);
  if (!uses.ok()) return uses.status();
  out.significant_uses_allowed = *uses;
  for (const std::string& name : message.insecure_roles()) {
    const uint32_t bit = RoleBitFromName(name);
    if (bit == 0)
      return Bad("insecure_roles", absl::StrCat("there is no role \"", name, "\"; roles are ", RoleNames()));
    out.insecure_roles |= bit;
  }
  if (out.mutual_tls() && out.insecure_roles != 0) {
    return Bad("insecure_roles", "has no effect with mutual TLS: leave it out, principals_file gives the roles");
  }
  return out;
}

}  // namespace assent::server
