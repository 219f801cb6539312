// Publication under fire: readers see whole values only, and every old value is freed.
#include "scoring/published.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "scoring/assign.h"
#include "scoring/model.h"
#include "tests/scoring/model_fixture.h"

namespace assent::scoring {
namespace {

std::atomic<int64_t> alive{0};

// Holds its number twice; the destructor spoils both, so that a reader of a freed value is found even without a
// sanitizer.
struct Value {
  explicit Value(uint64_t number) : first(number), second(~number) { alive.fetch_add(1); }
  ~Value() {
    first = second = 0;
    alive.fetch_sub(1);
  }
  bool IsWhole() const { return first == ~second; }
  uint64_t first;
  uint64_t second;
};

TEST(Published, IsNullBeforeTheFirstPublish) {
  Quiescence domain;
  const Published<Value> published(domain);
  Quiescence::Reader reader(domain);
  reader.Online();
  EXPECT_EQ(published.Read(reader), nullptr);
}

TEST(Published, AReaderKeepsWhatItReadUntilItIsQuiescent) {
  Quiescence domain;
  {
    Published<Value> published(domain);
    published.Publish(std::make_unique<const Value>(1));
    Quiescence::Reader reader(domain);
    reader.Online();
    const Value* old = published.Read(reader);
    published.Publish(std::make_unique<const Value>(2));
    EXPECT_EQ(alive.load(), 2);
    EXPECT_EQ(old->first, 1u);
    EXPECT_EQ(published.Read(reader)->first, 2u);
    reader.Quiescent();
    EXPECT_EQ(domain.Collect(), 0u);
    EXPECT_EQ(alive.load(), 1);
    reader.Offline();
  }
  EXPECT_EQ(alive.load(), 0);
}

// One writer for each of two values, readers that come, go, pause and read both; at the end nothing is left.
TEST(Published, ReadersAndWritersTogether) {
  const size_t publications = CasesOr(20'000);
  {
    Quiescence domain;
    Published<Value> left(domain);
    Published<Value> right(domain);
    left.Publish(std::make_unique<const Value>(0));
    right.Publish(std::make_unique<const Value>(0));
    std::atomic<bool> done{false};
    std::atomic<uint64_t> torn{0};
    std::atomic<uint64_t> backwards{0};
    const auto read = [&](uint64_t habit) {
      while (!done.load(std::memory_order_relaxed)) {
        Quiescence::Reader reader(domain);
        reader.Online();
        uint64_t last = 0;
        for (uint64_t i = 0; i < 1000; ++i) {
          const Value* a = left.Read(reader);
          const Value* b = right.Read(reader);
          if (!a->IsWhole() || !b->IsWhole()) torn.fetch_add(1);
          if (a->first < last) backwards.fetch_add(1);
          last = a->first;
          if (i % (1 + habit) == 0) reader.Quiescent();
          if (i % 97 == habit) {
            reader.Offline();
            reader.Online();
          }
        }
        reader.Offline();
      }
    };
    const auto write = [&](Published<Value>& value) {
      for (uint64_t i = 1; i <= publications; ++i) value.Publish(std::make_unique<const Value>(i));
    };
    std::vector<std::thread> readers;
    for (uint64_t habit = 0; habit < 4; ++habit) readers.emplace_back(read, habit);
    std::thread second([&] { write(right); });
    write(left);
    second.join();
    done.store(true);
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(torn.load(), 0u);
    EXPECT_EQ(backwards.load(), 0u);
    EXPECT_EQ(domain.Collect(), 0u);
    EXPECT_EQ(alive.load(), 2);
  }
  EXPECT_EQ(alive.load(), 0);
}

// A model swapped while it is used: every answer comes from one whole model.
TEST(Published, AModelSwappedInUse) {
  Quiescence domain;
  Published<Model> published(domain);
  const size_t swaps = CasesOr(2'000);
  constexpr size_t kDim = 8;
  constexpr size_t kSegments = 20;
  // In model n every centroid lies at n mod 7, so that winner and distance tell which model answered.
  const auto model = [&](size_t number) {
    const std::vector<float> centroids(kSegments * kDim, static_cast<float>(number % 7));
    ModelParts parts = PartsOf(kSegments, kDim, centroids);
    parts.provenance.seed = number % 7;
    return std::make_unique<const Model>(Model::Create(std::move(parts)).value());
  };
  published.Publish(model(0));
  std::atomic<bool> done{false};
  std::atomic<uint64_t> wrong{0};
  std::atomic<uint64_t> answers{0};
  const auto read = [&] {
    Quiescence::Reader reader(domain);
    Workspace workspace;
    const std::vector<float> event(kDim, 0.0f);
    reader.Online();
    do {
      const Model* current = published.Read(reader);
      size_t count = 0;
      const Assignment assignment = Assign(*current, event, workspace, {}, count);
      const auto at = static_cast<double>(current->provenance().seed);
      if (assignment.winner != 0 || assignment.winner_distance != kDim * at * at) wrong.fetch_add(1);
      answers.fetch_add(1);
      reader.Quiescent();
    } while (!done.load(std::memory_order_relaxed));
    reader.Offline();
  };
  std::thread first(read);
  std::thread second(read);
  for (size_t i = 1; i <= swaps; ++i) published.Publish(model(i));
  done.store(true);
  first.join();
  second.join();
  EXPECT_EQ(wrong.load(), 0u);
  EXPECT_GE(answers.load(), 2u);
  EXPECT_EQ(domain.Collect(), 0u);
}

}  // namespace
}  // namespace assent::scoring
