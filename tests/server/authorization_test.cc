#include "server/authorization.h"

#include "gtest/gtest.h"
#include "server/principals.h"
#include "server/role_table.h"
#include "tests/client/scratch_folder.h"

namespace assent::server {
namespace {

constexpr char kAssign[] = "/assent.v1.AssignmentService/Assign";
constexpr char kExplain[] = "/assent.v1.AssignmentService/Explain";
constexpr char kRecord[] = "/assent.v1.ConsentService/RecordConsent";
constexpr char kOptOut[] = "/assent.v1.ConsentService/OptOut";
constexpr char kGet[] = "/assent.v1.ConsentService/GetConsent";

TEST(RoleTable, IsThatOfTheProtos) {
  const RoleTable& table = ServedRoleTable();
  const auto allows = [&](const char* path, const char* role) { return table.Allows(path, RoleBitFromName(role)); };
  EXPECT_TRUE(allows(kAssign, "assign"));
  EXPECT_FALSE(allows(kAssign, "reviewer"));
  EXPECT_FALSE(allows(kAssign, "consent"));
  EXPECT_TRUE(allows(kExplain, "assign"));
  EXPECT_TRUE(allows(kExplain, "reviewer"));
  EXPECT_TRUE(allows(kRecord, "consent"));
  EXPECT_FALSE(allows(kRecord, "subject"));
  EXPECT_FALSE(allows(kRecord, "operator"));
  EXPECT_TRUE(allows(kOptOut, "subject"));
  EXPECT_TRUE(allows(kGet, "privacy"));
  EXPECT_FALSE(allows(kGet, "assign"));
}

TEST(RoleTable, NobodyIsAllowedWithoutARoleOrWhereNothingIsListed) {
  const RoleTable& table = ServedRoleTable();
  EXPECT_FALSE(table.Allows(kAssign, 0));
  EXPECT_FALSE(table.Allows(kAssign, 1));  // ROLE_UNSPECIFIED
  EXPECT_FALSE(table.Allows("/assent.v1.AssignmentService/Delete", ~0u));
  EXPECT_FALSE(table.Allows("", ~0u));
}

TEST(RoleTable, NamesOfRoles) {
  EXPECT_EQ(RoleBitFromName("unspecified"), 0u);
  EXPECT_EQ(RoleBitFromName("ASSIGN"), 0u);
  EXPECT_EQ(RoleBitFromName(""), 0u);
  EXPECT_NE(RoleBitFromName("data-science"), 0u);
  EXPECT_EQ(RoleNames(), "assign, consent, subject, privacy, data-science, business, reviewer, operator, auditor");
}

TEST(Principals, AreReadFromTheFile) {
  const client::ScratchFolder folder;
  const auto principals = Principals::Read(folder.Write("p", R"(
      principals { uri: "spiffe://a/ads" roles: "assign" roles: "reviewer" }
      principals { uri: "spiffe://a/nobody" })"));
  ASSERT_TRUE(principals.ok()) << principals.status();
  EXPECT_EQ(principals->RolesOf("spiffe://a/ads"), RoleBitFromName("assign") | RoleBitFromName("reviewer"));
  EXPECT_EQ(principals->RolesOf("spiffe://a/nobody"), 0u);
  EXPECT_EQ(principals->RolesOf("spiffe://a/ad"), 0u);
  EXPECT_EQ(principals->size(), 2u);
}

TEST(Principals, ErrorsNameThePlace) {
  const client::ScratchFolder folder;
  const auto message = [&](const std::string& text) {
    const auto principals = Principals::Read(folder.Write("p", text));
    return principals.ok() ? std::string() : std::string(principals.status().message());
  };
  EXPECT_NE(message("principals { roles: 'assign' }").find("principals[0].uri"), std::string::npos);
  EXPECT_NE(message("principals { uri: 'a' } principals { uri: 'a' }").find("principals[1].uri"), std::string::npos);
  EXPECT_NE(message("principals { uri: 'a' roles: 'king' }").find("king"), std::string::npos);
  EXPECT_NE(message("principles {}").find(":1:"), std::string::npos);
  EXPECT_EQ(Principals::Read(folder.Path("none")).status().code(), absl::StatusCode::kNotFound);
}

TEST(Authorizer, WithoutMutualTlsEveryoneHoldsTheConfiguredRoles) {
  const Authorizer nobody(ServedRoleTable(), 0);
  EXPECT_FALSE(nobody.AllowsEveryone(kAssign));
  const Authorizer assign(ServedRoleTable(), RoleBitFromName("assign"));
  EXPECT_TRUE(assign.AllowsEveryone(kAssign));
  EXPECT_FALSE(assign.AllowsEveryone(kRecord));
}

}  // namespace
}  // namespace assent::server
