#include "policy/merkle_tree.h"

#include <bit>

namespace assent::policy {
namespace {

constexpr absl::string_view kLeafPrefix("\x00", 1);
constexpr absl::string_view kNodePrefix("\x01", 1);

Sha256 LeafHash(const Sha256& leaf) { return Sha256Of({kLeafPrefix, BytesOf(leaf)}); }
Sha256 NodeHash(const Sha256& left, const Sha256& right) {
  return Sha256Of({kNodePrefix, BytesOf(left), BytesOf(right)});
}

// The leaves of the left half: the largest power of two that is smaller than `size`, which is 2 at least.
size_t LeftHalf(size_t size) { return std::bit_floor(size - 1); }

}  // namespace

Sha256 MerkleRoot(std::span<const Sha256> leaves) {
  if (leaves.empty()) return Sha256Of({});
  if (leaves.size() == 1) return LeafHash(leaves[0]);
  const size_t left = LeftHalf(leaves.size());
  return NodeHash(MerkleRoot(leaves.first(left)), MerkleRoot(leaves.subspan(left)));
}

std::vector<Sha256> MerklePath(std::span<const Sha256> leaves, size_t index) {
  if (leaves.size() <= 1) return {};
  const size_t left = LeftHalf(leaves.size());
  const bool goes_left = index < left;
  std::vector<Sha256> path =
      goes_left ? MerklePath(leaves.first(left), index) : MerklePath(leaves.subspan(left), index - left);
  path.push_back(MerkleRoot(goes_left ? leaves.subspan(left) : leaves.first(left)));
  return path;
}

// RFC 9162 section 2.1.3.2.
std::optional<Sha256> MerkleRootOfPath(const Sha256& leaf, uint64_t index, uint64_t size,
                                       std::span<const Sha256> path) {
  if (index >= size) return std::nullopt;
  uint64_t first = index;
  uint64_t last = size - 1;
  Sha256 root = LeafHash(leaf);
  for (const Sha256& beside : path) {
    if (last == 0) return std::nullopt;
    if (first % 2 == 1 || first == last) {
      root = NodeHash(beside, root);
      while (first % 2 == 0 && first != 0) {
        first >>= 1;
        last >>= 1;
      }
    } else {
      root = NodeHash(root, beside);
    }
    first >>= 1;
    last >>= 1;
  }
  if (last != 0) return std::nullopt;
  return root;
}

}  // namespace assent::policy
