// The IAB Audience Taxonomy as a tree, read from the TSV file that the IAB Tech Lab publishes. The file is the user's,
// and no part of the project. Source: github.com/InteractiveAdvertisingBureau/Taxonomies, "Audience Taxonomy 1.1.tsv"
// (CC BY 3.0).
#ifndef ASSENT_CLIENT_TAXONOMY_FILE_H_
#define ASSENT_CLIENT_TAXONOMY_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kTaxonomyFileBytesMax = size_t{8} << 20;
inline constexpr size_t kTaxonomyRowsMax = 20'000;
inline constexpr size_t kTaxonomyTiersMax = 6;
inline constexpr size_t kTaxonomyDepthMax = 16;  // from a row to its root; the published file has 7

struct TaxonomyRow {
  int32_t id = 0;                  // > 0
  int32_t parent = 0;              // 0: a root
  std::vector<std::string> tiers;  // 1 to kTaxonomyTiersMax names, from the root to the row's own

  const std::string& name() const { return tiers.back(); }
  // "Interest > Healthy Living > Nutrition".
  std::string Path() const;
};

// Threads: safe; immutable.
class Taxonomy {
 public:
  // Reads tab-separated lines with a header that has the columns "Unique ID", "Parent ID" and "Tier 1" to "Tier 6";
  // other columns are skipped. A plain, gzip or zstd file. Errors: NotFound; InvalidArgument, with path and line, for
  // another header, a line of another width, an id that is not a whole number from 1 or is repeated, a row without a
  // name or with control characters in it, a parent that is not there, parents in a ring or above kTaxonomyDepthMax, no
  // row, more than kTaxonomyRowsMax rows or, unpacked, kTaxonomyFileBytesMax bytes.
  static absl::StatusOr<Taxonomy> Read(const std::string& path);

  size_t size() const { return rows_.size(); }
  const std::vector<TaxonomyRow>& rows() const { return rows_; }  // in the file's order
  // Null where there is no such row. Cost: one hash.
  const TaxonomyRow* Find(int32_t id) const;
  // True where both rows are there, and `id` is `ancestor` or below it. Cost: kTaxonomyDepthMax hashes.
  bool IsUnder(int32_t id, int32_t ancestor) const;

 private:
  Taxonomy() = default;
  // `lines`: that of each row. Errors: InvalidArgument.
  absl::Status CheckParents(absl::string_view path, const std::vector<uint64_t>& lines) const;

  std::vector<TaxonomyRow> rows_;
  absl::flat_hash_map<int32_t, size_t> index_by_id_;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_TAXONOMY_FILE_H_
