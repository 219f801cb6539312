#include "server/metrics.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <exception>
#include <future>
#include <utility>

#include "absl/strings/str_cat.h"
#include "policy/drift.h"
#include "policy/purpose.h"
#include "server/log.h"
#include "server/process_figures.h"

namespace assent::server {
namespace {

using prometheus::MetricType;

constexpr const char* kMethods[kMethodCount] = {"Assign", "BatchAssign", "StreamAssign", "Explain", "RecordEvents"};
constexpr const char* kCodes[kStatusCodeCount] = {
    "OK",        "CANCELLED",      "UNKNOWN",           "INVALID_ARGUMENT",   "DEADLINE_EXCEEDED",
    "NOT_FOUND", "ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION",
    "ABORTED",   "OUT_OF_RANGE",   "UNIMPLEMENTED",     "INTERNAL",           "UNAVAILABLE",
    "DATA_LOSS", "UNAUTHENTICATED"};

constexpr const char* kEventResults[kEventResultCount] = {"folded",  "repeated", "irrelevant",
                                                          "unknown", "expired",  "not_kept"};

// One method's calls, added up over threads.
struct RpcSums {
  std::array<uint64_t, kStatusCodeCount> by_code{};
  DurationSums duration;

  void Add(const RpcCells& cells) {
    for (size_t i = 0; i < by_code.size(); ++i) by_code[i] += cells.by_code[i].Read();
    duration.Add(cells.duration);
  }
};

std::string Text(absl::string_view text) { return std::string(text); }

// Selections are assigned, RecordEvents records; both may be refused.
bool CanCome(policy::Purpose purpose, policy::Outcome outcome) {
  switch (outcome) {
    case policy::Outcome::kNoConsent:
    case policy::Outcome::kOptedOut:
      return true;
    case policy::Outcome::kRecorded:
      return policy::IsProfile(purpose);
    default:
      return policy::IsSelection(purpose);
  }
}

void AddProcess(MetricFamilies& families) {
  const ProcessFigures figures = ReadProcessFigures();
  const auto gauge = [&](const char* name, const char* help, double value) {
    families.Start(MetricType::Gauge, name, help);
    families.Gauge(value);
  };
  families.Start(MetricType::Counter, "process_cpu_seconds_total", "User and system time of the process.");
  families.Counter(figures.cpu_seconds);
  gauge("process_resident_memory_bytes", "Resident memory of the process.", figures.resident_bytes);
  gauge("process_virtual_memory_bytes", "Virtual memory of the process.", figures.virtual_bytes);
  gauge("process_start_time_seconds", "When the process started, since 1970.", figures.start_time_seconds);
  gauge("process_open_fds", "Open file descriptors.", figures.open_fds);
  gauge("process_max_fds", "Most file descriptors that may be open.", figures.max_fds);
  gauge("process_threads", "Threads of the process.", figures.threads);
  families.Start(MetricType::Counter, "assent_log_lines_dropped_total", "Log lines that were not written.");
  families.Counter(static_cast<double>(LogLinesDropped()));
}

}  // namespace

void Metrics::AddCalls(MetricFamilies& families) const {
  std::vector<std::pair<const char*, RpcSums>> methods;
  for (size_t i = 0; i < kMethodCount; ++i) {
    RpcSums sums;
    for (const auto& cells : parts_.data_plane) sums.Add(cells->rpc[i]);
    methods.emplace_back(kMethods[i], sums);
  }
  for (size_t i = 0; i < kControlMethodCount; ++i) {
    RpcSums sums;
    sums.Add(parts_.control.rpc()[i]);
    methods.emplace_back(NameOf(static_cast<ControlMethod>(i)), sums);
  }
  families.Start(MetricType::Counter, "assent_rpc_requests_total", "Calls that ended, by method and status code.");
  for (const auto& [method, sums] : methods) {
    for (size_t code = 0; code < kStatusCodeCount; ++code) {
      // A series appears with its first call; OK is there from the start, so that a rate can be taken.
      if (code != 0 && sums.by_code[code] == 0) continue;
      families.Counter(static_cast<double>(sums.by_code[code]), {{"method", method}, {"code", kCodes[code]}});
    }
  }
  families.Start(MetricType::Histogram, "assent_rpc_duration_seconds",
                 "From the parsed request to the reply's departure, by method. A stream counts once, when it ends.");
  for (const auto& [method, sums] : methods) families.Duration(sums.duration, {{"method", method}});
}

void Metrics::AddDecisions(MetricFamilies& families) const {
  families.Start(
      MetricType::Counter, "assent_outcomes_total",
      "Decisions by purpose and outcome; rows of batches and messages of streams included. Profile purposes: "
      "RecordEvents.");
  for (int p = 1; p <= policy::kPurposeCount; ++p) {
    const auto purpose = static_cast<policy::Purpose>(p);
    if (!policy::IsSelection(purpose) && !policy::IsProfile(purpose)) continue;
    for (int o = 1; o < policy::kOutcomeCount; ++o) {
      if (!CanCome(purpose, static_cast<policy::Outcome>(o))) continue;
      uint64_t sum = 0;
      for (const auto& cells : parts_.data_plane)
        sum += cells->outcomes[static_cast<size_t>(p)][static_cast<size_t>(o)].Read();
      families.Counter(static_cast<double>(sum),
                       {{"purpose", Text(policy::PurposeName(purpose))},
                        {"outcome", Text(policy::OutcomeName(static_cast<policy::Outcome>(o)))}});
    }
  }
  families.Start(MetricType::Counter, "assent_refusals_total",
                 "Decisions that gave no segment, and RecordEvents that kept nothing, by the rule that decided.");
  for (int r = 1; r < policy::kRuleCount; ++r) {
    if (static_cast<policy::Rule>(r) == policy::Rule::kProfileKept) continue;  // refuses nothing
    uint64_t sum = 0;
    for (const auto& cells : parts_.data_plane) sum += cells->rules[static_cast<size_t>(r)].Read();
    families.Counter(static_cast<double>(sum), {{"reason", Text(policy::RuleName(static_cast<policy::Rule>(r)))}});
  }
  families.Start(MetricType::Counter, "assent_assignments_total", "Events assigned, by nearest segment.");
  for (const auto& [segment, count] : parts_.model.segment_totals().Read()) {
    families.Counter(static_cast<double>(count), {{"segment", segment}});
  }
  families.Start(MetricType::Counter, "assent_entry_errors_total", "Batch rows and stream messages that failed alone.");
  uint64_t errors = 0;
  for (const auto& cells : parts_.data_plane) errors += cells->entry_errors.Read();
  families.Counter(static_cast<double>(errors));
}

void Metrics::AddModel(MetricFamilies& families) const {
  const auto facts = parts_.model.facts();
  families.Start(MetricType::Gauge, "assent_model_info", "1 for the model that serves.");
  if (facts) families.Gauge(1, {{"name", facts->name}, {"digest", facts->digest}});
  families.Start(MetricType::Gauge, "assent_model_segments", "Segments of the model that serves; 0 without one.");
  families.Gauge(facts ? static_cast<double>(facts->segments) : 0);
  families.Start(MetricType::Counter, "assent_model_loads_total", "Attempts to load a model, by result.");
  families.Counter(static_cast<double>(parts_.model.loads()), {{"result", "ok"}});
  families.Counter(static_cast<double>(parts_.model.failures()), {{"result", "refused"}});
}

void Metrics::AddConsent(MetricFamilies& families) const {
  families.Start(MetricType::Histogram, "assent_consent_write_seconds",
                 "Consent changes, from the store's door until they are on disk and in the index.");
  DurationSums writes;
  writes.Add(parts_.control.writes());
  families.Duration(writes);
  families.Start(MetricType::Gauge, "assent_consent_index_subjects", "Subjects in the consent index.");
  families.Gauge(static_cast<double>(parts_.index.size()));
  families.Start(MetricType::Gauge, "assent_consent_index_bytes", "Memory of the consent index.");
  families.Gauge(static_cast<double>(parts_.index.memory_bytes()));
  families.Start(MetricType::Gauge, "assent_consent_disk_refuses",
                 "1 from a consent change that the disk refused until it takes them again.");
  families.Gauge(parts_.store.disk_accepts() ? 0 : 1);
  families.Start(MetricType::Gauge, "assent_consent_restored",
                 "1 while every gate is closed because the data were restored and not released.");
  families.Gauge(parts_.store.released() ? 0 : 1);
  families.Start(MetricType::Counter, "assent_consent_damaged_records_total",
                 "Consent records whose checksum was wrong; their subjects are refused.");
  families.Counter(static_cast<double>(parts_.store.damaged_records()));
  families.Start(MetricType::Counter, "assent_signal_opt_outs_total",
                 "Opt-outs in signals of linked subjects, by what became of them: stored, known by then, dropped "
                 "because too many waited, or refused by the disk and tried again.");
  const OptOutWriter::Figures figures = parts_.opt_out_writer.figures();
  families.Counter(static_cast<double>(figures.stored), {{"result", "stored"}});
  families.Counter(static_cast<double>(figures.known), {{"result", "known"}});
  families.Counter(static_cast<double>(parts_.opt_outs.dropped()), {{"result", "dropped"}});
  families.Counter(static_cast<double>(figures.failed), {{"result", "failed"}});
}

void Metrics::AddAudit(MetricFamilies& families) const {
  families.Start(MetricType::Gauge, "assent_audit_entries", "Entries of the audit log.");
  families.Gauge(static_cast<double>(parts_.store.audit_tail().index));
}

void Metrics::AddDecisionLog(MetricFamilies& families) const {
  if (parts_.decision_log == nullptr) return;
  uint64_t dropped = 0;
  uint64_t refused = 0;
  for (const auto& cells : parts_.data_plane) {
    dropped += cells->decisions_dropped.Read();
    refused += cells->decisions_refused.Read();
  }
  const DecisionLog::Figures figures = parts_.decision_log->figures();
  const auto counter = [&](const char* name, const char* help, uint64_t value) {
    families.Start(MetricType::Counter, name, help);
    families.Counter(static_cast<double>(value));
  };
  counter("assent_decision_log_written_total", "Decisions that the log has on the disk.", figures.written);
  counter("assent_decision_log_dropped_total", "Decisions that were answered and found the log's ring full.", dropped);
  counter("assent_decision_log_refused_total", "Decisions that were refused because the log's ring was full.", refused);
  counter("assent_decision_log_erased_total", "Decisions of people who were erased while these waited.",
          figures.erased);
  counter("assent_decision_log_failures_total", "Writes of the log that the disk refused.", figures.failed);
}

void Metrics::AddBackups(MetricFamilies& families) const {
  if (parts_.backups == nullptr) return;
  const std::vector<storage::Backup> backups = parts_.backups->List();
  families.Start(MetricType::Gauge, "assent_backups", "Backups in backup_dir.");
  families.Gauge(static_cast<double>(backups.size()));
  families.Start(MetricType::Gauge, "assent_backup_newest_seconds",
                 "Unix time of the newest backup; absent without one.");
  if (!backups.empty()) families.Gauge(absl::ToDoubleSeconds(backups.back().made - absl::UnixEpoch()));
}

void Metrics::AddEvents(MetricFamilies& families) const {
  families.Start(MetricType::Counter, "assent_events_total", "Events of calls, by what became of them.");
  for (size_t result = 0; result < kEventResultCount; ++result) {
    uint64_t sum = 0;
    for (const auto& cells : parts_.data_plane) sum += cells->events[result].Read();
    families.Counter(static_cast<double>(sum), {{"result", kEventResults[result]}});
  }
}

void Metrics::AddProfiles(MetricFamilies& families) const {
  const storage::ProfileFigures figures = parts_.profiles.figures();
  const auto count = [&](const char* name, const char* help, uint64_t value) {
    families.Start(MetricType::Counter, name, help);
    families.Counter(static_cast<double>(value));
  };
  families.Start(MetricType::Gauge, "assent_profiles", "Profiles in memory.");
  families.Gauge(static_cast<double>(figures.profiles));
  families.Start(MetricType::Gauge, "assent_profile_memory_bytes",
                 "Memory mapped for profiles and their table; what was never used of it is not resident.");
  families.Gauge(static_cast<double>(figures.memory_bytes));
  count("assent_profile_refusals_total", "Profiles that could not start because subjects_max exist.",
        figures.refused_full);
  count("assent_profile_writes_total", "Profiles written to the disk.", figures.written);
  count("assent_profile_deletions_total",
        "Profiles deleted because they were past their retention or not allowed any more; withdrawals are not in it.",
        figures.deleted);
  count("assent_profile_damaged_records_total", "Profiles on the disk that could not be read, and were deleted.",
        figures.damaged);
  count("assent_profile_layouts_dropped_total",
        "Profiles that started anew because their layout was unknown after a restart.", figures.dropped_layouts);
  families.Start(MetricType::Gauge, "assent_profiles_flushed_until_seconds",
                 "Unix time. Every event that was folded before then is on the disk.");
  families.Gauge(absl::ToDoubleSeconds(figures.flushed_until - absl::UnixEpoch()));
  count("assent_profile_flush_failures_total", "Writings of profiles that the disk refused; they are tried again.",
        figures.flush_failures);
}

void Metrics::AddDrift(MetricFamilies& families) const {
  const auto drift = parts_.model.drift();
  const uint64_t samples = drift == nullptr ? 0 : drift->samples();
  families.Start(
      MetricType::Gauge, "assent_drift_samples",
      "Samples that assent_drift_psi stands for: one in sixteen of the last one to two million decisions a thread.");
  families.Gauge(static_cast<double>(samples));
  families.Start(MetricType::Gauge, "assent_drift_psi",
                 "Population stability index of a scored feature against the model's training; absent while there are "
                 "too few samples.");
  for (size_t position = 0; drift != nullptr && position < drift->size(); ++position) {
    const std::vector<uint64_t> present = drift->Counts(position);
    const auto index = policy::PopulationStabilityIndex(drift->reference(position).counts, present);
    if (index) families.Gauge(*index, {{"feature", drift->name(position)}});
  }
}

std::vector<prometheus::MetricFamily> Metrics::Collect() const {
  MetricFamilies families;
  AddCalls(families);
  AddDecisions(families);
  AddModel(families);
  AddConsent(families);
  AddEvents(families);
  AddProfiles(families);
  AddDrift(families);
  AddBackups(families);
  AddAudit(families);
  AddDecisionLog(families);
  AddProcess(families);
  return families.Take();
}

// civetweb looks at its stop flag when a connection comes, or every two seconds; so a connection comes.
MetricsEndpoint::~MetricsEndpoint() {
  const auto stopped = std::async(std::launch::async, [this] { exposer_.reset(); });
  while (stopped.wait_for(std::chrono::milliseconds(20)) != std::future_status::ready) {
    sockaddr_in self{};
    self.sin_family = AF_INET;
    self.sin_port = htons(static_cast<uint16_t>(port_));
    self.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int knock = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    (void)connect(knock, reinterpret_cast<const sockaddr*>(&self), sizeof(self));
    close(knock);
  }
}

absl::StatusOr<std::unique_ptr<MetricsEndpoint>> MetricsEndpoint::Start(const std::string& listen,
                                                                        std::shared_ptr<const Metrics> metrics) {
  constexpr size_t kThreads = 1;
  auto endpoint = std::unique_ptr<MetricsEndpoint>(new MetricsEndpoint);
  endpoint->metrics_ = std::const_pointer_cast<Metrics>(std::move(metrics));
  try {
    endpoint->exposer_ = std::make_unique<prometheus::Exposer>(listen, kThreads);
    endpoint->exposer_->RegisterCollectable(endpoint->metrics_);
    const std::vector<int> ports = endpoint->exposer_->GetListeningPorts();
    if (ports.empty()) return absl::UnavailableError(absl::StrCat("metrics_listen: cannot listen on ", listen));
    endpoint->port_ = ports.front();
  } catch (const std::exception&) {  // civetweb's, when the address is taken
    return absl::UnavailableError(absl::StrCat("metrics_listen: cannot listen on ", listen));
  }
  return endpoint;
}

}  // namespace assent::server
