#include "client/line_reader.h"

#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"

namespace assent::client {
namespace {

constexpr size_t kFileChunkBytes = size_t{1} << 17;
constexpr char kByteOrderMark[] = "\xEF\xBB\xBF";  // UTF-8
constexpr int kGzipWindowBits = 15 + 16;           // zlib.h, inflateInit2: the largest window, and a gzip header

// Source: RFC 1952, section 2.3.1.
bool IsGzip(const unsigned char (&magic)[4]) { return magic[0] == 0x1F && magic[1] == 0x8B; }

// A frame, or one that is to be skipped and may stand before it. Source: RFC 8878, sections 3.1.1 and 3.1.2.
bool IsZstd(const unsigned char (&magic)[4]) {
  const bool frame = magic[0] == 0x28 && magic[1] == 0xB5 && magic[2] == 0x2F && magic[3] == 0xFD;
  return frame || ((magic[0] & 0xF0) == 0x50 && magic[1] == 0x2A && magic[2] == 0x4D && magic[3] == 0x18);
}

// A file's bytes, a chunk at a time.
class FileBytes {
 public:
  explicit FileBytes(FILE* file) : file_(file) {}
  ~FileBytes() { fclose(file_); }
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  // Errors: Unavailable, without the path.
  absl::StatusOr<size_t> Read(char* into, size_t size) {
    const size_t got = fread(into, 1, size, file_);
    if (got == 0 && ferror(file_) != 0) return absl::UnavailableError("the file cannot be read further");
    read_ += got;
    return got;
  }
  uint64_t read() const { return read_; }

 private:
  FILE* file_;
  uint64_t read_ = 0;
};

class PlainSource final : public ByteSource {
 public:
  explicit PlainSource(FILE* file) : file_(file) {}
  absl::StatusOr<size_t> Read(char* into, size_t size) override { return file_.Read(into, size); }
  uint64_t file_bytes_read() const override { return file_.read(); }

 private:
  FileBytes file_;
};

// Members one behind the other. zlib's gzread would take what follows the first one for padding where it is damaged,
// and drop it without a word.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(FILE* file) : file_(file) { ready_ = inflateInit2(&stream_, kGzipWindowBits) == Z_OK; }
  ~GzipSource() override { inflateEnd(&stream_); }

  absl::StatusOr<size_t> Read(char* into, size_t size) override {
    if (!ready_) return absl::ResourceExhaustedError("not enough memory to unpack gzip");
    stream_.next_out = reinterpret_cast<unsigned char*>(into);
    stream_.avail_out = static_cast<unsigned>(size);
    while (stream_.avail_out == size) {
      if (stream_.avail_in == 0) {
        auto got = file_.Read(chunk_.data(), chunk_.size());
        if (!got.ok()) return got.status();
        if (*got == 0) return AtEnd();
        stream_.next_in = reinterpret_cast<unsigned char*>(chunk_.data());
        stream_.avail_in = static_cast<unsigned>(*got);
      }
      if (absl::Status status = Unpack(); !status.ok()) return status;
    }
    return size - stream_.avail_out;
  }
  uint64_t file_bytes_read() const override { return file_.read(); }

 private:
  absl::Status Unpack() {
    if (!member_open_) {
      if (SkipPadding()) return absl::OkStatus();
      if (padded_) return absl::DataLossError("damaged gzip data (neither a member nor zeros behind the last one)");
      inflateReset(&stream_);
      member_open_ = true;
    }
    const int code = inflate(&stream_, Z_NO_FLUSH);
    if (code == Z_STREAM_END) {
      member_open_ = false;
      any_ = true;
    } else if (code != Z_OK && code != Z_BUF_ERROR) {
      return absl::DataLossError(
          absl::StrCat("damaged gzip data (", stream_.msg != nullptr ? stream_.msg : "not understood", ")"));
    }
    return absl::OkStatus();
  }
  // Zeros may fill up the last block of a tape or disk. True: there was nothing else.
  bool SkipPadding() {
    while (any_ && stream_.avail_in > 0 && *stream_.next_in == 0) {
      ++stream_.next_in;
      --stream_.avail_in;
      padded_ = true;
    }
    return stream_.avail_in == 0;
  }
  absl::StatusOr<size_t> AtEnd() const {
    if (member_open_) return absl::DataLossError("damaged gzip data (the file ends in the middle)");
    return size_t{0};
  }

  FileBytes file_;
  z_stream stream_ = {};
  std::vector<char> chunk_ = std::vector<char>(kFileChunkBytes);
  bool ready_ = false, member_open_ = false;
  bool any_ = false, padded_ = false;  // a member ended; zeros came behind it
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(FILE* file) : file_(file), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override { ZSTD_freeDStream(stream_); }

  absl::StatusOr<size_t> Read(char* into, size_t size) override {
    ZSTD_outBuffer out = {into, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        auto got = file_.Read(chunk_.data(), chunk_.size());
        if (!got.ok()) return got.status();
        if (*got == 0) return AtEnd();
        in_ = {chunk_.data(), *got, 0};
      }
      const size_t code = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(code) != 0) {
        return absl::DataLossError(absl::StrCat("damaged zstd data (", ZSTD_getErrorName(code), ")"));
      }
      frame_open_ = code != 0;
    }
    return out.pos;
  }
  uint64_t file_bytes_read() const override { return file_.read(); }

 private:
  absl::StatusOr<size_t> AtEnd() const {
    if (frame_open_) return absl::DataLossError("damaged zstd data (the file ends in the middle)");
    return size_t{0};
  }

  FileBytes file_;
  ZSTD_DStream* stream_;
  std::vector<char> chunk_ = std::vector<char>(kFileChunkBytes);
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  bool frame_open_ = false;
};

std::unique_ptr<ByteSource> OpenSource(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (file == nullptr) return nullptr;
  unsigned char magic[4] = {};
  const size_t got = fread(magic, 1, sizeof(magic), file);
  rewind(file);
  if (IsZstd(magic)) return std::make_unique<ZstdSource>(file);
  if (got >= 2 && IsGzip(magic)) return std::make_unique<GzipSource>(file);
  return std::make_unique<PlainSource>(file);
}

}  // namespace

absl::StatusOr<std::unique_ptr<LineReader>> LineReader::Open(const std::string& path) {
  struct stat info = {};
  if (stat(path.c_str(), &info) != 0) return absl::NotFoundError(absl::StrCat("cannot read ", path, ": no such file"));
  if (!S_ISREG(info.st_mode)) return absl::InvalidArgumentError(absl::StrCat("cannot read ", path, ": not a file"));
  std::unique_ptr<LineReader> reader(new LineReader());
  reader->path_ = path;
  reader->file_bytes_ = std::max<uint64_t>(1, static_cast<uint64_t>(info.st_size));
  reader->source_ = OpenSource(path);
  if (reader->source_ == nullptr) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  reader->buffer_.resize(2 * kFileChunkBytes);
  return reader;
}

// Makes room and reads more. The buffer grows only as far as the longest line.
absl::Status LineReader::Fill() {
  std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  if (buffer_.size() - end_ < kFileChunkBytes) buffer_.resize(buffer_.size() * 2);
  auto got = source_->Read(buffer_.data() + end_, kFileChunkBytes);
  if (!got.ok()) {
    return absl::Status(got.status().code(), absl::StrCat(path_, ", after line ", line_, ": ", got.status().message()));
  }
  end_ += *got;
  at_end_ = *got == 0;
  return absl::OkStatus();
}

absl::StatusOr<bool> LineReader::Next(absl::string_view& line) {
  size_t searched = 0;
  while (true) {
    const char* from = buffer_.data() + begin_;
    const size_t held = end_ - begin_;
    const void* found = held > searched ? std::memchr(from + searched, '\n', held - searched) : nullptr;
    const size_t known = found != nullptr ? static_cast<size_t>(static_cast<const char*>(found) - from) + 1 : held;
    if (known > kLineBytesMax) {
      const bool returns = found == nullptr && std::memchr(from, '\r', held) != nullptr;
      return absl::InvalidArgumentError(absl::StrCat(path_, ", line ", line_ + 1, ": longer than ", kLineBytesMax,
                                                     " bytes", returns ? "; " : "", returns ? kLineEndsHint : ""));
    }
    const size_t size = found != nullptr || at_end_ ? known : 0;
    if (size > 0) {
      line = absl::string_view(from, size);
      begin_ += size;
      if (++line_ == 1) absl::ConsumePrefix(&line, kByteOrderMark);
      return true;
    }
    if (at_end_) return false;
    searched = held;
    if (absl::Status status = Fill(); !status.ok()) return status;
  }
}

double LineReader::read_share() const {
  return std::min(1.0, static_cast<double>(source_->file_bytes_read()) / static_cast<double>(file_bytes_));
}

}  // namespace assent::client
