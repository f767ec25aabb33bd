#include "service/cli/journey_page.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/cli/journey_page_markup.h"
#include "service/cli/journey_page_road.h"
#include "service/cli/journey_page_view.h"
#include "service/cli/journey_page_words.h"
#include "service/cli/timestamps.h"
#include "tests/support/sample_journey_map.h"

namespace waymark::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

const Words kEnglish(Language::kEnglish), kGerman(Language::kGerman);

// ---- words
// -------------------------------------------------------------------------------------------------------------------

TEST(WordsTest, NumbersAreWrittenAsTheLanguageWritesThem) {
  EXPECT_EQ(kEnglish.Count(0), "0");
  EXPECT_EQ(kEnglish.Count(999), "999");
  EXPECT_EQ(kEnglish.Count(1234567), "1,234,567");
  EXPECT_EQ(kGerman.Count(1234567), "1.234.567");
  EXPECT_EQ(kGerman.Decimal(1234.56, 1), "1.234,6");
  EXPECT_EQ(kEnglish.Decimal(-0.001, 2), "0.00");  // no minus before nothing
  EXPECT_EQ(kEnglish.Signed(0.4249, 2), "+0.42");
  EXPECT_EQ(kGerman.Signed(-0.27, 2), "−0,27");
  EXPECT_EQ(kGerman.Signed(-0.004, 2), "±0,00");
  EXPECT_EQ(kEnglish.Percent(0.34249), "34.2%");
  EXPECT_EQ(kGerman.Percent(12.345), "1.234,5\u00a0%");
  EXPECT_EQ(kGerman.Percent(0.34, 0), "34\u00a0%");
  EXPECT_EQ(kEnglish.Decimal(std::nan(""), 2), "–");
}

TEST(WordsTest, MoneyHasItsSignWhereTheLanguagePutsIt) {
  EXPECT_EQ(kEnglish.Money(13.06, "EUR"), "€13.06");
  EXPECT_EQ(kGerman.Money(13.06, "EUR"), "13,06\u00a0€");
  EXPECT_EQ(kEnglish.Money(-3.5, "USD"), "−$3.50");
  EXPECT_EQ(kGerman.Money(1234567.8, "CHF"), "1.234.568\u00a0CHF");
  EXPECT_EQ(kEnglish.Money(999.99, "CHF"), "CHF\u00a0999.99");
  EXPECT_EQ(kEnglish.Money(5, ""), "5.00");
}

TEST(WordsTest, DurationsTakeTheUnitThatFits) {
  EXPECT_EQ(kEnglish.Duration(absl::Seconds(40)), "40\u00a0s");
  EXPECT_EQ(kGerman.Duration(absl::Minutes(12)), "12\u00a0Min.");
  EXPECT_EQ(kGerman.Duration(absl::Hours(5) + absl::Minutes(20)), "5,3\u00a0Std.");
  EXPECT_EQ(kEnglish.Duration(absl::Hours(31)), "31\u00a0h");
  EXPECT_EQ(kEnglish.Duration(absl::Hours(82)), "3.4\u00a0days");
  EXPECT_EQ(kGerman.Duration(absl::Hours(24 * 120)), "120\u00a0Tage");
}

TEST(WordsTest, CutsAtLettersNotAtBytes) {
  EXPECT_EQ(Cut("Größe", 5), "Größe");
  EXPECT_EQ(Cut("Größen", 5), "Größe…");
  EXPECT_EQ(Cut("", 0), "");
}

TEST(WordsTest, DatesAreUtc) {
  const absl::Time time = absl::FromUnixSeconds(1777593600 + 12 * 3600 + 300);
  EXPECT_EQ(kEnglish.DateTime(time), "1\u00a0May\u00a02026, 12:05");
  EXPECT_EQ(kGerman.DateTime(time), "1.\u00a0Mai\u00a02026, 12:05");
  EXPECT_EQ(kGerman.Month(time - absl::Hours(24 * 60)), "März\u00a02026");
}

// ---- markup
// ------------------------------------------------------------------------------------------------------------------

TEST(MarkupTest, DataNeverBecomesMarkup) {
  EXPECT_EQ(Escaped("<b title=\"x\" id='y'>&amp;"), "&lt;b title=&quot;x&quot; id=&#39;y&#39;&gt;&amp;amp;");
  EXPECT_EQ(Escaped(absl::string_view("a\0b\x01\tc\n\x7f", 8)), "a\ufffdb\ufffd\tc\n\ufffd");
  EXPECT_EQ(Escaped("\xef\xbf\xbf Größe"), "\ufffd Größe");
}

TEST(MarkupTest, ElementsCloseAndNamelessAttributesAreLeftOut) {
  Markup out;
  {
    const Markup::Element outer(out, "b", {{"class", "a<b"}, {"", "unseen"}});
    out.Leaf("i", {}, "x & y");
    out.Void("br");
  }
  EXPECT_EQ(out.Take(), "<b class=\"a&lt;b\"><i>x &amp; y</i><br/></b>");
}

TEST(MarkupTest, SentencesTakeTheirArgumentsOnce) {
  Markup out;
  out.Sentence("{1} of [0]: {7}{x}[0", {"<5>", "{0}"});
  EXPECT_EQ(out.Take(), "{0} of <b>&lt;5&gt;</b>: <b>&lt;5&gt;</b>");
}

// ---- the map's names and shapes
// ----------------------------------------------------------------------------------------------

TEST(MapViewTest, NamesAreLabelsOfTheLanguageElseReadable) {
  v1::JourneyMap map;
  (*map.add_stages()->mutable_labels())["de-AT"] = "Jause";
  map.mutable_stages(0)->set_stage("snack_time");
  v1::MapTouchpoint& touchpoint = *map.add_touchpoints();
  touchpoint.set_touchpoint("web/product_page");
  touchpoint.set_channel("web");
  const MapView german(map, kGerman), english(map, kEnglish);
  EXPECT_EQ(german.StageName("snack_time"), "Jause");
  EXPECT_EQ(english.StageName("snack_time"), "snack time");
  EXPECT_EQ(english.StageName("gone_by"), "gone by");
  EXPECT_EQ(english.PlaceName(touchpoint), "product page");
  EXPECT_EQ(english.TouchpointName("web/product_page"), "web: product page");
  EXPECT_EQ(english.TouchpointName("app/other_page"), "app/other page");
}

TEST(MapViewTest, StepsOfEmotionMeetAtTheirBounds) {
  std::vector<int> steps;
  for (const double mean : {-1.0, -0.5, -0.49, -0.15, -0.14, 0.0, 0.14, 0.15, 0.49, 0.5, 1.0})
    steps.push_back(EmotionStep(mean));
  EXPECT_THAT(steps, ElementsAre(0, 0, 1, 1, 2, 2, 2, 3, 3, 4, 4));
}

TEST(MapViewTest, TheMostFrequentedRowsComeFirstByChannel) {
  v1::JourneyMap map;
  const auto add = [&map](const char* channel, const char* name, int64_t volume) {
    v1::MapTouchpoint& touchpoint = *map.add_touchpoints();
    touchpoint.set_channel(channel);
    touchpoint.set_touchpoint(name);
    touchpoint.set_volume(volume);
  };
  add("", "none", 500);
  add("app", "app/a", 40);
  add("app", "app/b", 1);
  add("web", "web/a", 90);
  add("web", "web/b", 2);
  add("web", "web/c", 30);
  const auto names = [](const std::vector<const v1::MapTouchpoint*>& rows) {
    std::vector<std::string> out;
    for (const v1::MapTouchpoint* row : rows) out.push_back(row->touchpoint());
    return out;
  };
  const TouchpointRows split = SplitRows(map, 4);
  EXPECT_THAT(names(split.first), ElementsAre("web/a", "web/c", "app/a", "none"));
  EXPECT_THAT(names(split.rest), ElementsAre("web/b", "app/b"));
  EXPECT_THAT(SplitRows(map, 5).rest, ElementsAre());  // one more is not worth folding
}

TEST(RoadTest, HeightsAreInProportionAndFlowsAreThoseForward) {
  const v1::GetJourneyMapResponse response = SampleJourneyMap();
  const MapView view(response.map(), kEnglish);
  const Road road = LayRoad(view, 100);
  ASSERT_EQ(road.blocks.size(), 6);
  for (const Road::Block& block : road.blocks) {
    EXPECT_NEAR(block.height, std::max(5.0, road.blocks[0].height * static_cast<double>(block.stays) / 48210), 1e-6);
    EXPECT_NEAR(block.top + block.height / 2, road.middle, 1e-6);
  }
  EXPECT_EQ(road.ribbons.size(), 8);
  for (const Road::Ribbon& ribbon : road.ribbons) EXPECT_LT(ribbon.from, ribbon.to);
  ASSERT_EQ(road.drops.size(), 5);  // nobody falls back from the first stage
  EXPECT_EQ(road.drops[0].from, 1);
  EXPECT_EQ(road.drops[0].count, 8930);
}

TEST(RoadTest, AStageMayBeLargerByThoseWhoLeaveOrComeThanByItsEntries) {
  v1::JourneyMap map;
  v1::MapStage& first = *map.add_stages();
  first.set_stage("a");
  first.set_entries(1);
  map.add_stages()->set_stage("b");
  first.add_moves()->set_to_stage("b");
  first.mutable_moves(0)->set_count(7);
  first.add_moves()->set_to_stage("removed");
  first.mutable_moves(1)->set_count(2);
  const MapView view(map, kEnglish);
  const Road road = LayRoad(view, 100);
  EXPECT_EQ(road.blocks[0].stays, 9);
  EXPECT_EQ(road.blocks[1].stays, 7);
  EXPECT_EQ(road.ribbons.size(), 1);
}

TEST(RoadTest, AMapWithoutStagesIsEmpty) {
  const v1::JourneyMap map;
  const MapView view(map, kEnglish);
  EXPECT_TRUE(LayRoad(view, 100).blocks.empty());
  EXPECT_TRUE(LayCurve(view, 100).line.empty());
}

TEST(RoadTest, TheCurveSaysWhereNobodyAnswered) {
  v1::GetJourneyMapResponse response = SampleJourneyMap();
  response.mutable_map()->mutable_stages(2)->clear_emotion();
  const MapView view(response.map(), kEnglish);
  const EmotionCurve curve = LayCurve(view, 100);
  EXPECT_EQ(curve.points.size(), 5);
  EXPECT_EQ(std::count(curve.gaps.begin(), curve.gaps.end(), 'M'), 1);
  EXPECT_EQ(std::count(curve.line.begin(), curve.line.end(), 'M'), 3);
}

// ---- the page
// ----------------------------------------------------------------------------------------------------------------

std::string Page(const v1::GetJourneyMapResponse& response, Language language) {
  return JourneyPage(response, language, FromTimestamp(response.map().as_of()) + absl::Minutes(4));
}

// How often `part` occurs.
int Occurrences(absl::string_view text, absl::string_view part) {
  int count = 0;
  for (size_t at = text.find(part); at != absl::string_view::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

TEST(JourneyPageTest, SaysWhatIsMostWorthKnowing) {
  const std::string german = Page(SampleJourneyMap(), Language::kGerman);
  EXPECT_THAT(german, HasSubstr("<html lang=\"de\""));
  EXPECT_THAT(
      german,
      HasSubstr(
          "<b>52.340</b> Kunden waren unterwegs. <b>2,4\u00a0%</b> von ihnen kamen bis „Weiterempfehlung“. "
          "Am meisten verliert „Interesse“: <b>40,0\u00a0%</b> der Aufenthalte dort endeten mit einem Rückfall."));
  EXPECT_THAT(german, HasSubstr("1.\u00a0Mai\u00a02026 – 31.\u00a0Mai\u00a02026"));
  EXPECT_THAT(german, HasSubstr("1.\u00a0Juni\u00a02026, 12:05 UTC, 4\u00a0Min. vor dieser Seite"));
  EXPECT_THAT(german, HasSubstr("Bei <b>1.840</b> Kunden (<b>3,5\u00a0%</b>) fehlt der Anfang"));
  const std::string english = Page(SampleJourneyMap(), Language::kEnglish);
  EXPECT_THAT(english, HasSubstr("“Consideration” feels worst (<b>−0.27</b>), “Advocacy” best (<b>+0.71</b>)."));
  EXPECT_THAT(
      english,
      HasSubstr("<b>50.5%</b> of the stays with “Checkout” ended by falling back, of those without it <b>31.3%</b>. "
                "<b>1,874</b> customers were lost this way."));
}

TEST(JourneyPageTest, DifferencesSayWhetherTheyExceedTheUncertainty) {
  const std::string page = Page(SampleJourneyMap(), Language::kEnglish);
  EXPECT_THAT(page, HasSubstr("▲ +2.8\u00a0pp · beyond the uncertainty"));  // 31.1 % of 8,710 and 28.3 %
  EXPECT_THAT(page, HasSubstr("▼ −1.4\u00a0pp · within the uncertainty"));
  v1::GetJourneyMapResponse alone = SampleJourneyMap();
  alone.clear_compared();
  EXPECT_THAT(Page(alone, Language::kEnglish), Not(HasSubstr("uncertainty</p>")));
  EXPECT_THAT(Page(alone, Language::kEnglish), Not(HasSubstr("Compared with")));
}

TEST(JourneyPageTest, WhatTooFewSayIsNotShown) {
  v1::GetJourneyMapResponse response = SampleJourneyMap();
  v1::JourneyMap& map = *response.mutable_map();
  for (v1::MapStage& stage : *map.mutable_stages()) stage.clear_emotion();
  for (v1::MapCell& cell : *map.mutable_cells()) cell.clear_emotion();
  for (v1::MapTouchpoint& touchpoint : *map.mutable_touchpoints()) touchpoint.clear_emotion();
  map.mutable_kpis()->clear_nps();
  const std::string page = Page(response, Language::kEnglish);
  EXPECT_THAT(page, Not(HasSubstr("data-emotion")));
  EXPECT_THAT(page, Not(HasSubstr("data-kpi=\"nps\"")));
  EXPECT_THAT(page, Not(HasSubstr("feels worst")));
  EXPECT_EQ(Occurrences(page, "<b>too few answers</b>"), 6);
}

TEST(JourneyPageTest, NamesFromDataStayText) {
  for (const Language language : {Language::kEnglish, Language::kGerman}) {
    for (const std::string& picture :
         {Page(HostileJourneyMap(), language), JourneySvg(HostileJourneyMap(), language)}) {
      EXPECT_THAT(picture, HasSubstr("&lt;script&gt;document"));
      EXPECT_THAT(picture, Not(HasSubstr("<script>")));
      EXPECT_THAT(picture, Not(HasSubstr("<img")));
      EXPECT_THAT(picture, Not(HasSubstr("\x01")));
    }
    const std::string page = Page(HostileJourneyMap(), language);
    EXPECT_EQ(Occurrences(page, "<script"), 1);  // the data
    EXPECT_EQ(Occurrences(page, "</script>"), 1);
    EXPECT_EQ(Occurrences(page, "</style>"), 1);
  }
}

TEST(JourneyPageTest, MayNeitherLoadNorRunAnything) {
  const std::string page = Page(SampleJourneyMap(), Language::kEnglish);
  EXPECT_THAT(page, HasSubstr("http-equiv=\"Content-Security-Policy\" content=\"default-src &#39;none&#39;;"));
  for (const char* part : {" src=", "@import", "url(http", "<link", "<iframe", " onclick", "javascript:"}) {
    EXPECT_EQ(Occurrences(page, part), 0) << part;
  }
  EXPECT_EQ(Occurrences(page, "http"), 2);  // the namespace, and http-equiv
}

TEST(JourneyPageTest, EventsInFormerStagesAreSaid) {
  EXPECT_THAT(Page(SampleJourneyMap(), Language::kEnglish), HasSubstr(" · 321 in former stages"));
}

TEST(JourneyPageTest, FoldsWhatIsLessFrequented) {
  const std::string page = Page(HugeJourneyMap(), Language::kEnglish);
  EXPECT_EQ(Occurrences(page, "<tr class=\"touchpoint\""), 200);
  EXPECT_THAT(page, HasSubstr("176 more touchpoints"));
  EXPECT_EQ(Occurrences(page.substr(0, page.find("176 more touchpoints")), "<tr class=\"touchpoint\""), 24);
}

TEST(JourneyPageTest, NobodyOnTheRoadIsSaidKindly) {
  EXPECT_THAT(Page(EmptyJourneyMap(), Language::kGerman), HasSubstr("Hier ist noch niemand unterwegs"));
  EXPECT_THAT(Page(EmptyJourneyMap(), Language::kGerman), HasSubstr("Segment „vip“"));
  EXPECT_THAT(Page(v1::GetJourneyMapResponse(), Language::kEnglish), HasSubstr("Nobody is on this road yet"));
  EXPECT_THAT(JourneySvg(v1::GetJourneyMapResponse(), Language::kEnglish), HasSubstr("Nobody is on this road yet"));
}

TEST(JourneyPageTest, FieldsThatAreAbsentAreNoTrouble) {
  // Each field of the map alone, and the map without each.
  const v1::GetJourneyMapResponse sample = SampleJourneyMap();
  const google::protobuf::Descriptor* fields = v1::JourneyMap::descriptor();
  for (int i = 0; i < fields->field_count(); ++i) {
    v1::GetJourneyMapResponse without = sample;
    v1::JourneyMap& map = *without.mutable_map();
    map.GetReflection()->ClearField(&map, fields->field(i));
    map.set_customers(5);
    EXPECT_THAT(Page(without, Language::kEnglish), HasSubstr("</html>")) << fields->field(i)->name();
    EXPECT_THAT(JourneySvg(without, Language::kGerman), HasSubstr("</svg>")) << fields->field(i)->name();
  }
  for (int i = 0; i < fields->field_count(); ++i) {
    v1::GetJourneyMapResponse only;
    v1::JourneyMap rest = sample.map();
    rest.GetReflection()->SwapFields(&rest, only.mutable_map(), {fields->field(i)});
    only.mutable_map()->set_customers(5);
    EXPECT_THAT(Page(only, Language::kGerman), HasSubstr("</html>")) << fields->field(i)->name();
    EXPECT_THAT(JourneySvg(only, Language::kEnglish), HasSubstr("</svg>")) << fields->field(i)->name();
  }
}

TEST(JourneySvgTest, HasStagesFiguresAndTheMostFrequentedTouchpoints) {
  const std::string svg = JourneySvg(SampleJourneyMap(), Language::kGerman);
  EXPECT_THAT(svg, HasSubstr("Aufmerksamkeit"));
  EXPECT_THAT(svg, HasSubstr(">46.890<"));
  EXPECT_THAT(svg, HasSubstr(">−0,27<"));
  EXPECT_THAT(svg, HasSubstr("7 seltener besuchte Kontaktpunkte sind weggelassen"));
  EXPECT_THAT(svg, Not(HasSubstr("Rücksendung")));
}

}  // namespace
}  // namespace waymark::cli
