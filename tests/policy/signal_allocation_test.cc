// Decoding allocates nothing, whatever the strings are, nor does a pseudonym. This program counts every allocation of
// its thread.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/signal_cache.h"
#include "policy/subject.h"
#include "tests/harness/allocation_counter.h"
#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

TEST(SignalAllocation, TheCounterCounts) {
  const size_t before = AllocationsOfThread();
  const std::string large(1000, 'x');
  EXPECT_GT(AllocationsOfThread(), before);
}

TEST(SignalAllocation, NoneWhileReading) {
  const SignalPolicy policy = {.tcf = ExamplePolicy()};
  std::vector<std::string> tcf = {kTcfA, kTcfB, kTcfC, kTcfD, kTcfE, kTcfF, kTcfG, kTcfJ, "x", std::string(5000, 'B')};
  std::vector<std::string> gpp = {kGppAllOptedOut, kGppNoneOptedOut, kGppChild,
                                  "DBACNYA~" + std::string(kTcfB) + "~1YNN"};
  Random random(4);
  for (int i = 0; i < 200; ++i) tcf.push_back(RandomTcf(random));
  for (int i = 0; i < 200; ++i) gpp.push_back("DBABLA~" + RandomUsSection(random, 7));
  const std::vector<int32_t> sid = {2, 6, 7};
  const std::vector<int32_t> national = {7};
  SignalCache cache(policy);
  const size_t before = AllocationsOfThread();
  uint32_t seen = 0;
  for (const std::string& one : tcf) {
    for (const std::string& other : gpp) {
      const RawSignals all = {.tcf = one, .gpp = other, .us_privacy = "1YNN", .gpp_sid = sid};
      const RawSignals one_section = {.tcf = one, .gpp = other, .gpp_sid = national, .gdpr = true};
      seen |= ReadSignals(all, policy).tcf_permits;
      seen |= cache.Read(one_section).gpp_denies;
    }
  }
  EXPECT_EQ(AllocationsOfThread(), before);
  EXPECT_NE(seen, 0u);
}

TEST(PseudonymizerAllocation, AChainAllocatesNothing) {
  std::vector<std::string> keys;
  for (size_t i = 0; i < kPseudonymKeysMax; ++i) keys.emplace_back(32, static_cast<char>('a' + i));
  const auto chain = Pseudonymizer::CreateChain(keys);
  ASSERT_TRUE(chain.ok()) << chain.status();
  const size_t before = AllocationsOfThread();
  const SubjectKey key = chain->Pseudonymize(RawSubject("login", "anna"));
  EXPECT_EQ(AllocationsOfThread(), before);
  EXPECT_NE(key, SubjectKey());
}

}  // namespace
}  // namespace assent::policy
