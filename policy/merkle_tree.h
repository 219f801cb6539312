// The hash of a list, of which each member can be shown to be in it without showing the others.
// Source: RFC 9162 section 2.1 (as RFC 6962 before).
#ifndef ASSENT_POLICY_MERKLE_TREE_H_
#define ASSENT_POLICY_MERKLE_TREE_H_

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "policy/sha256.h"

namespace assent::policy {

// The root over the leaves, in their order. Cost: two hashes a leaf.
Sha256 MerkleRoot(std::span<const Sha256> leaves);

// The hashes beside the way from one leaf to the root, from the leaf up. Precondition: index < leaves.size().
std::vector<Sha256> MerklePath(std::span<const Sha256> leaves, size_t index);

// The root that the leaf leads to along the path, in a tree of `size` leaves. Nothing where no such tree has that path.
std::optional<Sha256> MerkleRootOfPath(const Sha256& leaf, uint64_t index, uint64_t size, std::span<const Sha256> path);

}  // namespace assent::policy

#endif  // ASSENT_POLICY_MERKLE_TREE_H_
