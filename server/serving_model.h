// The model as the data plane holds it: with the plan of its profiles, its counters, and a number that tells two models
// apart.
#ifndef ASSENT_SERVER_SERVING_MODEL_H_
#define ASSENT_SERVER_SERVING_MODEL_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "policy/purpose.h"
#include "policy/segment_rules.h"
#include "scoring/model.h"
#include "scoring/profile.h"
#include "server/drift_counters.h"
#include "server/segment_counters.h"
#include "storage/taxonomy_file.h"

namespace assent::server {

// Threads: as its parts. Published as a whole.
struct ServingModel {
  // `taxonomy`: null: no row has another above it.
  ServingModel(scoring::Model value, scoring::ProfileLayout plan, std::shared_ptr<DriftCounters> counters,
               uint64_t number, SegmentTotals& totals, int threads, const storage::Taxonomy* taxonomy)
      : model(std::move(value)),
        layout(std::move(plan)),
        profile_purpose(policy::PurposeFromNumber(model.schema().profile_purpose()).value_or(kNoProfile)),
        generation(number),
        drift(std::move(counters)),
        segments(totals, model, threads),
        taxonomy_paths(PathsOf(model, taxonomy)) {}

  // Whether the segment may be given to whoever asks; see policy::CheckSegment.
  policy::Rule CheckSegment(uint32_t segment, const policy::SegmentQuestion& question) const {
    return policy::CheckSegment(model.segments()[segment], taxonomy_paths[segment], question);
  }

  static constexpr auto kNoProfile = policy::Purpose::kUnspecified;

  const scoring::Model model;
  const scoring::ProfileLayout layout;    // of the model's schema
  const policy::Purpose profile_purpose;  // kNoProfile where the model has no aggregate
  const uint64_t generation;  // from 1, never used twice: addresses are, so scratch memory is matched by this
  const std::shared_ptr<DriftCounters> drift;  // never null; shared with /metrics
  const SegmentCounters segments;
  // By segment: its card's row of the taxonomy and those above it; empty where the card names none.
  const std::vector<std::vector<int32_t>> taxonomy_paths;

 private:
  static std::vector<std::vector<int32_t>> PathsOf(const scoring::Model& model, const storage::Taxonomy* taxonomy) {
    std::vector<std::vector<int32_t>> paths;
    for (const scoring::SegmentCard& card : model.segments()) {
      const int32_t row = card.iab_audience_id;
      if (row == 0) {
        paths.emplace_back();
      } else {
        paths.push_back(taxonomy == nullptr ? std::vector<int32_t>{row} : taxonomy->PathOf(row));
      }
    }
    return paths;
  }
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SERVING_MODEL_H_
