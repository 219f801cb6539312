#include "policy/gpp.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "policy/us_privacy.h"
#include "tests/policy/signal_fixture.h"

namespace assent::policy {
namespace {

using Ids = std::vector<int>;

// The ids up to 27 that a header names, in order; -1 alone for a malformed one.
Ids HeaderIds(const std::string& header) {
  GppIndex index;
  if (!DecodeGppHeader(header, index)) return {-1};
  Ids ids(static_cast<size_t>(index.sections), 0);
  for (int section = 1; section <= kGppSectionLast; ++section) {
    if (index.place[section] >= 0) ids.at(static_cast<size_t>(index.place[section])) = section;
  }
  return ids;
}

GppReading ReadParts(const std::string& gpp, const std::vector<int32_t>& sid) {
  return ReadGpp(gpp, sid, ExamplePolicy());
}
// 99: malformed.
uint32_t Denied(const std::string& gpp, const std::vector<int32_t>& sid) {
  const GppReading reading = ReadParts(gpp, sid);
  if (!reading.valid) {
    EXPECT_EQ(reading.denied, kAllPurposeBits);
  }
  return reading.valid ? reading.denied : 99;
}

std::string Fibonacci(int number) {
  std::string bits = "1";
  std::vector<int> terms = {1, 2};
  while (terms.back() <= number) terms.push_back(terms.back() + terms[terms.size() - 2]);
  bool started = false;
  for (size_t i = terms.size(); i-- > 0;) {
    const bool used = terms[i] <= number;
    if (used) number -= terms[i];
    started |= used;
    if (started) bits.insert(0, used ? "1" : "0");
  }
  return bits;
}

TEST(GppHeader, PublishedHeaders) {
  EXPECT_EQ(HeaderIds("DBAA"), Ids{});
  EXPECT_EQ(HeaderIds("DBABM"), Ids{2});
  EXPECT_EQ(HeaderIds("DBABMA"), Ids{2});
  EXPECT_EQ(HeaderIds("DBACNY"), (Ids{2, 6}));
  EXPECT_EQ(HeaderIds("DBACNYA"), (Ids{2, 6}));
  EXPECT_EQ(HeaderIds("DBABjw"), (Ids{5, 6}));
  EXPECT_EQ(HeaderIds("DBABLA"), Ids{7});
  EXPECT_EQ(HeaderIds("DBABBg"), Ids{8});
  EXPECT_EQ(HeaderIds("DBABTA"), Ids{6});
  EXPECT_EQ(HeaderIds("DBACOeA"), (Ids{2, 5, 6}));
  EXPECT_EQ(HeaderIds("DBACOdM"), (Ids{2, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22}));
}

TEST(GppHeader, RefusesWhatIsNone) {
  for (const char* header :
       {"", "z", "D", "DB", "DBA", "DBAB", "CBABLA", "DCABLA", "DAABLA", "DBABL+", "invalid gpp string"}) {
    EXPECT_EQ(HeaderIds(header), Ids{-1}) << header;
  }
  EXPECT_EQ(HeaderIds("DBABLB"), Ids{-1}) << "a bit after the last id";
  const std::string start = Bits(3, 6) + Bits(1, 6);
  EXPECT_EQ(HeaderIds(TextOfBits(start + Bits(1, 12) + "1" + Fibonacci(1) + Fibonacci(65000))), Ids{-1})
      << "more sections than a string has room for";
  EXPECT_EQ(HeaderIds(TextOfBits(start + Bits(2, 12) + "0" + Fibonacci(65535) + "0" + Fibonacci(1))), Ids{-1});
}

TEST(GppHeader, EverySetOfSectionsIsFound) {
  Random random(3);
  for (int i = 0; i < 2000; ++i) {
    Ids ids;
    std::string bits;
    int entries = 0, last = 0;
    while (last < 40 && entries < 12) {
      const int first = last + Between(random, 1, 6);
      last = first + (Between(random, 0, 2) == 0 ? Between(random, 1, 4) : 0);
      bits += (last > first ? "1" : "0") + Fibonacci(first - (ids.empty() ? 0 : ids.back()));
      if (last > first) bits += Fibonacci(last - first);
      for (int id = first; id <= last; ++id) ids.push_back(id);
      ++entries;
    }
    const std::string header = TextOfBits(Bits(3, 6) + Bits(1, 6) + Bits(static_cast<uint64_t>(entries), 12) + bits);
    for (int& id : ids) id = id > kGppSectionLast ? 0 : id;
    ASSERT_EQ(HeaderIds(header), ids) << header;
  }
}

TEST(Gpp, PublishedStrings) {
  EXPECT_EQ(Denied(kGppAllOptedOut, {7}), kAdvertisingPurposeBits);
  EXPECT_EQ(Denied(kGppNoneOptedOut, {7}), 0u);
  EXPECT_EQ(Denied(kGppGpc, {7}), kAdvertisingPurposeBits);
  EXPECT_EQ(Denied(kGppChild, {7}), kAllPurposeBits);
  EXPECT_EQ(Denied(kGppCalifornia, {8}), kAdvertisingPurposeBits);
  EXPECT_EQ(Denied(kGppUsPrivacy, {6}), kAdvertisingPurposeBits);
  EXPECT_EQ(Denied("DBABTA~1YNN", {6}), 0u);
}

TEST(Gpp, OnlyWhatIsInForceIsLookedAt) {
  EXPECT_EQ(Denied(kGppAllOptedOut, {}), 0u);
  EXPECT_EQ(Denied(kGppAllOptedOut, {-1}), 0u);
  EXPECT_EQ(Denied(kGppAllOptedOut, {0, -1}), 0u);
  EXPECT_EQ(Denied("not a string", {-1}), 0u);
  EXPECT_EQ(Denied("zzzz~CVQqAAAAAACA", {7}), 99u) << "the header is read";
  // Sections 7 and 8; the second is garbage, and not in force.
  const std::string both = TextOfBits(Bits(3, 6) + Bits(1, 6) + Bits(1, 12) + "1" + Fibonacci(7) + Fibonacci(1));
  EXPECT_EQ(Denied(both + "~CVQqAAAAAACA.QA~garbage!", {7}), 0u);
  EXPECT_EQ(Denied(both + "~CVQqAAAAAACA.QA~garbage!", {7, 8}), 99u);
  EXPECT_EQ(Denied(both + "~CVQqAAAAAACA.QA~BUUAAABA.YA", {7, 8, 7}), kAdvertisingPurposeBits);
}

TEST(Gpp, TheLastOfAllSectionsIsFound) {
  const std::string header =
      TextOfBits(Bits(3, 6) + Bits(1, 6) + Bits(1, 12) + "1" + Fibonacci(1) + Fibonacci(kGppSectionLast));  // 1 to 28
  std::string gpp = header;
  for (int section = 1; section < kGppSectionLast; ++section) gpp += "~x";
  EXPECT_EQ(Denied(gpp + "~BQAA~x", {27}), 0u);
  EXPECT_EQ(Denied(gpp + "~BRAA~x", {27}), 0u);
  EXPECT_EQ(Denied(gpp + "~BgAA~x", {27}), 0u);
  EXPECT_EQ(Denied(gpp + "~BYAA~x", {27}), kAllPurposeBits) << "service provider mode";
}

TEST(Gpp, WhatIsInForceMustBeThere) {
  EXPECT_EQ(Denied("", {7}), 99u);
  EXPECT_EQ(Denied(kGppNoneOptedOut, {8}), 99u);
  EXPECT_EQ(Denied(kGppNoneOptedOut, {7, 8}), 99u);
  EXPECT_EQ(Denied(std::string(kGppNoneOptedOut) + "~", {7}), 99u) << "more sections than the header names";
  EXPECT_EQ(Denied("DBABLA", {7}), 99u) << "fewer";
  EXPECT_EQ(Denied("DBABLA~", {7}), 99u) << "empty";
}

TEST(Gpp, RefusesSectionsThatItCannotEvaluate) {
  for (const int32_t section : {1, 3, 4, 5, 28, 100, INT32_MAX}) {
    EXPECT_EQ(Denied(kGppNoneOptedOut, {7, section}), 99u) << section;
  }
  EXPECT_EQ(Denied(kGppNoneOptedOut, std::vector<int32_t>(kGppSectionsInForceMax, 7)), 0u);
  EXPECT_EQ(Denied(kGppNoneOptedOut, std::vector<int32_t>(kGppSectionsInForceMax + 1, 7)), 99u);
}

TEST(Gpp, RefusesWhatIsTooLong) {
  std::string gpp = "DBABLA~CVQqAAAAAACA";
  gpp.resize(kGppBytesMax, 'A');
  EXPECT_EQ(Denied(gpp, {7}), 0u);
  EXPECT_EQ(Denied(gpp + "A", {7}), 99u);
}

TEST(Gpp, SectionTwoIsATcfString) {
  const GppReading reading = ReadParts("DBABMA~" + std::string(kTcfB), {2});
  EXPECT_TRUE(reading.valid);
  EXPECT_TRUE(reading.tcf_in_force);
  EXPECT_EQ(reading.tcf_permitted, TcfPurposeBit(1) | TcfPurposeBit(4));
  EXPECT_EQ(reading.denied, 0u);
  EXPECT_EQ(Denied("DBABMA~" + std::string(kTcfJ), {2}), 99u) << "invalid";
  EXPECT_FALSE(ReadParts("DBABMA~" + std::string(kTcfB), {}).tcf_in_force);
}

}  // namespace
}  // namespace assent::policy
