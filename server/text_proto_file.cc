#include "server/text_proto_file.h"

#include <cerrno>
#include <cstring>
#include <fstream>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace assent::server {
namespace {

// Keeps the first error. Lines and columns are counted from 1, as editors do.
class FirstError final : public google::protobuf::io::ErrorCollector {
 public:
  explicit FirstError(const std::string& path) : path_(path) {}
  void AddError(int line, google::protobuf::io::ColumnNumber column, const std::string& message) override {
    if (text_.empty()) text_ = absl::StrCat(path_, ":", line + 1, ":", column + 1, ": ", message);
  }
  const std::string& text() const { return text_; }

 private:
  const std::string& path_;
  std::string text_;
};

}  // namespace

absl::Status ReadFile(const std::string& path, size_t bytes_max, std::string& content) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  content.resize(bytes_max + 1);
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  content.resize(static_cast<size_t>(file.gcount()));
  if (file.bad()) return absl::NotFoundError(absl::StrCat(path, ": cannot be read"));
  if (content.size() > bytes_max)
    return absl::InvalidArgumentError(absl::StrCat(path, ": longer than ", bytes_max, " bytes"));
  return absl::OkStatus();
}

absl::Status ReadTextProto(const std::string& path, google::protobuf::Message& message) {
  std::string content;
  if (absl::Status status = ReadFile(path, kTextProtoBytesMax, content); !status.ok()) return status;
  google::protobuf::TextFormat::Parser parser;
  FirstError errors(path);
  parser.RecordErrorsTo(&errors);
  if (!parser.ParseFromString(content, &message)) {
    return absl::InvalidArgumentError(errors.text().empty() ? absl::StrCat(path, ": not a textproto") : errors.text());
  }
  return absl::OkStatus();
}

}  // namespace assent::server
