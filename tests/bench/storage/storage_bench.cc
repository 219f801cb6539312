// Measures the consent index, the consent store and the pseudonym. Asserts nothing; prints figures with their spread.
//
//   storage_bench [--json] [--subjects=10000000] [--data_dir=DIR]
//
// --json prints one object a row: row, must, aim, min, median, max, unit. The durable writes need a folder on a real
// disk: the system's temporary folder unless --data_dir names another.

#include <rocksdb/db.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <thread>
#include <vector>

#include "policy/subject.h"
#include "storage/consent_change.h"
#include "storage/consent_index.h"
#include "storage/record_codec.h"
#include "tests/storage/store_fixture.h"

namespace assent::storage {
namespace {

using Clock = std::chrono::steady_clock;
using policy::ConsentState;
using policy::ConsentStatus;
using policy::Purpose;
using policy::SubjectKey;

constexpr int kRepetitions = 7;
constexpr int kWriters = 16;
constexpr size_t kBatch = 64;

struct Arguments {
  bool json = false;
  uint64_t subjects = 10'000'000;
  std::string data_dir;
};

double SecondsSince(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Keeps the compiler from leaving the work out.
volatile uint64_t sink = 0;

void Print(const Arguments& arguments, const char* row, double must, double aim, const char* unit,
           std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const double median = values[values.size() / 2];
  if (arguments.json) {
    std::printf(
        "{\"row\": \"%s\", \"must\": %g, \"aim\": %g, \"min\": %.4g, \"median\": %.4g, \"max\": %.4g, \"unit\": "
        "\"%s\"}\n",
        row, must, aim, values.front(), median, values.back(), unit);
  } else {
    std::printf("%-44s must %8g  aim %8g  measured %10.4g  (%.4g to %.4g) %s\n", row, must, aim, median, values.front(),
                values.back(), unit);
  }
  std::fflush(stdout);
}

ConsentState SomeState(uint64_t number) {
  ConsentState state;
  state.revision = 1;
  state.status[1] = number % 3 == 0 ? ConsentStatus::kOptedOut : ConsentStatus::kGranted;
  state.status[2] = ConsentStatus::kGranted;
  state.expire_time_s[2] = 2'000'000'000;
  if (number % 3 != 0) state.expire_time_s[1] = 2'000'000'000;
  return state;
}

void MeasureIndex(const Arguments& arguments) {
  scoring::Quiescence domain;
  ConsentIndex index(domain);
  for (uint64_t i = 0; i < arguments.subjects; ++i) index.Put(Subject(i), SomeState(i));
  domain.Collect();
  std::mt19937_64 random(1);
  std::vector<SubjectKey> known(1 << 20);
  std::vector<SubjectKey> unknown(1 << 18);
  std::vector<ConsentState> states(kBatch);
  scoring::Quiescence::Reader reader(domain);
  reader.Online();
  std::vector<double> one;
  std::vector<double> absent;
  std::vector<double> batched;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    for (SubjectKey& key : known) key = Subject(random() % arguments.subjects);
    for (SubjectKey& key : unknown) key = Subject(arguments.subjects + random() % arguments.subjects);
    uint64_t sum = 0;
    Clock::time_point start = Clock::now();
    for (const SubjectKey& key : known) sum += static_cast<uint64_t>(index.Find(reader, key).status[1]);
    one.push_back(SecondsSince(start) * 1e9 / static_cast<double>(known.size()));
    start = Clock::now();
    for (const SubjectKey& key : unknown) sum += static_cast<uint64_t>(index.Find(reader, key).status[1]);
    absent.push_back(SecondsSince(start) * 1e9 / static_cast<double>(unknown.size()));
    for (SubjectKey& key : known) key = Subject(random() % arguments.subjects);
    start = Clock::now();
    for (size_t begin = 0; begin < known.size(); begin += kBatch) {
      index.FindBatch(reader, std::span(known).subspan(begin, kBatch), states);
      for (const ConsentState& state : states) sum += static_cast<uint64_t>(state.status[1]);
    }
    batched.push_back(SecondsSince(start) * 1e9 / static_cast<double>(known.size()));
    sink = sink + sum;
  }
  reader.Offline();
  Print(arguments, "consent lookup among 10M, random", 250, 190, "ns", one);
  Print(arguments, "consent lookup among 10M, unknown subject", 0, 0, "ns", absent);
  Print(arguments, "consent lookup among 10M, batched", 50, 32, "ns", batched);
  const double bytes = static_cast<double>(index.memory_bytes()) / static_cast<double>(index.size());
  Print(arguments, "memory per consent entry", 48, 40, "B", {bytes});
}

// Sixteen threads that each wait for their own acknowledgement before the next change. `change` gets a number that no
// other call gets.
struct WriteFigures {
  double per_second = 0;
  double p99_ms = 0;
};
WriteFigures RunWriters(int repetition, const std::function<bool(uint64_t)>& change) {
  constexpr int kChangesEach = 1500;
  std::vector<std::vector<double>> latencies(kWriters);
  std::vector<std::thread> writers;
  const Clock::time_point start = Clock::now();
  for (int writer = 0; writer < kWriters; ++writer) {
    writers.emplace_back([&, writer] {
      for (int i = 0; i < kChangesEach; ++i) {
        const Clock::time_point asked = Clock::now();
        if (!change(static_cast<uint64_t>((repetition * kWriters + writer) * kChangesEach + i))) std::abort();
        latencies[static_cast<size_t>(writer)].push_back(SecondsSince(asked) * 1e3);
      }
    });
  }
  for (std::thread& writer : writers) writer.join();
  WriteFigures figures{.per_second = kWriters * kChangesEach / SecondsSince(start)};
  std::vector<double> all;
  for (const auto& mine : latencies) all.insert(all.end(), mine.begin(), mine.end());
  const auto place = all.begin() + static_cast<ptrdiff_t>(all.size() * 99 / 100);
  std::nth_element(all.begin(), place, all.end());
  figures.p99_ms = *place;
  return figures;
}

// What the disk allows today: RocksDB alone, with its own group commit, writing as many keys and bytes a change.
std::unique_ptr<rocksdb::DB> OpenPlainEngine(const std::string& folder) {
  rocksdb::Options options;
  options.create_if_missing = true;
  rocksdb::DB* opened = nullptr;
  if (!rocksdb::DB::Open(options, folder, &opened).ok()) std::abort();
  return std::unique_ptr<rocksdb::DB>(opened);
}

bool WritePlainly(rocksdb::DB& engine, uint64_t number, const std::string& value) {
  rocksdb::WriteBatch batch;
  const std::string key = ConsentKey(Subject(number));
  if (!batch.Put(key, value).ok() || !batch.Put(HistoryKey(Subject(number), 1), value).ok()) return false;
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return engine.Write(synced, &batch).ok();
}

// First consents of new subjects.
void MeasureWrites(const Arguments& arguments) {
  const ScopedFolder folder;
  const std::string data_dir = arguments.data_dir.empty() ? folder.path() : arguments.data_dir;
  auto open = StartStore(data_dir + "/assent");
  if (!open.ok()) {
    std::fprintf(stderr, "%s\n", std::string(open.status().message()).c_str());
    std::exit(1);
  }
  const auto engine = OpenPlainEngine(data_dir + "/plain");
  const auto grant = [](uint64_t number) {
    return GrantOf(Subject(number), {Purpose::kSelectAdvertising, Purpose::kSelectContent});
  };
  const auto first = (*open)->store->Apply(grant(~uint64_t{0}), kTestTime);
  if (!first.ok()) std::abort();
  const std::string value = RecordCodec().Encode(ConsentKey(Subject(~uint64_t{0})), first->record);
  std::vector<double> per_second;
  std::vector<double> p99_ms;
  std::vector<double> plain_per_second;
  std::vector<double> ratios;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    const WriteFigures plain =
        RunWriters(repetition, [&](uint64_t number) { return WritePlainly(*engine, number, value); });
    const WriteFigures store =
        RunWriters(repetition, [&](uint64_t number) { return (*open)->store->Apply(grant(number), kTestTime).ok(); });
    per_second.push_back(store.per_second);
    p99_ms.push_back(store.p99_ms);
    plain_per_second.push_back(plain.per_second);
    ratios.push_back(store.per_second / plain.per_second);
  }
  Print(arguments, "durable consent writes with 16 writers", 25'000, 30'000, "1/s", per_second);
  Print(arguments, "durable consent writes with 16 writers; p99", 1.2, 0.9, "ms", p99_ms);
  Print(arguments, "the same through RocksDB alone", 0, 0, "1/s", plain_per_second);
  Print(arguments, "durable consent writes over RocksDB alone", 0, 0, "ratio", ratios);
}

void MeasurePseudonym(const Arguments& arguments) {
  const auto pseudonymizer = policy::Pseudonymizer::Create(std::string(32, 'k'));
  std::vector<std::string> ids;
  for (int i = 0; i < 1024; ++i) ids.push_back("visitor-0000-0000-0000-" + std::to_string(100000 + i));
  std::vector<double> values;
  for (int repetition = 0; repetition < kRepetitions; ++repetition) {
    constexpr int kRounds = 200;
    uint64_t sum = 0;
    const Clock::time_point start = Clock::now();
    for (int round = 0; round < kRounds; ++round) {
      for (const std::string& id : ids) sum += pseudonymizer->Pseudonymize(policy::RawSubject("cookie", id)).low();
    }
    values.push_back(SecondsSince(start) * 1e9 / static_cast<double>(kRounds * ids.size()));
    sink = sink + sum;
  }
  Print(arguments, "pseudonym", 0, 200, "ns", values);
}

}  // namespace
}  // namespace assent::storage

int main(int argc, char** argv) {
  assent::storage::Arguments arguments;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--json") {
      arguments.json = true;
    } else if (argument.starts_with("--subjects=")) {
      arguments.subjects = std::strtoull(argument.c_str() + std::strlen("--subjects="), nullptr, 10);
    } else if (argument.starts_with("--data_dir=")) {
      arguments.data_dir = argument.substr(std::strlen("--data_dir="));
    } else {
      std::fprintf(stderr, "usage: storage_bench [--json] [--subjects=N] [--data_dir=DIR]\n");
      return 2;
    }
  }
  assent::storage::MeasurePseudonym(arguments);
  assent::storage::MeasureWrites(arguments);
  assent::storage::MeasureIndex(arguments);
  return 0;
}
