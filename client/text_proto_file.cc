#include "client/text_proto_file.h"

#include "absl/strings/str_cat.h"
#include "client/text_file.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"

namespace assent::client {

absl::Status ReadTextProto(const std::string& path, google::protobuf::Message& message) {
  auto text = ReadTextFile(path);
  if (!text.ok()) return text.status();
  struct FirstError : google::protobuf::io::ErrorCollector {
    void AddError(int at, int column, const std::string& what) override {
      if (message.empty()) message = absl::StrCat("line ", at + 1, ", column ", column + 1, ": ", what);
    }
    std::string message;
  } error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  if (!parser.ParseFromString(*text, &message)) {
    return absl::InvalidArgumentError(absl::StrCat(path, ", ", error.message));
  }
  return absl::OkStatus();
}

}  // namespace assent::client
