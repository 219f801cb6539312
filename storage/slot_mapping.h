// Zeroed memory for a table, in huge pages when it is large enough for one.
#ifndef ASSENT_STORAGE_SLOT_MAPPING_H_
#define ASSENT_STORAGE_SLOT_MAPPING_H_

#include <cstddef>

namespace assent::storage {

// The least multiple of `unit` that is not below `bytes`.
constexpr size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Ownership: unmaps on destruction. The process is ended when the system has no memory: there is no way on without it.
class SlotMapping {
 public:
  explicit SlotMapping(size_t bytes);
  ~SlotMapping();
  SlotMapping(const SlotMapping&) = delete;
  SlotMapping& operator=(const SlotMapping&) = delete;

  void* data() const { return data_; }
  size_t size() const { return size_; }  // bytes, whole pages

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_SLOT_MAPPING_H_
