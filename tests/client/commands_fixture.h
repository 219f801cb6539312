// assentctl in this process, against a fake service.
#ifndef ASSENT_TESTS_CLIENT_COMMANDS_FIXTURE_H_
#define ASSENT_TESTS_CLIENT_COMMANDS_FIXTURE_H_

#include <sstream>
#include <string>
#include <vector>

#include "client/commands.h"
#include "gtest/gtest.h"
#include "nlohmann/json.hpp"
#include "tests/client/fake_service.h"
#include "tests/client/scratch_folder.h"

namespace assent::client {

struct Result {
  int status = 0;
  std::string out, err;
  nlohmann::json json() const { return nlohmann::json::parse(out, nullptr, false); }
  nlohmann::json error() const { return nlohmann::json::parse(err, nullptr, false)["error"]; }
};

inline Result Assentctl(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "assentctl");
  std::vector<const char*> argv;
  for (const std::string& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  Result result;
  result.status = RunAssentctl(static_cast<int>(argv.size()), argv.data(), out, err, /*progress=*/false);
  result.out = out.str();
  result.err = err.str();
  return result;
}

class CommandsTest : public testing::Test {
 protected:
  // With the fake as both planes.
  Result WithFake(std::vector<std::string> arguments) {
    for (const char* flag : {"--target", "--control"}) {
      arguments.push_back(flag);
      arguments.push_back(fake_.address());
    }
    return Assentctl(arguments);
  }
  // A model with the features a and b.
  std::string TrainModel() {
    const std::string csv = folder_.Write("train.csv", "a,b\n0,0\n0,1\n9,9\n9,8\n");
    const Result result = Assentctl({"train", "--input", csv, "--k", "2", "--out", folder_.Path("m.assent")});
    EXPECT_EQ(result.status, 0) << result.err;
    return folder_.Path("m.assent");
  }
  FakeService fake_;
  ScratchFolder folder_;
};

}  // namespace assent::client

#endif  // ASSENT_TESTS_CLIENT_COMMANDS_FIXTURE_H_
