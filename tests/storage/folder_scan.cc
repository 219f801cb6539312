#include "tests/storage/folder_scan.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace assent::storage {
namespace {

std::string KindOf(const std::filesystem::path& path) {
  const std::string name = path.filename().string();
  if (name.starts_with("MANIFEST")) return "list of files";
  return path.has_extension() ? path.extension().string() : name;
}

}  // namespace

Found Scan(const std::string& folder, const std::string& text) {
  Found found;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream file(entry.path(), std::ios::binary);
    const std::string content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
    for (size_t at = content.find(text); at != std::string::npos; at = content.find(text, at + 1)) {
      ++found[KindOf(entry.path())];
    }
  }
  return found;
}

}  // namespace assent::storage
