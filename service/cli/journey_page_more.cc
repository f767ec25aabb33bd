#include <algorithm>
#include <cmath>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/cli/journey_page_parts.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

// A number as a bar of the width that it has of `most`.
void AppendBar(const JourneyPageParts& page, int64_t count, int64_t most) {
  const Markup::Element bar(page.out, "span", {{"class", "bar"}, {"aria-hidden", "true"}});
  page.out.Leaf(
      "i",
      {{"class", "plain"},
       {"style",
        absl::StrFormat("width:%.1f%%", most > 0 ? 100 * static_cast<double>(count) / static_cast<double>(most) : 0)}},
      "");
}

void AppendPaths(const JourneyPageParts& page, const v1::Conformance& conformance) {
  const Markup::Element list(page.out, "ol", {{"class", "paths"}});
  for (const v1::MapPath& path : conformance.paths()) {
    const Markup::Element item(page.out, "li", {{"data-customers", absl::StrCat(path.customers())}});
    {
      const Markup::Element way(page.out, "span", {{"class", "way"}});
      for (int i = 0; i < path.stages_size(); ++i) {
        if (i > 0) page.out.Leaf("i", {}, "→");
        page.out.Leaf("span", {}, page.view.StageName(path.stages(i)));
      }
      if (path.longer()) page.out.Leaf("i", {}, "→ …");
      if (path.declared())
        page.out.Leaf("span", {{"class", "tag"}}, page.Say("the declared road", "der vorgesehene Weg"));
    }
    page.out.Leaf("b", {}, page.words.Count(path.customers()));
    AppendBar(page, path.customers(), conformance.paths(0).customers());
  }
}

void AppendDeviations(const JourneyPageParts& page, const v1::Conformance& conformance) {
  const Markup::Element list(page.out, "ol", {{"class", "paths"}});
  for (const v1::Deviation& deviation : conformance.deviations()) {
    const Markup::Element item(page.out, "li", {{"data-customers", absl::StrCat(deviation.customers())}});
    {
      const Markup::Element way(page.out, "span", {{"class", "way"}});
      const std::string from = page.words.Quoted(page.view.StageName(deviation.from_stage()));
      const std::string to = page.words.Quoted(page.view.StageName(deviation.actual_stage()));
      if (deviation.expected_stage().empty()) {  // the road ends here
        page.out.Sentence(page.Say("from {0}, where it ends, to [1]", "von {0}, wo er endet, nach [1]"), {from, to});
      } else {
        page.out.Sentence(page.Say("from {0} to [1] instead of {2}", "von {0} nach [1] statt {2}"),
                          {from, to, page.words.Quoted(page.view.StageName(deviation.expected_stage()))});
      }
    }
    page.out.Leaf("b", {}, page.words.Count(deviation.customers()));
    AppendBar(page, deviation.customers(), conformance.deviations(0).customers());
  }
}

// How many of a cohort came back, as a cell whose shade says it, too: nine steps up to `most`.
void AppendReturned(const JourneyPageParts& page, int64_t active, int64_t customers, double most) {
  const double share = customers > 0 ? static_cast<double>(active) / static_cast<double>(customers) : 0;
  const int shade = most > 0 ? std::clamp(static_cast<int>(std::lround(8 * share / most)), 0, 8) : 0;
  page.out.Leaf("td", {{"class", absl::StrCat("heat h", shade)}, {"data-count", absl::StrCat(active)}},
                page.words.Percent(share));
}

void AppendCohortRow(const JourneyPageParts& page, const v1::Cohort& cohort, int columns, double most) {
  const Markup::Element row(page.out, "tr");
  page.out.Leaf("th", {{"scope", "row"}}, page.words.Month(FromTimestamp(cohort.month())));
  page.out.Leaf("td", {}, page.words.Count(cohort.customers()));
  for (int i = 0; i < columns; ++i) {
    if (i < cohort.active_size()) {
      AppendReturned(page, cohort.active(i), cohort.customers(), most);
    } else {
      page.out.Leaf("td", {}, "");
    }
  }
}

}  // namespace

void AppendConformance(const JourneyPageParts& page) {
  const v1::Conformance& conformance = page.view.map().conformance();
  if (conformance.followed().of() == 0 && conformance.paths().empty()) return;
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "paths"}});
  page.out.Leaf("h2", {{"id", "paths"}},
                page.Say("The declared road, and the real ones", "Der vorgesehene Weg und die wirklichen"));
  if (const v1::Share& followed = conformance.followed(); followed.of() > 0) {
    const Markup::Element lead(page.out, "p",
                               {{"class", "statement"}, {"data-followed", absl::StrCat(followed.count())}});
    page.out.Sentence(
        page.Say("[0] of the customers who left the first stage ({1} of {2}) took the stages in the declared order, "
                 "without leaving one out and without falling back.",
                 "[0] der Kunden, die die erste Phase verließen ({1} von {2}), gingen die Phasen in der vorgesehenen "
                 "Reihenfolge, ohne eine auszulassen und ohne Rückfall."),
        {page.words.Percent(followed.share()), page.words.Count(followed.count()), page.words.Count(followed.of())});
  }
  const Markup::Element columns(page.out, "div", {{"class", "columns"}});
  if (!conformance.paths().empty()) {
    const Markup::Element column(page.out, "div");
    page.out.Leaf("h3", {}, page.Say("Most frequent paths, customers", "Häufigste Wege, Kunden"));
    AppendPaths(page, conformance);
  }
  if (!conformance.deviations().empty()) {
    const Markup::Element column(page.out, "div");
    page.out.Leaf("h3", {},
                  page.Say("Where the others left it first, customers", "Wo die anderen ihn zuerst verließen, Kunden"));
    AppendDeviations(page, conformance);
  }
}

void AppendCohorts(const JourneyPageParts& page) {
  const auto& cohorts = page.view.map().kpis().cohorts();
  int columns = 0;
  double most = 0;
  for (const v1::Cohort& cohort : cohorts) {
    columns = std::max(columns, cohort.active_size());
    for (const int64_t active : cohort.active()) {
      if (cohort.customers() > 0)
        most = std::max(most, static_cast<double>(active) / static_cast<double>(cohort.customers()));
    }
  }
  if (columns == 0) return;
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "cohorts"}});
  page.out.Leaf("h2", {{"id", "cohorts"}}, page.Say("Who comes back", "Wer wiederkommt"));
  page.out.Leaf(
      "p", {{"class", "quiet"}},
      page.Say(
          "Of those whose first order was in the month: how many ordered again so many months later.",
          "Von denen, die im Monat zum ersten Mal bestellten: wie viele so viele Monate später wieder bestellten."));
  const Markup::Element scroll(
      page.out, "div", {{"class", "scroll"}, {"role", "region"}, {"aria-labelledby", "cohorts"}, {"tabindex", "0"}});
  const Markup::Element table(page.out, "table", {{"class", "cohorts"}});
  {
    const Markup::Element head(page.out, "thead");
    const Markup::Element row(page.out, "tr");
    page.out.Leaf("th", {{"scope", "col"}}, page.Say("First order", "Erste Bestellung"));
    page.out.Leaf("th", {{"scope", "col"}}, page.Say("Customers", "Kunden"));
    for (int i = 1; i <= columns; ++i) {
      page.out.Leaf("th", {{"scope", "col"}},
                    absl::StrCat("+", i, page.Say(i == 1 ? " month" : " months", i == 1 ? " Monat" : " Monate")));
    }
  }
  const Markup::Element body(page.out, "tbody");
  for (const v1::Cohort& cohort : cohorts) AppendCohortRow(page, cohort, columns, most);
}

void AppendResponses(const JourneyPageParts& page) {
  const auto& responses = page.view.map().kpis().responses();
  if (responses.empty()) return;
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "responses"}});
  page.out.Leaf("h2", {{"id", "responses"}}, page.Say("What offers met with", "Was Angebote bewirkten"));
  const Markup::Element scroll(
      page.out, "div", {{"class", "scroll"}, {"role", "region"}, {"aria-labelledby", "responses"}, {"tabindex", "0"}});
  const Markup::Element table(page.out, "table", {{"class", "responses"}});
  {
    const Markup::Element head(page.out, "thead");
    const Markup::Element row(page.out, "tr");
    page.out.Leaf("th", {{"scope", "col"}}, page.Say("Action", "Aktion"));
    page.out.Leaf("th", {{"scope", "col"}}, page.Say("Shown", "Gezeigt"));
    page.out.Leaf("th", {{"scope", "col"}},
                  page.Say("What came of it, of the shown", "Was daraus wurde, vom Gezeigten"));
  }
  const Markup::Element body(page.out, "tbody");
  for (const v1::OfferResponse& response : responses) {
    const Markup::Element row(page.out, "tr",
                              {{"data-action", response.action()}, {"data-shown", absl::StrCat(response.shown())}});
    page.out.Leaf("th", {{"scope", "row"}}, Readable(response.action()));
    page.out.Leaf("td", {}, page.words.Count(response.shown()));
    const Markup::Element cell(page.out, "td");
    const Markup::Element list(page.out, "ul", {{"class", "outcomes"}});
    for (const v1::MapEvents& events : response.outcomes()) {
      const Markup::Element item(page.out, "li");
      page.out.Text(absl::StrCat(Readable(events.event()), " "));
      page.out.Leaf("b", {}, page.words.Count(events.volume()));
      if (response.shown() > 0) {
        page.out.Text(absl::StrCat(
            " (", page.words.Percent(static_cast<double>(events.volume()) / static_cast<double>(response.shown())),
            ")"));
      }
    }
  }
}

void AppendJourneyFoot(const JourneyPageParts& page) {
  const Markup::Element footer(page.out, "footer");
  {
    const Markup::Element fold(page.out, "details");
    page.out.Leaf("summary", {}, page.Say("How to read this page", "Wie diese Seite zu lesen ist"));
    const Markup::Element list(page.out, "ul");
    page.out.Leaf("li", {},
                  page.Say("A touch belongs to the stage in which the customer stood when it happened; one that moves "
                           "a customer on belongs to the stage before.",
                           "Eine Berührung gehört zu der Phase, in der der Kunde stand; eine, die ihn weiterbringt, "
                           "zur Phase davor."));
    page.out.Leaf("li", {},
                  page.Say("Emotion is a mean from −1 (bad) to +1 (good) of surveys, ratings, complaints and "
                           "sentiments, over customers, with its 95% confidence interval (Student's t). Where too few "
                           "people say something, none is shown.",
                           "Emotion ist ein Mittel von −1 (schlecht) bis +1 (gut) aus Umfragen, Bewertungen, "
                           "Beschwerden und Stimmungen, über Kunden, mit 95-%-Konfidenzintervall (Student-t). Wo zu "
                           "wenige etwas sagen, steht keines."));
    page.out.Leaf("li", {},
                  page.Say("Intervals of shares are Wilson's, 95%. A difference is beyond the uncertainty where the "
                           "two intervals do not overlap.",
                           "Intervalle von Anteilen sind die von Wilson, 95 %. Ein Unterschied übersteigt die "
                           "Unsicherheit, wo die beiden Intervalle sich nicht überschneiden."));
    page.out.Leaf(
        "li", {},
        page.Say("Choose the cell of a touchpoint to see its events, customers and intervals. Every number is "
                 "also in this file as JSON (element waymark-map).",
                 "Ein Klick auf die Zelle eines Kontaktpunkts zeigt Ereignisse, Kunden und Intervalle. Jede "
                 "Zahl steht auch als JSON in dieser Datei (Element waymark-map)."));
  }
  page.out.Leaf("p", {{"class", "quiet"}},
                absl::StrCat("Waymark · ", page.Say("playbook version ", "Playbook-Version "),
                             page.view.map().playbook_version()));
}

}  // namespace waymark::cli
