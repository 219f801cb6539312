#include "scoring/instruction_set.h"

#include <atomic>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "hwy/targets.h"

namespace assent::scoring {
namespace {

struct InstructionSet {
  std::string name;
  ScreenKernels kernels;
};

std::string NameOfTarget(int64_t target) {
  std::string name = absl::AsciiStrToLower(hwy::TargetName(target));
  if (name == "avx3") return "avx512";    // Highway's word for AVX-512 F, BW, CD, DQ and VL
  if (name == "emu128") return "scalar";  // what Highway falls back to where the compiler can be trusted with it
  return name;
}

std::vector<InstructionSet> FindAll() {
  std::vector<InstructionSet> all;
  for (const int64_t target : SupportedTargetsOfKernels()) {
    InstructionSet set{NameOfTarget(target), KernelsForTarget(target)};
    if (set.name == "avx512" && HasBfloat16()) all.push_back({"avx512_bf16", WithBfloat16(set.kernels)});
    all.push_back(std::move(set));
  }
  return all;
}

// Best first; never empty, never destroyed.
const std::vector<InstructionSet>& All() {
  static const auto* const all = new std::vector<InstructionSet>(FindAll());
  return *all;
}

std::atomic<const InstructionSet*> in_use{nullptr};

const InstructionSet& InUse() {
  // Acquire and release: what the pointer leads to is seen whole.
  const InstructionSet* set = in_use.load(std::memory_order_acquire);
  if (set != nullptr) return *set;
  const InstructionSet* best = &All().front();
  // A choice that another thread made meanwhile stands.
  return in_use.compare_exchange_strong(set, best, std::memory_order_acq_rel) ? *best : *set;
}

}  // namespace

std::vector<std::string> InstructionSets() {
  std::vector<std::string> names;
  for (const InstructionSet& set : All()) names.push_back(set.name);
  return names;
}

absl::Status UseInstructionSet(absl::string_view name) {
  for (const InstructionSet& set : All()) {
    if (name.empty() || set.name == name) {
      in_use.store(&set, std::memory_order_release);
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("instruction set '", name, "': this machine has ", absl::StrJoin(InstructionSets(), ", ")));
}

absl::Status UseInstructionSetOfEnvironment() {
  const char* name = std::getenv(kInstructionSetVariable);
  return name == nullptr ? absl::OkStatus() : UseInstructionSet(name);
}

std::string InstructionSetInUse() { return InUse().name; }

const ScreenKernels& KernelsInUse() { return InUse().kernels; }

}  // namespace assent::scoring
