// `assentctl model audit` and `verify-audit`: what was planted is found, what is fair passes, and a statement holds.
#include "client/model_audit.h"

#include <openssl/evp.h>
#include <openssl/pem.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <random>

#include "absl/strings/str_cat.h"
#include "client/audit_groups.h"
#include "client/audit_policy.h"
#include "client/signed_json.h"
#include "client/text_file.h"
#include "gmock/gmock.h"
#include "tests/client/commands_fixture.h"

namespace assent::client {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A person of the table: group, the feature that decides the segment, and one that decides nothing.
struct AuditedPerson {
  std::string group;
  bool high = false;
  double other = 0;
};

class ModelAuditTest : public testing::Test {
 protected:
  // Two segments, by `a` alone: `b` has the same mean in both.
  std::string Model() {
    std::string csv = "a,b\n";
    for (int row = 0; row < 40; ++row) absl::StrAppend(&csv, row % 2 * 9, ",", row / 2 % 2 * 2 - 1, "\n");
    const Result result = Assentctl({"train", "--input", folder_.Write("train.csv", csv), "--k", "2", "--abstain",
                                     "off", "--out", folder_.Path("m.assent")});
    EXPECT_EQ(result.status, 0) << result.err;
    return folder_.Path("m.assent");
  }

  std::string People(size_t rows, const std::function<AuditedPerson(size_t, std::mt19937_64&)>& person) {
    std::mt19937_64 random(42);
    std::string csv = "a,b,group\n";
    for (size_t row = 0; row < rows; ++row) {
      const AuditedPerson made = person(row, random);
      absl::StrAppend(&csv, made.high ? 9 : 0, ",", made.other, ",", made.group, "\n");
    }
    return folder_.Write("people.csv", csv);
  }

  // Nobody is treated differently.
  std::string FairPeople(const std::string& last_group = "x") {
    return People(4000, [&](size_t row, std::mt19937_64& random) {
      return AuditedPerson{row == 3999    ? last_group
                           : row % 2 == 0 ? "x"
                                          : "y",
                           random() % 2 == 0, std::normal_distribution<double>()(random)};
    });
  }

  Result Audit(const std::string& people, std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {"model", "audit", Model(), "--data", people, "--groups", "group", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return Assentctl(arguments);
  }

  // Files of a new key: private, public.
  std::pair<std::string, std::string> Keys(const std::string& name) {
    const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"),
                                                                  EVP_PKEY_free);
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    char* data = nullptr;
    const auto size = static_cast<size_t>(BIO_get_mem_data(bio.get(), &data));
    const std::string pem(data, size);
    const auto signing = policy::SigningKey::FromPem(pem);
    return {folder_.Write(name + ".pem", pem), folder_.Write(name + ".pub", signing->verifying().ToPem())};
  }

  ScratchFolder folder_;
};

TEST_F(ModelAuditTest, FairPeople_Pass) {
  const Result result = Audit(FairPeople());
  EXPECT_EQ(result.status, 0) << result.out << result.err;
  const auto json = result.json();
  EXPECT_EQ(json["passed"], true);
  EXPECT_EQ(json["data"]["rows"], 4000);
  EXPECT_THAT(json["failures"], IsEmpty());
  EXPECT_LT(json["attributes"][0]["cramers_v"], 0.05);
  for (const auto& segment : json["attributes"][0]["segments"]) EXPECT_EQ(segment["verdict"], "within_limits");
}

TEST_F(ModelAuditTest, APlantedDisparity_IsFound) {
  // x: 1000 of 2000 in the high segment; y: 600 of 2000.
  const Result result = Audit(People(4000, [](size_t row, std::mt19937_64& random) {
    const bool y = row % 2 == 1;
    return AuditedPerson{y ? "y" : "x", row / 2 % 10 < (y ? 3 : 5), std::normal_distribution<double>()(random)};
  }));
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(result.err, HasSubstr("the audit did not pass: "));
  const auto json = result.json();
  EXPECT_EQ(json["passed"], false);
  int breaches = 0;
  for (const auto& segment : json["attributes"][0]["segments"]) {
    const auto& pair = segment["comparisons"][0];
    breaches += segment["verdict"] == "breach";
    // Of the low segment it is 1000 and 1400 of 2000 each: 0.71.
    const bool high = pair["group"] == "y";
    EXPECT_NEAR(pair["ratio"], high ? 0.6 : 1000.0 / 1400, 1e-12);
    EXPECT_NEAR(pair["difference"], 0.2, 1e-12);
  }
  EXPECT_EQ(breaches, 2);
  for (const auto& proxy : json["attributes"][0]["proxies"]) EXPECT_EQ(proxy["is_proxy"], false);
}

TEST_F(ModelAuditTest, APlantedProxy_IsFoundAndNamed) {
  const Result result = Audit(People(4000, [](size_t row, std::mt19937_64& random) {
    const bool y = row % 2 == 1;
    return AuditedPerson{y ? "y" : "x", random() % 2 == 0, std::normal_distribution<double>()(random) + (y ? 2 : 0)};
  }));
  EXPECT_EQ(result.status, 3) << result.err;
  const auto json = result.json();
  ASSERT_EQ(json["failures"].size(), 1u) << json["failures"];
  EXPECT_THAT(std::string(json["failures"][0]), HasSubstr("the feature b tells it"));
  EXPECT_EQ(json["attributes"][0]["proxies"][0]["is_proxy"], false);
  EXPECT_EQ(json["attributes"][0]["proxies"][1]["is_proxy"], true);
}

TEST_F(ModelAuditTest, AGroupOfOne_IsReportedAndNotJudged) {
  const std::string people = FairPeople("z");
  const Result result = Audit(people);
  EXPECT_EQ(result.status, 0) << result.err;
  const auto attribute = result.json()["attributes"][0];
  ASSERT_EQ(attribute["groups"].size(), 3u);
  EXPECT_EQ(attribute["groups"][2]["group"], "z");
  EXPECT_EQ(attribute["groups"][2]["rows"], 1);
  EXPECT_EQ(attribute["segments"][0]["comparisons"][1]["verdict"], "insufficient_evidence");
  EXPECT_EQ(Audit(people, {"--policy", folder_.Write("p.textproto", "insufficient_fails: true")}).status, 3);
  const Result text = Assentctl({"model", "audit", Model(), "--data", people, "--groups", "group"});
  EXPECT_THAT(text.out, AllOf(HasSubstr("too few to be compared"), HasSubstr("within the limits"),
                              HasSubstr("The audit passed.")));
}

TEST_F(ModelAuditTest, NobodyToCompare_DoesNotPass) {
  const Result result = Audit(People(50, [](size_t row, std::mt19937_64&) {
    return AuditedPerson{row % 2 == 0 ? "x" : "y", row % 4 < 2, 0};
  }));
  EXPECT_EQ(result.status, 3);
  EXPECT_THAT(std::string(result.json()["failures"][0]), HasSubstr("no two groups are large enough"));
}

TEST_F(ModelAuditTest, CoverageOfAPopulation) {
  const std::string people = FairPeople();
  const std::string good = folder_.Write("good.csv", "attribute,group,share\ngroup,x,51\ngroup,y,49\n");
  EXPECT_EQ(Audit(people, {"--population", good}).status, 0);
  const std::string bad = folder_.Write("bad.csv", "attribute,group,share\ngroup,x,0.4\ngroup,w,0.2\ngroup,y,0.4\n");
  const Result result = Audit(people, {"--population", bad});
  EXPECT_EQ(result.status, 3);
  const auto coverage = result.json()["attributes"][0]["coverage"];
  EXPECT_EQ(coverage[2]["group"], "w");
  EXPECT_EQ(coverage[2]["rows"], 0);
  EXPECT_EQ(coverage[2]["verdict"], "breach");
  EXPECT_EQ(coverage[0]["verdict"], "within_limits");
}

TEST_F(ModelAuditTest, AStatement_HoldsForItsKeyAndItsModelOnly) {
  const auto [key, pub] = Keys("own");
  const auto [other_key, other_pub] = Keys("other");
  const std::string statement = folder_.Path("audit.json");
  ASSERT_EQ(Audit(FairPeople(), {"--key", key, "--out", statement}).status, 0);
  const Result good = Assentctl({"model", "verify-audit", statement, "--key", pub, "--model", Model(), "--json"});
  EXPECT_EQ(good.status, 0) << good.err;
  EXPECT_EQ(good.json()["schema"], "assent.v1.ModelAudit");
  EXPECT_EQ(good.json()["limits"]["ratio_min"], 0.8) << "defaults are written out";
  EXPECT_EQ(Assentctl({"model", "verify-audit", statement, "--key", other_pub}).status, 1);
  const std::string csv = folder_.Write("two.csv", "a,b\n0,0\n0,1\n5,9\n9,8\n");
  ASSERT_EQ(Assentctl({"train", "--input", csv, "--k", "2", "--out", folder_.Path("two.assent")}).status, 0);
  EXPECT_THAT(Assentctl({"model", "verify-audit", statement, "--key", pub, "--model", folder_.Path("two.assent")}).err,
              HasSubstr("about another model"));
  std::string changed = ReadAll(statement);
  changed[changed.find("payload") + 60] ^= 1;
  const Result bad = Assentctl({"model", "verify-audit", folder_.Write("bad.json", changed), "--key", pub});
  EXPECT_EQ(bad.status, 1);
  EXPECT_THAT(bad.err, HasSubstr("changed after it was issued"));
  const auto signing = policy::SigningKey::FromPem(ReadAll(key));
  const std::string receipt = SignJson({{"passed", true}}, "assent.v1.ConsentReceipt", *signing);
  const Result alien = Assentctl({"model", "verify-audit", folder_.Write("receipt.json", receipt), "--key", pub});
  EXPECT_EQ(alien.status, 1) << "what was signed for something else is no audit";
}

TEST_F(ModelAuditTest, AFailedAudit_GivesAStatementThatSaysSo) {
  const auto [key, pub] = Keys("own");
  const std::string statement = folder_.Path("audit.json");
  const Result result = Audit(FairPeople("z"), {"--key", key, "--out", statement, "--policy",
                                                folder_.Write("p.textproto", "insufficient_fails: true")});
  EXPECT_EQ(result.status, 3);
  EXPECT_EQ(Assentctl({"model", "verify-audit", statement, "--key", pub}).status, 3);
}

TEST_F(ModelAuditTest, BadInput_NamesTheFieldAndTheLimit) {
  const std::string people = FairPeople();
  const auto error = [&](std::vector<std::string> more) {
    const Result result = Audit(people, std::move(more));
    EXPECT_EQ(result.status, 1);
    return std::string(result.error()["message"]);
  };
  const auto policy = [&](const std::string& text) {
    return std::vector<std::string>{"--policy", folder_.Write("p.textproto", text)};
  };
  EXPECT_THAT(error(policy("ratio_min: 1.2")), HasSubstr("ratio_min: 1.2 is not in 0 to 1"));
  EXPECT_THAT(error(policy("confidence: 1")), HasSubstr("confidence: 1 is not in 0.5 to 0.999"));
  EXPECT_THAT(error(policy("proxy_strength_max: nan")), HasSubstr("proxy_strength_max: "));
  EXPECT_THAT(error({"--key", "k.pem"}), HasSubstr("--key and --out go together"));
  const auto population = [&](const std::string& rows) {
    return std::vector<std::string>{"--population", folder_.Write("pop.csv", "attribute,group,share\n" + rows)};
  };
  EXPECT_THAT(error(population("age,x,1\n")), HasSubstr("line 2: the attribute is not one of --groups"));
  EXPECT_THAT(error(population("group,x,1\ngroup,x,2\n")), HasSubstr("line 3: the group is there twice"));
  EXPECT_THAT(error(population("group,x,-1\n")), HasSubstr("line 2: share: not a number of 0 or more"));
  EXPECT_THAT(error(population("group,x,0\n")), HasSubstr("are all 0"));
  EXPECT_EQ(Assentctl({"model", "audit", Model(), "--data", people}).status, 2);
}

TEST(AuditGroups, IntersectionsAndWhoDidNotSay) {
  ScratchFolder folder;
  const std::string path = folder.Write("t.csv", "s,r\nm,1\nf,2\n,1\nm,2\n");
  const auto attributes = ReadAuditGroups(path, {"s", "s+r"});
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  EXPECT_THAT((*attributes)[0].groups, ElementsAre("(not given)", "f", "m"));
  EXPECT_THAT((*attributes)[0].row_groups, ElementsAre(2u, 1u, 0u, 2u));
  EXPECT_THAT((*attributes)[1].groups, ElementsAre("(not given) & 1", "f & 2", "m & 1", "m & 2"));
  EXPECT_EQ(ReadAuditGroups(path, {"s", "s"}).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(ReadAuditGroups(path, {"q"}).status().code(), absl::StatusCode::kNotFound);
  std::string many = "s\n";
  for (size_t group = 0; group <= kAuditGroupsMax; ++group) absl::StrAppend(&many, group, "\n");
  EXPECT_THAT(std::string(ReadAuditGroups(folder.Write("many.csv", many), {"s"}).status().message()),
              AllOf(HasSubstr("line 66"), HasSubstr("more than 64 groups")));
}

TEST(AuditGroups, AdultHasThePublishedCounts) {
  const std::string adult = DataFile("adult/adult.data.gz");
  if (adult.empty()) GTEST_SKIP() << "needs ASSENT_DATA_DIR with adult";
  const auto attributes = ReadAuditGroups(adult, {"sex", "race"});
  ASSERT_TRUE(attributes.ok()) << attributes.status();
  const AuditAttribute& sex = attributes->front();
  EXPECT_THAT(sex.groups, ElementsAre("Female", "Male"));
  EXPECT_EQ(std::count(sex.row_groups.begin(), sex.row_groups.end(), 0u), 10771);
  EXPECT_EQ(std::count(sex.row_groups.begin(), sex.row_groups.end(), 1u), 21790);
  EXPECT_EQ((*attributes)[1].groups.size(), 5u);
}

}  // namespace
}  // namespace assent::client
