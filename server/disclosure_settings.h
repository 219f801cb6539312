// What the configuration says about the processing, for people to read.
#ifndef ASSENT_SERVER_DISCLOSURE_SETTINGS_H_
#define ASSENT_SERVER_DISCLOSURE_SETTINGS_H_

#include <chrono>
#include <cstdint>
#include <optional>

#include "absl/status/statusor.h"
#include "assent/internal/v1/server_config.pb.h"

namespace assent::server {

inline constexpr size_t kDisclosureTextBytesMax = 1024;
inline constexpr int kDisclosedRecipientsMax = 32;

// A value. The periods are those that the server keeps to, and come from where it keeps to them.
struct DisclosureSettings {
  internal::v1::DisclosureConfig texts;                  // all empty: nothing is configured
  uint32_t purposes = 0;                                 // bits of texts.purposes()
  std::chrono::hours profile_retention{90 * 24};         // after the last event
  std::optional<std::chrono::hours> decision_retention;  // unset: decisions are not kept
  std::optional<std::chrono::hours> erasure_time;  // until nothing of an erased person is left; unset: not promised
};

// The periods are left at their defaults. An unset message is no error: see ServerConfig.disclosure.
// Errors: InvalidArgument that names the field: no controller_name or contact, a text that is too long or has control
// characters, an address that does not begin with https://, an unknown purpose, too many recipients or an empty one.
absl::StatusOr<DisclosureSettings> ResolveDisclosure(const internal::v1::DisclosureConfig& message);

}  // namespace assent::server

#endif  // ASSENT_SERVER_DISCLOSURE_SETTINGS_H_
