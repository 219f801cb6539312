#include "storage/vendor_list_file.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "policy/tcf.h"
#include "tests/policy/signal_fixture.h"

namespace assent::storage {
namespace {

using policy::TcfPurposeBit;
using policy::VendorRegistration;

std::string DataPath(const std::string& name) { return std::string(ASSENT_POLICY_DATA) + "/" + name; }

std::vector<std::string> DataPaths() {
  return {DataPath("vendor-list-100.json"), DataPath("vendor-list-99.json"), DataPath("vendor-list-48-v2.json")};
}

uint32_t Purposes(std::initializer_list<int> purposes) {
  uint32_t set = 0;
  for (const int purpose : purposes) set |= TcfPurposeBit(purpose);
  return set;
}

TEST(VendorListFile, ReadsOneVendorOfEveryVersion) {
  const auto list = ReadVendorList(DataPaths(), 42);
  ASSERT_TRUE(list.ok()) << list.status();
  ASSERT_NE(list->Find(3, 100), nullptr);
  EXPECT_EQ(*list->Find(3, 100), policy::ExampleRegistration());
  ASSERT_NE(list->Find(3, 99), nullptr);
  EXPECT_EQ(*list->Find(3, 99), (VendorRegistration{.consent_purposes = Purposes({1, 3, 4}),
                                                    .legitimate_interest_purposes = Purposes({7, 9, 10})}));
  ASSERT_NE(list->Find(2, 48), nullptr);
  EXPECT_EQ(list->Find(3, 48), nullptr);
  EXPECT_EQ(policy::ReadTcf(policy::kTcfB, {.vendor_id = 42, .list = &*list}).permitted, Purposes({1, 4}));
}

TEST(VendorListFile, AVendorThatIsNotListedOrDeletedHasNoRegistration) {
  EXPECT_EQ(ReadVendorList(DataPaths(), 43).value().Find(3, 100), nullptr) << "deleted";
  EXPECT_EQ(ReadVendorList(DataPaths(), 44).value().Find(3, 100), nullptr);
}

// A list of one vendor, with `vendor` as the fields of 42.
std::string ListOf(const std::string& vendor,
                   const std::string& head = R"("vendorListVersion":100,"gvlSpecificationVersion":3)") {
  return "{" + head + R"(,"vendors":{"42":)" + vendor + "}}";
}
const std::string kVendor = R"({"id":42,"purposes":[3],"legIntPurposes":[],"flexiblePurposes":[]})";

std::string ErrorOf(const std::string& json) {
  const auto list = VendorListFromJson(json, 42);
  if (list.ok()) return "";
  EXPECT_TRUE(absl::IsInvalidArgument(list.status()));
  return std::string(list.status().message());
}

TEST(VendorListFile, NamesTheFieldThatIsWrong) {
  EXPECT_EQ(ErrorOf(ListOf(kVendor)), "");
  EXPECT_EQ(ErrorOf(""), "not a JSON object");
  EXPECT_EQ(ErrorOf("[]"), "not a JSON object");
  EXPECT_EQ(ErrorOf("{"), "not a JSON object");
  EXPECT_EQ(ErrorOf("{}"), "vendorListVersion: not from 1 to 4095");
  for (const char* version : {"0", "4096", "1.5", "\"100\"", "null", "-1", "1e300"}) {
    EXPECT_EQ(ErrorOf(ListOf(kVendor, R"("gvlSpecificationVersion":3,"vendorListVersion":)" + std::string(version))),
              "vendorListVersion: not from 1 to 4095")
        << version;
  }
  for (const char* version : {"1", "4", "null"}) {
    EXPECT_EQ(ErrorOf(ListOf(kVendor, R"("vendorListVersion":100,"gvlSpecificationVersion":)" + std::string(version))),
              "gvlSpecificationVersion: not 2 or 3")
        << version;
  }
  EXPECT_EQ(ErrorOf(R"({"vendorListVersion":100,"gvlSpecificationVersion":3,"vendors":[]})"), "vendors: not an object");
  EXPECT_EQ(ErrorOf(ListOf("7")), "vendors.42: not an object");
  EXPECT_EQ(ErrorOf(ListOf(R"({"id":41,"purposes":[],"legIntPurposes":[],"flexiblePurposes":[]})")),
            "vendors.42.id: not 42");
  EXPECT_EQ(ErrorOf(ListOf(R"({"id":42,"legIntPurposes":[],"flexiblePurposes":[]})")),
            "vendors.42.purposes: not a list of purposes");
  EXPECT_EQ(ErrorOf(ListOf(R"({"id":42,"purposes":[],"legIntPurposes":[25],"flexiblePurposes":[]})")),
            "vendors.42.legIntPurposes: not a list of numbers from 1 to 24");
}

TEST(VendorListFile, SurvivesDeepNesting) {
  EXPECT_EQ(ErrorOf(R"({"vendors":)" + std::string(100'000, '[')), "not a JSON object");
}

class VendorListPath : public testing::Test {
 protected:
  std::string Write(const std::string& content) {
    const std::string path =
        testing::TempDir() + "/vendor_list_" + testing::UnitTest::GetInstance()->current_test_info()->name() + ".json";
    std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
    return path;
  }
  absl::Status StatusOf(const std::string& path) { return ReadVendorList({&path, 1}, 42).status(); }
};

TEST_F(VendorListPath, NamesTheFile) {
  const std::string path = Write("{}");
  EXPECT_EQ(StatusOf(path).message(), "vendor list " + path + ": vendorListVersion: not from 1 to 4095");
  EXPECT_TRUE(absl::IsNotFound(StatusOf(path + ".absent")));
  EXPECT_TRUE(absl::IsInvalidArgument(StatusOf(testing::TempDir()))) << "a folder";
  const std::vector<std::string> twice = {DataPath("vendor-list-100.json"), DataPath("vendor-list-100.json")};
  EXPECT_TRUE(absl::IsInvalidArgument(ReadVendorList(twice, 42).status()));
}

TEST_F(VendorListPath, RefusesAFileThatIsTooLarge) {
  const std::string path = Write(ListOf(kVendor) + std::string(kVendorListFileBytesMax, ' '));
  EXPECT_EQ(StatusOf(path).message(), "vendor list " + path + ": larger than 16777216 bytes");
  std::filesystem::remove(path);
}

}  // namespace
}  // namespace assent::storage
