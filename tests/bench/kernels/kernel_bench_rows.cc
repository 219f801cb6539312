#include "tests/bench/kernels/kernel_bench_rows.h"

#include <ctime>
#include <functional>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "scoring/instruction_set.h"
#include "scoring/published.h"
#include "tests/bench/kernels/kernel_bench_case.h"
#include "tests/bench/kernels/multiply_add_peak.h"

namespace assent::scoring {
namespace {

double ThreadSeconds() {
  timespec now;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

// Nanoseconds of one call. Doubles the number of calls until they take long enough to be measured.
double NanosecondsOf(const std::function<void()>& call) {
  constexpr double kEnough = 0.04;
  call();
  for (size_t calls = 1;; calls *= 2) {
    const double start = ThreadSeconds();
    for (size_t i = 0; i < calls; ++i) call();
    const double seconds = ThreadSeconds() - start;
    if (seconds > kEnough) return 1e9 * seconds / static_cast<double>(calls);
  }
}

// Floating-point operations a nanosecond at best.
double Peak() {
  size_t operations = 0;
  const double ns = NanosecondsOf([&operations] { operations = MultiplyAdd(100'000); });
  return static_cast<double>(operations) / ns;
}

// Floating-point operations that the definition asks for, whatever the kernel does.
double OperationsOf(const KernelBenchCase& bench) {
  return 2.0 * static_cast<double>(bench.k() * bench.dim() * kBenchEvents);
}

// One load of the model and one sign of life, as a polling thread does for each event.
double NanosecondsOfRead() {
  constexpr size_t kReads = 1000;
  Quiescence domain;
  Published<size_t> published(domain);
  published.Publish(std::make_unique<const size_t>(1));
  Quiescence::Reader reader(domain);
  reader.Online();
  const double ns = NanosecondsOf([&] {
    for (size_t i = 0; i < kReads; ++i) {
      benchmark::DoNotOptimize(published.Read(reader));  // a temporary stays in its register
      reader.Quiescent();
    }
  });
  reader.Offline();
  return ns / static_cast<double>(kReads);
}

void MeasureOne(KernelBenchCase& bench, BenchRow& ratio, BenchRow& ns) {
  const double ours = NanosecondsOf([&] { bench.AssentOne(); });
  const double theirs = NanosecondsOf([&] { bench.FaissOne(); });
  ratio.samples.push_back(theirs / ours);
  ns.samples.push_back(ours);
}

void MeasureBatch(KernelBenchCase& bench, BenchRow& ratio, BenchRow& ns) {
  const double ours = NanosecondsOf([&] { bench.AssentBatch(); });
  const double theirs = NanosecondsOf([&] { bench.FaissBatch(); });
  ratio.samples.push_back(theirs / ours);
  ns.samples.push_back(ours / static_cast<double>(kBenchEvents));
}

// With the kernels in use, and with the best that keep to float32: the dot products of bfloat16 pass the peak.
void MeasureShare(KernelBenchCase& bench, BenchRow& best, BenchRow& float32) {
  const std::string in_use = InstructionSetInUse();
  best.samples.push_back(OperationsOf(bench) / NanosecondsOf([&] { bench.AssentBatch(); }) / Peak());
  if (in_use == "avx512_bf16") static_cast<void>(UseInstructionSet("avx512"));
  float32.samples.push_back(OperationsOf(bench) / NanosecondsOf([&] { bench.AssentBatch(); }) / Peak());
  static_cast<void>(UseInstructionSet(in_use));
}

struct CaseRows {
  CaseRows(size_t k, size_t dim) : bench(k, dim), name(absl::StrCat("(", k, ",", dim, ")")) {}
  KernelBenchCase bench;
  std::string name;
  BenchRow one{absl::StrCat("kernel, 1 event, over FAISS at ", name), "ratio", 10, 20, true, {}};
  BenchRow one_ns{absl::StrCat("Assign of 1 event at ", name), "ns", 0, 0, false, {}};
  BenchRow batch{
      absl::StrCat("kernel, 256 events, over FAISS with SkylakeX BLAS at ", name), "ratio", 2.3, 2.5, true, {}};
  BenchRow batch_ns{absl::StrCat("AssignBatch of 256 events at ", name, ", an event"), "ns", 0, 0, false, {}};
  BenchRow share{
      absl::StrCat("share of the float32 multiply-add peak, 256 events at ", name), "ratio", 0.85, 0.95, true, {}};
  // Read, not judged: what a machine without bfloat16 would reach.
  BenchRow float32_share{absl::StrCat("the same with float32 kernels at ", name), "ratio", 0, 0, true, {}};
};

}  // namespace

std::vector<BenchRow> MeasureKernelRows(size_t rounds) {
  CaseRows usual(256, 64);
  CaseRows large(1000, 128);
  CaseRows huge(10000, 128);
  BenchRow read{"model read", "ns", 1.5, 0.5, false, {}};
  for (size_t round = 0; round < rounds; ++round) {
    for (CaseRows* rows : {&usual, &large, &huge}) {
      MeasureOne(rows->bench, rows->one, rows->one_ns);
      MeasureBatch(rows->bench, rows->batch, rows->batch_ns);
    }
    for (CaseRows* rows : {&large, &huge}) MeasureShare(rows->bench, rows->share, rows->float32_share);
    read.samples.push_back(NanosecondsOfRead());
  }
  return {usual.one,           large.one,          huge.one,    usual.one_ns,
          large.one_ns,        usual.batch,        large.batch, huge.batch,
          usual.batch_ns,      large.batch_ns,     large.share, huge.share,
          large.float32_share, huge.float32_share, read};
}

}  // namespace assent::scoring
