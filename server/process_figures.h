// What the system says of this process, under the names that Prometheus clients agree on.
#ifndef ASSENT_SERVER_PROCESS_FIGURES_H_
#define ASSENT_SERVER_PROCESS_FIGURES_H_

namespace assent::server {

// Units as named; 0 where the system does not say. Cost: reads /proc: at scrapes only.
struct ProcessFigures {
  double cpu_seconds = 0;
  double resident_bytes = 0;
  double virtual_bytes = 0;
  double start_time_seconds = 0;  // since 1970
  double open_fds = 0;
  double max_fds = 0;
  double threads = 0;
};

ProcessFigures ReadProcessFigures();

}  // namespace assent::server

#endif  // ASSENT_SERVER_PROCESS_FIGURES_H_
