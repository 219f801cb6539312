// Kernels against FAISS, side by side. Without arguments: the rows of the target table, for people; with --json, one
// JSON object a row. With any --benchmark_… argument: a Google Benchmark program, assent/one/256/64 and so on. The
// instruction set follows ASSENT_INSTRUCTION_SET.
#include <omp.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "scoring/instruction_set.h"
#include "tests/bench/kernels/kernel_bench_case.h"
#include "tests/bench/kernels/kernel_bench_rows.h"

namespace assent::scoring {
namespace {

// OpenBLAS reads its settings when it is loaded, so the program starts itself again with them. It takes this
// processor's AVX-512 for something slower unless it is told.
void SettleBlas(char** arguments) {
  if (std::getenv("OPENBLAS_NUM_THREADS") != nullptr) return;
  setenv("OPENBLAS_NUM_THREADS", "1", 1);
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) setenv("OPENBLAS_CORETYPE", "SkylakeX", 1);
#endif
  execv("/proc/self/exe", arguments);
  std::perror("kernel_bench: cannot start itself again");
  std::exit(1);
}

void Register(size_t k, size_t dim) {
  // Made at the first use, and left to the end of the program.
  auto bench = std::make_shared<std::unique_ptr<KernelBenchCase>>();
  const auto add = [&](const char* what, void (KernelBenchCase::*call)(), size_t events) {
    const std::string name = absl::StrCat(what, "/", k, "/", dim);
    benchmark::RegisterBenchmark(name.c_str(), [=](benchmark::State& state) {
      if (*bench == nullptr) *bench = std::make_unique<KernelBenchCase>(k, dim);
      for (auto _ : state) ((**bench).*call)();
      state.counters["events"] = static_cast<double>(events);
    });
  };
  add("assent/one", &KernelBenchCase::AssentOne, 1);
  add("faiss/one", &KernelBenchCase::FaissOne, 1);
  add("assent/batch", &KernelBenchCase::AssentBatch, kBenchEvents);
  add("faiss/batch", &KernelBenchCase::FaissBatch, kBenchEvents);
}

void Print(BenchRow& row, bool json) {
  std::sort(row.samples.begin(), row.samples.end());
  const double median = row.samples[row.samples.size() / 2];
  if (json) {
    std::printf(
        "{\"row\":\"%s\",\"unit\":\"%s\",\"must\":%g,\"aim\":%g,\"higher_is_better\":%s,"
        "\"min\":%.6g,\"median\":%.6g,\"max\":%.6g}\n",
        row.name.c_str(), row.unit.c_str(), row.must, row.aim, row.higher_is_better ? "true" : "false",
        row.samples.front(), median, row.samples.back());
    return;
  }
  const auto reaches = [&](double target) { return row.higher_is_better ? median >= target : median <= target; };
  const char* verdict = row.must == 0 ? "" : !reaches(row.must) ? "MISSED" : reaches(row.aim) ? "reached" : "must";
  std::printf("%-72s %10.3g %10.3g %10.3g  %-5s  %s\n", row.name.c_str(), row.samples.front(), median,
              row.samples.back(), row.unit.c_str(), verdict);
}

int Rows(bool json) {
  constexpr size_t kRounds = 7;
  std::fprintf(stderr, "instruction set %s, %zu rounds\n", InstructionSetInUse().c_str(), kRounds);
  if (!json) std::printf("%-72s %10s %10s %10s\n", "", "min", "median", "max");
  for (BenchRow& row : MeasureKernelRows(kRounds)) Print(row, json);
  return 0;
}

int Main(int count, char** arguments) {
  SettleBlas(arguments);
  omp_set_num_threads(1);
  if (const absl::Status status = UseInstructionSetOfEnvironment(); !status.ok()) {
    std::fprintf(stderr, "kernel_bench: %s\n", std::string(status.message()).c_str());
    return 1;
  }
  const auto given = [&](const char* prefix) {
    return std::any_of(arguments + 1, arguments + count, [&](const char* a) { return absl::StartsWith(a, prefix); });
  };
  if (!given("--benchmark_")) return Rows(given("--json"));
  for (const auto& [k, dim] : {std::pair<size_t, size_t>{64, 64}, {256, 64}, {1000, 128}, {10000, 128}}) {
    Register(k, dim);
  }
  benchmark::Initialize(&count, arguments);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}

}  // namespace
}  // namespace assent::scoring

int main(int count, char** arguments) { return assent::scoring::Main(count, arguments); }
