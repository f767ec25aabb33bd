#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/cli/journey_page_parts.h"

namespace waymark::cli {
namespace {

constexpr size_t kMaxMoves = 4;

absl::Duration DurationOf(const google::protobuf::Duration& duration) {
  return absl::Seconds(duration.seconds()) + absl::Nanoseconds(duration.nanos());
}

// The stage in the map to compare with; nullptr: none.
const v1::MapStage* Before(const JourneyPageParts& page, const v1::MapStage& stage) {
  if (page.before == nullptr) return nullptr;
  const absl::optional<int> index = page.before->IndexOf(stage.stage());
  return index.has_value() ? &page.before->stage(*index) : nullptr;
}

// A row: `cell` writes the content for a stage.
void AppendFigureRow(const JourneyPageParts& page, absl::string_view id, absl::string_view name, absl::string_view help,
                     const std::function<void(int)>& cell) {
  const Markup::Element row(page.out, "tr", {{"class", "figure"}, {"data-figure", std::string(id)}});
  {
    const Markup::Element head(page.out, "th", {{"scope", "row"}});
    page.out.Text(name);
    if (!help.empty()) page.out.Leaf("span", {{"class", "help"}}, help);
  }
  for (int i = 0; i < page.view.stages(); ++i) {
    const Markup::Element data(page.out, "td", {{"data-stage", page.view.stage(i).stage()}});
    cell(i);
  }
}

void AppendNumber(const JourneyPageParts& page, const std::string& number) { page.out.Leaf("b", {}, number); }

void AppendNothing(const JourneyPageParts& page) {
  const Markup::Element none(page.out, "span", {{"class", "none"}});
  page.out.Text("–");
}

void AppendShare(const JourneyPageParts& page, const v1::Share& share, const v1::Share* before) {
  if (share.of() == 0) return AppendNothing(page);
  AppendNumber(page, page.words.Percent(share.share()));
  page.out.Leaf("span", {{"class", "sub"}}, IntervalText(share, page.words));
  if (before == nullptr || before->of() == 0) return;
  AppendDifference(
      page, {share.share(), share.low(), share.high()}, {before->share(), before->low(), before->high()},
      absl::StrCat(page.words.Signed(100 * (share.share() - before->share()), 1), "\u00a0", page.Say("pp", "Pp.")),
      page.Say("(clear)", "(deutlich)"), page.Say("(uncertain)", "(unsicher)"));
}

void AppendMoves(const JourneyPageParts& page, const v1::MapStage& stage) {
  if (stage.moves().empty()) return AppendNothing(page);
  const absl::optional<int> here = page.view.IndexOf(stage.stage());
  std::vector<v1::MapMove> moves(stage.moves().begin(), stage.moves().end());
  std::stable_sort(moves.begin(), moves.end(),
                   [](const v1::MapMove& left, const v1::MapMove& right) { return left.count() > right.count(); });
  if (moves.size() > kMaxMoves) moves.resize(kMaxMoves);
  const Markup::Element list(page.out, "ul", {{"class", "moves"}});
  for (const v1::MapMove& move : moves) {
    const absl::optional<int> to = page.view.IndexOf(move.to_stage());
    const Markup::Element item(page.out, "li",
                               {{"data-to", move.to_stage()}, {"data-count", absl::StrCat(move.count())}});
    page.out.Text(absl::StrCat(to.has_value() && here.has_value() && *to < *here ? "←\u00a0" : "→\u00a0",
                               page.view.StageName(move.to_stage()), " "));
    page.out.Leaf("b", {}, page.words.Percent(move.share(), 0));
  }
}

void AppendDwell(const JourneyPageParts& page, const v1::MapStage& stage) {
  if (!stage.has_dwell_median()) return AppendNothing(page);
  AppendNumber(page, page.words.Duration(DurationOf(stage.dwell_median())));
  if (!stage.has_dwell_p90()) return;
  page.out.Leaf(
      "span", {{"class", "sub"}},
      absl::StrCat(page.Say("90% within ", "90\u00a0% binnen "), page.words.Duration(DurationOf(stage.dwell_p90()))));
}

void AppendCustomers(const JourneyPageParts& page, const v1::MapStage& stage) {
  AppendNumber(page, page.words.Count(stage.customers()));
  page.out.Leaf("span", {{"class", "sub"}},
                absl::StrCat(page.words.Count(stage.entries()), page.Say(" stays", " Aufenthalte")));
  const v1::MapStage* before = Before(page, stage);
  if (before == nullptr || before->customers() == 0) return;
  const double now = static_cast<double>(stage.customers()), then = static_cast<double>(before->customers());
  AppendDifference(page, {now, now, now}, {then, then, then},
                   absl::StrCat(page.words.Signed(100 * (now - then) / then, 1), page.Say("%", "\u00a0%")), "", "");
}

// Whether a stage says it at all; else the row is left out.
bool Any(const JourneyPageParts& page, bool (v1::MapStage::*has)() const) {
  const auto& stages = page.view.map().stages();
  return std::any_of(stages.begin(), stages.end(), [has](const v1::MapStage& stage) { return (stage.*has)(); });
}

}  // namespace

void AppendStageFigures(const JourneyPageParts& page) {
  const auto stage = [&page](int i) -> const v1::MapStage& { return page.view.stage(i); };
  AppendFigureRow(page, "customers", page.Say("Customers", "Kunden"),
                  page.Say("who came within the period", "die im Zeitraum kamen"),
                  [&](int i) { AppendCustomers(page, stage(i)); });
  const auto& reach = page.view.map().kpis().reach();
  if (!reach.empty()) {
    AppendFigureRow(page, "reached", page.Say("Reached", "Erreicht"),
                    page.Say("of all on the road", "von allen Kunden unterwegs"), [&](int i) {
                      const auto found = std::find_if(reach.begin(), reach.end(), [&](const auto& each) {
                        return each.stage() == stage(i).stage();
                      });
                      if (found == reach.end()) return AppendNothing(page);
                      AppendShare(page, found->reached(), nullptr);
                    });
  }
  AppendFigureRow(page, "progressed", page.Say("Moved on", "Kamen weiter"),
                  page.Say("of the stays that ended", "der beendeten Aufenthalte"), [&](int i) {
                    const v1::MapStage* before = Before(page, stage(i));
                    AppendShare(page, stage(i).progressed(), before == nullptr ? nullptr : &before->progressed());
                  });
  AppendFigureRow(page, "dropped", page.Say("Fell back", "Fielen zurück"), "", [&](int i) {
    const v1::MapStage* before = Before(page, stage(i));
    AppendShare(page, stage(i).dropped(), before == nullptr ? nullptr : &before->dropped());
  });
  AppendFigureRow(page, "moves", page.Say("Where to", "Wohin"), "", [&](int i) { AppendMoves(page, stage(i)); });
  if (Any(page, &v1::MapStage::has_dwell_median))
    AppendFigureRow(page, "dwell", page.Say("Stay", "Verweildauer"), page.Say("median", "Median"),
                    [&](int i) { AppendDwell(page, stage(i)); });
  if (Any(page, &v1::MapStage::has_velocity_median))
    AppendFigureRow(page, "velocity", page.Say("Pace", "Tempo"),
                    page.Say("median until moving on", "Median bis zum Weiterkommen"), [&](int i) {
                      if (!stage(i).has_velocity_median()) return AppendNothing(page);
                      AppendNumber(page, page.words.Duration(DurationOf(stage(i).velocity_median())));
                    });
  AppendFigureRow(page, "standing", page.Say("Here at the end", "Am Ende hier"), page.Say("customers", "Kunden"),
                  [&](int i) { AppendNumber(page, page.words.Count(stage(i).standing())); });
  if (Any(page, &v1::MapStage::has_value))
    AppendFigureRow(page, "value", page.Say("Worth", "Wert"),
                    page.Say("expected of who stands here", "erwartet von Kunden hier"), [&](int i) {
                      if (!stage(i).has_value()) return AppendNothing(page);
                      AppendNumber(page, page.words.Money(static_cast<double>(stage(i).value().micros()) / 1e6,
                                                          stage(i).value().currency()));
                    });
}

}  // namespace waymark::cli
