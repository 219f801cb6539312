// Any message as a table of two columns: a row for each value, with the path of its field.
#ifndef ASSENT_SERVER_MESSAGE_CSV_H_
#define ASSENT_SERVER_MESSAGE_CSV_H_

#include <string>

#include "google/protobuf/message.h"

namespace assent::server {

// "field,value" and a row for each scalar that is set, in the order of the fields:
// "consent.purposes[0].status,GRANTED". Enums by name; times (google.protobuf.Timestamp) as RFC 3339 text. Messages
// nest at most as deep as their types do: for messages without recursion. Source: RFC 4180 (quotes, line ends).
std::string MessageCsv(const google::protobuf::Message& message);

}  // namespace assent::server

#endif  // ASSENT_SERVER_MESSAGE_CSV_H_
