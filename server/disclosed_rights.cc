#include "server/disclosed_rights.h"

#include <string>

#include "absl/strings/str_cat.h"

namespace assent::server {
namespace {

struct RightText {
  const char* name;
  const char* how;
  const char* law;
};

constexpr RightText kRights[] = {
    {"Withdraw your consent",
     "At any time, for each purpose alone, and as easily as you gave it. The withdrawal is on the disk before it is "
     "confirmed, holds from the next answer on, and deletes the profile that was kept for the purpose.",
     "GDPR article 7(3)"},
    {"Object to profiling for advertising, or opt out",
     "Without giving a reason; it holds from the next answer on. A browser that sends Global Privacy Control says it "
     "for "
     "you.",
     "GDPR article 21(2) and (3); CCPA 1798.120"},
    {"Keep out of a segment", "Name the segment, and you are never put into it again.",
     "GDPR article 21; DSA article 26(1)(d)"},
    {"See and take away what is kept",
     "Your consents with their history, your profile, your choices and your segments, in a form that people and "
     "programs "
     "can read.",
     "GDPR articles 15 and 20; CCPA 1798.110"},
    {"Know why",
     "For an answer about you: which features spoke for the segment and against the next one, how much, and which of "
     "them "
     "you can change.",
     "GDPR article 15(1)(h); DSA article 26(1)(d)"},
    {"Contest a segment", "Say that it does not fit. A person, not the system, decides on it.",
     "GDPR articles 16 and 22(3)"},
    {"Restrict the processing", "What is kept stays, and nothing is done with it until you say so.", "GDPR article 18"},
    {"Have everything erased",
     "What is kept about you is out of use at once, and then deleted. A note without your name stays, so that an old "
     "copy cannot bring it back.",
     "GDPR article 17; CCPA 1798.105"},
};

std::string WhereToTurn(const internal::v1::DisclosureConfig& texts) {
  if (!texts.preference_centre_url().empty()) {
    const std::string contact = texts.contact().empty() ? "" : absl::StrCat(", or write to ", texts.contact());
    return absl::StrCat(" Go to ", texts.preference_centre_url(), contact, ".");
  }
  if (!texts.contact().empty()) return absl::StrCat(" Write to ", texts.contact(), ".");
  return " Ask the service that shows you this.";
}

void AddRight(const char* name, std::string how, const char* law, v1::Disclosure& disclosure) {
  v1::DisclosedRight& right = *disclosure.add_rights();
  right.set_name(name);
  right.set_how(std::move(how));
  right.set_law(law);
}

}  // namespace

void FillRights(const DisclosureSettings& settings, v1::Disclosure& disclosure) {
  disclosure.clear_rights();
  const std::string where = WhereToTurn(settings.texts);
  for (const RightText& text : kRights) AddRight(text.name, absl::StrCat(text.how, where), text.law, disclosure);
  const std::string& authority = settings.texts.supervisory_authority();
  AddRight("Complain",
           absl::StrCat("To ", authority.empty() ? "the data protection authority of your country" : authority,
                        ", if you find that the processing breaks the law."),
           "GDPR article 77", disclosure);
}

}  // namespace assent::server
