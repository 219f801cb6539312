// Ctrl-C, for a command that has something to say before it ends.
#ifndef ASSENT_CLIENT_INTERRUPT_H_
#define ASSENT_CLIENT_INTERRUPT_H_

#include <signal.h>

namespace assent::client {

// While it lives, the first SIGINT is only remembered; the second ends the program as usual. Threads: one object at a
// time; `seen` is safe.
class Interrupt {
 public:
  Interrupt();
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  bool seen() const;

 private:
  struct sigaction before_ = {};
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_INTERRUPT_H_
