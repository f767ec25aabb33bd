#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/cli/journey_page_parts.h"

namespace waymark::cli {
namespace {

// What a row needs to draw its cells.
struct Rows {
  const JourneyPageParts& page;
  int64_t most = 0;             // volume of the largest cell
  ShownCells* shown = nullptr;  // may be null: cells without details
};

void AppendCellContent(const Rows& rows, const v1::MapCell& cell) {
  const JourneyPageParts& page = rows.page;
  {
    const Markup::Element bar(page.out, "span", {{"class", "bar"}});
    const std::string step = cell.has_emotion() ? absl::StrCat(EmotionStep(cell.emotion().mean())) : "n";
    const double width =
        std::max(1.2, 100 * static_cast<double>(cell.volume()) / static_cast<double>(std::max<int64_t>(1, rows.most)));
    page.out.Leaf("i", {{"class", absl::StrCat("e", step)}, {"style", absl::StrFormat("width:%.1f%%", width)}}, "");
  }
  page.out.Leaf("span", {{"class", "volume"}}, page.words.Count(cell.volume()));
  {
    const Markup::Element feel(page.out, "span", {{"class", "feel"}});
    AppendFace(page, cell.has_emotion() ? &cell.emotion() : nullptr);
    if (cell.has_emotion()) page.out.Leaf("span", {}, page.words.Signed(cell.emotion().mean(), 2));
  }
  if (cell.expected()) page.out.Leaf("span", {{"class", "sr"}}, page.Say(", expected here", ", hier erwartet"));
}

void AppendCell(const Rows& rows, const v1::MapCell& cell) {
  const JourneyPageParts& page = rows.page;
  const Markup::Element data(
      page.out, "td",
      {{"class", cell.expected() ? "cell expected" : "cell"},
       {"data-stage", cell.stage()},
       {"data-touchpoint", cell.touchpoint()},
       {"data-volume", absl::StrCat(cell.volume())},
       {cell.has_emotion() ? "data-emotion" : "", absl::StrFormat("%.17g", cell.emotion().mean())}});
  if (cell.volume() == 0) {
    page.out.Leaf("span", {{"class", "missing"}}, page.Say("expected, but empty", "erwartet, aber leer"));
    return;
  }
  if (rows.shown == nullptr) {
    const Markup::Element box(page.out, "div");
    AppendCellContent(rows, cell);
    return;
  }
  const std::string id = absl::StrCat("c", rows.shown->size());
  rows.shown->push_back(&cell);
  const Markup::Element button(page.out, "button", {{"type", "button"}, {"popovertarget", id}});
  AppendCellContent(rows, cell);
}

void AppendTouchpointRow(const Rows& rows, const v1::MapTouchpoint& touchpoint) {
  const JourneyPageParts& page = rows.page;
  const Markup::Element row(page.out, "tr", {{"class", "touchpoint"}, {"data-touchpoint", touchpoint.touchpoint()}});
  {
    const Markup::Element head(page.out, "th", {{"scope", "row"}});
    page.out.Leaf("span", {{"class", "name"}, {"title", touchpoint.touchpoint()}}, page.view.PlaceName(touchpoint));
    if (touchpoint.undeclared())
      page.out.Leaf("span", {{"class", "tag"}}, page.Say("not in the playbook", "nicht im Playbook"));
    const Markup::Element sub(page.out, "span", {{"class", "sub"}});
    page.out.Text(absl::StrCat(page.words.Count(touchpoint.volume()), page.Say(" events", " Ereignisse")));
    if (touchpoint.has_emotion()) {
      page.out.Text(" · ");
      AppendFace(page, &touchpoint.emotion());
      page.out.Text(page.words.Signed(touchpoint.emotion().mean(), 2));
    }
    // In stages that the playbook does not have any more.
    const v1::MapCell* former = page.view.Cell("", touchpoint.touchpoint());
    if (former != nullptr && former->volume() > 0) {
      page.out.Text(absl::StrCat(" · ", page.words.Count(former->volume()),
                                 page.Say(" in former stages", " in früheren Phasen")));
    }
  }
  for (int i = 0; i < page.view.stages(); ++i) {
    const v1::MapCell* cell = page.view.Cell(page.view.stage(i).stage(), touchpoint.touchpoint());
    if (cell != nullptr) {
      AppendCell(rows, *cell);
    } else {
      page.out.Leaf("td", {{"class", "cell"}}, "");
    }
  }
}

void AppendPair(const JourneyPageParts& page, absl::string_view name, absl::string_view text) {
  page.out.Leaf("dt", {}, name);
  page.out.Leaf("dd", {}, text);
}

void AppendEmotionPairs(const JourneyPageParts& page, const v1::MapCell& cell) {
  if (!cell.has_emotion()) return AppendPair(page, "Emotion", page.Say("too few answers", "zu wenige Antworten"));
  const v1::Emotion& emotion = cell.emotion();
  AppendPair(page, "Emotion",
             absl::StrCat(EmotionWord(emotion.mean(), page.words), ", ", EmotionText(emotion, page.words)));
  AppendPair(page, page.Say("from", "aus"),
             absl::StrCat(page.words.Count(emotion.responses()), page.Say(" answers of ", " Antworten von "),
                          page.words.Count(emotion.people()), page.Say(" customers", " Kunden")));
}

void AppendDetails(const JourneyPageParts& page, const std::string& id, const v1::MapCell& cell) {
  const Markup::Element box(page.out, "div", {{"id", id}, {"popover", "auto"}, {"class", "details"}});
  page.out.Leaf("p", {{"class", "title"}}, page.view.TouchpointName(cell.touchpoint()));
  page.out.Leaf("p", {{"class", "sub"}}, page.view.StageName(cell.stage()));
  const Markup::Element list(page.out, "dl");
  AppendPair(page, page.Say("Events", "Ereignisse"), page.words.Count(cell.volume()));
  for (const v1::MapEvents& events : cell.events()) {
    AppendPair(page, absl::StrCat("· ", Readable(events.event())), page.words.Count(events.volume()));
  }
  AppendPair(page, page.Say("Customers", "Kunden"), page.words.Count(cell.customers()));
  AppendEmotionPairs(page, cell);
  if (cell.progressed().of() > 0) {
    AppendPair(page, page.Say("Moved on", "Kamen weiter"),
               absl::StrCat(page.words.Percent(cell.progressed().share()), " (",
                            IntervalText(cell.progressed(), page.words), ")"));
  }
  const v1::MapCell* before = page.before == nullptr ? nullptr : page.before->Cell(cell.stage(), cell.touchpoint());
  if (before == nullptr) return;
  AppendPair(page, page.Say("Events before", "Ereignisse im Vergleich"), page.words.Count(before->volume()));
  if (before->has_emotion()) {
    AppendPair(page, page.Say("Emotion before", "Emotion im Vergleich"), EmotionText(before->emotion(), page.words));
  }
}

}  // namespace

void AppendChannels(const JourneyPageParts& page, const std::vector<const v1::MapTouchpoint*>& touchpoints,
                    ShownCells* shown) {
  Rows rows{page, 0, shown};
  for (const v1::MapCell& cell : page.view.map().cells()) rows.most = std::max(rows.most, cell.volume());
  for (size_t i = 0; i < touchpoints.size();) {
    const std::string& channel = touchpoints[i]->channel();
    const Markup::Element body(page.out, "tbody", {{"class", "channel"}});
    {
      const Markup::Element row(page.out, "tr", {{"class", "channel"}});
      page.out.Leaf("th", {{"scope", "rowgroup"}},
                    channel.empty() ? std::string(page.Say("no channel", "ohne Kanal")) : Readable(channel));
      for (int stage = 0; stage < page.view.stages(); ++stage) {
        page.out.Leaf("td", {{"aria-hidden", "true"}}, page.view.StageName(stage));
      }
    }
    for (; i < touchpoints.size() && touchpoints[i]->channel() == channel; ++i)
      AppendTouchpointRow(rows, *touchpoints[i]);
  }
}

void AppendCellDetails(const JourneyPageParts& page, const ShownCells& shown) {
  for (size_t i = 0; i < shown.size(); ++i) AppendDetails(page, absl::StrCat("c", i), *shown[i]);
}

}  // namespace waymark::cli
