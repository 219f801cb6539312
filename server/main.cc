// assentd: reads the command line, starts the server, and obeys signals.
#include <pthread.h>
#include <signal.h>

#include <chrono>
#include <cstdio>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "scoring/instruction_set.h"
#include "server/configuration.h"
#include "server/log.h"
#include "server/polling_strategy.h"
#include "server/server.h"

namespace assent::server {
namespace {

struct CommandLine {
  std::string config;
  std::string listen;
  std::string control_listen;
  std::string metrics_listen;
  std::string data_dir;
  std::string model;
  bool check_config = false;
};

void Declare(CLI::App& app, CommandLine& out) {
  app.add_option("--config", out.config, "Configuration, a textproto of assent.internal.v1.ServerConfig")->required();
  app.add_option("--listen", out.listen, "Address of the data plane, HOST:PORT; port 0 picks a free one");
  app.add_option("--control_listen", out.control_listen, "Address of the control plane");
  app.add_option("--metrics_listen", out.metrics_listen, "Address of /metrics");
  app.add_option("--data_dir", out.data_dir, "The data folder; made when missing");
  app.add_option("--model", out.model, "The model file");
  app.add_flag("--check_config", out.check_config, "Check the configuration and end");
  app.footer(
      "Flags override the fields of the same name in the configuration.\n"
      "When ready it prints one line: assentd ready listen=… control_listen=… metrics_listen=…\n"
      "SIGTERM drains and ends, a second one skips the delay; SIGHUP reads the model and the principals again.\n\n"
      "Example:\n  assentd --config assentd.textproto --listen 127.0.0.1:0");
}

absl::StatusOr<Configuration> Resolve(const CommandLine& flags) {
  auto message = ReadServerConfig(flags.config);
  if (!message.ok()) return message.status();
  if (!flags.listen.empty()) message->set_listen(flags.listen);
  if (!flags.control_listen.empty()) message->set_control_listen(flags.control_listen);
  if (!flags.metrics_listen.empty()) message->set_metrics_listen(flags.metrics_listen);
  if (!flags.data_dir.empty()) message->set_data_dir(flags.data_dir);
  if (!flags.model.empty()) message->set_model(flags.model);
  return ResolveConfiguration(*message);
}

int Fail(const absl::Status& status) {
  const std::string message(status.message());
  std::fprintf(stderr, "assentd: %s\n", message.c_str());
  return 1;
}

// Blocks the signals in this thread and in all that it starts; they are taken with sigwait.
sigset_t BlockSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int number : {SIGTERM, SIGINT, SIGHUP}) sigaddset(&signals, number);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);  // a limit on file sizes is a disk that refuses, not the end
  return signals;
}

// Waits for `delay`, or for another signal to end.
void WaitOrSignal(const sigset_t& signals, std::chrono::milliseconds delay) {
  const auto end = std::chrono::steady_clock::now() + delay;
  for (;;) {
    const auto left = end - std::chrono::steady_clock::now();
    if (left <= left.zero()) return;
    const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    const int number = sigtimedwait(&signals, nullptr, &time);
    if (number == SIGTERM || number == SIGINT) return;
  }
}

int Run(const CommandLine& flags) {
  const auto configuration = Resolve(flags);
  if (!configuration.ok()) return Fail(configuration.status());
  if (flags.check_config) {
    std::printf("%s: good\n", flags.config.c_str());
    return 0;
  }
  if (absl::Status status = scoring::UseInstructionSetOfEnvironment(); !status.ok()) return Fail(status);
  const sigset_t signals = BlockSignals();
  SeparatePollers();
  CaptureGrpcLog();
  const std::string instruction_set = scoring::InstructionSetInUse();
  Log(Severity::kInfo, "starting", {{"instruction_set", OperatorText(instruction_set)}});
  auto server = Server::Start(*configuration);
  if (!server.ok()) return Fail(server.status());
  std::printf("assentd ready listen=%s control_listen=%s metrics_listen=%s\n", (*server)->data_address().c_str(),
              (*server)->control_address().c_str(), (*server)->metrics_address().c_str());
  std::fflush(stdout);
  for (int number = 0; sigwait(&signals, &number) == 0;) {
    if (number != SIGHUP) break;
    (*server)->Reload();
  }
  (*server)->Drain([&signals](std::chrono::milliseconds delay) { WaitOrSignal(signals, delay); });
  return 0;
}

}  // namespace
}  // namespace assent::server

int main(int argc, char** argv) {
  CLI::App app("assentd: assigns consented events to segments, and says why");
  assent::server::CommandLine flags;
  assent::server::Declare(app, flags);
  CLI11_PARSE(app, argc, argv);
  return assent::server::Run(flags);
}
