#include "server/process_figures.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace assent::server {
namespace {

// Fields of /proc/self/stat after the command, which is in brackets and may hold anything; [0] is field 3, the state.
std::vector<std::string> StatFields() {
  std::ifstream file("/proc/self/stat");
  std::string line;
  std::getline(file, line);
  const size_t end_of_command = line.rfind(')');
  if (end_of_command == std::string::npos) return {};
  std::istringstream rest(line.substr(end_of_command + 1));
  std::vector<std::string> fields;
  for (std::string field; rest >> field;) fields.push_back(field);
  return fields;
}

double BootTimeSeconds() {
  std::ifstream file("/proc/stat");
  for (std::string name; file >> name;) {
    double value = 0;
    if (name == "btime" && file >> value) return value;
    file.ignore(1 << 20, '\n');
  }
  return 0;
}

double CountOpenFds() {
  DIR* folder = opendir("/proc/self/fd");
  if (folder == nullptr) return 0;
  double count = -3;  // ".", ".." and the folder itself
  while (readdir(folder) != nullptr) ++count;
  closedir(folder);
  return count;
}

}  // namespace

ProcessFigures ReadProcessFigures() {
  constexpr size_t kUserTime = 11, kSystemTime = 12, kThreads = 17, kStartTime = 19, kVirtual = 20, kResident = 21;
  ProcessFigures out;
  const std::vector<std::string> fields = StatFields();
  if (fields.size() > kResident) {
    const auto number = [&fields](size_t index) { return std::strtod(fields[index].c_str(), nullptr); };
    const auto ticks_a_second = static_cast<double>(sysconf(_SC_CLK_TCK));
    static const double boot_time = BootTimeSeconds();
    out.cpu_seconds = (number(kUserTime) + number(kSystemTime)) / ticks_a_second;
    out.threads = number(kThreads);
    out.start_time_seconds = boot_time + number(kStartTime) / ticks_a_second;
    out.virtual_bytes = number(kVirtual);
    out.resident_bytes = number(kResident) * static_cast<double>(sysconf(_SC_PAGESIZE));
  }
  out.open_fds = CountOpenFds();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_fds = static_cast<double>(limit.rlim_cur);
  return out;
}

}  // namespace assent::server
