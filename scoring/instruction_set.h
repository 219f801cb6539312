// Which instruction set the kernels use: the best that the machine has, unless told otherwise.
#ifndef ASSENT_SCORING_INSTRUCTION_SET_H_
#define ASSENT_SCORING_INSTRUCTION_SET_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "scoring/screen_kernels.h"

namespace assent::scoring {

// The environment variable that UseInstructionSetOfEnvironment reads.
inline constexpr char kInstructionSetVariable[] = "ASSENT_INSTRUCTION_SET";

// What this machine and this program can do, best first: of "avx512_bf16", "avx512", "avx2", "sse4", "scalar" (on
// x86-64).
std::vector<std::string> InstructionSets();

// Makes every later call use this one of InstructionSets(), or with "" the best again. The answers are the same bits.
// Threads: safe; a call under way in another thread may finish on the former one.
// Errors: InvalidArgument that lists the possible names.
absl::Status UseInstructionSet(absl::string_view name);

// The same with the name from ASSENT_INSTRUCTION_SET, if that is set. For `main`, at the start.
absl::Status UseInstructionSetOfEnvironment();

// The name of the one in use.
std::string InstructionSetInUse();

// The kernels in use. Private to scoring. Threads: safe. Cost: one load.
const ScreenKernels& KernelsInUse();

}  // namespace assent::scoring

#endif  // ASSENT_SCORING_INSTRUCTION_SET_H_
