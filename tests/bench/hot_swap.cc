// A new model a thousand times a second under full load: no call may fail, and every old model must be freed.
//   hot_swap [--seconds 30] [--rate 1000] [--in-flight 64]
// Runs the data plane, the pipeline, the consent store and the load generator in this one process, and prints one line
// with the figures last. Exit status 0: no failed call, the rate was kept, resident memory flat within 2 % after the
// warm-up.
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/clock.h"
#include "client/load_generator.h"
#include "client/load_schedule.h"
#include "scoring/model.h"
#include "scoring/quiescence.h"
#include "server/assignment_service.h"
#include "server/authorization.h"
#include "server/data_plane.h"
#include "server/model_source.h"
#include "server/role_table.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"

namespace assent {
namespace {

constexpr size_t kSegments = 256;
constexpr size_t kDim = 64;
constexpr uint64_t kSubjects = 2000;
constexpr double kFlat = 0.02;
constexpr double kRateKept = 0.99;

struct Flags {
  double seconds = 30;
  double rate = 1000;
  int in_flight = 64;
};

scoring::Model MakeModel(uint64_t seed) {
  std::minstd_rand random(static_cast<uint32_t>(seed % 1000 + 1));
  std::vector<float> centroids(kSegments * kDim);
  for (float& value : centroids) value = static_cast<float>(random() % 2000) * 0.001f - 1.0f;
  std::vector<scoring::Feature> features(kDim);
  for (size_t i = 0; i < kDim; ++i) features[i].name = absl::StrCat("feature_", i);
  std::vector<scoring::SegmentCard> segments(kSegments);
  for (size_t i = 0; i < kSegments; ++i) {
    segments[i].segment_id = absl::StrCat("segment-", i);
    segments[i].allowed_purposes = policy::PurposeBit(policy::Purpose::kSelectAdvertising);
  }
  scoring::Provenance provenance;
  provenance.name = absl::StrCat("swap-", seed);
  auto model = scoring::Model::Create({.schema = *scoring::FeatureSchema::Create(std::move(features)),
                                       .centroids = *scoring::Centroids::Create(kSegments, kDim, centroids),
                                       .segments = std::move(segments),
                                       .abstention = {},
                                       .temperature = 1,
                                       .background_mean = std::vector<double>(kDim),
                                       .provenance = std::move(provenance),
                                       .digest = {static_cast<uint8_t>(seed), static_cast<uint8_t>(seed >> 8)}});
  return *std::move(model);
}

// Unit: bytes.
int64_t ResidentMemory() {
  int64_t total = 0;
  int64_t resident = 0;
  std::ifstream("/proc/self/statm") >> total >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

// A folder that is gone with this object.
struct TemporaryFolder {
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "assent-hot-swap-XXXXXX").string();
    path = mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path); }
  std::string path;
};

// What the publishing thread saw.
struct Swaps {
  uint64_t count = 0;
  double seconds = 0;
  int64_t resident_min = 0;
  int64_t resident_max = 0;
  int64_t resident_middle =
      0;                     // median of the second third; a moment has a few models more or less that wait for readers
  int64_t resident_end = 0;  // median of the last third
  double rate() const { return static_cast<double>(count) / seconds; }
  double growth() const { return static_cast<double>(resident_end) / static_cast<double>(resident_middle) - 1; }
};

int64_t MedianOf(std::vector<int64_t> values) {
  const auto middle = values.begin() + static_cast<ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

// Publishes on schedule until `over`, and watches the memory after the first third.
Swaps SwapUntil(const std::atomic<bool>& over, server::ModelSource& models, const Flags& flags) {
  Swaps swaps;
  std::vector<int64_t> resident;
  const int64_t start = client::MonotonicNow();
  const auto warm_up = static_cast<int64_t>(flags.seconds / 3 * 1e9);
  int64_t now = start;
  while (!over.load(std::memory_order_relaxed)) {
    models.Publish(MakeModel(swaps.count + 1));
    ++swaps.count;
    if (swaps.count % 100 == 0 && now - start > warm_up) resident.push_back(ResidentMemory());
    const auto due = start + static_cast<int64_t>(static_cast<double>(swaps.count) * 1e9 / flags.rate);
    now = client::MonotonicNow();
    if (due > now) std::this_thread::sleep_for(std::chrono::nanoseconds(due - now));
  }
  swaps.seconds = static_cast<double>(client::MonotonicNow() - start) * 1e-9;
  if (resident.empty()) resident.push_back(ResidentMemory());
  const auto half = resident.begin() + static_cast<ptrdiff_t>((resident.size() + 1) / 2);
  swaps.resident_middle = MedianOf({resident.begin(), half});
  swaps.resident_end = MedianOf({half == resident.end() ? resident.begin() : half, resident.end()});
  const auto [lowest, highest] = std::minmax_element(resident.begin(), resident.end());
  swaps.resident_min = *lowest;
  swaps.resident_max = *highest;
  return swaps;
}

absl::Status GrantAll(storage::ConsentStore& store, const policy::Pseudonymizer& pseudonymizer) {
  for (uint64_t i = 0; i < kSubjects; ++i) {
    const std::string id = client::LoadSubjectId(i);
    storage::ConsentRequest request;
    request.subject = pseudonymizer.Pseudonymize(policy::RawSubject("bench", id));
    request.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
    request.grants = {{policy::Purpose::kSelectAdvertising}};
    request.recorded_by = "hot_swap";
    if (auto result = store.Apply(std::move(request), absl::Now()); !result.ok()) return result.status();
  }
  return absl::OkStatus();
}

bool Judge(const Flags& flags, const Swaps& swaps, const client::LoadReport& load, size_t not_freed) {
  uint64_t failed = 0;
  for (const auto& [code, count] : load.failures) failed += count;
  uint64_t not_assigned = 0;
  for (const auto& [outcome, count] : load.outcomes) not_assigned += outcome == "OUTCOME_ASSIGNED" ? 0 : count;
  const bool good = failed == 0 && not_assigned == 0 && load.calls > 0 && not_freed == 0 &&
                    swaps.rate() >= kRateKept * flags.rate && std::abs(swaps.growth()) <= kFlat;
  std::cout << absl::StrFormat(
      "%d models published (%.0f a second) under %.0f calls/s: %d calls, %d failed, %d sampled without a segment; "
      "resident %.2f MiB in the second third, %.2f in the last (%+.2f %%), %.1f to %.1f at any moment; %d old models "
      "not "
      "freed\n",
      swaps.count, swaps.rate(), load.calls_per_s, load.calls, failed, not_assigned,
      static_cast<double>(swaps.resident_middle) / 1048576, static_cast<double>(swaps.resident_end) / 1048576,
      100 * swaps.growth(), static_cast<double>(swaps.resident_min) / 1048576,
      static_cast<double>(swaps.resident_max) / 1048576, not_freed);
  return good;
}

absl::StatusOr<bool> Run(const Flags& flags) {
  const TemporaryFolder folder;
  auto pseudonymizer = policy::Pseudonymizer::Create(std::string(32, 'k'));
  scoring::Quiescence domain;
  storage::ConsentIndex index(domain);
  storage::RefusalIndex refusals(domain);
  const policy::Jurisdictions jurisdictions;
  auto database = storage::Database::Open({.data_dir = folder.path, .key_check = pseudonymizer->CheckValue()});
  if (!database.ok()) return database.status();
  auto store = storage::ConsentStore::Open(**database, index, refusals, jurisdictions);
  if (!store.ok()) return store.status();
  if (absl::Status status = GrantAll(**store, *pseudonymizer); !status.ok()) return status;

  server::ModelSource models(domain, {});
  models.Publish(MakeModel(0));

  const server::Authorizer authorizer(server::ServedRoleTable(), ~0u);
  const server::PipelineSources sources{.domain = domain,
                                        .pseudonymizer = *pseudonymizer,
                                        .index = index,
                                        .refusals = refusals,
                                        .store = **store,
                                        .model = models.published(),
                                        .limits = {},
                                        .jurisdictions = jurisdictions};
  server::DataPlaneCells cells;
  auto plane = server::DataPlane::Start(
      {}, [&](int thread) { return std::make_unique<server::AssignmentService>(sources, authorizer, cells, thread); });
  if (!plane.ok()) return plane.status();

  client::LoadOptions load;
  load.connection.target = (*plane)->address();
  load.in_flight = flags.in_flight;
  load.payload.subjects = kSubjects;
  load.payload.dim = kDim;
  load.duration = absl::Seconds(flags.seconds);
  std::atomic<bool> over{false};
  absl::StatusOr<std::unique_ptr<client::LoadReport>> report = absl::UnknownError("no load");
  std::thread loader([&] {
    report = client::RunLoad(load);
    over = true;
  });
  const Swaps swaps = SwapUntil(over, models, flags);
  loader.join();
  (*plane)->Drain(std::chrono::system_clock::now() + std::chrono::milliseconds(5000));
  if (!report.ok()) return report.status();
  return Judge(flags, swaps, **report, domain.Collect());
}

}  // namespace
}  // namespace assent

int main(int argc, char** argv) {
  assent::Flags flags;
  CLI::App app("Publishes models under load");
  app.add_option("--seconds", flags.seconds, "How long")->check(CLI::Range(0.1, 3600.0))->capture_default_str();
  app.add_option("--rate", flags.rate, "Models a second")->check(CLI::Range(1.0, 1e5))->capture_default_str();
  app.add_option("--in-flight", flags.in_flight, "Calls in flight")->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  const auto good = assent::Run(flags);
  if (!good.ok()) std::cout << "hot_swap: " << good.status().message() << "\n";
  return good.ok() && *good ? 0 : 1;
}
