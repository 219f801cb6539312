// Lines of a plain, gzip or zstd file, one after the other, without holding the file.
// Source: zlib (inflate); zstd (ZSTD_decompressStream); members and frames one behind the other included.
#ifndef ASSENT_CLIENT_LINE_READER_H_
#define ASSENT_CLIENT_LINE_READER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace assent::client {

inline constexpr size_t kLineBytesMax = size_t{1} << 20;

// What to say of lines that end with carriage returns alone.
inline constexpr char kLineEndsHint[] =
    "the line ends are not understood: they are carriage returns alone; write line feeds, with or without them";

// The bytes of a file, unpacked.
class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Bytes read into `into`; 0 at the end. Errors, without the path: DataLoss for damaged or cut data, and for bytes
  // that belong to nothing (zeros behind the last gzip member do no harm); Unavailable.
  virtual absl::StatusOr<size_t> Read(char* into, size_t size) = 0;
  // Bytes of the file itself that were taken in.
  virtual uint64_t file_bytes_read() const = 0;
};

// Threads: one at a time. What the file holds is told by its first bytes, not by its name.
class LineReader {
 public:
  // Errors: NotFound; InvalidArgument for what is not a file.
  static absl::StatusOr<std::unique_ptr<LineReader>> Open(const std::string& path);

  // Points `line` at the next line with its line end (the last may have none), good until the next call. A byte order
  // mark is no part of the first line. False at the end. Errors: InvalidArgument, with path and line, above
  // kLineBytesMax; DataLoss for damaged or cut gzip or zstd.
  absl::StatusOr<bool> Next(absl::string_view& line);

  // Of the line that was read last, from 1.
  uint64_t line() const { return line_; }
  // Share of the file's bytes, as they lie on the disk, that were read: 0 to 1.
  double read_share() const;
  const std::string& path() const { return path_; }

 private:
  LineReader() = default;
  absl::Status Fill();

  std::string path_;
  std::unique_ptr<ByteSource> source_;
  uint64_t file_bytes_ = 1;
  std::vector<char> buffer_;
  size_t begin_ = 0, end_ = 0;  // what is unread in buffer_
  bool at_end_ = false;
  uint64_t line_ = 0;
};

}  // namespace assent::client

#endif  // ASSENT_CLIENT_LINE_READER_H_
