// How often the calling thread has allocated. Linking it replaces operator new for the whole program, as a sanitizer
// does: so programs that use it are built without one.
#ifndef ASSENT_TESTS_HARNESS_ALLOCATION_COUNTER_H_
#define ASSENT_TESTS_HARNESS_ALLOCATION_COUNTER_H_

#include <cstdint>

namespace assent {

// Calls of operator new on this thread since it began.
uint64_t AllocationsOfThread();

}  // namespace assent

#endif  // ASSENT_TESTS_HARNESS_ALLOCATION_COUNTER_H_
