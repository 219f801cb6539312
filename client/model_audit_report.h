// An audit as JSON and for a terminal.
#ifndef ASSENT_CLIENT_MODEL_AUDIT_REPORT_H_
#define ASSENT_CLIENT_MODEL_AUDIT_REPORT_H_

#include <string>

#include "client/command_line.h"
#include "client/model_audit.h"
#include "nlohmann/json.hpp"

namespace assent::client {

// What an audit is about. The hashes are those of the files' bytes, 64 hexadecimal characters; of the population empty
// where there is none.
struct AuditSubject {
  std::string model_name, model_digest;
  std::string data_sha256, population_sha256;
};

inline constexpr char kModelAuditSchema[] = "assent.v1.ModelAudit";

// Everything that was measured, with the limits it was measured against: the payload of a signed statement too, but for
// its issue_time. docs/fairness.md describes it.
nlohmann::ordered_json AuditJson(const AuditSubject& subject, const internal::v1::AuditPolicy& policy,
                                 const ModelAudit& audit);

// Charts of the rates, a verdict a segment, proxies, coverage, and why it did not pass.
void PrintAudit(const AuditSubject& subject, const internal::v1::AuditPolicy& policy, const ModelAudit& audit,
                CommandLine& line);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_MODEL_AUDIT_REPORT_H_
