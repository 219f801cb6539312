// What a test reads from an error's google.rpc.ErrorInfo.
#ifndef ASSENT_TESTS_SERVER_ERROR_INFO_H_
#define ASSENT_TESTS_SERVER_ERROR_INFO_H_

#include <string>

#include "grpcpp/support/status.h"

namespace assent::server {

// The reason of an error, from its ErrorInfo; empty where there is none.
std::string ReasonOf(const grpc::Status& status);
// Its metadata["field"].
std::string FieldOf(const grpc::Status& status);

}  // namespace assent::server

#endif  // ASSENT_TESTS_SERVER_ERROR_INFO_H_
