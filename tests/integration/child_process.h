// assentd as a child process of the test.
#ifndef ASSENT_TESTS_INTEGRATION_CHILD_PROCESS_H_
#define ASSENT_TESTS_INTEGRATION_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <vector>

namespace assent::server {

// Runs `program` with `arguments`; its standard output can be read, its standard error goes to the file `log`.
class ChildProcess {
 public:
  ChildProcess(const std::string& program, const std::vector<std::string>& arguments, const std::string& log);
  ~ChildProcess();  // kills what still runs
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  // The next line of its standard output, without the line feed; what is left at its end. Blocks.
  std::string ReadLine();
  void Signal(int number) const;
  // From now on it cannot make a file longer than `bytes`.
  void LimitFileSize(uint64_t bytes) const;
  // Its exit status, or minus the signal that ended it. Blocks.
  int Wait();

 private:
  pid_t pid_ = -1;
  int output_ = -1;
};

}  // namespace assent::server

#endif  // ASSENT_TESTS_INTEGRATION_CHILD_PROCESS_H_
