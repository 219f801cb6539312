// Where the serving model comes from: a file, read at the start, when it is replaced, and when asked.
#ifndef ASSENT_SERVER_MODEL_SOURCE_H_
#define ASSENT_SERVER_MODEL_SOURCE_H_

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "scoring/model.h"
#include "scoring/published.h"
#include "server/segment_counters.h"
#include "server/serving_model.h"
#include "storage/model_archive.h"
#include "storage/profile_store.h"

namespace assent::server {

// What /metrics says of the present model.
struct ModelFacts {
  std::string name;
  std::string digest;
  size_t segments = 0;
};

// What became of a model.
enum class Publication : uint8_t {
  kServes,
  kRefused,     // it never will
  kNotRecorded  // the disk refused; it may be tried again
};

// Threads: safe. Ownership: owns a thread that looks at the file; borrows the domain.
class ModelSource {
 public:
  struct Options {
    std::string path = {};  // empty: no file; models come through Publish
    std::chrono::milliseconds poll{1000};
    int threads = 1;  // polling threads that will count
    // Told of each model's layout before the model is published; null: nobody.
    storage::ProfileStore* profiles = nullptr;
    // Told of each model before it is published. Where it fails the model is refused, logged and counted; that of the
    // file is tried again with the next look. Empty: nobody.
    std::function<absl::Status(const ModelFacts&)> record = {};
    // The file of the taxonomy, read again with each model; empty: none, and a row has no other above it.
    std::string taxonomy_path = {};
    // Keeps the file of each model that is published, for the explanations of its decisions; null: nobody does.
    storage::ModelArchive* archive = nullptr;
  };

  ModelSource(scoring::Quiescence& domain, Options options);
  ~ModelSource();
  ModelSource(const ModelSource&) = delete;
  ModelSource& operator=(const ModelSource&) = delete;

  // Called after each publication, on the thread that published. Set before Start.
  void OnPublished(std::function<void()> callback) { on_published_ = std::move(callback); }
  // Reads the file of the taxonomy, for the models that are published from then on; nothing where there is none. The
  // one before stays where it cannot be read. Errors: those of storage::Taxonomy::Read.
  absl::Status ReadTaxonomy();
  // Reads the file once and then looks at it every `poll`. A file that is not there yet is no error.
  void Start();
  void Stop();

  // Reads the file now, whether it changed or not, and that of the taxonomy. Where one of the two is damaged the model
  // is refused, logged and counted, and the old one stays. Errors: those of ReadModelFile and ReadTaxonomy;
  // FailedPrecondition (Publish refused it).
  absl::Status Reload();
  // Warms the model up and serves it. One whose profiles cannot be laid out, or that cannot be recorded, is refused,
  // logged and counted, and the one before stays.
  Publication Publish(scoring::Model model);

  const scoring::Published<ServingModel>& published() const { return published_; }
  const SegmentTotals& segment_totals() const { return totals_; }
  std::optional<ModelFacts> facts() const;
  // Of the model that serves; null without one.
  std::shared_ptr<const DriftCounters> drift() const;
  uint64_t loads() const { return loads_.load(std::memory_order_relaxed); }
  uint64_t failures() const { return failures_.load(std::memory_order_relaxed); }

 private:
  // What tells that a file was replaced.
  struct Signature {
    int64_t mtime_ns = 0;
    uint64_t inode = 0;
    int64_t size = 0;
    friend bool operator==(const Signature&, const Signature&) = default;
  };

  std::optional<Signature> Look() const;
  absl::StatusOr<scoring::ProfileLayout> LayOut(const scoring::Model& model) const;
  void Watch();
  // Logs what fails: a model serves all the same.
  void Archive(const std::string& digest);

  scoring::Quiescence& domain_;
  const Options options_;
  std::function<void()> on_published_;
  SegmentTotals totals_;  // before published_: the last model folds its counts into it
  scoring::Published<ServingModel> published_;
  std::atomic<uint64_t> loads_{0};
  std::atomic<uint64_t> failures_{0};

  std::mutex reload_;  // one reload at a time
  mutable std::mutex mutex_;
  std::optional<ModelFacts> facts_;                    // guarded by mutex_
  std::shared_ptr<DriftCounters> drift_;               // guarded by mutex_
  std::shared_ptr<const storage::Taxonomy> taxonomy_;  // guarded by mutex_; null: none
  std::optional<Signature> last_tried_;                // guarded by reload_
  uint64_t generation_ = 0;                            // guarded by mutex_
  bool stopping_ = false;                              // guarded by mutex_
  std::condition_variable wake_;
  std::thread thread_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_MODEL_SOURCE_H_
