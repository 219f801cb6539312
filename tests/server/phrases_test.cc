#include "server/phrases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "server/plain_reason.h"

namespace assent::server {
namespace {

using testing::HasSubstr;

TEST(MainReasons, NamesTheThreeFeaturesThatSpeakMostForTheSegment) {
  v1::ExplainResponse explanation;
  const auto add = [&](const std::string& name, double shapley, bool missing = false) {
    v1::FeatureContribution& feature = *explanation.add_contributions();
    feature.set_feature(name);
    feature.set_shapley(shapley);
    feature.set_missing(missing);
    feature.set_value(shapley);
  };
  add("against", -9);
  add("absent", 9, true);
  EXPECT_EQ(MainReasons(explanation, kEnglish), "It is nearest to what is typical of everybody.");
  add("fourth", 1);
  add("second", 3);
  add("first", 4.25);
  add("third", 2);
  explanation.mutable_contributions(4)->set_unit("minutes");
  EXPECT_EQ(MainReasons(explanation, kEnglish),
            "Mostly because first is 4.25 minutes (typical: 0 minutes), second is 3 (typical: 0) and third is 2 "
            "(typical: 0).");
  EXPECT_EQ(MainReasons(explanation, kGerman),
            "Vor allem weil first bei 4,25 minutes liegt (üblich: 0 minutes), second bei 3 liegt (üblich: 0) und third "
            "bei 2 liegt (üblich: 0).");
}

TEST(Phrases, EveryRuleHasASentenceOfItsOwnInEachLanguage) {
  std::set<absl::string_view> seen;
  for (const Phrases* phrases : {&kEnglish, &kGerman}) {
    for (int rule = 0; rule < policy::kRuleCount; ++rule) {
      const absl::string_view sentence = phrases->rule(static_cast<policy::Rule>(rule));
      EXPECT_EQ(sentence.substr(sentence.size() - 1), ".") << rule;
      EXPECT_TRUE(seen.insert(sentence).second) << sentence;
    }
    EXPECT_TRUE(seen.insert(phrases->rule(static_cast<policy::Rule>(policy::kRuleCount))).second);
  }
}

// The same places are filled in, in every language.
TEST(Phrases, LanguagesTakeTheSameParts) {
  const auto parts = [](absl::string_view text) {
    std::set<char> found;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i] == '$') found.insert(text[i + 1]);
    }
    return found;
  };
  const auto texts = [](const Phrases& p) {
    std::vector<absl::string_view> all = {p.in_segment,     p.nearest_two,        p.not_in_segment, p.already_in,
                                          p.fits_better,    p.only_nearer,        p.hidden_segment, p.mostly_because,
                                          p.feature_is,     p.nothing_stands_out, p.would_leave,    p.feature_were,
                                          p.cannot_leave,   p.others_a_little,    p.no_model,       p.decided_anew,
                                          p.by_grant,       p.by_grant_of_notice, p.by_tcf,         p.by_default,
                                          p.given_directly, p.all_events,         p.events_of_type, p.chosen_by,
                                          p.as_share_of,    p.divided_by,         p.decays,         p.final_and};
    all.insert(all.end(), p.computed.begin(), p.computed.end());
    return all;
  };
  const auto english = texts(kEnglish);
  const auto german = texts(kGerman);
  ASSERT_EQ(english.size(), german.size());
  for (size_t i = 0; i < english.size(); ++i) {
    EXPECT_FALSE(english[i].empty());
    EXPECT_FALSE(german[i].empty()) << english[i];
    EXPECT_NE(english[i], german[i]);
    EXPECT_EQ(parts(english[i]), parts(german[i])) << english[i];
  }
}

TEST(Phrases, AreFoundByTheLanguageOfATag) {
  EXPECT_EQ(*PhrasesFor(""), &kEnglish);
  EXPECT_EQ(*PhrasesFor("en-GB"), &kEnglish);
  EXPECT_EQ(*PhrasesFor("de"), &kGerman);
  EXPECT_EQ(*PhrasesFor("DE-at"), &kGerman);
  for (const std::string& tag : {std::string("fr"), std::string("deutsch"), std::string("-"), std::string(36, 'e')}) {
    const auto found = PhrasesFor(tag);
    EXPECT_EQ(found.status().code(), absl::StatusCode::kInvalidArgument) << tag;
    EXPECT_THAT(std::string(found.status().message()), HasSubstr("language")) << tag;
  }
}

}  // namespace
}  // namespace assent::server
