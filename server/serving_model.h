// The model as the data plane holds it: with the plan of its profiles, its counters, and a number that tells two models
// apart.
#ifndef ASSENT_SERVER_SERVING_MODEL_H_
#define ASSENT_SERVER_SERVING_MODEL_H_

#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "policy/purpose.h"
#include "policy/segment_rules.h"
#include "scoring/model.h"
#include "scoring/profile.h"
#include "server/drift_counters.h"
#include "server/segment_counters.h"

namespace assent::server {

// Threads: as its parts. Published as a whole.
struct ServingModel {
  ServingModel(scoring::Model value, scoring::ProfileLayout plan, std::shared_ptr<DriftCounters> counters,
               uint64_t number, SegmentTotals& totals, int threads)
      : model(std::move(value)),
        layout(std::move(plan)),
        profile_purpose(policy::PurposeFromNumber(model.schema().profile_purpose()).value_or(kNoProfile)),
        generation(number),
        drift(std::move(counters)),
        segments(totals, model, threads) {}

  // Whether the segment may be given to whoever asks; see policy::CheckSegment.
  policy::Rule CheckSegment(uint32_t segment, const policy::SegmentQuestion& question) const {
    const scoring::SegmentCard& card = model.segments()[segment];
    // The path is the row alone: this version does not know the tree above it.
    const std::span<const int32_t> path(&card.iab_audience_id, card.iab_audience_id != 0 ? 1 : 0);
    return policy::CheckSegment(card, path, question);
  }

  static constexpr auto kNoProfile = policy::Purpose::kUnspecified;

  const scoring::Model model;
  const scoring::ProfileLayout layout;    // of the model's schema
  const policy::Purpose profile_purpose;  // kNoProfile where the model has no aggregate
  const uint64_t generation;  // from 1, never used twice: addresses are, so scratch memory is matched by this
  const std::shared_ptr<DriftCounters> drift;  // never null; shared with /metrics
  const SegmentCounters segments;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SERVING_MODEL_H_
