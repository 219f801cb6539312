#include "server/model_source.h"

#include <sys/stat.h>

#include <utility>
#include <vector>

#include "absl/time/clock.h"
#include "scoring/assign.h"
#include "server/log.h"
#include "storage/model_file.h"

namespace assent::server {
namespace {

// Touches every page of the model and the kernels' code, so that the first caller does not pay for it.
void WarmUp(const scoring::Model& model) {
  scoring::Workspace workspace;
  workspace.Reserve(model, 1);
  const std::vector<float> average(model.schema().scored_size(), 0.0f);
  size_t count = 0;
  for (int i = 0; i < 3; ++i) scoring::Assign(model, average, workspace, {}, count);
}

}  // namespace

ModelSource::ModelSource(scoring::Quiescence& domain, Options options)
    : domain_(domain), options_(std::move(options)), published_(domain) {}

ModelSource::~ModelSource() {
  Stop();
  domain_.Collect();  // retired models fold their counts into totals_, which goes away with this
}

void ModelSource::Start() {
  if (options_.path.empty()) return;
  if (Look()) {
    (void)Reload();  // a failure is logged and counted there, and the watcher tries again when the file changes
  } else {
    Log(Severity::kWarning, "model_missing", {{"path", OperatorText(options_.path)}});
  }
  thread_ = std::thread([this] { Watch(); });
}

void ModelSource::Stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_all();
  if (thread_.joinable()) thread_.join();
}

std::optional<ModelSource::Signature> ModelSource::Look() const {
  struct stat info {};
  if (stat(options_.path.c_str(), &info) != 0) return std::nullopt;
  return Signature{.mtime_ns = info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec,
                   .inode = info.st_ino,
                   .size = info.st_size};
}

void ModelSource::Watch() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    wake_.wait_for(lock, options_.poll, [this] { return stopping_; });
    if (stopping_) return;
    lock.unlock();
    const auto present = Look();
    bool changed = false;
    {
      const std::lock_guard reload_lock(reload_);
      changed = present.has_value() && present != last_tried_;
    }
    if (changed) (void)Reload();
    domain_.Collect();  // frees a model that a reader still held when it was replaced
    lock.lock();
  }
}

absl::Status ModelSource::ReadTaxonomy() {
  if (options_.taxonomy_path.empty()) return absl::OkStatus();
  auto taxonomy = storage::Taxonomy::Read(options_.taxonomy_path);
  if (!taxonomy.ok()) return taxonomy.status();
  Log(Severity::kInfo, "taxonomy_loaded", {{"rows", taxonomy->size()}});
  const std::lock_guard lock(mutex_);
  taxonomy_ = std::make_shared<const storage::Taxonomy>(*std::move(taxonomy));
  return absl::OkStatus();
}

absl::Status ModelSource::Reload() {
  if (options_.path.empty()) return absl::FailedPreconditionError("no model file is configured");
  const std::lock_guard lock(reload_);
  // Looked at before it is read: a file that is replaced in between is then read again.
  last_tried_ = Look();
  auto model = storage::ReadModelFile(options_.path);
  absl::Status read = model.status();
  if (read.ok()) read = ReadTaxonomy();
  if (!read.ok()) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    Log(Severity::kError, "model_refused",
        {{"path", OperatorText(options_.path)}, {"code", read.code()}, {"cause", OperatorText(read.message())}});
    return read;
  }
  Archive(model->digest_hex());
  const Publication published = Publish(*std::move(model));
  if (published == Publication::kServes) return absl::OkStatus();
  if (published == Publication::kNotRecorded) last_tried_.reset();  // the next look tries again
  return absl::FailedPreconditionError("the model was refused; the log says why");
}

void ModelSource::Archive(const std::string& digest) {
  if (options_.archive == nullptr) return;
  const absl::Time now = absl::Now();
  const auto former = facts();
  absl::Status kept = options_.archive->Keep(options_.path, digest, now);
  if (kept.ok() && former && former->digest != digest) {
    kept = options_.archive->NoteServed(former->digest, now);
    if (absl::IsNotFound(kept)) kept = absl::OkStatus();  // it came without a file
  }
  if (!kept.ok()) Log(Severity::kError, "model_archive_failed", {{"cause", OperatorText(kept.message())}});
}

absl::StatusOr<scoring::ProfileLayout> ModelSource::LayOut(const scoring::Model& model) const {
  auto layout = scoring::ProfileLayout::Create(model.schema());
  if (!layout.ok() || options_.profiles == nullptr || model.schema().all_direct()) return layout;
  if (absl::Status status = options_.profiles->Register(*layout); !status.ok()) return status;
  return layout;
}

Publication ModelSource::Publish(scoring::Model model) {
  ModelFacts facts{.name = model.provenance().name, .digest = model.digest_hex(), .segments = model.segments().size()};
  const auto refuse = [&](const absl::Status& why) {
    failures_.fetch_add(1, std::memory_order_relaxed);
    Log(Severity::kError, "model_refused",
        {{"name", OperatorText(facts.name)}, {"code", why.code()}, {"cause", OperatorText(why.message())}});
  };
  auto layout = LayOut(model);
  if (!layout.ok()) {
    refuse(layout.status());
    return Publication::kRefused;
  }
  WarmUp(model);
  if (const absl::Status recorded = options_.record ? options_.record(facts) : absl::OkStatus(); !recorded.ok()) {
    refuse(recorded);
    return Publication::kNotRecorded;
  }
  {
    const std::lock_guard lock(mutex_);
    // The same model again goes on counting.
    const bool same = drift_ != nullptr && facts_.has_value() && facts_->digest == facts.digest;
    const auto drift = same ? drift_ : std::make_shared<DriftCounters>(model, options_.threads);
    published_.Publish(std::make_unique<const ServingModel>(std::move(model), *std::move(layout), drift, ++generation_,
                                                            totals_, options_.threads, taxonomy_.get()));
    facts_ = facts;
    drift_ = drift;
  }
  loads_.fetch_add(1, std::memory_order_relaxed);
  Log(Severity::kInfo, "model_published",
      {{"name", OperatorText(facts.name)}, {"digest", OperatorText(facts.digest)}, {"segments", facts.segments}});
  if (on_published_) on_published_();
  return Publication::kServes;
}

std::shared_ptr<const DriftCounters> ModelSource::drift() const {
  const std::lock_guard lock(mutex_);
  return drift_;
}

std::optional<ModelFacts> ModelSource::facts() const {
  const std::lock_guard lock(mutex_);
  return facts_;
}

}  // namespace assent::server
