// Quiescent-state reclamation: readers announce when they hold nothing, writers free what no reader can still see.
// Source: McKenney and Slingwine, "Read-Copy Update: Using Execution History to Solve Concurrency Problems", 1998
// (QSBR).
#ifndef ASSENT_SCORING_QUIESCENCE_H_
#define ASSENT_SCORING_QUIESCENCE_H_

#include <atomic>
#include <cstddef>
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
    void Online() {
      // Acquire: what was published before this epoch is seen. Seq_cst exchange: a writer that still sees this slot
      // offline published before, in the single total order, whatever this reader reads from now on (OldestSeen).
      announced_ = epoch_.load(std::memory_order_acquire);
      seen_.exchange(announced_, std::memory_order_seq_cst);
    }
    void Offline() {
      // Release: pairs with the load in OldestSeen; this thread's reads happen before the free.
      seen_.store(kOffline, std::memory_order_release);
    }
    // While online: "I hold nothing right now." Cost: one load, and a store when a writer has advanced.
    void Quiescent() {
      // Acquire: pairs with fetch_add in Retire; what was published before this epoch is seen from now on.
      const uint64_t epoch = epoch_.load(std::memory_order_acquire);
      if (epoch == announced_) return;
      announced_ = epoch;
      seen_.store(epoch, std::memory_order_release);  // as in Offline
    }

   private:
    Reader(Quiescence& domain, size_t slot);
    static size_t TakeSlot(Quiescence& domain);

    const std::atomic<uint64_t>& epoch_;
    std::atomic<uint64_t>& seen_;
    std::atomic<bool>& taken_;
    uint64_t announced_ = kOffline;
  };

  Quiescence();
  ~Quiescence();  // frees everything that is retired; no reader may be online

  // Frees `reclaim` (by calling it) once every reader that was online now has been quiescent or offline. Never waits
  // for readers; what is not ready is tried again at each Retire and Collect. Threads: safe. Cost: a mutex among
  // writers.
  void Retire(std::function<void()> reclaim);
  // Frees what is ready. Returns how many values still wait.
  size_t Collect();

 private:
  static constexpr uint64_t kOffline = 0;
  struct alignas(128) Slot {
    std::atomic<uint64_t> seen{kOffline};  // or the epoch that the reader last announced
    std::atomic<bool> taken{false};
  };
  struct Retired {
    uint64_t epoch;
    std::function<void()> reclaim;
  };
  // The least epoch that an online reader has announced; the largest number when none is online.
  uint64_t OldestSeen() const;

  std::atomic<uint64_t> epoch_{1};
  std::unique_ptr<Slot[]> slots_;
  std::mutex writers_;
  std::vector<Retired> retired_;
};

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_QUIESCENCE_H_
