#include "server/decision_services.h"

#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "storage/text_file.h"
#include "storage/vendor_list_file.h"

namespace assent::server {

absl::StatusOr<std::unique_ptr<DecisionServices>> DecisionServices::Open(const Configuration& configuration,
                                                                         storage::Database& database,
                                                                         storage::ConsentStore& consent,
                                                                         const storage::ConsentIndex& index,
                                                                         scoring::Quiescence& domain) {
  std::unique_ptr<DecisionServices> services(new DecisionServices(configuration, database, consent, index, domain));
  auto models = storage::ModelArchive::Open(configuration.data_dir);
  if (!models.ok()) return models.status();
  services->models_ = *std::move(models);
  services->listing_ = std::make_unique<DecisionListing>(services->store_, *services->models_, configuration.decisions);
  return services;
}

absl::Status DecisionServices::Start(const PipelineSources& sources, const ModelSource& model,
                                     const storage::SealingKeys& sealing) {
  std::vector<std::string> vendor_lists;
  for (const std::string& path : configuration_.vendor_list_files) {
    auto list = storage::ReadTextFile(path, storage::kVendorListFileBytesMax);
    if (!list.ok()) {
      return absl::Status(list.status().code(),
                          absl::StrCat("signals.vendor_list_files: ", path, ": ", list.status().message()));
    }
    vendor_lists.push_back(*std::move(list));
  }
  const DecisionSettings& settings = configuration_.decisions;
  if (settings.logs()) log_ = std::make_unique<DecisionLog>(store_, settings, configuration_.data_plane_threads);
  keeping_ = {
      .sealing = &sealing, .log = log_.get(), .policy_version = PolicyVersionOf(settings.verdict_text, vendor_lists)};
  recall_ = std::make_unique<DecisionRecall>(
      sources, RecallParts{.keeping = keeping_, .decisions = store_, .models = models_.get(), .settings = settings});
  desk_ = std::make_unique<RecallDesk>(*recall_);
  watch_ = std::make_unique<DecisionWatch>(store_, *models_, model, settings);
  return absl::OkStatus();
}

void DecisionServices::StopWatching() {
  if (watch_ != nullptr) watch_->Stop();
}

void DecisionServices::Stop() {
  StopWatching();
  if (log_ != nullptr) log_->Stop();
  if (desk_ != nullptr) desk_->Stop();
}

}  // namespace assent::server
