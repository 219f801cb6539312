#include "tests/bench/kernels/kernel_bench_case.h"

#include <cstdint>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"

namespace assent::scoring {
namespace {

std::vector<float> NormalValues(size_t count, uint32_t seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

Model RandomModel(size_t k, size_t dim) {
  std::vector<Feature> features(dim);
  for (size_t j = 0; j < dim; ++j) features[j].name = absl::StrCat("f", j);
  std::vector<SegmentCard> segments(k);
  for (size_t c = 0; c < k; ++c) segments[c].segment_id = absl::StrCat("s", c);
  ModelParts parts{.schema = FeatureSchema::Create(std::move(features)).value(),
                   .centroids = Centroids::Create(k, dim, NormalValues(k * dim, 1)).value(),
                   .segments = std::move(segments),
                   .abstention = {},
                   .temperature = 1,
                   .background_mean = std::vector<double>(dim, 0.0),
                   .provenance = {},
                   .digest = {}};
  return Model::Create(std::move(parts)).value();
}

}  // namespace

KernelBenchCase::KernelBenchCase(size_t k, size_t dim)
    : model_(RandomModel(k, dim)),
      index_(static_cast<faiss::Index::idx_t>(dim)),
      events_(NormalValues(kBenchEvents * dim, 2)) {
  index_.add(static_cast<faiss::Index::idx_t>(k), NormalValues(k * dim, 1).data());
  workspace_.Reserve(model_, kBenchEvents);
}

const float* KernelBenchCase::NextEvent() {
  next_ = (next_ + 1) % kBenchEvents;
  return &events_[next_ * dim()];
}

void KernelBenchCase::AssentOne() {
  size_t count = 0;
  assignments_[0] = Assign(model_, {NextEvent(), dim()}, workspace_, {}, count);
  benchmark::DoNotOptimize(assignments_.data());
}

void KernelBenchCase::FaissOne() {
  index_.search(1, NextEvent(), 1, distances_.data(), labels_.data());
  benchmark::DoNotOptimize(labels_.data());
}

void KernelBenchCase::AssentBatch() {
  AssignBatch(model_, events_, kBenchEvents, workspace_, assignments_);
  benchmark::DoNotOptimize(assignments_.data());
}

void KernelBenchCase::FaissBatch() {
  index_.search(kBenchEvents, events_.data(), 1, distances_.data(), labels_.data());
  benchmark::DoNotOptimize(labels_.data());
}

}  // namespace assent::scoring
