#include "service/cli/journey_page_road.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace waymark::cli {
namespace {

constexpr double kHeadroom = 74;      // for ribbons that leave a stage out
constexpr double kRiverHeight = 150;  // of the stage with the most stays
constexpr double kLeastHeight = 5, kLeastThickness = 1.5;
constexpr double kDropDepth = 30, kDropReach = 0.36;  // pixels, columns
constexpr double kCurveHeight = 170, kCurveMargin = 26;

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

// A ribbon of even thickness (measured down) between the tops y1 and y2; `lift` bends it up on its way.
std::string RibbonPath(double x1, double y1, double x2, double y2, double thickness, double lift) {
  const double bend = (x2 - x1) * (lift > 0 ? 0.3 : 0.5);
  const double left = x1 + bend, right = x2 - bend;
  const double up1 = lift > 0 ? std::min(y1, y2) - lift : y1, up2 = lift > 0 ? up1 : y2;
  return absl::StrFormat("M%.1f %.1fC%.1f %.1f %.1f %.1f %.1f %.1fV%.1fC%.1f %.1f %.1f %.1f %.1f %.1fZ", x1, y1, left,
                         up1, right, up2, x2, y2, y2 + thickness, right, up2 + thickness, left, up1 + thickness, x1,
                         y1 + thickness);
}

struct Move {
  int from = 0, to = 0;
  int64_t count = 0;
};

std::vector<Move> ForwardMoves(const MapView& view) {
  std::vector<Move> moves;
  for (int from = 0; from < view.stages(); ++from) {
    for (const v1::MapMove& move : view.stage(from).moves()) {
      const absl::optional<int> to = view.IndexOf(move.to_stage());
      if (to.has_value() && *to > from && move.count() > 0) moves.push_back({from, *to, move.count()});
    }
  }
  return moves;
}

// Whatever is more: who came within the period, or who left, or who came by the moves.
std::vector<int64_t> Stays(const MapView& view, const std::vector<Move>& forward) {
  std::vector<int64_t> stays(view.stages(), 0), arrived(view.stages(), 0);
  for (const Move& move : forward) arrived[move.to] += move.count;
  for (int i = 0; i < view.stages(); ++i) {
    const v1::MapStage& stage = view.stage(i);
    int64_t ended = 0;
    for (const v1::MapMove& move : stage.moves()) ended += move.count();
    stays[i] = std::max({stage.entries(), ended, arrived[i]});
  }
  return stays;
}

// How thick so many are.
double Thickness(double scale, int64_t count) { return std::max(kLeastThickness, scale * static_cast<double>(count)); }

void LayRibbons(std::vector<Move> moves, double scale, Road& road) {
  std::vector<double> out_y, in_y;
  for (const Road::Block& block : road.blocks) {
    out_y.push_back(block.top);
    in_y.push_back(block.top);
  }
  // From the top down: the furthest jump first, so that ribbons do not cross at a block.
  std::sort(moves.begin(), moves.end(), [](const Move& left, const Move& right) {
    const int left_span = left.to - left.from, right_span = right.to - right.from;
    return left_span != right_span ? left_span > right_span : left.from < right.from;
  });
  for (const Move& move : moves) {
    const double thickness = Thickness(scale, move.count);
    const int left_out = move.to - move.from - 1;
    const double lift = left_out == 0 ? 0 : std::min(kHeadroom - 12, 26.0 + 16 * left_out);
    road.ribbons.push_back({move.from, move.to, move.count,
                            RibbonPath(road.blocks[move.from].x, out_y[move.from], road.blocks[move.to].x,
                                       in_y[move.to], thickness, lift)});
    out_y[move.from] += thickness;
    in_y[move.to] += thickness;
  }
  std::stable_sort(road.ribbons.begin(), road.ribbons.end(),
                   [](const Road::Ribbon& left, const Road::Ribbon& right) { return left.count > right.count; });
}

void AppendBump(double x1, double y1, double x2, double y2, std::string& path) {
  absl::StrAppendFormat(&path, "C%.1f %.1f %.1f %.1f %.1f %.1f", (x1 + x2) / 2, y1, (x1 + x2) / 2, y2, x2, y2);
}

double CurveY(double mean) {
  const double half = kCurveHeight / 2 - kCurveMargin;
  return kCurveHeight / 2 - std::clamp(mean, -1.0, 1.0) * half;
}

}  // namespace

Road LayRoad(const MapView& view, double column_width) {
  const std::vector<Move> forward = ForwardMoves(view);
  const std::vector<int64_t> stays = Stays(view, forward);
  Road road;
  road.column_width = column_width;
  road.middle = kHeadroom + kRiverHeight / 2;
  road.drop_lane = kHeadroom + kRiverHeight + kDropDepth;
  road.height = road.drop_lane + 26;
  const int64_t most = stays.empty() ? 0 : *std::max_element(stays.begin(), stays.end());
  const double scale = most > 0 ? kRiverHeight / static_cast<double>(most) : 0;
  for (int i = 0; i < view.stages(); ++i) {
    const double height = std::max(kLeastHeight, scale * static_cast<double>(stays[i]));
    road.blocks.push_back({(i + 0.5) * column_width, road.middle - height / 2, height, stays[i]});
  }
  LayRibbons(forward, scale, road);
  for (int i = 0; i < view.stages(); ++i) {
    const int64_t count = view.stage(i).dropped().count();
    if (count <= 0) continue;
    const double thickness = std::min(Thickness(scale, count), road.blocks[i].height);
    const Road::Block& block = road.blocks[i];
    road.drops.push_back({i, count,
                          RibbonPath(block.x, block.top + block.height - thickness, block.x + kDropReach * column_width,
                                     road.drop_lane - thickness / 2, thickness, 0)});
  }
  return road;
}

EmotionCurve LayCurve(const MapView& view, double column_width) {
  EmotionCurve curve;
  curve.height = kCurveHeight;
  curve.zero = CurveY(0);
  for (int i = 0; i < view.stages(); ++i) {
    const v1::MapStage& stage = view.stage(i);
    if (!stage.has_emotion()) continue;
    curve.points.push_back({(i + 0.5) * column_width, CurveY(stage.emotion().mean()), i, &stage.emotion()});
  }
  for (size_t i = 1; i < curve.points.size(); ++i) {
    const EmotionCurve::Point& from = curve.points[i - 1];
    const EmotionCurve::Point& to = curve.points[i];
    std::string& path = to.stage == from.stage + 1 ? curve.line : curve.gaps;
    absl::StrAppend(&path, "M", Number(from.x), " ", Number(from.y));
    AppendBump(from.x, from.y, to.x, to.y, path);
    const double high1 = CurveY(from.emotion->high()), high2 = CurveY(to.emotion->high());
    const double low1 = CurveY(from.emotion->low()), low2 = CurveY(to.emotion->low());
    absl::StrAppend(&curve.interval, "M", Number(from.x), " ", Number(high1));
    AppendBump(from.x, high1, to.x, high2, curve.interval);
    absl::StrAppend(&curve.interval, "V", Number(low2));
    AppendBump(to.x, low2, from.x, low1, curve.interval);
    curve.interval += 'Z';
  }
  return curve;
}

std::string StepName(const v1::MapStage& stage) {
  return stage.has_emotion() ? absl::StrCat(EmotionStep(stage.emotion().mean())) : "n";
}

void DrawRoad(const MapView& view, const Road& road, absl::string_view prefix, Markup& out) {
  const auto gradient = [&](const std::string& id, double from, double to, const auto& stops) {
    const Markup::Element element(out, "linearGradient",
                                  {{"id", id},
                                   {"gradientUnits", "userSpaceOnUse"},
                                   {"x1", Number(from)},
                                   {"x2", Number(to)},
                                   {"y1", "0"},
                                   {"y2", "0"}});
    stops();
  };
  const auto stop = [&out](absl::string_view at, std::string name, absl::string_view opacity) {
    out.Void("stop", {{"offset", std::string(at)}, {"class", std::move(name)}, {"stop-opacity", std::string(opacity)}});
  };
  {
    const Markup::Element defs(out, "defs");
    for (const Road::Ribbon& ribbon : road.ribbons) {
      gradient(absl::StrCat(prefix, "f", ribbon.from, "-", ribbon.to), road.blocks[ribbon.from].x,
               road.blocks[ribbon.to].x, [&] {
                 const absl::string_view opacity = ribbon.to == ribbon.from + 1 ? "0.42" : "0.3";
                 stop("0", absl::StrCat("s", StepName(view.stage(ribbon.from))), opacity);
                 stop("1", absl::StrCat("s", StepName(view.stage(ribbon.to))), opacity);
               });
    }
    for (const Road::Drop& drop : road.drops) {
      const double x = road.blocks[drop.from].x;
      gradient(absl::StrCat(prefix, "d", drop.from), x, x + kDropReach * road.column_width, [&] {
        stop("0", "sd", "0.75");
        stop("0.55", "sd", "0.5");
        stop("1", "sd", "0");
      });
    }
  }
  for (const Road::Drop& drop : road.drops) {
    out.Void("path",
             {{"class", "drop"}, {"fill", absl::StrCat("url(#", prefix, "d", drop.from, ")")}, {"d", drop.path}});
  }
  for (const Road::Ribbon& ribbon : road.ribbons) {
    out.Void("path", {{"class", "flow"},
                      {"fill", absl::StrCat("url(#", prefix, "f", ribbon.from, "-", ribbon.to, ")")},
                      {"d", ribbon.path}});
  }
}

void DrawCurve(const EmotionCurve& curve, Markup& out) {
  if (!curve.interval.empty()) out.Void("path", {{"class", "interval"}, {"d", curve.interval}});
  if (!curve.gaps.empty()) out.Void("path", {{"class", "gap"}, {"d", curve.gaps}});
  if (!curve.line.empty()) out.Void("path", {{"class", "curve"}, {"d", curve.line}});
}

void DrawFace(absl::optional<int> step, Markup& out) {
  if (!step.has_value()) {
    out.Void("circle", {{"class", "nobody"}, {"cx", "12"}, {"cy", "12"}, {"r", "9.5"}});
    out.Void("path", {{"class", "mouth"}, {"d", "M8.5 12H15.5"}});
    return;
  }
  // Mouths from a deep frown to a wide smile: the face says it without its colour.
  static constexpr absl::string_view kMouths[] = {"M7 17.6Q12 10.2 17 17.6", "M7.6 16.6Q12 13 16.4 16.6",
                                                  "M7.8 15.6H16.2", "M7.6 14.4Q12 18.2 16.4 14.4",
                                                  "M6.8 13.2Q12 21.4 17.2 13.2Z"};
  out.Void("circle", {{"class", absl::StrCat("disc e", *step)}, {"cx", "12"}, {"cy", "12"}, {"r", "10"}});
  out.Void("circle", {{"class", "eye"}, {"cx", "8.6"}, {"cy", "9.6"}, {"r", "1.35"}});
  out.Void("circle", {{"class", "eye"}, {"cx", "15.4"}, {"cy", "9.6"}, {"r", "1.35"}});
  out.Void("path", {{"class", *step == 4 ? "mouth open" : "mouth"}, {"d", std::string(kMouths[*step])}});
}

}  // namespace waymark::cli
