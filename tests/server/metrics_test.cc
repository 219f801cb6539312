#include "server/metrics.h"

#include <map>
#include <sstream>
#include <string>

#include "prometheus/text_serializer.h"
#include "server/assignment_service.h"
#include "storage/model_file.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

class MetricsTest : public PipelineTest {
 protected:
  MetricsTest() {
    for (int i = 0; i < 2; ++i) cells_of_threads_.push_back(std::make_unique<DataPlaneCells>());
  }
  std::string Scrape() const {
    const Metrics metrics({.data_plane = cells_of_threads_,
                           .control = control_,
                           .model = model_,
                           .index = index_,
                           .store = *store_,
                           .profiles = *profiles_,
                           .opt_outs = opt_outs_,
                           .opt_out_writer = opt_out_writer_});
    return prometheus::TextSerializer().Serialize(metrics.Collect());
  }
  static bool Has(const std::string& text, const std::string& line) {
    return ("\n" + text).find("\n" + line + "\n") != std::string::npos;
  }

  std::vector<std::unique_ptr<DataPlaneCells>> cells_of_threads_;
  ControlMetrics control_;
  OptOutWriter opt_out_writer_{opt_outs_, *store_, index_, domain_};
};

TEST_F(MetricsTest, AddsUpThreads) {
  for (auto& cells : cells_of_threads_) {
    cells->Count(policy::Purpose::kSelectContent, policy::Outcome::kNoConsent, policy::Rule::kConsentExpired, 5);
    cells->rpc[0].Count(grpc::StatusCode::OK, 60'000);
    cells->rpc[0].Count(grpc::StatusCode::UNAVAILABLE, 900'000'000);
    cells->entry_errors.Add(2);
  }
  const std::string text = Scrape();
  EXPECT_TRUE(Has(text, R"(assent_outcomes_total{purpose="select_content",outcome="no_consent"} 10)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_refusals_total{reason="consent.expired"} 10)"));
  EXPECT_TRUE(Has(text, R"(assent_rpc_requests_total{method="Assign",code="OK"} 2)"));
  EXPECT_TRUE(Has(text, R"(assent_rpc_requests_total{method="Assign",code="UNAVAILABLE"} 2)"));
  EXPECT_TRUE(Has(text, R"(assent_rpc_duration_seconds_bucket{method="Assign",le="5e-05"} 0)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_rpc_duration_seconds_bucket{method="Assign",le="0.0001"} 2)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_rpc_duration_seconds_bucket{method="Assign",le="0.25"} 2)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_rpc_duration_seconds_bucket{method="Assign",le="+Inf"} 4)"));
  EXPECT_TRUE(Has(text, R"(assent_rpc_duration_seconds_count{method="Assign"} 4)"));
  EXPECT_TRUE(Has(text, "assent_entry_errors_total 4"));
}

TEST_F(MetricsTest, EventsProfilesAndRecordings) {
  for (auto& cells : cells_of_threads_) {
    cells->Count({.folded = 1, .repeated = 2, .irrelevant = 3, .unknown = 4, .not_kept = 5}, true);
    cells->Count({.unknown = 100}, false);
    cells->Count(policy::Purpose::kProfileContent, policy::Outcome::kRecorded, policy::Rule::kProfileKept);
  }
  const std::string text = Scrape();
  EXPECT_TRUE(Has(text, R"(assent_events_total{result="folded"} 2)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_events_total{result="repeated"} 4)"));
  EXPECT_TRUE(Has(text, R"(assent_events_total{result="irrelevant"} 6)"));
  EXPECT_TRUE(Has(text, R"(assent_events_total{result="unknown"} 8)"));
  EXPECT_TRUE(Has(text, R"(assent_events_total{result="not_kept"} 10)"));
  EXPECT_TRUE(Has(text, R"(assent_outcomes_total{purpose="profile_content",outcome="recorded"} 2)"));
  EXPECT_EQ(text.find("profile.kept"), std::string::npos);
  EXPECT_TRUE(Has(text, "assent_profiles 0"));
}

TEST_F(MetricsTest, DriftAppearsWithEnoughSamplesOfTheModelThatServes) {
  internal::v1::ModelFile file = SampleModelFile();
  for (const char* feature : {"minutes", "sessions"}) {
    internal::v1::ReferenceHistogram& histogram = *file.add_reference_histograms();
    histogram.set_feature(feature);
    histogram.add_borders(0);
    histogram.add_counts(500);
    histogram.add_counts(500);
  }
  model_.Publish(*storage::ModelFromMessage(file));
  EXPECT_TRUE(Has(Scrape(), "assent_drift_samples 0"));
  Grant("ada");
  DataPlaneCells cells;
  const Authorizer authorizer(ServedRoleTable(), ~0u);
  AssignmentService service(pipeline_->sources(), authorizer, cells, 0);
  v1::AssignResponse response;
  const auto decide = [&](std::span<const float> features, uint64_t samples) {
    for (const uint64_t end = model_.drift()->samples() + samples; model_.drift()->samples() < end;) {
      CallContext context;
      service.Awake();
      ASSERT_TRUE(service.Assign(Event("ada", features), response, context).ok());
      service.Idle();
    }
  };
  decide(kLight, 999);  // both features in the lower bin
  std::string text = Scrape();
  EXPECT_TRUE(Has(text, "assent_drift_samples 999")) << text;
  EXPECT_EQ(text.find("assent_drift_psi{"), std::string::npos);
  decide(kHeavy, 999);
  text = Scrape();
  EXPECT_TRUE(Has(text, "assent_drift_samples 1998")) << text;
  EXPECT_TRUE(Has(text, R"(assent_drift_psi{feature="minutes"} 0)"));
  decide(kHeavy, 1998);  // a quarter below the border, three quarters above: ln(3) / 4
  text = Scrape();
  EXPECT_NE(text.find(R"(assent_drift_psi{feature="sessions"} 0.2746)"), std::string::npos) << text;
  decide(kContentOnly, 1);  // the segment may not be used for advertising; the audience has such people all the same
  EXPECT_EQ(response.outcome(), v1::OUTCOME_RESTRICTED);
  EXPECT_TRUE(Has(Scrape(), "assent_drift_samples 3997"));
}

TEST_F(MetricsTest, BoundsOfBucketsReadAsTheyWereWritten) {
  const std::string text = Scrape();
  const std::string label = "_bucket{method=\"Assign\",le=\"";
  std::string bounds;
  for (size_t at = text.find(label); at != std::string::npos; at = text.find(label, at)) {
    at += label.size();
    bounds += text.substr(at, text.find('"', at) - at) + " ";
  }
  EXPECT_EQ(bounds,
            "1e-05 2e-05 5e-05 0.0001 0.0002 0.0003 0.0005 0.00075 0.001 0.0015 0.002 0.003 0.005 0.0075 0.01 0.015 "
            "0.025 0.05 0.1 0.25 +Inf ");
}

TEST_F(MetricsTest, ModelConsentAndControlPlane) {
  EXPECT_TRUE(Has(Scrape(), "assent_model_segments 0"));
  const scoring::Model model = SampleModel();
  model_.Publish(SampleModel());
  Grant("ada");
  control_.CountCall(ControlMethod::kOptOut, grpc::StatusCode::ABORTED, std::chrono::microseconds(10));
  control_.CountWrite(std::chrono::microseconds(150));
  const std::string text = Scrape();
  EXPECT_TRUE(Has(text, R"(assent_model_info{name="sample",digest=")" + model.digest_hex() + "\"} 1"));
  EXPECT_TRUE(Has(text, "assent_model_segments 4"));
  EXPECT_TRUE(Has(text, R"(assent_model_loads_total{result="ok"} 1)"));
  EXPECT_TRUE(Has(text, R"(assent_assignments_total{segment="light"} 0)"));
  EXPECT_TRUE(Has(text, "assent_consent_index_subjects 1"));
  EXPECT_TRUE(Has(text, R"(assent_rpc_requests_total{method="OptOut",code="ABORTED"} 1)"));
  EXPECT_TRUE(Has(text, R"(assent_consent_write_seconds_bucket{le="0.0002"} 1)")) << text;
  EXPECT_TRUE(Has(text, "assent_consent_damaged_records_total 0"));
}

TEST_F(MetricsTest, OptOutsThatFoundNoRoomAreCounted) {
  opt_out_writer_.Stop();
  for (size_t i = 0; i < OptOutQueue::kEntries + 2; ++i) opt_outs_.Offer({});
  const std::string text = Scrape();
  EXPECT_TRUE(Has(text, R"(assent_signal_opt_outs_total{result="dropped"} 2)")) << text;
  EXPECT_TRUE(Has(text, R"(assent_signal_opt_outs_total{result="stored"} 0)"));
}

TEST_F(MetricsTest, ProcessFiguresArePlausible) {
  std::map<std::string, double> values;
  std::istringstream text(Scrape());
  for (std::string line; std::getline(text, line);) {
    const size_t space = line.rfind(' ');
    if (line.rfind("process_", 0) == 0) values[line.substr(0, space)] = std::stod(line.substr(space));
  }
  EXPECT_GT(values["process_resident_memory_bytes"], 1e6);
  EXPECT_GT(values["process_virtual_memory_bytes"], values["process_resident_memory_bytes"]);
  EXPECT_GT(values["process_start_time_seconds"], 1.6e9);
  EXPECT_GT(values["process_open_fds"], 2);
  EXPECT_GE(values["process_max_fds"], values["process_open_fds"]);
  EXPECT_GE(values["process_threads"], 1);
  EXPECT_TRUE(values.contains("process_cpu_seconds_total"));
}

TEST_F(MetricsTest, EndpointOnATakenAddressIsAnError) {
  const auto metrics = std::make_shared<const Metrics>(Metrics::Parts{.data_plane = cells_of_threads_,
                                                                      .control = control_,
                                                                      .model = model_,
                                                                      .index = index_,
                                                                      .store = *store_,
                                                                      .profiles = *profiles_,
                                                                      .opt_outs = opt_outs_,
                                                                      .opt_out_writer = opt_out_writer_});
  const auto first = MetricsEndpoint::Start("127.0.0.1:0", metrics);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_GT((*first)->port(), 0);
  const auto second = MetricsEndpoint::Start("127.0.0.1:" + std::to_string((*first)->port()), metrics);
  EXPECT_EQ(second.status().code(), absl::StatusCode::kUnavailable);
}

}  // namespace
}  // namespace assent::server
