// Quiescent-state reclamation: readers announce when they hold nothing, writers free what no reader can still see.
// Source: McKenney and Slingwine, "Read-Copy Update: Using Execution History to Solve Concurrency Problems", 1998 (QSBR).
#ifndef ASSENT_SCORING_QUIESCENCE_H_
#define ASSENT_SCORING_QUIESCENCE_H_

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

namespace assent::scoring {

// One domain serves every published value of a process.
class Quiescence {
 public:
  static constexpr size_t kReadersMax = 256;

  // A thread's membership in the domain, from construction to destruction. Starts offline.
  // Threads: used by one thread at a time; the Quiescence outlives it.
  class Reader {
   public:
    // Aborts the process when kReadersMax readers exist: a bug of ours, the number of threads is bounded.
    explicit Reader(Quiescence& domain);
    ~Reader();
    Reader(const Reader&) = delete;
    Reader& operator=(const Reader&) = delete;

    // Between Online and Offline the thread may hold pointers from Published<T>::Read. Go offline before anything that
    // can block. Cost: one atomic store with a full fence each; never waits.
    void Online();
    void Offline();
    // While online: "I hold nothing right now." Cost: one load, and a store when a writer has advanced.
    void Quiescent();

   private:
    friend class Quiescence;
    Quiescence& domain_;
    size_t slot_;
  };

  Quiescence();
  ~Quiescence();  // frees everything that is retired; no reader may be online

  // Frees `reclaim` (by calling it) once every reader that was online now has been quiescent or offline. Never waits for
  // readers; what is not ready is tried again at each Retire and Collect. Threads: safe. Cost: a mutex among writers.
  void Retire(std::function<void()> reclaim);
  // Frees what is ready. Returns how many values still wait.
  size_t Collect();

 private:
  struct alignas(128) Slot {
    std::atomic<uint64_t> seen{0};  // 0: offline; else the epoch that the reader last announced
    std::atomic<bool> taken{false};
  };
  struct Retired {
    uint64_t epoch;
    std::function<void()> reclaim;
  };
  std::atomic<uint64_t> epoch_{1};
  std::unique_ptr<Slot[]> slots_;
  std::mutex writers_;
  std::vector<Retired> retired_;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_QUIESCENCE_H_
