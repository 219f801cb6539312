#include "client/interrupt.h"

#include <atomic>

namespace assent::client {
namespace {

// Relaxed: nothing else is published with it.
std::atomic<bool> seen_since{false};
static_assert(std::atomic<bool>::is_always_lock_free, "a signal handler takes no lock");

void Remember(int) { seen_since.store(true, std::memory_order_relaxed); }

}  // namespace

Interrupt::Interrupt() {
  seen_since.store(false, std::memory_order_relaxed);
  struct sigaction once = {};
  once.sa_handler = Remember;
  once.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigaction(SIGINT, &once, &before_);
}

Interrupt::~Interrupt() { sigaction(SIGINT, &before_, nullptr); }

bool Interrupt::seen() const { return seen_since.load(std::memory_order_relaxed); }

}  // namespace assent::client
