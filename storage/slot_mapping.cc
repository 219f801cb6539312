#include "storage/slot_mapping.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace assent::storage {
namespace {

constexpr size_t kPageBytes = 4096;
constexpr size_t kHugePageBytes = size_t{2} << 20;

void* MapOrEnd(size_t bytes) {
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) {
    std::fprintf(stderr, "assent: no memory for %zu more bytes\n", bytes);
    std::abort();
  }
  return mapped;
}

}  // namespace

SlotMapping::SlotMapping(size_t bytes) : size_(RoundUp(bytes, kPageBytes)) {
  if (size_ < kHugePageBytes) {
    data_ = MapOrEnd(size_);
    return;
  }
  // Huge pages need an aligned beginning: map more, give the ends back.
  const size_t mapped_bytes = size_ + kHugePageBytes;
  auto* const mapped = static_cast<char*>(MapOrEnd(mapped_bytes));
  const auto address = reinterpret_cast<uintptr_t>(mapped);
  const size_t before = RoundUp(address, kHugePageBytes) - address;
  if (before != 0) munmap(mapped, before);
  const size_t after = mapped_bytes - before - size_;
  if (after != 0) munmap(mapped + before + size_, after);
  data_ = mapped + before;
  madvise(data_, size_, MADV_HUGEPAGE);  // advice only: where it is refused, small pages do
}

SlotMapping::~SlotMapping() { munmap(data_, size_); }

}  // namespace assent::storage
