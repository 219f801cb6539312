// Deutsch.
#include "server/phrases.h"

namespace assent::server {
namespace {

absl::string_view GermanRule(policy::Rule rule) {
  using policy::Rule;
  switch (rule) {
    case Rule::kNone:
      return "Keine Regel spricht dagegen.";
    case Rule::kSubjectErased:
      return "Ihre Daten wurden gelöscht, und Sie haben seither in nichts eingewilligt.";
    case Rule::kSubjectRestricted:
      return "Sie haben verlangt, dass Ihre Daten aufbewahrt und nicht verwendet werden.";
    case Rule::kSubjectChild:
      return "Kinder werden keinem Segment zugeordnet.";
    case Rule::kConsentOptedOut:
      return "Sie haben widersprochen.";
    case Rule::kConsentWithdrawn:
      return "Sie haben Ihre Einwilligung widerrufen.";
    case Rule::kConsentClosed:
      return "Auf das, was über Ihre Einwilligung gespeichert ist, ist gerade kein Verlass; deshalb ist nichts "
             "erlaubt.";
    case Rule::kSignalGpc:
      return "Ihr Browser sendet das Signal Global Privacy Control.";
    case Rule::kSignalGpp:
      return "Ihre Datenschutz-Einstellungen (GPP) erlauben es nicht.";
    case Rule::kSignalUsPrivacy:
      return "Ihre Datenschutz-Einstellungen (US Privacy) erlauben es nicht.";
    case Rule::kSignalTcf:
      return "Ihre Datenschutz-Einstellungen (TCF) erlauben es nicht.";
    case Rule::kConsentExpired:
      return "Ihre Einwilligung ist abgelaufen.";
    case Rule::kNoticeOutdated:
      return "Sie haben einem älteren Hinweis zugestimmt, und der neue geht weiter.";
    case Rule::kJurisdictionNotServed:
      return "An Ihrem Ort wird niemand einem Segment zugeordnet.";
    case Rule::kJurisdictionStrict:
      return "An Ihrem Ort würde es nur Ihre ausdrückliche Einwilligung erlauben.";
    case Rule::kSignificantUse:
      return "Es würde für etwas verwendet, das schwer auf Menschen lastet; das ist nicht erlaubt.";
    case Rule::kConsentNone:
      return "Sie haben nicht eingewilligt.";
    case Rule::kSegmentRefused:
      return "Das nächstliegende Segment ist eines, das Sie ablehnen.";
    case Rule::kSegmentPurpose:
      return "Das nächstliegende Segment darf für diesen Zweck nicht verwendet werden.";
    case Rule::kSegmentSensitive:
      return "Das nächstliegende Segment betrifft besonders geschützte Daten, die nie für Werbung verwendet werden.";
    case Rule::kSegmentRestricted:
      return "Das nächstliegende Segment ist ein heikles, das nur Ihre ausdrückliche Einwilligung erlauben würde.";
    case Rule::kModelLowMargin:
      return "Zwei Segmente passen etwa gleich gut, deshalb wird keines vergeben.";
    case Rule::kModelTooFar:
      return "Kein Segment passt gut genug.";
    case Rule::kProfileKept:
      return "Ihre Ereignisse stehen in Ihrem Profil.";
  }
  return "Eine Regel, für die es hier keinen Text gibt, hat entschieden.";
}

absl::string_view GermanAskedSegment(policy::Rule rule) {
  using policy::Rule;
  switch (rule) {
    case Rule::kSegmentRefused:
      return "Es ist eines, das Sie ablehnen.";
    case Rule::kSegmentPurpose:
      return "Es darf für diesen Zweck nicht verwendet werden.";
    case Rule::kSegmentSensitive:
      return "Es betrifft besonders geschützte Daten, die nie für Werbung verwendet werden.";
    case Rule::kSegmentRestricted:
      return "Es ist ein heikles, das nur Ihre ausdrückliche Einwilligung erlauben würde.";
    default:
      return GermanRule(rule);
  }
}

}  // namespace

const Phrases kGerman = {
    .tag = "de",
    .decimal_point = ',',
    .final_and = " und ",
    .rule = &GermanRule,
    .asked_segment = &GermanAskedSegment,
    .in_segment = "Sie sind im Segment „$0“.",
    .nearest_two = "Am besten passen „$0“ und „$1“.",
    .not_in_segment = "Sie sind nicht im Segment „$0“.",
    .already_in = "Sie sind im Segment „$0“.",
    .fits_better = "„$0“ passt besser als „$1“, vor allem weil $2.",
    .only_nearer = "„$0“ liegt näher als „$1“.",
    .hidden_segment = "ein Segment, das für diesen Zweck nicht verwendet werden darf",
    .mostly_because = "Vor allem weil $0.",
    .feature_is = "$0 bei $1 liegt (üblich: $2)",
    .nothing_stands_out = "Es liegt dem am nächsten, was für alle üblich ist.",
    .would_leave = "Sie wären nicht mehr darin, wenn $0.",
    .feature_were = "$0 bei $1 statt bei $2 läge",
    .others_a_little = "$0 weitere ein wenig anders lägen",
    .cannot_leave = "Nichts, was Sie selbst ändern können, würde zu einem anderen Segment führen.",
    .no_model = "Es ist erlaubt, aber zurzeit gibt es kein Modell, das Segmente kennt.",
    .decided_anew =
        "Es ist erlaubt und wird jedes Mal neu entschieden, aus dem, was ein Aufruf mitbringt: nichts davon wird "
        "behalten.",
    .by_grant = "Es ist erlaubt, weil Sie eingewilligt haben.",
    .by_grant_of_notice = "Es ist erlaubt, weil Sie eingewilligt haben (Hinweis $0, Fassung $1).",
    .by_tcf = "Es ist durch Ihre Datenschutz-Einstellungen (TCF) erlaubt.",
    .by_default = "An Ihrem Ort ist es erlaubt, bis Sie widersprechen.",
    .given_directly = "Mit der Anfrage mitgegeben, von dem Dienst, der fragt.",
    .all_events = "Ereignisse jeder Art",
    .events_of_type = "Ereignisse der Art „$0“",
    .chosen_by = "$0 (ausgewählt nach $1)",
    .computed = {"Anzahl Ihrer $0", "Summe von „$1“ über Ihre $0", "Mittel von „$1“ über Ihre $0",
                 "Größter Wert von „$1“ über Ihre $0", "Kleinster Wert von „$1“ über Ihre $0",
                 "Letzter Wert von „$1“ über Ihre $0", "Tage seit dem letzten unter: Ihre $0",
                 "Anzahl verschiedener Werte von „$1“ über Ihre $0"},
    .as_share_of = "$0, als Anteil an „$1“",
    .divided_by = "$0, geteilt durch „$1“",
    .decays = "$0; ein Ereignis zählt nach $1 Tagen halb",
};

}  // namespace assent::server
