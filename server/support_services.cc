#include "server/support_services.h"

#include "grpcpp/resource_quota.h"

namespace assent::server {

namespace {

std::vector<std::string> WithOurs(std::vector<std::string> services) {
  services.emplace_back(grpc::health::v1::Health::service_full_name());
  services.emplace_back(grpc::reflection::v1alpha::ServerReflection::service_full_name());
  return services;
}

}  // namespace

SupportServices::SupportServices(const std::vector<std::string>& services, bool serving)
    : reflection_(WithOurs(services), kReflectionStreamsMax) {
  health_.SetServing("", true);
  for (const std::string& service : services) health_.SetServing(service, serving);
}

void SupportServices::Register(const std::string& quota_name, int threads, grpc::ServerBuilder& builder) {
  builder.RegisterService(&health_);
  builder.RegisterService(&reflection_);
  builder.SetSyncServerOption(grpc::ServerBuilder::NUM_CQS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MIN_POLLERS, 1);
  builder.SetSyncServerOption(grpc::ServerBuilder::MAX_POLLERS, 2);
  grpc::ResourceQuota quota(quota_name);
  quota.SetMaxThreads(threads + kWatchersMax + kReflectionStreamsMax + kSpareThreads);
  builder.SetResourceQuota(quota);
}

}  // namespace assent::server
