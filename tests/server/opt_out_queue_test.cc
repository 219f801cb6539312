#include "server/opt_out_queue.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

#include "server/event_recorder.h"
#include "tests/server/pipeline_fixture.h"
#include "tests/server/sample_model.h"

namespace assent::server {
namespace {

using policy::Purpose;
using policy::Rule;

OfferedOptOut Numbered(uint32_t number) {
  return {.subject = {}, .opt_out = {.purposes = number, .rule = Rule::kNone}};
}

TEST(OptOutQueue, GivesInOrderUntilItIsFullAndGoesOnAfterwards) {
  OptOutQueue queue;
  EXPECT_FALSE(queue.Take().has_value());
  uint32_t offered = 0;
  uint32_t taken = 0;
  for (int round = 0; round < 3; ++round) {
    while (queue.Offer(Numbered(offered))) ++offered;
    EXPECT_EQ(offered - taken, OptOutQueue::kEntries);
    EXPECT_EQ(queue.dropped(), static_cast<uint64_t>(round) + 1);
    const uint32_t until = round == 1 ? taken + 7 : offered;
    for (; taken < until; ++taken) ASSERT_EQ(queue.Take()->opt_out.purposes, taken);
  }
  EXPECT_FALSE(queue.Take().has_value());
}

TEST(OptOutQueue, ManyOfferAndEachIsTakenOnce) {
  constexpr uint32_t kThreads = 4;
  constexpr uint32_t kEach = 50'000;
  OptOutQueue queue;
  std::vector<std::thread> threads;
  for (uint32_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&queue, thread] {
      for (uint32_t i = 0; i < kEach; ++i) {
        while (!queue.Offer(Numbered(thread * kEach + i))) std::this_thread::yield();
      }
    });
  }
  std::vector<uint32_t> next(kThreads, 0);
  for (uint32_t taken = 0; taken < kThreads * kEach;) {
    const auto offered = queue.Take();
    if (!offered) {
      std::this_thread::yield();
      continue;
    }
    const uint32_t number = offered->opt_out.purposes;
    ASSERT_EQ(number % kEach, next[number / kEach]++) << "each thread's in order, none twice";
    ++taken;
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_FALSE(queue.Take().has_value());
}

// What calls offer.
class OfferTest : public PipelineTest {
 protected:
  OfferTest() {
    jurisdictions_ = *policy::Jurisdictions::Create({{"US-CA", policy::Regime::kOptOut}}, policy::Regime::kOptIn);
    model_.Publish(ProfileModel());
    Grant("phone");
    Link("person", "phone");
  }
  template <typename Set>
  void Call(const std::string& id, Set set) {
    v1::AssignRequest request = Event(id, {});
    set(*request.mutable_signals());
    ASSERT_TRUE(Decide(request).ok());
  }
  // What was offered, which is one or none.
  std::optional<policy::SignalOptOut> Offered() {
    const auto offered = opt_outs_.Take();
    EXPECT_FALSE(opt_outs_.Take().has_value());
    if (!offered) return std::nullopt;
    EXPECT_EQ(offered->subject, KeyOf("phone"));
    return offered->opt_out;
  }
};

using Signals = v1::PrivacySignals;

TEST_F(OfferTest, WhatASignalOptsOutOfIsOfferedWhereTheSubjectIsLinked) {
  const struct {
    void (*set)(Signals&);
    uint32_t purposes;
    Rule rule;
  } cases[] = {
      {[](Signals& s) { s.set_gpc(true); }, policy::kAllPurposeBits, Rule::kSignalGpc},
      {[](Signals& s) {
         s.set_gpc(true);
         s.set_jurisdiction("US-CA");
       },
       policy::kAdvertisingPurposeBits, Rule::kSignalGpc},
      {[](Signals& s) { s.set_us_privacy("1YYN"); }, policy::kAdvertisingPurposeBits, Rule::kSignalUsPrivacy},
      {[](Signals& s) {
         s.set_gpp("DBABLA~CVQVAAAAAACA.QA");  // every opt-out is taken
         s.add_gpp_sid(7);
       },
       policy::kAdvertisingPurposeBits, Rule::kSignalGpp},
  };
  for (const auto& one : cases) {
    Call("stranger", one.set);
    EXPECT_FALSE(Offered().has_value()) << "linked to nobody";
    Call("phone", one.set);
    const auto offered = Offered();
    ASSERT_TRUE(offered.has_value());
    EXPECT_EQ(offered->purposes, one.purposes);
    EXPECT_EQ(offered->rule, one.rule);
  }
}

TEST_F(OfferTest, WhatIsNobodysOptOutIsNotOffered) {
  const std::vector<void (*)(Signals&)> cases = {
      [](Signals&) {},
      [](Signals& s) { s.set_us_privacy("1YNN"); },
      [](Signals& s) { s.set_us_privacy("1yyy"); },
      [](Signals& s) { s.set_tcf("broken"); },
      [](Signals& s) { s.set_known_child(true); },
      [](Signals& s) {
        s.set_gpp("broken");
        s.add_gpp_sid(7);
      },
      [](Signals& s) {
        s.set_gpp("DBABLA~CAAAYAEAAkBA");  // a child
        s.add_gpp_sid(7);
      },
  };
  for (const auto& set : cases) {
    Call("phone", set);
    EXPECT_FALSE(Offered().has_value());
  }
}

TEST_F(OfferTest, WhatTheStateShowsIsNotOfferedAgain) {
  Change("phone", internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, Purpose::kSelectAdvertising);
  const auto in_california = [](Signals& s) {
    s.set_gpc(true);
    s.set_jurisdiction("US-CA");
  };
  Call("phone", in_california);
  EXPECT_EQ(Offered()->purposes, policy::PurposeBit(Purpose::kProfileAdvertising)) << "what is missing";
  Change("phone", internal::v1::CONSENT_CHANGE_KIND_OPT_OUT, Purpose::kProfileAdvertising);
  Call("phone", in_california);
  EXPECT_FALSE(Offered().has_value());
}

TEST_F(OfferTest, BatchesAndRecordingsOfferToo_ExplanationsDoNot) {
  v1::BatchAssignRequest batch;
  batch.set_purpose(v1::PURPOSE_SELECT_ADVERTISING);
  batch.set_namespace_("cookie");
  for (const char* id : {"phone", "stranger", "phone"}) batch.add_subject_ids(id);
  batch.add_signals()->set_gpc(true);
  batch.add_signals();
  for (const uint32_t index : {0u, 0u, 1u}) batch.add_signals_index(index);
  ASSERT_TRUE(DecideBatch(batch).ok());
  EXPECT_EQ(Offered()->rule, Rule::kSignalGpc);

  v1::RecordEventsRequest record;
  *record.mutable_subject() = Event("phone", {}).subject();
  record.set_purpose(v1::PURPOSE_PROFILE_ADVERTISING);
  *record.add_events() = PurchaseEvent("a", 1, kNowUs);
  record.mutable_signals()->set_gpc(true);
  EventRecorder recorder(*pipeline_);
  pipeline_->Online();
  ASSERT_TRUE(recorder.Record(record, kNowUs, decision_).ok());
  pipeline_->Offline();
  EXPECT_EQ(Offered()->rule, Rule::kSignalGpc);

  v1::AssignRequest explained = Event("phone", {});
  explained.mutable_signals()->set_gpc(true);
  pipeline_->Online();
  ASSERT_TRUE(pipeline_->Decide(explained, kNowUs, decision_, AssignPipeline::Keep::kNothing).ok());
  pipeline_->Offline();
  EXPECT_FALSE(Offered().has_value());
}

}  // namespace
}  // namespace assent::server
