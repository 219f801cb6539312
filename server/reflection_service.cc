#include "server/reflection_service.h"

#include <set>
#include <utility>

#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"
#include "server/status_conversion.h"

namespace assent::server {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FieldDescriptor;
using google::protobuf::FileDescriptor;
using grpc::reflection::v1alpha::ExtensionRequest;
using grpc::reflection::v1alpha::ServerReflectionRequest;
using grpc::reflection::v1alpha::ServerReflectionResponse;
using Request = ServerReflectionRequest::MessageRequestCase;

const DescriptorPool& Pool() { return *DescriptorPool::generated_pool(); }

void AnswerNotFound(ServerReflectionResponse& response) {
  response.mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
  response.mutable_error_response()->set_error_message("not found");
}

void AddWithImports(const FileDescriptor& file, std::set<const FileDescriptor*>& added,
                    ServerReflectionResponse& response) {
  if (!added.insert(&file).second) return;
  google::protobuf::FileDescriptorProto message;
  file.CopyTo(&message);
  response.mutable_file_descriptor_response()->add_file_descriptor_proto(message.SerializeAsString());
  for (int i = 0; i < file.dependency_count(); ++i) AddWithImports(*file.dependency(i), added, response);
}

void AnswerFile(const FileDescriptor* file, ServerReflectionResponse& response) {
  if (file == nullptr) return AnswerNotFound(response);
  std::set<const FileDescriptor*> added;
  AddWithImports(*file, added, response);
}

const FileDescriptor* FileOfExtension(const ExtensionRequest& request) {
  const Descriptor* type = Pool().FindMessageTypeByName(request.containing_type());
  if (type == nullptr) return nullptr;
  const FieldDescriptor* field = Pool().FindExtensionByNumber(type, request.extension_number());
  return field == nullptr ? nullptr : field->file();
}

void AnswerExtensionNumbers(const std::string& name, ServerReflectionResponse& response) {
  const Descriptor* type = Pool().FindMessageTypeByName(name);
  if (type == nullptr) return AnswerNotFound(response);
  std::vector<const FieldDescriptor*> extensions;
  Pool().FindAllExtensions(type, &extensions);
  auto& answer = *response.mutable_all_extension_numbers_response();
  answer.set_base_type_name(name);
  for (const FieldDescriptor* extension : extensions) answer.add_extension_number(extension->number());
}

}  // namespace

ReflectionService::ReflectionService(std::vector<std::string> services, int streams_max)
    : services_(std::move(services)), streams_max_(streams_max) {}

void ReflectionService::Answer(const ServerReflectionRequest& request, ServerReflectionResponse& response) const {
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      return AnswerFile(Pool().FindFileByName(request.file_by_filename()), response);
    case Request::kFileContainingSymbol:
      return AnswerFile(Pool().FindFileContainingSymbol(request.file_containing_symbol()), response);
    case Request::kFileContainingExtension:
      return AnswerFile(FileOfExtension(request.file_containing_extension()), response);
    case Request::kAllExtensionNumbersOfType:
      return AnswerExtensionNumbers(request.all_extension_numbers_of_type(), response);
    case Request::kListServices:
      for (const std::string& service : services_) {
        response.mutable_list_services_response()->add_service()->set_name(service);
      }
      return;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message("message_request: is required");
  }
}

grpc::Status ReflectionService::ServerReflectionInfo(
    grpc::ServerContext* /*context*/,
    grpc::ServerReaderWriter<ServerReflectionResponse, ServerReflectionRequest>* stream) {
  if (streams_.fetch_add(1, std::memory_order_relaxed) >= streams_max_) {
    streams_.fetch_sub(1, std::memory_order_relaxed);
    return ToGrpcStatus(MakeLimitError(Reason::kTooManyStreams, "", "the number of reflection streams is",
                                       static_cast<uint64_t>(streams_max_)));
  }
  ServerReflectionRequest request;
  bool open = true;
  while (open && stream->Read(&request)) {
    ServerReflectionResponse response;
    response.set_valid_host(request.host());
    *response.mutable_original_request() = request;
    Answer(request, response);
    open = stream->Write(response);
  }
  streams_.fetch_sub(1, std::memory_order_relaxed);
  return grpc::Status::OK;
}

}  // namespace assent::server
