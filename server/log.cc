#include "server/log.h"

#include <unistd.h>

#include <atomic>
#include <cmath>
#include <mutex>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "grpc/support/log.h"

namespace assent::server {
namespace {

std::atomic<uint64_t> lines_dropped{0};

// True when this second has room for one more line. Guarded by the mutex of Log.
bool TakeRoom(int64_t second) {
  static int64_t present_second = 0;
  static int lines = 0;
  if (second != present_second) {
    present_second = second;
    lines = 0;
  }
  return ++lines <= kLogLinesPerSecondMax;
}

void AppendString(absl::string_view text, std::string& line) {
  line += '"';
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      line += '\\';
      line += c;
    } else if (byte < 0x20 || byte >= 0x7f) {  // not printable ASCII: as a code unit, so that the line stays valid JSON
      absl::StrAppend(&line, "\\u00", absl::Hex(byte, absl::kZeroPad2));
    } else {
      line += c;
    }
  }
  line += '"';
}

const char* NameOf(Severity severity) {
  switch (severity) {
    case Severity::kInfo:
      return "INFO";
    case Severity::kWarning:
      return "WARNING";
    case Severity::kError:
      break;
  }
  return "ERROR";
}

struct ValueWriter {
  std::string& line;
  void operator()(int64_t value) const { absl::StrAppend(&line, value); }
  void operator()(double value) const { absl::StrAppend(&line, std::isfinite(value) ? absl::StrCat(value) : "null"); }
  void operator()(bool value) const { line += value ? "true" : "false"; }
  void operator()(absl::string_view value) const { AppendString(value, line); }
  void operator()(absl::StatusCode value) const { AppendString(absl::StatusCodeToString(value), line); }
  void operator()(const policy::SubjectKey& value) const {
    const absl::string_view bytes(reinterpret_cast<const char*>(value.bytes.data()), value.bytes.size());
    AppendString(absl::BytesToHexString(bytes), line);
  }
};

void GrpcLog(gpr_log_func_args* args) {
  if (args->severity != GPR_LOG_SEVERITY_ERROR) return;
  Log(Severity::kWarning, "grpc_message", {{"file", OperatorText(args->file)}, {"line", args->line}});
}

}  // namespace

void LogField::AppendTo(std::string& line) const {
  absl::StrAppend(&line, ",\"", name_, "\":");
  std::visit(ValueWriter{line}, value_);
}

void Log(Severity severity, const char* event, std::initializer_list<LogField> fields) {
  const absl::Time now = absl::Now();
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  if (!TakeRoom(absl::ToUnixSeconds(now))) {
    lines_dropped.fetch_add(1, std::memory_order_relaxed);  // relaxed: a count, orders nothing
    return;
  }
  std::string line = absl::StrCat("{\"time\":\"", absl::FormatTime("%Y-%m-%dT%H:%M:%E3SZ", now, absl::UTCTimeZone()),
                                  "\",\"severity\":\"", NameOf(severity), "\",\"event\":\"", event, "\"");
  for (const LogField& field : fields) field.AppendTo(line);
  line += "}\n";
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) lines_dropped.fetch_add(1, std::memory_order_relaxed);
}

uint64_t LogLinesDropped() { return lines_dropped.load(std::memory_order_relaxed); }

void CaptureGrpcLog() { gpr_set_log_function(&GrpcLog); }

}  // namespace assent::server
