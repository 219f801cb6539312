// The groups that the rows of a table belong to, for an audit: never a feature, never kept.
#ifndef ASSENT_CLIENT_AUDIT_GROUPS_H_
#define ASSENT_CLIENT_AUDIT_GROUPS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace assent::client {

inline constexpr size_t kAuditAttributesMax = 16;
inline constexpr size_t kAuditGroupsMax = 64;      // of an attribute
inline constexpr size_t kAuditGroupNameMax = 128;  // bytes
// What an empty cell counts as: those who did not say are a group, too.
inline constexpr char kGroupNotGiven[] = "(not given)";

struct AuditAttribute {
  std::string name;                     // as it was asked for: "sex", or "sex+race"
  std::vector<std::string> groups;      // by name, ascending; those of the population only, at the end
  std::vector<uint32_t> row_groups;     // [rows], below groups.size()
  std::vector<double> population = {};  // [groups.size()] shares or counts; empty: not known
};

// Reads the groups of every row. An attribute is a column, or columns joined with "+" for their intersections, whose
// groups are named "Female & Black". Errors: NotFound (file, column); InvalidArgument: no attribute or more than
// kAuditAttributesMax, one twice, more than kAuditGroupsMax groups in one, a cell that is too long or has control
// characters, with its line; those of CsvReader.
absl::StatusOr<std::vector<AuditAttribute>> ReadAuditGroups(const std::string& path,
                                                            const std::vector<std::string>& attributes);

// Reads a reference population into `attributes`: a CSV file with the columns attribute, group and share, where shares
// are numbers of any unit, 0 or more, that are divided by their sum. Attributes that are not in the file have no
// population; groups that only one of data and population has get 0 in the other. Errors: NotFound; InvalidArgument
// with the line: an attribute that is not audited, a group twice, a share that is no number, an attribute whose shares
// are all 0, too many groups.
absl::Status ReadPopulation(const std::string& path, std::vector<AuditAttribute>& attributes);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_AUDIT_GROUPS_H_
