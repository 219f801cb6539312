#include "client/explanation_page.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "client/request_text.h"

namespace assent::client {
namespace {

// The headings of one language.
struct Headings {
  absl::string_view tag, title, nearest, runner_up, hidden, why, value, typical, missing, more, against, for_it,
      sums_to, average, to_leave, not_reachable, then, why_not, permission, revision, notice, ends, model, profile,
      events, since, until, rule;
};

constexpr Headings kEnglishHeadings = {"en",
                                       "Why this segment",
                                       "Nearest segment",
                                       "Runner-up",
                                       "A segment that this purpose may not use",
                                       "What speaks for it, and what against",
                                       "This person",
                                       "typical",
                                       "missing",
                                       "more",
                                       "for the runner-up",
                                       "for the nearest",
                                       "The bars sum to the margin",
                                       "The average person has",
                                       "The smallest change that leaves it",
                                       "Not reachable with what the person can change.",
                                       "Then the nearest is",
                                       "Why not another segment",
                                       "What permitted it",
                                       "revision of the record",
                                       "notice",
                                       "ends",
                                       "Model",
                                       "Profile",
                                       "events",
                                       "since",
                                       "until",
                                       "Rule"};
constexpr Headings kGermanHeadings = {"de",
                                      "Warum dieses Segment",
                                      "Nächstes Segment",
                                      "Zweitnächstes",
                                      "Ein Segment, das für diesen Zweck nicht verwendet werden darf",
                                      "Was dafür spricht und was dagegen",
                                      "Diese Person",
                                      "üblich",
                                      "fehlt",
                                      "weitere",
                                      "für das zweitnächste",
                                      "für das nächste",
                                      "Die Balken ergeben den Abstand",
                                      "Für die durchschnittliche Person ist er",
                                      "Die kleinste Änderung, die hinausführt",
                                      "Mit dem, was die Person ändern kann, nicht zu erreichen.",
                                      "Dann am nächsten",
                                      "Warum nicht ein anderes Segment",
                                      "Was es erlaubt hat",
                                      "Stand des Eintrags",
                                      "Hinweis",
                                      "endet",
                                      "Modell",
                                      "Profil",
                                      "Ereignisse",
                                      "seit",
                                      "bis",
                                      "Regel"};

constexpr char kStyle[] = R"(
:root { color-scheme: light dark; --for: #1b7f4d; --against: #b3471d; --line: #8886; --dim: #6b6b6b; }
@media (prefers-color-scheme: dark) { :root { --for: #58c791; --against: #f08a5d; --dim: #a5a5a5; } }
* { box-sizing: border-box; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 44rem; margin: 0 auto; padding: 1rem; overflow-wrap: anywhere; }
h1 { font-size: 1.3rem; margin: 0 0 .5rem; } h2 { font-size: 1rem; margin: 1.6rem 0 .4rem; }
.text { font-size: 1.1rem; } .dim { color: var(--dim); font-size: .875rem; }
.outcome { display: inline-block; border: 1px solid currentColor; border-radius: .3rem; padding: 0 .4rem; font-size: .875rem; }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .6rem; }
.pair > div { border: 1px solid var(--line); border-radius: .4rem; padding: .5rem .7rem; }
ol { list-style: none; margin: 0; padding: 0; } li { margin: 0 0 .7rem; }
.row { display: flex; justify-content: space-between; gap: .8rem; } .row b { font-weight: 600; } .amount { white-space: nowrap; }
.bar { display: grid; grid-template-columns: 1fr 1fr; height: .8rem; background: linear-gradient(var(--line), var(--line)) center/1px 100% no-repeat; }
.bar i { display: block; height: 100%; } .bar .against { justify-self: end; background: var(--against); }
.bar .for { background: var(--for); grid-column: 2; } .axis { display: flex; justify-content: space-between; }
.axis .a { color: var(--against); } .axis .f { color: var(--for); }
footer { margin-top: 2rem; border-top: 1px solid var(--line); padding-top: .6rem; }
)";

std::string Escaped(absl::string_view text) {
  return absl::StrReplaceAll(text, {{"&", "&amp;"}, {"<", "&lt;"}, {">", "&gt;"}, {"\"", "&quot;"}, {"'", "&#39;"}});
}

// A feature's name as people read it.
std::string NameOf(absl::string_view feature) { return Escaped(absl::StrReplaceAll(feature, {{"_", " "}})); }

void AddHeading(absl::string_view heading, std::string& page) { absl::StrAppend(&page, "<h2>", heading, "</h2>\n"); }

void AddSegment(absl::string_view heading, const v1::SegmentMatch& segment, const Headings& words, std::string& page) {
  const std::string& name = segment.label().empty() ? segment.segment_id() : segment.label();
  absl::StrAppend(&page, "<div><span class=\"dim\">", heading, "</span><br><b>",
                  name.empty() ? Escaped(words.hidden) : Escaped(name), "</b> <span class=\"dim\">",
                  Escaped(HumanShare(segment.membership())), "</span></div>\n");
}

void AddBar(const ShownFeature& shown, double largest, const Headings& words, std::string& page) {
  const double share = largest > 0 ? std::fabs(shown.amount) / largest * 100 : 0;
  const std::string amount = absl::StrCat(shown.amount < 0 ? "−" : "+", HumanNumber(std::fabs(shown.amount), 4));
  absl::StrAppend(&page, "<li><div class=\"row\"><b>");
  if (shown.feature == nullptr) {
    absl::StrAppend(&page, shown.others, " ", words.more, "</b>");
  } else {
    const v1::FeatureContribution& c = *shown.feature;
    absl::StrAppend(&page, NameOf(c.feature()), "</b><span>",
                    c.missing() ? std::string(words.missing) : Escaped(WithUnit(c.value(), c.unit())),
                    " <span class=\"dim\">(", words.typical, ": ", Escaped(WithUnit(c.typical_value(), c.unit())),
                    ")</span></span>");
  }
  absl::StrAppend(&page, "</div>\n<div class=\"bar\" role=\"img\" aria-label=\"", amount, "\"><i class=\"",
                  shown.amount < 0 ? "against" : "for", "\" style=\"width:", absl::StrFormat("%.2f", share),
                  "%\"></i></div>\n<div class=\"row dim\"><span>",
                  shown.feature == nullptr ? "" : Escaped(shown.feature->source()), "</span><span class=\"amount\">",
                  amount, "</span></div></li>\n");
}

void AddComparison(const v1::ExplainResponse& response, const ShownFeatures& shown, const Headings& words,
                   std::string& page) {
  absl::StrAppend(&page, "<div class=\"pair\">\n");
  AddSegment(words.nearest, response.segment(), words, page);
  if (response.has_runner_up()) AddSegment(words.runner_up, response.runner_up(), words, page);
  absl::StrAppend(&page, "</div>\n");
  if (!response.has_runner_up()) return;
  AddHeading(words.why, page);
  const std::vector<ShownFeature> features = FeaturesToShow(response, shown);
  double largest = 0;
  for (const ShownFeature& one : features) largest = std::max(largest, std::fabs(one.amount));
  absl::StrAppend(&page, "<div class=\"axis dim\"><span class=\"a\">← ", words.against, "</span><span class=\"f\">",
                  words.for_it, " →</span></div>\n<ol>\n");
  for (const ShownFeature& one : features) AddBar(one, largest, words, page);
  absl::StrAppend(&page, "</ol>\n<p class=\"dim\">", words.sums_to, ": ", HumanNumber(response.margin(), 4), ". ");
  if (shown.by == Amounts::kShapley) {
    absl::StrAppend(&page, words.average, " ", HumanNumber(response.expected_margin(), 4), ".");
  }
  absl::StrAppend(&page, "</p>\n");
}

void AddChange(const v1::SmallestChange& change, const Headings& words, std::string& page) {
  AddHeading(words.to_leave, page);
  if (!change.reachable()) {
    absl::StrAppend(&page, "<p>", words.not_reachable, "</p>\n");
    return;
  }
  absl::StrAppend(&page, "<ol>\n");
  for (const v1::FeatureChange* one : LargestFirst(change)) {
    absl::StrAppend(&page, "<li class=\"row\"><b>", NameOf(one->feature()), "</b><span>",
                    Escaped(WithUnit(one->from(), one->unit())), " → ", Escaped(WithUnit(one->to(), one->unit())),
                    "</span></li>\n");
  }
  absl::StrAppend(&page, "</ol>\n");
  const std::string& label = change.nearest().label();
  if (!label.empty()) absl::StrAppend(&page, "<p class=\"dim\">", words.then, ": ", Escaped(label), "</p>\n");
}

void AddFooter(const v1::ExplainResponse& response, const Headings& words, std::string& page) {
  const v1::ConsentBasis& consent = response.consent();
  absl::StrAppend(&page, "<footer class=\"dim\">\n<p>", words.permission, ": ", Escaped(consent.permission()), ", ",
                  words.revision, " ", consent.revision());
  if (!consent.notice_id().empty()) {
    absl::StrAppend(&page, ", ", words.notice, " ", Escaped(consent.notice_id()), " ",
                    Escaped(consent.notice_version()));
  }
  if (consent.has_expire_time()) absl::StrAppend(&page, ", ", words.ends, " ", UtcText(consent.expire_time()));
  absl::StrAppend(&page, "</p>\n");
  if (response.has_profile()) {
    const v1::ProfileUse& profile = response.profile();
    absl::StrAppend(&page, "<p>", words.profile, ": ", HumanCount(profile.events()), " ", words.events);
    if (profile.has_first_event_time()) {
      absl::StrAppend(&page, ", ", words.since, " ", UtcText(profile.first_event_time()), ", ", words.until, " ",
                      UtcText(profile.last_event_time()));
    }
    absl::StrAppend(&page, "</p>\n");
  }
  const v1::ModelRef& model = response.decision().model();
  if (!model.digest().empty()) {
    absl::StrAppend(&page, "<p>", words.model, ": ", Escaped(model.name()), " ", Escaped(model.digest()), "</p>\n");
  }
  absl::StrAppend(&page, "</footer>\n");
}

}  // namespace

std::string ExplanationPage(const v1::ExplainResponse& response, const ShownFeatures& shown,
                            absl::string_view language) {
  const Headings& words = absl::StartsWithIgnoreCase(language, "de") ? kGermanHeadings : kEnglishHeadings;
  std::string page = absl::StrCat("<!DOCTYPE html>\n<html lang=\"", words.tag,
                                  "\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                                  "content=\"width=device-width, initial-scale=1\">\n",
                                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                                  "style-src 'unsafe-inline'\">\n<title>",
                                  words.title, "</title>\n<style>", kStyle, "</style>\n</head>\n<body>\n<main>\n<h1>",
                                  words.title, "</h1>\n<p><span class=\"outcome\">",
                                  Escaped(OutcomeText(response.decision().outcome())), "</span>");
  if (!response.decision().reason().empty()) {
    absl::StrAppend(&page, " <span class=\"dim\">", words.rule, ": ", Escaped(response.decision().reason()), "</span>");
  }
  absl::StrAppend(&page, "</p>\n<p class=\"text\">", Escaped(response.text()), "</p>\n");
  if (response.has_segment()) AddComparison(response, shown, words, page);
  if (response.has_smallest_change()) AddChange(response.smallest_change(), words, page);
  if (response.has_why_not()) {
    AddHeading(words.why_not, page);
    absl::StrAppend(&page, "<p>", Escaped(response.why_not().text()), "</p>\n");
  }
  AddFooter(response, words, page);
  absl::StrAppend(&page, "</main>\n</body>\n</html>\n");
  return page;
}

}  // namespace assent::client
