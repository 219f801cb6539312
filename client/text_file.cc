#include "client/text_file.h"

#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"
#include "client/private_file.h"

namespace assent::client {

absl::Status WriteTextFile(const std::string& path, absl::string_view content) {
  auto file = PrivateFile::Create(path);
  if (!file.ok()) return file.status();
  (*file)->Write(content);
  return (*file)->Commit();
}

absl::StatusOr<std::string> ReadTextFile(const std::string& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  if (size > kTextFileBytesMax) {
    return absl::InvalidArgumentError(absl::StrCat(path, " is larger than ", kTextFileBytesMax, " bytes"));
  }
  std::ifstream file(path, std::ios::binary);
  std::ostringstream content;
  content << file.rdbuf();
  if (!file) return absl::NotFoundError(absl::StrCat("cannot read ", path));
  return content.str();
}

}  // namespace assent::client
