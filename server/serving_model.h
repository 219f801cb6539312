// The model as the data plane holds it: with its counters, and a number that tells two models apart.
#ifndef ASSENT_SERVER_SERVING_MODEL_H_
#define ASSENT_SERVER_SERVING_MODEL_H_

#include <cstdint>
#include <utility>

#include "scoring/model.h"
#include "server/segment_counters.h"

namespace assent::server {

// Threads: as its parts. Published as a whole.
struct ServingModel {
  ServingModel(scoring::Model value, uint64_t number, SegmentTotals& totals, int threads)
      : model(std::move(value)), generation(number), segments(totals, model, threads) {}

  const scoring::Model model;
  const uint64_t generation;  // from 1, never used twice: addresses are, so scratch memory is matched by this
  const SegmentCounters segments;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SERVING_MODEL_H_
