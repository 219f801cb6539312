// The roots are those of another implementation, which hashes level by level.
#include "policy/merkle_tree.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"

namespace assent::policy {
namespace {

std::vector<Sha256> LeavesOf(size_t count) {
  std::vector<Sha256> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(Sha256Of({std::to_string(i)}));
  return leaves;
}

TEST(MerkleTree, HasTheRootsOfAnotherImplementation) {
  const std::map<size_t, std::string> roots = {
      {0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {1, "13a77175e35eb1d9da91ee14df0d7772cea71289800206e2b45c882ecb06efbf"},
      {2, "bbb441530bdded54e6e2bfcdc829819ff39b30768eb9f023071dffc16b410f10"},
      {3, "8be871f13785b4c81a1700459c76ac2b3ae2caebb7876c376e223c6adff98c47"},
      {5, "4e23fb40d8876f1299cca9b3c28432a01b11d1a20126606914612892ff2e09a7"},
      {7, "5653c4ab2514ccd6ea4f0159702d2aba901f2562aa75abcff5a19e344bee038f"},
      {500, "ddb254ae3740389b8725c61bf34bc1849921072d1279b13c222751e2354c9540"}};
  for (const auto& [size, root] : roots) {
    EXPECT_EQ(absl::BytesToHexString(BytesOf(MerkleRoot(LeavesOf(size)))), root) << size;
  }
}

TEST(MerkleTree, EveryLeafLeadsToTheRootAndNothingElseDoes) {
  for (size_t size = 1; size <= 70; ++size) {
    const std::vector<Sha256> leaves = LeavesOf(size);
    const Sha256 root = MerkleRoot(leaves);
    for (size_t i = 0; i < size; ++i) {
      std::vector<Sha256> path = MerklePath(leaves, i);
      ASSERT_EQ(MerkleRootOfPath(leaves[i], i, size, path), root) << i << " of " << size;
      ASSERT_NE(MerkleRootOfPath(Sha256Of({"another"}), i, size, path), root);
      ASSERT_TRUE(size == 1 || MerkleRootOfPath(leaves[i], (i + 1) % size, size, path) != root);
      path.push_back(root);
      ASSERT_NE(MerkleRootOfPath(leaves[i], i, size, path), root);
    }
    EXPECT_EQ(MerkleRootOfPath(leaves[0], size, size, {}), std::nullopt);
  }
}

}  // namespace
}  // namespace assent::policy
