#include "client/line_reader.h"

#include <sys/stat.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"

namespace assent::client {
namespace {

constexpr size_t kFileChunkBytes = size_t{1} << 17;
constexpr unsigned char kZstdMagic[4] = {0x28, 0xB5, 0x2F, 0xFD};  // RFC 8878, section 3.1.1

// zlib reads what is not gzip as it is.
class GzipSource final : public ByteSource {
 public:
  explicit GzipSource(gzFile file) : file_(file) { gzbuffer(file_, static_cast<unsigned>(kFileChunkBytes)); }
  ~GzipSource() override { gzclose(file_); }

  absl::StatusOr<size_t> Read(char* into, size_t size) override {
    const int got = gzread(file_, into, static_cast<unsigned>(size));
    int code = Z_OK;
    const char* text = gzerror(file_, &code);
    // A file that was cut answers with what there is, and says Z_BUF_ERROR beside it.
    if (got < 0 || (got == 0 && code != Z_OK && code != Z_STREAM_END)) {
      return absl::DataLossError(absl::StrCat("damaged gzip data (", text, ")"));
    }
    return static_cast<size_t>(got);
  }
  uint64_t file_bytes_read() const override { return static_cast<uint64_t>(std::max<z_off_t>(0, gzoffset(file_))); }

 private:
  gzFile file_;
};

class ZstdSource final : public ByteSource {
 public:
  explicit ZstdSource(FILE* file) : file_(file), stream_(ZSTD_createDStream()) {}
  ~ZstdSource() override {
    ZSTD_freeDStream(stream_);
    fclose(file_);
  }

  absl::StatusOr<size_t> Read(char* into, size_t size) override {
    ZSTD_outBuffer out = {into, size, 0};
    while (out.pos == 0) {
      if (in_.pos == in_.size) {
        in_ = {chunk_.data(), fread(chunk_.data(), 1, chunk_.size(), file_), 0};
        read_ += in_.size;
        if (in_.size == 0) return AtEnd();
      }
      const size_t code = ZSTD_decompressStream(stream_, &out, &in_);
      if (ZSTD_isError(code) != 0) {
        return absl::DataLossError(absl::StrCat("damaged zstd data (", ZSTD_getErrorName(code), ")"));
      }
      frame_open_ = code != 0;
    }
    return out.pos;
  }
  uint64_t file_bytes_read() const override { return read_; }

 private:
  absl::StatusOr<size_t> AtEnd() const {
    if (ferror(file_) != 0) return absl::UnavailableError("the file cannot be read further");
    if (frame_open_) return absl::DataLossError("damaged zstd data (the file ends in the middle)");
    return size_t{0};
  }

  FILE* file_;
  ZSTD_DStream* stream_;
  std::vector<char> chunk_ = std::vector<char>(kFileChunkBytes);
  ZSTD_inBuffer in_ = {nullptr, 0, 0};
  uint64_t read_ = 0;
  bool frame_open_ = false;
};

std::unique_ptr<ByteSource> OpenSource(const std::string& path) {
  FILE* file = fopen(path.c_str(), "rb");
  if (file == nullptr) return nullptr;
  unsigned char magic[4] = {};
  const bool zstd = fread(magic, 1, sizeof(magic), file) == sizeof(magic) && memcmp(magic, kZstdMagic, 4) == 0;
  if (zstd) {
    rewind(file);
    return std::make_unique<ZstdSource>(file);
  }
  fclose(file);
  gzFile gzip = gzopen(path.c_str(), "rb");
  return gzip == nullptr ? nullptr : std::make_unique<GzipSource>(gzip);
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
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ", line ", line_ + 1, ": longer than ", kLineBytesMax, " bytes"));
    }
    const size_t size = found != nullptr || at_end_ ? known : 0;
    if (size > 0) {
      line = absl::string_view(from, size);
      begin_ += size;
      ++line_;
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
