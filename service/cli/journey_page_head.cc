#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "service/cli/journey_page_parts.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

// "1 May 2026" at midnight, else with the time.
std::string MomentText(absl::Time time, const Words& words) {
  const absl::TimeZone utc = absl::UTCTimeZone();
  return absl::FromCivil(absl::ToCivilDay(time, utc), utc) == time ? words.Date(time)
                                                                   : absl::StrCat(words.DateTime(time), " UTC");
}

// The stage that most fall back from; -1: none do.
int MostLost(const MapView& view) {
  int most = -1;
  for (int i = 0; i < view.stages(); ++i) {
    const int64_t count = view.stage(i).dropped().count();
    if (count > 0 && (most < 0 || count > view.stage(most).dropped().count())) most = i;
  }
  return most;
}

// The stages with the worst and the best emotion; -1: none is known.
std::pair<int, int> Extremes(const MapView& view) {
  int worst = -1, best = -1;
  for (int i = 0; i < view.stages(); ++i) {
    if (!view.stage(i).has_emotion()) continue;
    const double mean = view.stage(i).emotion().mean();
    if (worst < 0 || mean < view.stage(worst).emotion().mean()) worst = i;
    if (best < 0 || mean > view.stage(best).emotion().mean()) best = i;
  }
  return {worst, best};
}

void AppendReached(const JourneyPageParts& page) {
  const v1::JourneyKpis& kpis = page.view.map().kpis();
  page.out.Sentence(page.Say("[0] customers were on the road. ", "[0] Kunden waren unterwegs. "),
                    {page.words.Count(page.view.map().customers())});
  if (kpis.reach().empty()) return;
  const v1::StageReach& last = kpis.reach(kpis.reach_size() - 1);
  if (last.reached().of() == 0) return;
  page.out.Sentence(page.Say("[0] of them reached {1}. ", "[0] von ihnen kamen bis {1}. "),
                    {page.words.Percent(last.reached().share()), page.words.Quoted(page.view.StageName(last.stage()))});
}

void AppendLead(const JourneyPageParts& page) {
  const Markup::Element lead(page.out, "p", {{"class", "lead"}});
  AppendReached(page);
  if (const int lost = MostLost(page.view); lost >= 0) {
    const v1::Share& dropped = page.view.stage(lost).dropped();
    page.out.Sentence(page.Say("Most are lost in {0}: [1] of the stays there ended by falling back. ",
                               "Am meisten verliert {0}: [1] der Aufenthalte dort endeten mit einem Rückfall. "),
                      {page.words.Quoted(page.view.StageName(lost)), page.words.Percent(dropped.share())});
  }
  const auto [worst, best] = Extremes(page.view);
  if (worst < 0 || worst == best) return;
  page.out.Sentence(
      page.Say("{0} feels worst ([1]), {2} best ([3]).",
               "Am schlechtesten fühlt sich {0} an ([1]), am besten {2} ([3])."),
      {page.words.Quoted(page.view.StageName(worst)), page.words.Signed(page.view.stage(worst).emotion().mean(), 2),
       page.words.Quoted(page.view.StageName(best)), page.words.Signed(page.view.stage(best).emotion().mean(), 2)});
}

void AppendNotes(const JourneyPageParts& page, const v1::GetJourneyMapResponse& response) {
  const v1::JourneyMap& map = page.view.map();
  if (map.incomplete_customers() > 0) {
    const Markup::Element note(page.out, "p", {{"class", "note"}});
    page.out.Sentence(page.Say("Of [0] customers ([1]) the beginning is missing: what is older is not kept.",
                               "Bei [0] Kunden ([1]) fehlt der Anfang: Älteres wird nicht aufbewahrt."),
                      {page.words.Count(map.incomplete_customers()),
                       page.words.Percent(map.customers() > 0 ? static_cast<double>(map.incomplete_customers()) /
                                                                    static_cast<double>(map.customers())
                                                              : 0)});
  }
  if (response.damaged() > 0) {
    const Markup::Element note(page.out, "p", {{"class", "note"}});
    page.out.Sentence(page.Say("[0] damaged profiles were left out.", "[0] beschädigte Profile fehlen."),
                      {page.words.Count(response.damaged())});
  }
}

// "1 June 2026, 12:05 UTC, 4 min before this page".
std::string AgeText(const v1::JourneyMap& map, const Words& words, absl::Time now) {
  const absl::Time as_of = FromTimestamp(map.as_of());
  const absl::Duration age = std::max(absl::ZeroDuration(), now - as_of);
  return absl::StrCat(words.DateTime(as_of), " UTC, ", words.Duration(age),
                      words.Say(" before this page", " vor dieser Seite"));
}

void AppendFact(Markup& out, absl::string_view name, absl::string_view text) {
  const Markup::Element fact(out, "div");
  out.Leaf("dt", {}, name);
  out.Leaf("dd", {}, text);
}

}  // namespace

std::string SelectionText(const v1::JourneyMap& map, const Words& words) {
  std::vector<std::string> parts;
  if (!map.selection().segment().empty()) {
    parts.push_back(absl::StrCat(words.Say("segment ", "Segment "), words.Quoted(map.selection().segment())));
  }
  if (!map.selection().persona().empty()) {
    parts.push_back(absl::StrCat(words.Say("persona ", "Persona "), words.Quoted(map.selection().persona())));
  }
  return parts.empty() ? std::string(words.Say("all customers", "alle Kunden")) : absl::StrJoin(parts, ", ");
}

std::string PeriodText(const v1::JourneyMap& map, const Words& words) {
  const v1::MapSelection& selection = map.selection();
  const absl::TimeZone utc = absl::UTCTimeZone();
  std::string until(words.Say("today", "heute"));
  if (selection.has_until() || map.has_as_of()) {
    const absl::Time end = FromTimestamp(selection.has_until() ? selection.until() : map.as_of());
    // What ends at midnight ends with the day before.
    const bool midnight = absl::FromCivil(absl::ToCivilDay(end, utc), utc) == end;
    until = midnight ? words.Date(end - absl::Hours(12)) : MomentText(end, words);
  }
  if (!selection.has_from()) return absl::StrCat(words.Say("all that is kept, to ", "alles Aufbewahrte bis "), until);
  return absl::StrCat(MomentText(FromTimestamp(selection.from()), words), " – ", until);
}

void AppendJourneyHead(const JourneyPageParts& page, const v1::GetJourneyMapResponse& response, absl::Time now) {
  const v1::JourneyMap& map = page.view.map();
  const Markup::Element header(page.out, "header", {{"class", "head"}});
  page.out.Leaf("p", {{"class", "eyebrow"}}, page.Say("Customer journey", "Kundenreise"));
  page.out.Leaf("h1", {{"class", "name"}}, Readable(map.journey()));
  if (map.customers() > 0) AppendLead(page);
  {
    const Markup::Element facts(page.out, "dl", {{"class", "facts"}});
    AppendFact(page.out, page.Say("Who", "Wer"), SelectionText(map, page.words));
    AppendFact(page.out, page.Say("When", "Wann"), PeriodText(map, page.words));
    if (page.before != nullptr) {
      AppendFact(page.out, page.Say("Compared with", "Verglichen mit"),
                 absl::StrCat(SelectionText(page.before->map(), page.words), ", ",
                              PeriodText(page.before->map(), page.words)));
    }
    if (map.has_as_of()) AppendFact(page.out, page.Say("Looked at", "Erhoben"), AgeText(map, page.words, now));
  }
  if (map.customers() > 0) AppendNotes(page, response);
}

}  // namespace waymark::cli
