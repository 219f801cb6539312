// Structured log: one JSON object a line on stderr. What came with a request has no way in.
#ifndef ASSENT_SERVER_LOG_H_
#define ASSENT_SERVER_LOG_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <variant>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "policy/subject.h"

namespace assent::server {

enum class Severity : uint8_t { kInfo, kWarning, kError };

// Text that an operator wrote or a library made: a path, an address, a digest, an engine's message. The name of the
// type is the promise: nothing of a request is wrapped in it.
struct OperatorText {
  explicit OperatorText(absl::string_view value) : text(value) {}
  absl::string_view text;
};

// One field. There is no conversion from a string other than a literal, and none from a RawSubject.
class LogField {
 public:
  template <typename T, std::enable_if_t<std::is_arithmetic_v<T>, int> = 0>
  LogField(const char* name, T value) : name_(name), value_(Widen(value)) {}
  template <size_t N>
  LogField(const char* name, const char (&literal)[N]) : name_(name), value_(absl::string_view(literal, N - 1)) {}
  LogField(const char* name, OperatorText value) : name_(name), value_(value.text) {}
  LogField(const char* name, absl::StatusCode value) : name_(name), value_(value) {}
  LogField(const char* name, const policy::SubjectKey& value) : name_(name), value_(value) {}
  LogField(const char* name, const policy::RawSubject& value) = delete;
  LogField(const char* name, const std::string& value) = delete;
  LogField(const char* name, absl::string_view value) = delete;

  void AppendTo(std::string& line) const;

 private:
  using Value = std::variant<int64_t, double, bool, absl::string_view, absl::StatusCode, policy::SubjectKey>;

  template <typename T>
  static Value Widen(T value) {
    if constexpr (std::is_same_v<T, bool>) {
      return value;
    } else if constexpr (std::is_floating_point_v<T>) {
      return static_cast<double>(value);
    } else {
      return static_cast<int64_t>(value);
    }
  }

  const char* name_;
  Value value_;
};

// Writes {"time":…,"severity":…,"event":…,fields…}. `event` is a stable name in lower snake case.
// Threads: safe. Cost: a mutex and a system call: never on the path of an Assign. At most kLogLinesPerSecondMax lines a
// second are written; the rest are counted.
void Log(Severity severity, const char* event, std::initializer_list<LogField> fields = {});

inline constexpr int kLogLinesPerSecondMax = 200;

// Lines that were not written since the start. Threads: safe.
uint64_t LogLinesDropped();

// Sends gRPC's own messages through Log (source file, line and severity; not their text, which we do not control).
void CaptureGrpcLog();

}  // namespace assent::server

#endif  // ASSENT_SERVER_LOG_H_
