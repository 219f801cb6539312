// What counting one Assign costs: the cells that server/ uses, and prometheus-cpp's own for comparison.
#include <cstdint>
#include <random>
#include <vector>

#include "benchmark/benchmark.h"
#include "prometheus/counter.h"
#include "prometheus/family.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "server/data_plane_cells.h"

namespace assent::server {
namespace {

constexpr size_t kSegments = 256;
constexpr size_t kEvents = 4096;

struct Event {
  uint32_t segment;
  int64_t duration_ns;
};

// Segments and durations vary, so that no branch predictor learns them.
std::vector<Event> Events() {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> duration(13.0, 1.0);  // around 0.4 ms
  std::vector<Event> events(kEvents);
  for (Event& event : events) {
    event = {static_cast<uint32_t>(random() % kSegments), static_cast<int64_t>(duration(random))};
  }
  return events;
}

// Everything that one Assign counts: outcome, rule, segment, code, duration.
void CountOneAssign(benchmark::State& state) {
  const std::vector<Event> events = Events();
  DataPlaneCells cells;
  std::vector<Cell> segments(kSegments);
  size_t i = 0;
  for (auto _ : state) {
    const Event& event = events[i++ % kEvents];
    cells.Count(policy::Purpose::kSelectAdvertising, policy::Outcome::kAssigned, policy::Rule::kNone);
    segments[event.segment].Add(1);
    cells.rpc[0].Count(0, event.duration_ns);
    benchmark::ClobberMemory();
  }
}
BENCHMARK(CountOneAssign)->Name("metrics/one_assign");

// The same figures with prometheus-cpp's objects, their labels looked up beforehand.
void CountOneAssignWithPrometheus(benchmark::State& state) {
  const std::vector<Event> events = Events();
  prometheus::Registry registry;
  auto& counters = prometheus::BuildCounter().Name("c").Register(registry);
  auto& histograms = prometheus::BuildHistogram().Name("h").Register(registry);
  auto& outcome = counters.Add({{"a", "1"}});
  auto& rule = counters.Add({{"a", "2"}});
  auto& code = counters.Add({{"a", "3"}});
  std::vector<prometheus::Counter*> segments;
  for (size_t s = 0; s < kSegments; ++s) segments.push_back(&counters.Add({{"segment", std::to_string(s)}}));
  std::vector<double> bounds(kDurationBoundsNs.begin(), kDurationBoundsNs.end());
  auto& duration = histograms.Add({}, bounds);
  size_t i = 0;
  for (auto _ : state) {
    const Event& event = events[i++ % kEvents];
    outcome.Increment();
    rule.Increment();
    segments[event.segment]->Increment();
    code.Increment();
    duration.Observe(static_cast<double>(event.duration_ns));
  }
}
BENCHMARK(CountOneAssignWithPrometheus)->Name("metrics/prometheus_cpp");

}  // namespace
}  // namespace assent::server

BENCHMARK_MAIN();
