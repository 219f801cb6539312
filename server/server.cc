#include "server/server.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "policy/sha256.h"
#include "policy/subject.h"
#include "scoring/quiescence.h"
#include "server/assignment_service.h"
#include "server/audit_checkpoint.h"
#include "server/audit_watch.h"
#include "server/authorization.h"
#include "server/backup_service.h"
#include "server/consent_service.h"
#include "server/control_metrics.h"
#include "server/control_plane.h"
#include "server/data_plane.h"
#include "server/decision_services.h"
#include "server/disk_watch.h"
#include "server/erasure_watch.h"
#include "server/key_service.h"
#include "server/listen_address.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/model_source.h"
#include "server/named_files.h"
#include "server/opt_out_queue.h"
#include "server/opt_out_writer.h"
#include "server/oversight_service.h"
#include "server/subject_service.h"
#include "server/subject_view.h"
#include "server/transport_security.h"
#include "storage/backup_store.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"
#include "storage/notice_store.h"
#include "storage/profile_store.h"

namespace assent::server {

// In the order in which they are made; they go in the opposite order.
struct Server::Parts {
  Parts(Configuration given, policy::Pseudonymizer key, NamedFiles read)
      : configuration(std::move(given)), pseudonymizer(std::move(key)), files(std::move(read)) {}

  const Configuration configuration;
  const policy::Pseudonymizer pseudonymizer;
  const NamedFiles files;
  scoring::Quiescence domain;
  storage::ConsentIndex index{domain};
  storage::RefusalIndex refusals{domain};
  OptOutQueue opt_outs;
  std::unique_ptr<storage::Database> database;
  std::unique_ptr<storage::ConsentStore> store;
  std::unique_ptr<storage::NoticeStore> notices;
  std::unique_ptr<AuditCheckpoints> checkpoints;
  std::unique_ptr<storage::ProfileStore> profiles;
  std::unique_ptr<storage::BackupStore> backups;  // null: none are made
  std::unique_ptr<ModelSource> model;
  std::unique_ptr<Authorizer> authorizer;
  std::string principals_sha256;
  std::vector<std::unique_ptr<DataPlaneCells>> cells;
  ControlMetrics control_metrics;
  std::unique_ptr<ConsentService> consent_service;
  std::unique_ptr<SubjectView> subject_view;
  std::unique_ptr<SubjectService> subject_service;
  std::unique_ptr<BackupService> backup_service;
  std::unique_ptr<OversightService> oversight_service;
  std::unique_ptr<KeyService> key_service;
  std::unique_ptr<ControlPlane> control;
  std::unique_ptr<DiskWatch> disk_watch;
  std::unique_ptr<ErasureWatch> erasure_watch;
  std::unique_ptr<AuditWatch> audit_watch;
  std::unique_ptr<OptOutWriter> opt_out_writer;
  std::unique_ptr<DecisionServices> decisions;
  std::unique_ptr<DataPlane> data;
  std::unique_ptr<MetricsEndpoint> metrics;
  bool drained = false;

  absl::Status OpenStorage();
  absl::Status MakeAuthorizer();
  // Enters configuration and principals into the audit log where they are others than at the last start.
  absl::Status RecordStart();
  absl::Status RecordByServer(storage::AuditKind kind, const std::string& name, const std::string& sha256);
  // What every pipeline reads, once storage and model are there.
  PipelineSources Sources();
  absl::Status StartControlPlane();
  absl::Status StartDataPlane();
  absl::Status StartMetrics();
  // Both at once: a stream that holds up one takes nothing from the calls of the other.
  void DrainPlanes(std::chrono::system_clock::time_point deadline);
};

absl::Status Server::Parts::OpenStorage() {
  struct stat data_dir = {};
  if (stat(configuration.data_dir.c_str(), &data_dir) == 0 && !S_ISDIR(data_dir.st_mode)) {
    return absl::InvalidArgumentError(absl::StrCat("data_dir: ", configuration.data_dir, " is not a folder"));
  }
  auto opened = storage::Database::Open({.data_dir = configuration.data_dir,
                                         .key_check = pseudonymizer.CheckValue(),
                                         .sealing_keys = files.sealing_keys,
                                         .pseudonymizer = &pseudonymizer});
  if (!opened.ok()) return InField("data_dir", opened.status());
  database = *std::move(opened);
  if (const auto& rekeyed = database->rekeyed()) {
    Log(Severity::kInfo, "pseudonyms_rekeyed",
        {{"subjects", rekeyed->subjects}, {"values", rekeyed->values}, {"unreadable", rekeyed->unreadable}});
  }
  auto consent = storage::ConsentStore::Open(*database, index, refusals, configuration.jurisdictions);
  if (!consent.ok()) return InField("data_dir", consent.status());
  store = *std::move(consent);
  auto registered = storage::NoticeStore::Open(*database, *store, index);
  if (!registered.ok()) return InField("data_dir", registered.status());
  notices = *std::move(registered);
  checkpoints =
      std::make_unique<AuditCheckpoints>(*database, *store, files.signing_key ? &*files.signing_key : nullptr);
  auto kept = storage::ProfileStore::Open(*database, *store, index, domain,
                                          {.subjects_max = configuration.profile_subjects_max,
                                           .flush_interval = absl::FromChrono(configuration.profile_flush_interval),
                                           .retention = absl::FromChrono(configuration.profile_retention)});
  if (!kept.ok()) return InField("data_dir", kept.status());
  profiles = *std::move(kept);
  auto decided = DecisionServices::Open(configuration, *database, *store, index, domain);
  if (!decided.ok()) return InField("data_dir", decided.status());
  decisions = *std::move(decided);
  Log(Severity::kInfo, "storage_opened",
      {{"subjects", index.size()},
       {"damaged_records", store->damaged_records()},
       {"profiles", profiles->size()},
       {"epoch", database->epoch()},
       {"log_bytes_cut_off", database->log_bytes_cut_off()}});
  if (!store->released()) Log(Severity::kWarning, "restored_data_gates_closed", {});
  if (configuration.backup_dir.empty()) return absl::OkStatus();
  auto folder = storage::BackupStore::Open(configuration.backup_dir);
  if (!folder.ok()) return InField("backup_dir", folder.status());
  backups = *std::move(folder);
  return absl::OkStatus();
}

absl::Status Server::Parts::MakeAuthorizer() {
  if (!configuration.mutual_tls()) {
    authorizer = std::make_unique<Authorizer>(ServedRoleTable(), configuration.insecure_roles);
    return absl::OkStatus();
  }
  auto principals = Principals::Read(configuration.principals_file);
  if (!principals.ok()) {
    return InField("principals_file", principals.status());
  }
  principals_sha256 = principals->sha256();
  authorizer = std::make_unique<Authorizer>(ServedRoleTable(), *std::move(principals));
  return absl::OkStatus();
}

absl::Status Server::Parts::RecordByServer(storage::AuditKind kind, const std::string& name,
                                           const std::string& sha256) {
  if (sha256.empty()) return absl::OkStatus();
  return store->RecordGovernance({.kind = kind, .actor = "assentd", .name = name, .sha256 = sha256}, absl::Now());
}

absl::Status Server::Parts::RecordStart() {
  absl::Status status = RecordByServer(storage::AuditKind::kConfiguration, "", configuration.sha256);
  if (status.ok() && database->generation() > 0) {
    const policy::SubjectKey check = pseudonymizer.CheckValue();
    const absl::string_view bytes(reinterpret_cast<const char*>(check.bytes.data()), check.bytes.size());
    status =
        RecordByServer(storage::AuditKind::kPseudonymKey, "", std::string(policy::BytesOf(policy::Sha256Of({bytes}))));
  }
  if (status.ok()) status = RecordByServer(storage::AuditKind::kPrincipals, "", principals_sha256);
  return status.ok() ? status : InField("data_dir", status);
}

PipelineSources Server::Parts::Sources() {
  return {.domain = domain,
          .pseudonymizer = pseudonymizer,
          .index = index,
          .refusals = refusals,
          .store = *store,
          .model = model->published(),
          .limits = configuration.request,
          .verdict = {.regime_otherwise = configuration.jurisdictions.otherwise(),
                      .uses_allowed = configuration.significant_uses_allowed},
          .jurisdictions = configuration.jurisdictions,
          .signals = {.tcf = {.vendor_id = configuration.tcf_vendor_id,
                              .list = files.vendor_list ? &*files.vendor_list : nullptr},
                      .gdpr_when_unknown = !configuration.tcf_only_with_gdpr},
          .events = configuration.events,
          .profiles = profiles.get(),
          .notices = notices.get(),
          .opt_outs = &opt_outs};
}

absl::Status Server::Parts::StartControlPlane() {
  auto credentials = MakeServerCredentials(configuration);
  if (!credentials.ok()) return credentials.status();
  const ControlCall call(pseudonymizer, *store, *authorizer, control_metrics, configuration.request);
  consent_service = std::make_unique<ConsentService>(call, *notices, Sources().signals, configuration.jurisdictions,
                                                     files.signing_key ? &*files.signing_key : nullptr);
  subject_view = std::make_unique<SubjectView>(Sources());
  subject_service =
      std::make_unique<SubjectService>(call, *subject_view, configuration.disclosure, &decisions->listing());
  backup_service = std::make_unique<BackupService>(call, *database, backups.get());
  oversight_service = std::make_unique<OversightService>(call, *database, *checkpoints, decisions->listing());
  key_service = std::make_unique<KeyService>(call, *database, configuration.sealing_key_file);
  auto started =
      ControlPlane::Start({.listen = configuration.control_listen,
                           .credentials = *std::move(credentials),
                           .threads_max = configuration.control_threads_max,
                           .transport = configuration.transport},
                          *consent_service, *subject_service, *backup_service, *key_service, *oversight_service);
  if (!started.ok()) return InField("control_listen", started.status());
  control = *std::move(started);
  disk_watch = std::make_unique<DiskWatch>(*store, [this](bool accepts) { control->SetConsentServing(accepts); });
  erasure_watch = std::make_unique<ErasureWatch>(
      *database, *store, backups.get(),
      ErasureTimes{.sweep = configuration.erasure_sweep, .backup_retention = configuration.backup_retention});
  opt_out_writer = std::make_unique<OptOutWriter>(opt_outs, *store, index, domain);
  audit_watch = std::make_unique<AuditWatch>(*checkpoints, *database, *store,
                                             AuditWatch::Options{.interval = configuration.audit_checkpoint});
  return absl::OkStatus();
}

absl::Status Server::Parts::StartDataPlane() {
  auto credentials = MakeServerCredentials(configuration);
  if (!credentials.ok()) return credentials.status();
  for (int i = 0; i < configuration.data_plane_threads; ++i) cells.push_back(std::make_unique<DataPlaneCells>());
  const PipelineSources sources = Sources();
  absl::Status started_decisions = decisions->Start(sources, *model, database->sealing_keys());
  if (!started_decisions.ok()) return started_decisions;
  const auto make_handler = [&](int thread) -> std::unique_ptr<AssignmentHandler> {
    return std::make_unique<AssignmentService>(sources, *authorizer, *cells[static_cast<size_t>(thread)], thread,
                                               decisions->keeping(), &decisions->desk());
  };
  auto started = DataPlane::Start({.listen = configuration.listen,
                                   .credentials = *std::move(credentials),
                                   .threads = configuration.data_plane_threads,
                                   .transport = configuration.transport,
                                   .calls_in_flight_max = configuration.calls_in_flight_max,
                                   .streams_max = configuration.streams_max,
                                   // Without a model it can only refuse, so load balancers are kept away until then.
                                   .assignment_service_serving = false},
                                  make_handler);
  if (!started.ok()) return InField("listen", started.status());
  data = *std::move(started);
  return absl::OkStatus();
}

absl::Status Server::Parts::StartMetrics() {
  auto collectable = std::make_shared<const Metrics>(Metrics::Parts{.data_plane = cells,
                                                                    .control = control_metrics,
                                                                    .model = *model,
                                                                    .index = index,
                                                                    .store = *store,
                                                                    .profiles = *profiles,
                                                                    .opt_outs = opt_outs,
                                                                    .opt_out_writer = *opt_out_writer,
                                                                    .decision_log = decisions->log(),
                                                                    .backups = backups.get()});
  auto started = MetricsEndpoint::Start(configuration.metrics_listen, std::move(collectable));
  if (!started.ok()) return started.status();
  metrics = *std::move(started);
  return absl::OkStatus();
}

void Server::Parts::DrainPlanes(std::chrono::system_clock::time_point deadline) {
  std::thread other([&] { control->Drain(deadline); });
  data->Drain(deadline);
  other.join();
}

Server::Server(std::unique_ptr<Parts> parts) : parts_(std::move(parts)) {}

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const Configuration& configuration) {
  auto pseudonymizer = ReadPseudonymizer(configuration);
  if (!pseudonymizer.ok()) return pseudonymizer.status();
  auto files = ReadNamedFiles(configuration);
  if (!files.ok()) return files.status();
  auto parts = std::make_unique<Parts>(configuration, *std::move(pseudonymizer), *std::move(files));
  if (absl::Status status = parts->MakeAuthorizer(); !status.ok()) return status;
  if (absl::Status status = parts->OpenStorage(); !status.ok()) return status;
  if (absl::Status status = parts->RecordStart(); !status.ok()) return status;
  parts->model = std::make_unique<ModelSource>(
      parts->domain, ModelSource::Options{.path = configuration.model,
                                          .poll = configuration.model_poll,
                                          .threads = configuration.data_plane_threads,
                                          .profiles = parts->profiles.get(),
                                          .record =
                                              [made = parts.get()](const ModelFacts& facts) {
                                                return made->RecordByServer(storage::AuditKind::kModel, facts.name,
                                                                            absl::HexStringToBytes(facts.digest));
                                              },
                                          .taxonomy_path = configuration.audience_taxonomy_file,
                                          .archive = &parts->decisions->models()});
  if (absl::Status status = parts->model->ReadTaxonomy(); !status.ok()) {
    return InField("audience_taxonomy_file", status);
  }
  if (absl::Status status = parts->StartControlPlane(); !status.ok()) return status;
  if (absl::Status status = parts->StartDataPlane(); !status.ok()) return status;
  if (absl::Status status = parts->StartMetrics(); !status.ok()) return status;
  parts->model->OnPublished([data = parts->data.get()] { data->SetServing(true, true); });
  parts->model->Start();
  return std::unique_ptr<Server>(new Server(std::move(parts)));
}

Server::~Server() {
  if (parts_->drained) return;
  if (parts_->backups) parts_->backups->Stop();
  parts_->key_service->Stop();
  parts_->model->Stop();
  parts_->DrainPlanes(std::chrono::system_clock::now());
}

std::string Server::data_address() const { return parts_->data->address(); }
std::string Server::control_address() const { return parts_->control->address(); }
std::string Server::metrics_address() const {
  return WithPort(parts_->configuration.metrics_listen, parts_->metrics->port());
}

void Server::Publish(scoring::Model model) { (void)parts_->model->Publish(std::move(model)); }

void Server::Reload() {
  (void)parts_->model->Reload();  // logs and counts its own failures
  if (!parts_->configuration.mutual_tls()) return;
  auto principals = Principals::Read(parts_->configuration.principals_file);
  if (!principals.ok()) {
    Log(Severity::kError, "principals_refused", {{"cause", OperatorText(principals.status().message())}});
    return;
  }
  const absl::Status recorded = parts_->RecordByServer(storage::AuditKind::kPrincipals, "", principals->sha256());
  if (!recorded.ok()) {
    Log(Severity::kError, "principals_refused", {{"cause", OperatorText(recorded.message())}});
    return;
  }
  Log(Severity::kInfo, "principals_loaded", {{"principals", principals->size()}});
  parts_->authorizer->Replace(*std::move(principals));
}

void Server::Drain() {
  Drain([](std::chrono::milliseconds delay) { std::this_thread::sleep_for(delay); });
}

void Server::Drain(const std::function<void(std::chrono::milliseconds)>& wait) {
  if (parts_->drained) return;
  parts_->drained = true;
  const Configuration& configuration = parts_->configuration;
  Log(Severity::kInfo, "draining", {{"delay_ms", configuration.drain_delay.count()}});
  const auto say_not_serving = [this] {
    parts_->data->SetServing(false, false);
    parts_->control->SetServing(false);
  };
  say_not_serving();
  parts_->model->Stop();
  if (parts_->backups) parts_->backups->Stop();
  parts_->key_service->Stop();
  parts_->disk_watch->Stop();     // may wait for the disk
  parts_->erasure_watch->Stop();  // as this one
  parts_->decisions->StopWatching();
  say_not_serving();  // in case one of the two said otherwise in between
  wait(configuration.drain_delay);
  parts_->DrainPlanes(std::chrono::system_clock::now() + configuration.drain_deadline);
  parts_->opt_out_writer->Stop();  // after the last call that may have offered something
  parts_->decisions->Stop();       // as this
  parts_->audit_watch->Stop();     // after the last entry
  Log(Severity::kInfo, "drained");
}

}  // namespace assent::server
