#include "server/polling_strategy.h"

#include <cstdlib>

namespace assent::server {

void SeparatePollers() { setenv("GRPC_POLL_STRATEGY", "poll", /*overwrite=*/0); }

}  // namespace assent::server
