// The IAB Audience Taxonomy as a tree, read from the TSV file that the IAB Tech Lab publishes. The file is the user's,
// and no part of the project. Source: github.com/InteractiveAdvertisingBureau/Taxonomies, "Audience Taxonomy 1.1.tsv"
// (CC BY 3.0).
#ifndef ASSENT_STORAGE_TAXONOMY_FILE_H_
#define ASSENT_STORAGE_TAXONOMY_FILE_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::storage {

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
  // other columns are skipped. Errors, with the path: NotFound; Unavailable; InvalidArgument, with the line too, for
  // another header, a line of another width, an id that is not a whole number from 1 or is repeated, a row without a
  // name or with control characters in it, a parent that is not there, parents in a ring or above kTaxonomyDepthMax, no
  // row, more than kTaxonomyRowsMax rows or kTaxonomyFileBytesMax bytes.
  static absl::StatusOr<Taxonomy> Read(const std::string& path);

  size_t size() const { return rows_.size(); }
  const std::vector<TaxonomyRow>& rows() const { return rows_; }  // in the file's order
  // Null where there is no such row. Cost: one hash.
  const TaxonomyRow* Find(int32_t id) const;
  // True where both rows are there, and `id` is `ancestor` or below it. Cost: kTaxonomyDepthMax hashes.
  bool IsUnder(int32_t id, int32_t ancestor) const;
  // The row and those above it, from the row to its root. A row that is not there: itself alone. Cost: as IsUnder.
  std::vector<int32_t> PathOf(int32_t id) const;

 private:
  Taxonomy() = default;
  // Adds the rows of the text. `path`: for errors. `lines`: that of each row.
  absl::Status Parse(absl::string_view text, absl::string_view path, std::vector<uint64_t>& lines);
  // `lines`: that of each row. Errors: InvalidArgument.
  absl::Status CheckParents(absl::string_view path, const std::vector<uint64_t>& lines) const;

  std::vector<TaxonomyRow> rows_;
  absl::flat_hash_map<int32_t, size_t> index_by_id_;
};

}  // namespace assent::storage

#endif  // ASSENT_STORAGE_TAXONOMY_FILE_H_
