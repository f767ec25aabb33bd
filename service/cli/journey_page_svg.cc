#include <algorithm>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/cli/journey_page.h"
#include "service/cli/journey_page_parts.h"
#include "service/cli/journey_page_road.h"

namespace waymark::cli {
namespace {

constexpr double kMargin = 40, kLabelWidth = 190, kColumnWidth = 170, kTitleHeight = 112, kHeadHeight = 60;
constexpr double kRowHeight = 46;
constexpr size_t kRows = 12;
constexpr size_t kColumnLetters = 20, kLabelLetters = 24;

constexpr absl::string_view kStyle = R"css(
text{font:14px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","Noto Sans",Arial,sans-serif;fill:#1d2230}
.title{font-size:30px;font-weight:680}.soft{fill:#5a6172;font-size:12.5px}.strong{font-weight:650}.middle{text-anchor:middle}.end{text-anchor:end}
.e0{fill:#a63c06}.e1{fill:#d9772b}.e2{fill:#8c8a85}.e3{fill:#4b8fc4}.e4{fill:#1c5c9c}.en{fill:url(#few)}
.s0{stop-color:#a63c06}.s1{stop-color:#d9772b}.s2{stop-color:#8c8a85}.s3{stop-color:#4b8fc4}.s4{stop-color:#1c5c9c}.sn{stop-color:#a3a19b}.sd{stop-color:#6b6470}
.disc{stroke:#fff;stroke-width:1.5}.eye{fill:#fff}.mouth{fill:none;stroke:#fff;stroke-width:1.9;stroke-linecap:round}.mouth.open{fill:#fff}
.nobody{fill:#fff;stroke:#a3a19b;stroke-width:1.6;stroke-dasharray:3 2.6}.nobody+.mouth{stroke:#a3a19b}
.interval{fill:#27507f;opacity:.13}.curve{fill:none;stroke:#1d2230;stroke-width:2}.gap{fill:none;stroke:#1d2230;stroke-width:1.5;stroke-dasharray:2 5}
.line{stroke:#e5e2dc}.track{fill:#f3f1ec}.missing{fill:none;stroke:#5a6172;stroke-dasharray:3 3}.halo{paint-order:stroke;stroke:#fff;stroke-width:4px;stroke-linejoin:round}
)css";

std::string Number(double value) { return absl::StrFormat("%.1f", value); }

class Drawing {
 public:
  Drawing(const MapView& view, Markup& out) : view_(view), words_(view.words()), out_(out) {}

  double Width() const { return 2 * kMargin + kLabelWidth + kColumnWidth * std::max(3, view_.stages()); }

  void Draw() {
    Title();
    if (view_.map().customers() == 0) {
      Text(kMargin, y_, "", words_.Say("Nobody is on this road yet.", "Hier ist noch niemand unterwegs."));
      y_ += kMargin;
      return;
    }
    Heads();
    DrawStages();
    Feelings();
    Figures();
    Touchpoints();
    Legend();
  }

  double height() const { return y_; }

 private:
  double Middle(int stage) const { return kMargin + kLabelWidth + (stage + 0.5) * kColumnWidth; }

  void Text(double x, double y, const std::string& kind, absl::string_view text) {
    out_.Leaf("text", {{"x", Number(x)}, {"y", Number(y)}, {kind.empty() ? "" : "class", kind}}, text);
  }

  void Rectangle(double x, double y, double width, double height, std::string kind, double radius) {
    out_.Void("rect", {{"x", Number(x)},
                       {"y", Number(y)},
                       {"width", Number(width)},
                       {"height", Number(height)},
                       {"rx", Number(radius)},
                       {"class", std::move(kind)}});
  }

  void Line(double y) {
    out_.Void("line", {{"class", "line"},
                       {"x1", Number(kMargin)},
                       {"x2", Number(Width() - kMargin)},
                       {"y1", Number(y)},
                       {"y2", Number(y)}});
  }

  void Face(double x, double y, double size, const v1::Emotion* emotion) {
    const Markup::Element group(
        out_, "g",
        {{"transform", absl::StrFormat("translate(%.1f %.1f) scale(%.3f)", x - size / 2, y - size / 2, size / 24)}});
    DrawFace(emotion == nullptr ? absl::nullopt : absl::make_optional(EmotionStep(emotion->mean())), out_);
  }

  void Title() {
    const v1::JourneyMap& map = view_.map();
    Text(kMargin, 62, "title", Cut(Readable(map.journey()), 60));
    Text(kMargin, 90, "soft",
         absl::StrCat(words_.Count(map.customers()), words_.Say(" customers · ", " Kunden · "),
                      SelectionText(map, words_), " · ", PeriodText(map, words_)));
    y_ = kTitleHeight + 20;
  }

  void Heads() {
    for (int i = 0; i < view_.stages(); ++i) {
      Text(Middle(i), y_ + 18, "middle soft", absl::StrCat(i + 1));
      Text(Middle(i), y_ + 40, "middle strong", Cut(view_.StageName(i), kColumnLetters));
    }
    y_ += kHeadHeight;
  }

  void DrawStages() {
    const Road road = LayRoad(view_, kColumnWidth);
    const Markup::Element group(out_, "g", {{"transform", absl::StrFormat("translate(0 %.1f)", y_)}});
    {
      const Markup::Element flows(out_, "g",
                                  {{"transform", absl::StrFormat("translate(%.1f 0)", kMargin + kLabelWidth)}});
      DrawRoad(view_, road, "r", out_);
    }
    Text(kMargin, road.middle + 5, "strong", words_.Say("The road", "Der Weg"));
    for (int i = 0; i < view_.stages(); ++i) {
      const v1::MapStage& stage = view_.stage(i);
      const Road::Block& block = road.blocks[i];
      Rectangle(Middle(i) - 17, block.top, 34, block.height, absl::StrCat("e", StepName(stage)),
                std::min(5.0, block.height / 2));
      Text(Middle(i), block.top - 9, "middle strong halo", words_.Count(block.stays));
      if (stage.progressed().count() > 0) {
        Text(Middle(i) + kColumnWidth / 2, road.middle + 5, "middle strong halo",
             absl::StrCat(words_.Percent(stage.progressed().share(), 0), " →"));
      }
      if (stage.dropped().count() > 0) {
        Text(
            Middle(i), road.drop_lane + 14, "middle soft",
            absl::StrCat("↓ ", words_.Percent(stage.dropped().share(), 0), words_.Say(" fall back", " fallen zurück")));
      }
    }
    y_ += road.height + 8;
  }

  void Feelings() {
    const EmotionCurve curve = LayCurve(view_, kColumnWidth);
    const Markup::Element group(out_, "g", {{"transform", absl::StrFormat("translate(0 %.1f)", y_)}});
    Line(curve.zero);
    {
      const Markup::Element lines(out_, "g",
                                  {{"transform", absl::StrFormat("translate(%.1f 0)", kMargin + kLabelWidth)}});
      DrawCurve(curve, out_);
    }
    Text(kMargin, curve.zero - 8, "strong halo", words_.Say("How it feels", "Wie es sich anfühlt"));
    size_t next = 0;
    for (int i = 0; i < view_.stages(); ++i) {
      const bool known = next < curve.points.size() && curve.points[next].stage == i;
      const EmotionCurve::Point* point = known ? &curve.points[next++] : nullptr;
      const double y = point == nullptr ? curve.zero : point->y;
      Face(Middle(i), y, 34, point == nullptr ? nullptr : point->emotion);
      Text(Middle(i), y + 33, "middle strong halo",
           point == nullptr ? std::string(words_.Say("too few answers", "zu wenige Antworten"))
                            : words_.Signed(point->emotion->mean(), 2));
    }
    y_ += curve.height + 10;
  }

  template <typename Cell>
  void FigureRow(absl::string_view name, Cell cell) {
    Line(y_);
    Text(kMargin, y_ + 28, "strong", name);
    for (int i = 0; i < view_.stages(); ++i) Text(Middle(i), y_ + 28, "middle", cell(view_.stage(i)));
    y_ += kRowHeight;
  }

  void Figures() {
    const auto percent = [this](const v1::Share& share) {
      return share.of() > 0 ? words_.Percent(share.share()) : std::string("–");
    };
    FigureRow(words_.Say("Customers", "Kunden"), [this](const auto& stage) { return words_.Count(stage.customers()); });
    FigureRow(words_.Say("Moved on", "Kamen weiter"), [&](const auto& stage) { return percent(stage.progressed()); });
    FigureRow(words_.Say("Fell back", "Fielen zurück"), [&](const auto& stage) { return percent(stage.dropped()); });
  }

  void Cell(int stage, const v1::MapCell& cell, int64_t most) {
    const double left = Middle(stage) - kColumnWidth / 2 + 8, width = kColumnWidth - 16;
    if (cell.volume() == 0) {
      Rectangle(left, y_ + 9, width, kRowHeight - 18, "missing", 5);
      return Text(Middle(stage), y_ + 28, "middle soft", words_.Say("expected, but empty", "erwartet, aber leer"));
    }
    const double share = static_cast<double>(cell.volume()) / static_cast<double>(std::max<int64_t>(1, most));
    Rectangle(left, y_ + 10, width, 8, "track", 2.5);
    Rectangle(left, y_ + 10, std::max(3.0, share * width), 8,
              cell.has_emotion() ? absl::StrCat("e", EmotionStep(cell.emotion().mean())) : "en", 2.5);
    Text(left, y_ + 35, "soft", words_.Count(cell.volume()));
    if (!cell.has_emotion()) return Face(left + width - 8, y_ + 31, 16, nullptr);
    Face(left + width - 50, y_ + 31, 16, &cell.emotion());
    Text(left + width, y_ + 35, "end soft", words_.Signed(cell.emotion().mean(), 2));
  }

  void Touchpoints() {
    const TouchpointRows rows = SplitRows(view_.map(), kRows);
    int64_t most = 0;
    for (const v1::MapCell& cell : view_.map().cells()) most = std::max(most, cell.volume());
    for (const v1::MapTouchpoint* touchpoint : rows.first) {
      Line(y_);
      Text(kMargin, y_ + 28, "strong", Cut(view_.TouchpointName(touchpoint->touchpoint()), kLabelLetters));
      for (int i = 0; i < view_.stages(); ++i) {
        const v1::MapCell* cell = view_.Cell(view_.stage(i).stage(), touchpoint->touchpoint());
        if (cell != nullptr) Cell(i, *cell, most);
      }
      y_ += kRowHeight;
    }
    Line(y_);
    if (rows.rest.empty()) return;
    y_ += 24;
    Text(kMargin, y_, "soft",
         absl::StrCat(words_.Count(static_cast<int64_t>(rows.rest.size())),
                      words_.Say(" touchpoints that are less frequented are left out",
                                 " seltener besuchte Kontaktpunkte sind weggelassen")));
  }

  void Legend() {
    y_ += 30;
    double x = kMargin;
    for (const double mean : {-0.75, -0.3, 0.0, 0.3, 0.75}) {
      v1::Emotion emotion;
      emotion.set_mean(mean);
      Face(x + 8, y_, 16, &emotion);
      Text(x + 22, y_ + 4, "soft", EmotionWord(mean, words_));
      x += 132;
    }
    Face(x + 8, y_, 16, nullptr);
    Text(x + 22, y_ + 4, "soft", words_.Say("too few answers", "zu wenige Antworten"));
    y_ += kMargin;
  }

  const MapView& view_;
  const Words& words_;
  Markup& out_;
  double y_ = 0;  // how far down it is drawn
};

}  // namespace

std::string JourneySvg(const v1::GetJourneyMapResponse& response, Language language) {
  const Words words(language);
  const MapView view(response.map(), words);
  Markup content;
  Drawing drawing(view, content);
  drawing.Draw();
  const std::string width = absl::StrFormat("%.0f", drawing.Width()),
                    height = absl::StrFormat("%.0f", drawing.height());
  Markup out;
  {
    const Markup::Element svg(out, "svg",
                              {{"xmlns", "http://www.w3.org/2000/svg"},
                               {"width", width},
                               {"height", height},
                               {"viewBox", absl::StrCat("0 0 ", width, " ", height)},
                               {"role", "img"},
                               {"lang", std::string(words.code())}});
    out.Leaf("title", {}, absl::StrCat(words.Say("Customer journey: ", "Kundenreise: "), response.map().journey()));
    {
      const Markup::Element style(out, "style");
      out.Raw(kStyle);
    }
    out.Raw(R"svg(
<defs><pattern id="few" width="4.5" height="4.5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="2" height="4.5" fill="#a3a19b"/></pattern></defs>
<rect width="100%" height="100%" fill="#fff"/>)svg");
    out.Raw(content.Take());
  }
  out.Raw("\n");
  return out.Take();
}

}  // namespace waymark::cli
