#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/cli/journey_page_parts.h"

namespace waymark::cli {
namespace {

constexpr int kFirstFindings = 5;  // the rest is folded

// "Usage" at "Phone".
std::string PlaceText(const JourneyPageParts& page, absl::string_view stage, absl::string_view touchpoint) {
  std::string in = page.words.Quoted(page.view.StageName(stage));
  if (touchpoint.empty()) return in;
  return absl::StrCat(in, page.Say(" at ", ", Kontakt "), page.words.Quoted(page.view.TouchpointName(touchpoint)));
}

void AppendDropOff(const JourneyPageParts& page, const v1::PainPoint& pain) {
  const bool whole = pain.touchpoint().empty();
  page.out.Sentence(
      page.Say("[0] of the stays {1} ended by falling back", "[0] der Aufenthalte {1} endeten mit einem Rückfall"),
      {page.words.Percent(pain.here().share()),
       whole
           ? std::string(page.Say("here", "hier"))
           : absl::StrCat(page.Say("with ", "mit "), page.words.Quoted(page.view.TouchpointName(pain.touchpoint())))});
  if (pain.elsewhere().of() > 0) {
    page.out.Sentence(whole ? page.Say(", in other stages [0]", ", in anderen Phasen [0]")
                            : page.Say(", of those without it [0]", ", der Aufenthalte ohne ihn [0]"),
                      {page.words.Percent(pain.elsewhere().share())});
  }
  page.out.Sentence(page.Say(". [0] customers were lost this way.", ". [0] Kunden gingen so verloren."),
                    {page.words.Count(pain.customers_lost())});
}

void AppendBadFeeling(const JourneyPageParts& page, const v1::PainPoint& pain) {
  page.out.Sentence(
      page.Say("It feels {0} here: [1], say {2} customers. To [3] of them it felt bad.",
               "Es fühlt sich hier {0} an: [1], sagen {2} Kunden. Für [3] von ihnen fühlte es sich schlecht an."),
      {std::string(EmotionWord(pain.emotion().mean(), page.words)), EmotionText(pain.emotion(), page.words),
       page.words.Count(pain.emotion().people()), page.words.Count(pain.customers_lost())});
}

void AppendTrouble(const JourneyPageParts& page, const v1::PainPoint& pain) {
  page.out.Sentence(page.Say("[0] customers complained, asked for help or sent something back",
                             "[0] Kunden beschwerten sich, baten um Hilfe oder schickten etwas zurück"),
                    {page.words.Count(pain.customers_lost())});
  if (pain.here().of() > 0) {
    page.out.Sentence(page.Say(": [0] of all in the stage", ": [0] aller in der Phase"),
                      {page.words.Percent(pain.here().share())});
  }
  if (pain.elsewhere().of() > 0) {
    page.out.Sentence(page.Say(", in other stages [0]", ", in anderen Phasen [0]"),
                      {page.words.Percent(pain.elsewhere().share())});
  }
  page.out.Text(".");
}

absl::string_view KindText(const JourneyPageParts& page, v1::PainPointKind kind) {
  switch (kind) {
    case v1::PAIN_POINT_KIND_DROP_OFF:
      return page.Say("drop-off", "Absprung");
    case v1::PAIN_POINT_KIND_EMOTION:
      return page.Say("feels bad", "schlechtes Gefühl");
    case v1::PAIN_POINT_KIND_TROUBLE:
      return page.Say("trouble", "Ärger");
    default:
      return page.Say("pain point", "Schmerzpunkt");
  }
}

void AppendPainPoint(const JourneyPageParts& page, const v1::PainPoint& pain) {
  const Markup::Element item(page.out, "li",
                             {{"class", "finding"},
                              {"data-pain", pain.stage()},
                              {"data-touchpoint", pain.touchpoint()},
                              {"data-lost", absl::StrCat(pain.customers_lost())}});
  {
    const Markup::Element title(page.out, "p", {{"class", "title"}});
    page.out.Leaf("span", {{"class", "name"}}, PlaceText(page, pain.stage(), pain.touchpoint()));
    page.out.Leaf("span", {{"class", "tag"}}, KindText(page, pain.kind()));
  }
  const Markup::Element text(page.out, "p");
  switch (pain.kind()) {
    case v1::PAIN_POINT_KIND_DROP_OFF:
      return AppendDropOff(page, pain);
    case v1::PAIN_POINT_KIND_EMOTION:
      return AppendBadFeeling(page, pain);
    case v1::PAIN_POINT_KIND_TROUBLE:
      return AppendTrouble(page, pain);
    default:
      return page.out.Text(pain.evidence());
  }
}

// One of the two lines of an opportunity: a share on a scale from 0 to 1, with its interval.
void AppendShareLine(const JourneyPageParts& page, absl::string_view name, const v1::Share& share) {
  page.out.Leaf("dt", {}, name);
  const Markup::Element line(page.out, "dd");
  {
    const Markup::Element scale(page.out, "span", {{"class", "scale"}, {"aria-hidden", "true"}});
    const double low = 100 * std::clamp(share.low(), 0.0, 1.0), high = 100 * std::clamp(share.high(), 0.0, 1.0);
    page.out.Leaf(
        "i",
        {{"class", "range"}, {"style", absl::StrFormat("left:%.1f%%;width:%.1f%%", low, std::max(1.0, high - low))}},
        "");
    page.out.Leaf(
        "i", {{"class", "dot"}, {"style", absl::StrFormat("left:%.1f%%", 100 * std::clamp(share.share(), 0.0, 1.0))}},
        "");
  }
  page.out.Leaf("b", {}, page.words.Percent(share.share()));
  page.out.Leaf("span", {{"class", "sub"}}, absl::StrCat(page.Say("of ", "von "), page.words.Count(share.of())));
}

void AppendOpportunity(const JourneyPageParts& page, const v1::Opportunity& chance) {
  const bool action = chance.touchpoint().empty() && !chance.action().empty();
  const Markup::Element item(
      page.out, "li",
      {{"class", "finding"},
       {"data-opportunity", chance.stage()},
       {action ? "data-action" : "data-touchpoint", action ? chance.action() : chance.touchpoint()},
       {"data-gain", absl::StrFormat("%.17g", chance.gain())}});
  const std::string what =
      page.words.Quoted(action ? Readable(chance.action()) : page.view.TouchpointName(chance.touchpoint()));
  {
    const Markup::Element title(page.out, "p", {{"class", "title"}});
    page.out.Leaf("span", {{"class", "name"}},
                  absl::StrCat(page.words.Quoted(page.view.StageName(chance.stage())),
                               action ? page.Say(", action ", ", Aktion ") : page.Say(" at ", ", Kontakt "), what));
  }
  {
    const Markup::Element text(page.out, "p");
    const std::string probability = chance.p_value() < 0.001
                                        ? absl::StrCat("p\u00a0<\u00a0", page.words.Decimal(0.001, 3))
                                        : absl::StrCat("p\u00a0=\u00a0", page.words.Decimal(chance.p_value(), 3));
    page.out.Sentence(page.Say("Stays with {0} move on [1] more often ({2}).",
                               "Aufenthalte mit {0} führen [1] häufiger weiter ({2})."),
                      {what,
                       absl::StrCat(page.words.Decimal(100 * chance.gain(), 1), "\u00a0",
                                    page.Say("percentage points", "Prozentpunkte")),
                       probability});
  }
  const Markup::Element lines(page.out, "dl", {{"class", "lines"}});
  AppendShareLine(page, page.Say("with", "mit"), chance.with());
  AppendShareLine(page, page.Say("without", "ohne"), chance.without());
}

// The first ones, and the others folded.
template <typename Repeated, typename Append>
void AppendList(const JourneyPageParts& page, const Repeated& findings, absl::string_view kind, Append append) {
  const auto list = [&](int from, int until) {
    const Markup::Element element(page.out, "ol",
                                  {{"class", absl::StrCat("findings ", kind)}, {"start", absl::StrCat(from + 1)}});
    for (int i = from; i < until; ++i) append(page, findings[i]);
  };
  const int first = findings.size() <= kFirstFindings + 1 ? findings.size() : kFirstFindings;
  list(0, first);
  if (first == findings.size()) return;
  const Markup::Element fold(page.out, "details");
  page.out.Leaf("summary", {}, absl::StrCat(page.words.Count(findings.size() - first), page.Say(" more", " weitere")));
  list(first, findings.size());
}

}  // namespace

void AppendFindings(const JourneyPageParts& page) {
  const v1::JourneyMap& map = page.view.map();
  const Markup::Element columns(page.out, "div", {{"class", "columns"}});
  {
    const Markup::Element section(page.out, "section", {{"aria-labelledby", "pains"}});
    page.out.Leaf("h2", {{"id", "pains"}}, page.Say("Pain points", "Schmerzpunkte"));
    page.out.Leaf("p", {{"class", "quiet"}},
                  map.pain_points().empty() ? page.Say("None stands out.", "Keiner sticht heraus.")
                                            : page.Say("Where customers are lost: how many, times how bad it is.",
                                                       "Wo Kunden verloren gehen: wie viele, mal wie schlimm es ist."));
    if (!map.pain_points().empty()) AppendList(page, map.pain_points(), "pains", AppendPainPoint);
  }
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "chances"}});
  page.out.Leaf("h2", {{"id", "chances"}}, page.Say("Opportunities", "Chancen"));
  page.out.Leaf(
      "p", {{"class", "quiet"}},
      map.opportunities().empty()
          ? page.Say("Nothing precedes progress more often than chance would.",
                     "Nichts geht einem Fortschritt öfter voraus als der Zufall.")
          : page.Say(
                "What precedes progress more often than chance would. That it precedes is no proof that it causes.",
                "Was einem Fortschritt öfter vorausgeht als der Zufall. Dass es vorausgeht, beweist nicht, dass es ihn "
                "bewirkt."));
  if (!map.opportunities().empty()) AppendList(page, map.opportunities(), "chances", AppendOpportunity);
}

}  // namespace waymark::cli
