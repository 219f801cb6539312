// assentd as a value: everything wired together, in one place.
#ifndef ASSENT_SERVER_SERVER_H_
#define ASSENT_SERVER_SERVER_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "scoring/model.h"
#include "server/configuration.h"

namespace assent::server {

// Threads: all methods from one thread, Publish from any.
class Server {
 public:
  // Opens the data folder, loads the model where there is one, listens. When it returns, calls are answered.
  // Errors: those of the parts, which name the field, file or address at fault.
  static absl::StatusOr<std::unique_ptr<Server>> Start(const Configuration& configuration);
  ~Server();  // drains without patience
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // The real addresses, HOST:PORT.
  std::string data_address() const;
  std::string control_address() const;
  std::string metrics_address() const;

  // Reads the model and the principals again. What cannot be read is logged, and the old stays. (Certificates are
  // watched by themselves.)
  void Reload();

  // Health says NOT_SERVING, load balancers get drain_delay to notice, then calls in flight get drain_deadline to end.
  // Blocks. Idempotent.
  void Drain();
  // The same, with another way to spend the delay.
  void Drain(const std::function<void(std::chrono::milliseconds delay)>& wait);

  // For programs that embed the server: serves `model` from now on.
  void Publish(scoring::Model model);

 private:
  struct Parts;
  explicit Server(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace assent::server

#endif  // ASSENT_SERVER_SERVER_H_
