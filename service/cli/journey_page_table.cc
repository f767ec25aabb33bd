#include <algorithm>
#include <functional>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "service/cli/journey_page_parts.h"
#include "service/cli/journey_page_road.h"

namespace waymark::cli {
namespace {

constexpr size_t kFirstRows = 24;
constexpr double kColumnWidth = 170;  // of the pictures; the page stretches it

std::string Percentage(double part, double whole) {
  return absl::StrFormat("%.3f%%", whole > 0 ? 100 * part / whole : 0);
}

void AppendStageHeads(const JourneyPageParts& page) {
  const Markup::Element head(page.out, "thead");
  const Markup::Element row(page.out, "tr");
  {
    const Markup::Element corner(page.out, "td");
    page.out.Leaf("span", {{"class", "sr"}}, page.Say("Figure or touchpoint", "Kennzahl oder Kontaktpunkt"));
  }
  for (int i = 0; i < page.view.stages(); ++i) {
    const v1::MapStage& stage = page.view.stage(i);
    const Markup::Element cell(page.out, "th", {{"scope", "col"}, {"data-stage", stage.stage()}});
    page.out.Leaf("span", {{"class", "step"}}, absl::StrCat(i + 1));
    page.out.Leaf("span", {{"class", "name"}, {"title", stage.stage()}}, page.view.StageName(i));
    if (!stage.goal().empty()) page.out.Leaf("span", {{"class", "goal"}}, stage.goal());
  }
}

// Of a label over the stretched picture: `column` in columns from the left, `top` in pixels.
std::string PlaceOf(const JourneyPageParts& page, double column, double top) {
  return absl::StrCat("left:", Percentage(column, page.view.stages()), ";top:", absl::StrFormat("%.1fpx", top));
}

void AppendRoadLabels(const JourneyPageParts& page, const Road& road) {
  for (int i = 0; i < page.view.stages(); ++i) {
    const v1::MapStage& stage = page.view.stage(i);
    const Road::Block& block = road.blocks[i];
    page.out.Leaf(
        "i",
        {{"class", absl::StrCat("block e", StepName(stage))},
         {"style", absl::StrCat(PlaceOf(page, i + 0.5, block.top), absl::StrFormat(";height:%.1fpx", block.height))}},
        "");
    const std::string above = PlaceOf(page, i + 0.5, block.top - 8);
    page.out.Leaf("b", {{"class", "stays"}, {"style", above}}, page.words.Count(block.stays));
    if (stage.progressed().count() > 0) {
      const std::string between = PlaceOf(page, i + 1, road.middle);
      page.out.Leaf("span", {{"class", "onward"}, {"style", between}},
                    absl::StrCat(page.words.Percent(stage.progressed().share(), 0), " →"));
    }
    if (stage.dropped().count() > 0) {
      const std::string below = PlaceOf(page, i + 0.5, road.drop_lane);
      page.out.Leaf(
          "span", {{"class", "lost"}, {"style", below}},
          absl::StrCat("↓ ", page.words.Percent(stage.dropped().share(), 0), page.Say(" fall back", " fallen zurück")));
    }
  }
}

void AppendPictureRow(const JourneyPageParts& page, absl::string_view name, absl::string_view help,
                      const std::function<void()>& picture) {
  const Markup::Element row(page.out, "tr", {{"class", "picture"}});
  {
    const Markup::Element head(page.out, "th", {{"scope", "row"}});
    page.out.Text(name);
    page.out.Leaf("span", {{"class", "help"}}, help);
  }
  const Markup::Element cell(page.out, "td", {{"colspan", absl::StrCat(std::max(1, page.view.stages()))}});
  picture();
}

std::string Height(double pixels) { return absl::StrFormat("height:%.0fpx", pixels); }

// A picture as wide as the columns, however wide they are.
void AppendStretched(const JourneyPageParts& page, double height, absl::string_view name,
                     const std::function<void()>& shapes) {
  const double width = kColumnWidth * page.view.stages();
  const Markup::Element svg(page.out, "svg",
                            {{"viewBox", absl::StrFormat("0 0 %.0f %.0f", width, height)},
                             {"preserveAspectRatio", "none"},
                             {"role", "img"},
                             {"aria-label", std::string(name)}});
  shapes();
}

void AppendRoad(const JourneyPageParts& page) {
  const Road road = LayRoad(page.view, kColumnWidth);
  AppendPictureRow(page, page.Say("The road", "Der Weg"),
                   page.Say("Height: stays. Colour: emotion. What falls away goes back.",
                            "Höhe: Aufenthalte. Farbe: Emotion. Was wegfällt, geht zurück."),
                   [&] {
                     const Markup::Element box(page.out, "div", {{"class", "road"}, {"style", Height(road.height)}});
                     AppendStretched(
                         page, road.height,
                         page.Say("Flows between the stages; the rows below say the same in numbers.",
                                  "Ströme zwischen den Phasen; die Zeilen darunter sagen dasselbe in Zahlen."),
                         [&] { DrawRoad(page.view, road, "r", page.out); });
                     AppendRoadLabels(page, road);
                   });
}

void AppendCurvePoint(const JourneyPageParts& page, int stage, const EmotionCurve::Point* point, double zero) {
  const Markup::Element mark(
      page.out, "div",
      {{"class", "feeling"}, {"style", PlaceOf(page, stage + 0.5, point == nullptr ? zero : point->y)}});
  AppendFace(page, point == nullptr ? nullptr : point->emotion);
  page.out.Leaf("b", {},
                point == nullptr ? std::string(page.Say("too few answers", "zu wenige Antworten"))
                                 : page.words.Signed(point->emotion->mean(), 2));
}

void AppendCurve(const JourneyPageParts& page) {
  const EmotionCurve curve = LayCurve(page.view, kColumnWidth);
  AppendPictureRow(
      page, page.Say("How it feels", "Wie es sich anfühlt"),
      absl::StrCat(page.Say("From −1 to +1. Band: 95% confidence.", "Von −1 bis +1. Band: 95\u00a0% Konfidenz."),
                   page.before == nullptr ? "" : page.Say(" Dashed: compared with.", " Gestrichelt: Vergleich.")),
      [&] {
        const Markup::Element box(page.out, "div", {{"class", "emotions"}, {"style", Height(curve.height)}});
        AppendStretched(page, curve.height, page.Say("Emotion by stage", "Emotion je Phase"), [&] {
          const std::string zero = absl::StrFormat("M0 %.1fH%.0f", curve.zero, kColumnWidth * page.view.stages());
          page.out.Void("path", {{"class", "zero"}, {"d", zero}});
          if (page.before != nullptr && page.before->stages() == page.view.stages()) {
            const EmotionCurve before = LayCurve(*page.before, kColumnWidth);
            if (!before.line.empty()) page.out.Void("path", {{"class", "before"}, {"d", before.line}});
          }
          DrawCurve(curve, page.out);
        });
        size_t next = 0;
        for (int i = 0; i < page.view.stages(); ++i) {
          const bool known = next < curve.points.size() && curve.points[next].stage == i;
          AppendCurvePoint(page, i, known ? &curve.points[next++] : nullptr, curve.zero);
        }
      });
}

void AppendColumns(const JourneyPageParts& page) {
  const Markup::Element group(page.out, "colgroup");
  page.out.Void("col", {{"class", "label"}});
  for (int i = 0; i < page.view.stages(); ++i) page.out.Void("col");
}

// Whether a stage's name has a word that would not fit its column in the usual size.
bool HasLongWord(const MapView& view) {
  constexpr size_t kMostLetters = 14;
  for (int i = 0; i < view.stages(); ++i) {
    const std::string name = view.StageName(i);
    for (const absl::string_view word : absl::StrSplit(name, absl::ByAnyChar(" -"))) {
      if (Cut(word, kMostLetters) != word) return true;
    }
  }
  return false;
}

void AppendTable(const JourneyPageParts& page, absl::string_view caption, const std::function<void()>& content) {
  const Markup::Element table(page.out, "table", {{"class", HasLongWord(page.view) ? "map long" : "map"}});
  page.out.Leaf("caption", {{"class", "sr"}}, caption);
  AppendColumns(page);
  content();
}

void AppendLegend(const JourneyPageParts& page) {
  const Markup::Element legend(page.out, "ul",
                               {{"class", "legend"}, {"aria-label", std::string(page.Say("Legend", "Legende"))}});
  for (const double mean : {-0.75, -0.3, 0.0, 0.3, 0.75}) {
    const Markup::Element item(page.out, "li");
    v1::Emotion emotion;
    emotion.set_mean(mean);
    page.out.Leaf("i", {{"class", absl::StrCat("swatch e", EmotionStep(mean))}}, "");
    AppendFace(page, &emotion);
    page.out.Leaf("span", {{"aria-hidden", "true"}}, EmotionWord(mean, page.words));
  }
  const auto item = [&page](absl::string_view mark, absl::string_view text) {
    const Markup::Element element(page.out, "li");
    page.out.Leaf("i", {{"class", std::string(mark)}}, "");
    page.out.Leaf("span", {}, text);
  };
  {
    const Markup::Element few(page.out, "li");
    page.out.Leaf("i", {{"class", "swatch en"}}, "");
    AppendFace(page, nullptr);
    page.out.Leaf("span", {{"aria-hidden", "true"}}, page.Say("too few answers", "zu wenige Antworten"));
  }
  item("swatch expected", page.Say("the stage expects this touchpoint", "die Phase erwartet diesen Kontaktpunkt"));
  page.out.Leaf("li", {},
                page.Say("Bars: events, one scale for all cells", "Balken: Ereignisse, ein Maßstab für alle Zellen"));
}

}  // namespace

void AppendFace(const JourneyPageParts& page, const v1::Emotion* emotion) {
  const std::string name(emotion == nullptr ? page.Say("too few answers", "zu wenige Antworten")
                                            : EmotionWord(emotion->mean(), page.words));
  const std::string id = absl::StrCat("#face-", emotion == nullptr ? "n" : absl::StrCat(EmotionStep(emotion->mean())));
  const Markup::Element svg(page.out, "svg",
                            {{"class", "face"}, {"viewBox", "0 0 24 24"}, {"role", "img"}, {"aria-label", name}});
  page.out.Void("use", {{"href", id}});
}

void AppendJourneyTable(const JourneyPageParts& page) {
  const v1::JourneyMap& map = page.view.map();
  const TouchpointRows split = SplitRows(map, kFirstRows);
  ShownCells shown;
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "journey"}});
  page.out.Leaf("h2", {{"id", "journey"}}, page.Say("The journey, stage by stage", "Die Reise, Phase für Phase"));
  AppendLegend(page);
  {
    const Markup::Element scroll(page.out, "div",
                                 {{"class", "scroll"},
                                  {"role", "region"},
                                  {"aria-labelledby", "journey"},
                                  {"tabindex", "0"},
                                  {"style", absl::StrCat("--stages:", page.view.stages())}});
    AppendTable(
        page, page.Say("Stages with their figures and touchpoints", "Phasen mit ihren Zahlen und Kontaktpunkten"), [&] {
          AppendStageHeads(page);
          {
            const Markup::Element body(page.out, "tbody");
            AppendRoad(page);
            AppendCurve(page);
            AppendStageFigures(page);
          }
          AppendChannels(page, split.first, &shown);
        });
    if (!split.rest.empty()) {
      const Markup::Element fold(page.out, "details", {{"class", "rest"}});
      page.out.Leaf(
          "summary", {},
          absl::StrCat(page.words.Count(static_cast<int64_t>(split.rest.size())),
                       page.Say(" more touchpoints, less frequented", " weitere, seltener besuchte Kontaktpunkte")));
      AppendTable(page, page.Say("Further touchpoints", "Weitere Kontaktpunkte"), [&] {
        AppendStageHeads(page);
        AppendChannels(page, split.rest, nullptr);
      });
    }
  }
  AppendCellDetails(page, shown);
}

}  // namespace waymark::cli
