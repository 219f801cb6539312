// The call objects of one method on one polling thread: made when needed, used again, and a bounded number kept.
#ifndef ASSENT_SERVER_CALL_STORE_H_
#define ASSENT_SERVER_CALL_STORE_H_

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

namespace assent::server {

// Largest message that a call object keeps for its next use. Unit: bytes on the wire. A larger one is freed, so that
// one burst of large messages does not stay in memory for good.
inline constexpr size_t kKeptMessageBytes = 64 << 10;
inline constexpr size_t kKeptBatchBytes = 1 << 20;

// Frees what `message` holds, where it is of `bytes` on the wire and that is more than `kept`.
template <typename Message>
void FreeIfLarge(Message& message, size_t bytes, size_t kept) {
  if (bytes <= kept) return;
  Message empty;
  message.Swap(&empty);
}

// `Call` has a member `size_t place`, which belongs to the store. Threads: one. Ownership: owns the calls.
// Cost: of Take and Return a few instructions, and no allocation while calls come back as fast as they are taken.
template <typename Call>
class CallStore {
 public:
  // At most `idle_max` calls are kept for later; the memory of a burst goes back when it is over.
  explicit CallStore(size_t idle_max) : idle_max_(idle_max) { idle_.reserve(idle_max); }

  template <typename... Arguments>
  Call& Take(Arguments&&... arguments) {
    if (!idle_.empty()) {
      Call* call = idle_.back();
      idle_.pop_back();
      return *call;
    }
    calls_.push_back(std::make_unique<Call>(std::forward<Arguments>(arguments)...));
    calls_.back()->place = calls_.size() - 1;
    return *calls_.back();
  }

  // `call` may be gone afterwards.
  void Return(Call& call) {
    if (idle_.size() < idle_max_) return idle_.push_back(&call);
    const size_t place = call.place;
    std::swap(calls_[place], calls_.back());
    calls_[place]->place = place;
    calls_.pop_back();
  }

  size_t size() const { return calls_.size(); }

 private:
  const size_t idle_max_;
  std::vector<std::unique_ptr<Call>> calls_;
  std::vector<Call*> idle_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_CALL_STORE_H_
