// What stands in the files of a folder, byte for byte.
#ifndef ASSENT_TESTS_STORAGE_FOLDER_SCAN_H_
#define ASSENT_TESTS_STORAGE_FOLDER_SCAN_H_

#include <cstddef>
#include <map>
#include <string>

namespace assent::storage {

// Files by kind, with how often a text stands in them: by extension; "list of files" for a MANIFEST; else by name.
using Found = std::map<std::string, size_t>;

// Looks into every file under `folder`.
Found Scan(const std::string& folder, const std::string& text);

}  // namespace assent::storage

#endif  // ASSENT_TESTS_STORAGE_FOLDER_SCAN_H_
