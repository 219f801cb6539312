// Writes what a benchmark of assentd needs into one folder: a model, a pseudonym key and the consent of many subjects.
//   bench_data --out FOLDER [--k 256] [--dim 64] [--aggregates 0] [--subjects 1000000] [--seed 1] [--model-only]
// The consent goes through storage::ConsentStore itself, on a file system that does not wait for the disk (nothing is
// promised here; a synced write each would take minutes), and is flushed at the end.
#include <sys/stat.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "assent/internal/v1/model_file.pb.h"
#include "client/load_payload.h"
#include "policy/purpose.h"
#include "policy/subject.h"
#include "rocksdb/db.h"
#include "rocksdb/env.h"
#include "scoring/quiescence.h"
#include "storage/consent_index.h"
#include "storage/consent_store.h"
#include "storage/database.h"
#include "storage/model_file.h"

namespace assent {
namespace {

struct Options {
  std::string out;
  size_t k = 256;
  size_t dim = 64;
  uint64_t subjects = 1'000'000;
  uint64_t seed = 1;
  bool model_only = false;
  size_t aggregates = 0;
};

// Files whose syncs return at once.
class UnsyncedFile : public rocksdb::WritableFileWrapper {
 public:
  explicit UnsyncedFile(std::unique_ptr<rocksdb::WritableFile> file)
      : rocksdb::WritableFileWrapper(file.get()), file_(std::move(file)) {}
  rocksdb::Status Sync() override { return rocksdb::Status::OK(); }
  rocksdb::Status Fsync() override { return rocksdb::Status::OK(); }

 private:
  std::unique_ptr<rocksdb::WritableFile> file_;
};

class UnsyncedEnv : public rocksdb::EnvWrapper {
 public:
  UnsyncedEnv() : rocksdb::EnvWrapper(rocksdb::Env::Default()) {}
  const char* Name() const override { return "UnsyncedEnv"; }
  rocksdb::Status NewWritableFile(const std::string& name, std::unique_ptr<rocksdb::WritableFile>* result,
                                  const rocksdb::EnvOptions& options) override {
    std::unique_ptr<rocksdb::WritableFile> file;
    rocksdb::Status status = rocksdb::EnvWrapper::NewWritableFile(name, &file, options);
    if (status.ok()) *result = std::make_unique<UnsyncedFile>(std::move(file));
    return status;
  }
};

// Different aggregates of the events of assentctl bench: counts, sums and means, each with a half-life of its own.
void MakeAggregate(size_t number, internal::v1::AggregateSource& aggregate) {
  constexpr internal::v1::AggregateFunction kFunctions[] = {internal::v1::AGGREGATE_FUNCTION_COUNT,
                                                            internal::v1::AGGREGATE_FUNCTION_SUM,
                                                            internal::v1::AGGREGATE_FUNCTION_MEAN};
  aggregate.set_function(kFunctions[number % std::size(kFunctions)]);
  aggregate.set_event_type(std::string(client::kLoadEventType));
  aggregate.set_half_life_days(static_cast<double>(1 + number / std::size(kFunctions)));
  if (aggregate.function() == internal::v1::AGGREGATE_FUNCTION_COUNT) return;
  aggregate.set_attribute(std::string(client::kLoadEventAttribute));
}

// Centroids and events are drawn from the same distribution, so that no segment is rare.
internal::v1::ModelFile MakeModel(const Options& options) {
  std::mt19937_64 random(options.seed);
  std::normal_distribution<float> normal(0.0f, 1.0f);
  internal::v1::ModelFile model;
  for (size_t d = 0; d < options.dim; ++d) {
    auto* feature = model.mutable_schema()->add_features();
    feature->set_name(absl::StrCat("feature_", d));
    if (d < options.aggregates) {
      MakeAggregate(d, *feature->mutable_aggregate());
    } else {
      feature->mutable_direct();
    }
    feature->set_mean(0.01 * static_cast<double>(d));
    feature->set_scale(1.0 + 0.001 * static_cast<double>(d));
    feature->set_changeable(true);
    model.add_background_mean(0);
  }
  std::vector<float> centroids(options.k * options.dim);
  for (float& value : centroids) value = normal(random);
  model.set_centroids(reinterpret_cast<const char*>(centroids.data()), centroids.size() * sizeof(float));
  for (size_t k = 0; k < options.k; ++k) {
    auto* segment = model.add_segments();
    segment->set_segment_id(absl::StrCat("segment-", k));
    segment->set_label(absl::StrCat("Segment ", k));
  }
  if (options.aggregates > 0) {
    model.mutable_schema()->set_profile_purpose(static_cast<int>(policy::Purpose::kProfileAdvertising));
  }
  model.set_temperature(static_cast<double>(options.dim));
  model.mutable_provenance()->set_name("bench");
  return model;
}

// Errors: Unavailable.
absl::StatusOr<policy::Pseudonymizer> WriteKey(const Options& options) {
  std::mt19937_64 random(options.seed + 1);
  std::string key(32, '\0');
  for (char& byte : key) byte = static_cast<char>(random());
  const std::string path = options.out + "/pseudonym.key";
  std::ofstream(path) << absl::BytesToHexString(key) << "\n";
  if (chmod(path.c_str(), 0600) != 0) return absl::UnavailableError("cannot write " + path);
  return policy::Pseudonymizer::Create(key);
}

absl::Status FillConsent(const Options& options, const policy::Pseudonymizer& pseudonymizer) {
  UnsyncedEnv env;
  scoring::Quiescence domain;
  storage::ConsentIndex index(domain);
  storage::RefusalIndex refusals(domain);
  const policy::Jurisdictions jurisdictions;
  auto database = storage::Database::Open(
      {.data_dir = options.out + "/data", .key_check = pseudonymizer.CheckValue(), .env = &env});
  if (!database.ok()) return database.status();
  auto store = storage::ConsentStore::Open(**database, index, refusals, jurisdictions);
  if (!store.ok()) return store.status();

  std::atomic<uint64_t> next{0};
  std::atomic<bool> failed{false};
  const absl::Time now = absl::Now();
  const auto write = [&] {
    for (uint64_t i = next.fetch_add(1); i < options.subjects && !failed; i = next.fetch_add(1)) {
      storage::ConsentRequest request;
      const std::string id = client::LoadSubjectId(i);
      request.subject = pseudonymizer.Pseudonymize(policy::RawSubject("bench", id));
      request.kind = internal::v1::CONSENT_CHANGE_KIND_GRANT;
      request.grants = {{policy::Purpose::kSelectAdvertising},
                        {policy::Purpose::kSelectContent},
                        {policy::Purpose::kProfileAdvertising}};
      request.terms.notice_id = "privacy-notice";
      request.terms.notice_version = "3";
      request.recorded_by = "bench";
      if (!(*store)->Apply(std::move(request), now).ok()) failed = true;
      if (i % 50'000 == 0 && i > 0) std::cerr << "\rconsent records: " << i << std::flush;
    }
  };
  std::vector<std::thread> writers;
  for (int i = 0; i < 32; ++i) writers.emplace_back(write);
  for (std::thread& writer : writers) writer.join();
  std::cerr << "\r                              \r";
  if (failed) return absl::UnavailableError("a consent record was refused");
  rocksdb::DB& rocks = (*database)->rocks();
  for (const storage::Family family : {storage::Family::kConsent, storage::Family::kConsentHistory}) {
    const rocksdb::Status status = rocks.Flush(rocksdb::FlushOptions(), (*database)->family(family));
    if (!status.ok()) return absl::UnavailableError(status.ToString());
  }
  return absl::OkStatus();
}

absl::Status Run(const Options& options) {
  std::error_code error;
  std::filesystem::create_directories(options.out, error);
  if (error) return absl::UnavailableError("cannot make " + options.out);
  if (absl::Status status = storage::WriteModelFile(options.out + "/model.assent", MakeModel(options)); !status.ok()) {
    return status;
  }
  if (options.model_only) return absl::OkStatus();
  auto pseudonymizer = WriteKey(options);
  if (!pseudonymizer.ok()) return pseudonymizer.status();
  return FillConsent(options, *pseudonymizer);
}

}  // namespace
}  // namespace assent

int main(int argc, char** argv) {
  assent::Options options;
  CLI::App app("Writes a model, a pseudonym key and consent records for benchmarks of assentd");
  app.add_option("--out", options.out, "Folder")->required();
  app.add_option("--k", options.k, "Segments")->capture_default_str();
  app.add_option("--dim", options.dim, "Features")->capture_default_str();
  app.add_option("--aggregates", options.aggregates, "How many of the features are aggregates")->capture_default_str();
  app.add_option("--subjects", options.subjects, "Consent records")->capture_default_str();
  app.add_option("--seed", options.seed, "Seed")->capture_default_str();
  app.add_flag("--model-only", options.model_only, "Write the model, nothing else");
  CLI11_PARSE(app, argc, argv);
  const absl::Status status = assent::Run(options);
  if (!status.ok()) std::cerr << "bench_data: " << status.message() << "\n";
  return status.ok() ? 0 : 1;
}
