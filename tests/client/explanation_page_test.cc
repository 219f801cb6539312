#include "client/explanation_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace assent::client {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

v1::ExplainResponse Explanation() {
  v1::ExplainResponse response;
  response.mutable_decision()->set_outcome(v1::OUTCOME_ASSIGNED);
  response.mutable_decision()->mutable_model()->set_name("<script>alert(1)</script>");
  response.mutable_decision()->mutable_model()->set_digest("abc");
  response.mutable_segment()->set_segment_id("families");
  response.mutable_segment()->set_label("Families & \"friends\"");
  response.mutable_runner_up()->set_segment_id("solo");
  response.set_margin(9);
  response.set_expected_margin(1);
  for (const auto& [name, amount] : {std::pair{"kids_share", 2.0}, {"minutes", -4.0}, {"devices", 1.0}}) {
    auto* contribution = response.add_contributions();
    contribution->set_feature(name);
    contribution->set_unit("min");
    contribution->set_value(142);
    contribution->set_shapley(amount);
    contribution->set_source("From <events>.");
  }
  response.set_text("You are in it.");
  return response;
}

TEST(ExplanationPage, NeedsNothingElseAndEscapesWhatOthersNamed) {
  const std::string page = ExplanationPage(Explanation(), {}, "");
  EXPECT_THAT(page,
              AllOf(HasSubstr("Families &amp; &quot;friends&quot;"), HasSubstr("&lt;script&gt;alert(1)"),
                    HasSubstr("From &lt;events&gt;."), HasSubstr("width=device-width"), HasSubstr("lang=\"en\"")));
  EXPECT_THAT(page, AllOf(Not(HasSubstr("<script")), Not(HasSubstr("http://")), Not(HasSubstr("https://")),
                          Not(HasSubstr("src=")), Not(HasSubstr("url("))));
}

TEST(ExplanationPage, TheLongestBarFillsItsSideAndTheOthersAreInProportion) {
  const std::string page = ExplanationPage(Explanation(), {.top = 2}, "");
  const size_t minutes = page.find(R"(<i class="against" style="width:100.00%">)");
  const size_t kids = page.find(R"(<i class="for" style="width:50.00%">)");
  ASSERT_NE(minutes, std::string::npos);
  ASSERT_NE(kids, std::string::npos);
  EXPECT_LT(minutes, kids) << "the largest first";
  EXPECT_THAT(page, AllOf(HasSubstr("1 more"), HasSubstr("width:25.00%"), HasSubstr("kids share")));
}

TEST(ExplanationPage, HasTheHeadingsOfTheLanguageAndOnlyThePartsThatAreThere) {
  v1::ExplainResponse response = Explanation();
  EXPECT_THAT(ExplanationPage(response, {}, "de-AT"), AllOf(HasSubstr("lang=\"de\""), HasSubstr("Nächstes Segment")));
  EXPECT_THAT(ExplanationPage(response, {}, ""), Not(HasSubstr("The smallest change")));
  response.mutable_smallest_change()->set_reachable(true);
  auto* change = response.mutable_smallest_change()->add_changes();
  change->set_feature("kids_share");
  change->set_from(0.5);
  change->set_to(0.25);
  response.mutable_why_not()->set_text("You are not in it.");
  EXPECT_THAT(ExplanationPage(response, {}, ""),
              AllOf(HasSubstr("The smallest change"), HasSubstr("0.5 → 0.25"), HasSubstr("You are not in it.")));
  v1::ExplainResponse refusal;
  refusal.mutable_decision()->set_outcome(v1::OUTCOME_NO_CONSENT);
  refusal.mutable_decision()->set_reason("consent.none");
  refusal.set_text("You have not agreed to it.");
  EXPECT_THAT(ExplanationPage(refusal, {}, ""),
              AllOf(HasSubstr("consent.none"), HasSubstr("You have not agreed"), Not(HasSubstr("Nearest segment"))));
}

}  // namespace
}  // namespace assent::client
