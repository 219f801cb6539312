// What a fuzzer asserts.
#ifndef ASSENT_TESTS_FUZZ_FUZZ_CHECK_H_
#define ASSENT_TESTS_FUZZ_FUZZ_CHECK_H_

#include <cstdio>
#include <cstdlib>

// Ends the program, so that the fuzzer keeps the input.
#define FUZZ_CHECK(condition)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      std::fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
      std::abort();                                                        \
    }                                                                      \
  } while (false)

#endif  // ASSENT_TESTS_FUZZ_FUZZ_CHECK_H_
