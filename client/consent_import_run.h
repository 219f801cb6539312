// Sends a file of consents to a server, several calls at a time, and says how far the server has got.
#ifndef ASSENT_CLIENT_CONSENT_IMPORT_RUN_H_
#define ASSENT_CLIENT_CONSENT_IMPORT_RUN_H_

#include <cstdint>
#include <functional>
#include <vector>

#include "absl/status/status.h"
#include "client/consent_client.h"
#include "client/consent_file.h"

namespace assent::client {

// Bounds of the server (ImportConsentsRequest): the rows of a message, and of a call that lists every refused one.
inline constexpr int kImportRowsPerMessage = 1000;
inline constexpr size_t kImportRowsPerCallMax = 10'000;
inline constexpr size_t kImportParallelMax = 8;

// What the server has on its disk, of the lines from the first to `line`.
struct ImportProgress {
  uint64_t line = 0;  // every line up to here was recorded or refused
  uint64_t rows = 0;  // taken, unchanged and refused
  uint64_t taken = 0;
  uint64_t unchanged = 0;
  uint64_t refused = 0;
};

struct ImportRunOptions {
  size_t parallel = 4;
  size_t rows_per_call = kImportRowsPerCallMax;
  int attempts = 5;                 // of one call: no server, a disk that refuses, no time; rows may come twice
  std::function<bool()> stop = {};  // true: read no further, as after Ctrl-C; may be empty
  // Told, one thread at a time and in the order of the file, what is acknowledged from then on and which lines of it
  // were refused, ascending. An error ends the run.
  std::function<absl::Status(const ImportProgress& progress, const std::vector<RefusedLine>& refused, double share)>
      acknowledged;
};

// Reads the file from the first line behind `progress.line`, and adds to `progress`. Calls that are under way are ended
// when one fails. `stopped`: ended before the end of the file because `stop` said so.
// Errors: of the file, of calls (the first), and of `acknowledged`.
absl::Status ImportFile(const ConsentClient& client, ConsentFile& file, const ImportRunOptions& options,
                        ImportProgress& progress, bool& stopped);

}  // namespace assent::client

#endif  // ASSENT_CLIENT_CONSENT_IMPORT_RUN_H_
