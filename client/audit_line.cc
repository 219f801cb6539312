#include "client/audit_line.h"

#include "absl/strings/ascii.h"
#include "absl/strings/escaping.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "assent/v1/audit.pb.h"
#include "client/signed_json.h"
#include "nlohmann/json.hpp"

namespace assent::client {
namespace {

using nlohmann::ordered_json;

constexpr char kKindPrefix[] = "AUDIT_ENTRY_KIND_";
constexpr char kCheckpointSchema[] = "assent.v1.AuditCheckpoint";
constexpr absl::string_view kCheckpointBegin = R"({"checkpoint":)";

std::string Dump(const ordered_json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/true, ordered_json::error_handler_t::replace);
}

absl::Status NotAsWritten() {
  return absl::DataLossError("the line is not written as an export writes it: it was changed or cut");
}

std::optional<uint32_t> KindOf(const std::string& name) {
  const auto* const known = v1::AuditEntryKind_descriptor()->FindValueByName(kKindPrefix + absl::AsciiStrToUpper(name));
  if (known != nullptr) return static_cast<uint32_t>(known->number());
  uint32_t number = 0;
  return absl::SimpleAtoi(name, &number) ? std::optional(number) : std::nullopt;
}

// Only what AuditKindName and its like wrote: RenderAuditLine says otherwise for the rest.
policy::Sha256 HashOf(const ordered_json& json, const char* member) {
  const std::string hex = TextOf(json, member);
  const bool is_hex =
      hex.size() == 2 * policy::kSha256Bytes && hex.find_first_not_of("0123456789abcdef") == std::string::npos;
  return is_hex ? *policy::Sha256FromBytes(absl::HexStringToBytes(hex)) : policy::Sha256{};
}

template <typename Number>
Number AuditNumberOf(const ordered_json& json, const char* member) {
  const auto found = json.find(member);
  return found != json.end() && found->is_number_integer() ? found->get<Number>() : Number{0};
}

}  // namespace

std::string AuditKindName(uint32_t kind) {
  const auto* const known = v1::AuditEntryKind_descriptor()->FindValueByNumber(static_cast<int>(kind));
  if (known == nullptr) return absl::StrCat(kind);
  return absl::AsciiStrToLower(known->name().substr(sizeof(kKindPrefix) - 1));
}

std::string RenderAuditLine(const AuditLine& line) {
  ordered_json json = {{"index", line.entry.index},
                       {"time_us", line.entry.time_us},
                       {"kind", AuditKindName(line.entry.kind)},
                       {"actor", line.entry.actor},
                       {"commitment", absl::BytesToHexString(policy::BytesOf(line.entry.commitment))},
                       {"hash", absl::BytesToHexString(policy::BytesOf(line.hash))}};
  if (!line.opening.empty()) json["opening"] = absl::WebSafeBase64Escape(line.opening);
  return Dump(json) + "\n";
}

std::string RenderCheckpointLine(const std::string& signed_json) {
  return absl::StrCat(kCheckpointBegin, signed_json, "}\n");
}

absl::StatusOr<AuditLine> ParseAuditLine(absl::string_view text) {
  const ordered_json json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object()) return NotAsWritten();
  AuditLine line;
  line.entry.index = AuditNumberOf<uint64_t>(json, "index");
  line.entry.time_us = AuditNumberOf<int64_t>(json, "time_us");
  const auto kind = KindOf(TextOf(json, "kind"));
  if (!kind) return NotAsWritten();
  line.entry.kind = *kind;
  line.entry.actor = TextOf(json, "actor");
  line.entry.commitment = HashOf(json, "commitment");
  line.hash = HashOf(json, "hash");
  if (!absl::WebSafeBase64Unescape(TextOf(json, "opening"), &line.opening)) return NotAsWritten();
  // Whatever else the line may hold, and however it may write this: then it is another one.
  if (RenderAuditLine(line) != text) return NotAsWritten();
  return line;
}

absl::StatusOr<std::optional<std::string>> ParseCheckpointLine(absl::string_view text) {
  if (!absl::StartsWith(text, kCheckpointBegin)) return std::nullopt;
  const ordered_json json = ordered_json::parse(text, nullptr, false);
  if (!json.is_object() || !json["checkpoint"].is_object()) return NotAsWritten();
  ordered_json canonical;
  for (const char* member : {"payload", "protected", "signature"}) {
    const std::string base64 = TextOf(json["checkpoint"], member);
    std::string bytes;
    // The last character of base64 has bits to spare.
    if (!absl::WebSafeBase64Unescape(base64, &bytes) || absl::WebSafeBase64Escape(bytes) != base64) {
      return NotAsWritten();
    }
    canonical[member] = base64;
  }
  std::string signed_json = Dump(canonical);
  if (RenderCheckpointLine(signed_json) != text) return NotAsWritten();
  return signed_json;
}

absl::StatusOr<CheckpointFacts> VerifyCheckpoint(const std::string& signed_json, const policy::VerifyingKey& key) {
  const auto payload = VerifiedJson(signed_json, "", key, "checkpoint");
  if (!payload.ok()) return payload.status();
  if (TextOf(*payload, "schema") != kCheckpointSchema) {
    return absl::InvalidArgumentError("what is signed is no checkpoint of an audit log");
  }
  return CheckpointFacts{.index = AuditNumberOf<uint64_t>(*payload, "index"),
                         .hash = HashOf(*payload, "hash"),
                         .time_us = AuditNumberOf<int64_t>(*payload, "time_us"),
                         .epoch = AuditNumberOf<uint64_t>(*payload, "epoch")};
}

}  // namespace assent::client
