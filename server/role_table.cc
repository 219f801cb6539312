#include "server/role_table.h"

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "assent/v1/assignment_service.pb.h"
#include "assent/v1/backup_service.pb.h"
#include "assent/v1/consent_service.pb.h"
#include "assent/v1/key_service.pb.h"
#include "assent/v1/options.pb.h"
#include "assent/v1/oversight_service.pb.h"
#include "assent/v1/subject_service.pb.h"

namespace assent::server {
namespace {

// "ROLE_DATA_SCIENCE" -> "data-science"
std::string NameOf(const google::protobuf::EnumValueDescriptor& value) {
  return absl::AsciiStrToLower(absl::StrReplaceAll(value.name().substr(sizeof("ROLE_") - 1), {{"_", "-"}}));
}

}  // namespace

uint32_t RoleBitFromName(absl::string_view name) {
  const auto* roles = v1::Role_descriptor();
  for (int i = 0; i < roles->value_count(); ++i) {
    const auto& value = *roles->value(i);
    if (value.number() != v1::ROLE_UNSPECIFIED && NameOf(value) == name) return 1u << value.number();
  }
  return 0;
}

std::string RoleNames() {
  std::string names;
  const auto* roles = v1::Role_descriptor();
  for (int i = 0; i < roles->value_count(); ++i) {
    if (roles->value(i)->number() == v1::ROLE_UNSPECIFIED) continue;
    absl::StrAppend(&names, names.empty() ? "" : ", ", NameOf(*roles->value(i)));
  }
  return names;
}

RoleTable::RoleTable(const std::vector<const google::protobuf::ServiceDescriptor*>& services) {
  for (const auto* service : services) {
    for (int i = 0; i < service->method_count(); ++i) {
      const auto* method = service->method(i);
      uint32_t roles = 0;
      for (int j = 0; j < method->options().ExtensionSize(v1::allowed_roles); ++j) {
        const v1::Role role = method->options().GetExtension(v1::allowed_roles, j);
        if (role != v1::ROLE_UNSPECIFIED) roles |= 1u << role;
      }
      roles_by_path_.emplace(absl::StrCat("/", service->full_name(), "/", method->name()), roles);
    }
  }
}

bool RoleTable::Allows(absl::string_view path, uint32_t roles) const {
  const auto it = roles_by_path_.find(path);
  return it != roles_by_path_.end() && (it->second & roles) != 0;
}

std::vector<std::string> RoleTable::Paths() const {
  std::vector<std::string> paths;
  for (const auto& [path, roles] : roles_by_path_) paths.push_back(path);
  return paths;
}

const RoleTable& ServedRoleTable() {
  static const RoleTable& table = *new RoleTable({
      v1::AssignRequest::descriptor()->file()->FindServiceByName("AssignmentService"),
      v1::RecordConsentRequest::descriptor()->file()->FindServiceByName("ConsentService"),
      v1::EraseSubjectRequest::descriptor()->file()->FindServiceByName("SubjectService"),
      v1::CreateBackupRequest::descriptor()->file()->FindServiceByName("BackupService"),
      v1::GetAuditCheckpointRequest::descriptor()->file()->FindServiceByName("OversightService"),
      v1::RotateSealingKeysRequest::descriptor()->file()->FindServiceByName("KeyService"),
  });
  return table;
}

}  // namespace assent::server
