#include "tests/support/sample_journey_map.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"

namespace waymark {
namespace {

constexpr int64_t kMayFirst = 1777593600;  // 2026-05-01T00:00:00Z
constexpr int64_t kDay = 86400;

void Set(google::protobuf::Duration& duration, double days) { duration.set_seconds(static_cast<int64_t>(days * kDay)); }

// Wilson's interval.
void Set(v1::Share& out, int64_t count, int64_t of) {
  out.set_count(count);
  out.set_of(of);
  if (of == 0) return;
  const double n = static_cast<double>(of), p = static_cast<double>(count) / n, z = 1.96;
  const double middle = (p + z * z / (2 * n)) / (1 + z * z / n);
  const double half = z * std::sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n);
  out.set_share(p);
  out.set_low(std::max(0.0, middle - half));
  out.set_high(std::min(1.0, middle + half));
}

void Set(v1::Emotion& out, double mean, int64_t people) {
  const double half = 1.1 / std::sqrt(static_cast<double>(people));
  out.set_mean(mean);
  out.set_low(std::max(-1.0, mean - half));
  out.set_high(std::min(1.0, mean + half));
  out.set_people(people);
  out.set_responses(people + people / 7);
}

void Set(v1::Money& out, double units) {
  out.set_micros(static_cast<int64_t>(std::llround(units * 1e6)));
  out.set_currency("EUR");
}

struct SampleStage {
  const char* name;
  const char* german;
  const char* english;
  const char* goal;
  int64_t entries, customers, standing;
  std::vector<int64_t> moves;  // to each stage of the road
  double median_days, p90_days, velocity_days;
  double emotion;
  int64_t people;
  double value;
};

const std::vector<SampleStage>& SampleStages() {
  static const auto* stages = new std::vector<SampleStage>{
      {"awareness",
       "Aufmerksamkeit",
       "Awareness",
       "Knows the shop and comes back",
       48210,
       46890,
       14320,
       {0, 24130, 3120, 640, 0, 0},
       0.4,
       6.2,
       0.2,
       0.08,
       412,
       3.12},
      {"interest",
       "Interesse",
       "Interest",
       "Looks at products of one category",
       29870,
       26240,
       6410,
       {8930, 0, 12480, 930, 0, 0},
       1.3,
       9.8,
       0.6,
       0.21,
       358,
       7.85},
      {"consideration",
       "Abwägung",
       "Consideration",
       "Puts something into the cart",
       17120,
       14960,
       3350,
       {3120, 2480, 0, 7240, 0, 0},
       2.1,
       12.4,
       0.9,
       -0.27,
       506,
       18.4},
      {"purchase",
       "Kauf",
       "Purchase",
       "Pays, and receives the goods",
       9540,
       8710,
       1890,
       {310, 0, 420, 0, 6480, 0},
       3.4,
       8.1,
       3.1,
       0.44,
       1240,
       41.7},
      {"usage",
       "Nutzung",
       "Usage",
       "Uses the product and is content",
       6610,
       6020,
       3480,
       {980, 0, 0, 0, 0, 1290},
       18.5,
       54,
       14.2,
       0.18,
       875,
       58.25},
      {"advocacy",
       "Weiterempfehlung",
       "Advocacy",
       "Tells friends",
       1340,
       1270,
       1060,
       {0, 0, 0, 0, 190, 0},
       31,
       76,
       0,
       0.71,
       204,
       97.6},
  };
  return *stages;
}

struct SampleTouchpoint {
  const char* name;
  const char* german;
  const char* english;
  std::vector<int64_t> volumes;  // by stage
  double emotion;                // 2: nobody says
  const char* events;
};

const std::vector<SampleTouchpoint>& SampleTouchpoints() {
  static const auto* touchpoints = new std::vector<SampleTouchpoint>{
      {"app/home", "", "", {9120, 4210, 1830, 610, 920, 310}, 2, "page_view"},
      {"app/push", "", "", {2210, 1920, 1460, 310, 640, 120}, -0.31, "push_open,dismiss"},
      {"email/newsletter",
       "Newsletter",
       "Newsletter",
       {6230, 5120, 2410, 420, 1310, 540},
       0.12,
       "email_open,email_click"},
      {"email/order_confirmation",
       "Bestellbestätigung",
       "Order confirmation",
       {0, 0, 0, 8930, 210, 0},
       0.38,
       "email_open"},
      {"email/review_request",
       "Bitte um Bewertung",
       "Review request",
       {0, 0, 0, 120, 3420, 410},
       0.57,
       "rate_product,nps"},
      {"social/instagram", "Instagram", "Instagram", {7420, 1830, 210, 0, 90, 380}, 0.34, "view_item,share"},
      {"store/till", "Kasse", "Till", {0, 210, 340, 2310, 120, 40}, 0.63, "purchase,csat"},
      {"store/shelf", "Regal", "Shelf", {0, 640, 890, 0, 0, 0}, 2, "view_item"},
      {"support/chat", "Chat", "Chat", {40, 320, 1240, 630, 980, 20}, 0.05, "contact_support,ces"},
      {"support/phone", "Telefon", "Phone", {10, 90, 410, 720, 1320, 0}, -0.46, "contact_support,complaint,csat"},
      {"web/home", "Startseite", "Home page", {38210, 14980, 6210, 1240, 2310, 420}, 2, "page_view"},
      {"web/product_page",
       "Produktseite",
       "Product page",
       {21340, 48210, 22130, 1120, 1940, 310},
       0.24,
       "view_item,rate_product"},
      {"web/search", "Suche", "Search", {12480, 19230, 8120, 230, 640, 80}, -0.09, "search"},
      {"web/cart", "Warenkorb", "Cart", {0, 310, 15230, 2140, 0, 0}, -0.38, "add_to_cart,remove_from_cart"},
      {"web/checkout", "Kasse im Web", "Checkout", {0, 0, 9320, 9120, 0, 0}, -0.56, "begin_checkout,purchase,ces"},
      {"web/returns", "Rücksendung", "Returns", {0, 0, 0, 640, 1210, 0}, -0.52, "return,csat"},
      {"partner/price_comparison", "", "", {0, 420, 1310, 60, 0, 0}, 2, "view_item"},
      {"", "", "", {210, 130, 60, 30, 20, 10}, 2, "custom"},
  };
  return *touchpoints;
}

// What stages expect, beside what happens: one of them never does.
bool Expected(size_t stage, const std::string& touchpoint) {
  static const auto* expected = new std::vector<std::vector<std::string>>{{"web/home", "social/instagram"},
                                                                          {"web/product_page", "email/newsletter"},
                                                                          {"web/cart", "support/chat"},
                                                                          {"web/checkout", "email/order_confirmation"},
                                                                          {"email/review_request", "app/care_tips"},
                                                                          {"social/instagram", "app/care_tips"}};
  if (stage >= expected->size()) return false;
  const std::vector<std::string>& names = (*expected)[stage];
  return std::find(names.begin(), names.end(), touchpoint) != names.end();
}

void FillStage(const SampleStage& from, size_t index, double scale, v1::MapStage& out) {
  const auto scaled = [scale](int64_t count) { return std::llround(scale * static_cast<double>(count)); };
  out.set_stage(from.name);
  (*out.mutable_labels())["de"] = from.german;
  (*out.mutable_labels())["en"] = from.english;
  out.set_goal(from.goal);
  out.set_entries(scaled(from.entries));
  out.set_customers(scaled(from.customers));
  out.set_standing(scaled(from.standing));
  int64_t ended = 0, forward = 0;
  for (size_t to = 0; to < from.moves.size(); ++to) {
    ended += scaled(from.moves[to]);
    if (to > index) forward += scaled(from.moves[to]);
  }
  for (size_t to = 0; to < from.moves.size(); ++to) {
    if (from.moves[to] == 0) continue;
    v1::MapMove& move = *out.add_moves();
    move.set_to_stage(SampleStages()[to].name);
    move.set_count(scaled(from.moves[to]));
    move.set_share(static_cast<double>(move.count()) / static_cast<double>(ended));
  }
  Set(*out.mutable_progressed(), forward, ended);
  Set(*out.mutable_dropped(), ended - forward, ended);
  Set(*out.mutable_dwell_median(), from.median_days);
  Set(*out.mutable_dwell_p90(), from.p90_days);
  if (forward > 0) Set(*out.mutable_velocity_median(), from.velocity_days);
  Set(*out.mutable_emotion(), from.emotion + (scale - 1) * 0.8, scaled(from.people));
  Set(*out.mutable_value(), from.value * scale);
}

void FillCell(const SampleTouchpoint& from, size_t stage, double scale, v1::JourneyMap& map, v1::MapTouchpoint& total) {
  const int64_t volume =
      stage < from.volumes.size() ? std::llround(scale * static_cast<double>(from.volumes[stage])) : 0;
  const bool expected = Expected(stage, from.name);
  v1::MapStage& at = *map.mutable_stages(static_cast<int>(stage));
  if (expected) at.add_expected_touchpoints(from.name);
  if (volume == 0 && !expected) return;
  v1::MapCell& cell = *map.add_cells();
  cell.set_stage(at.stage());
  cell.set_touchpoint(from.name);
  cell.set_volume(volume);
  cell.set_customers(std::min(at.customers(), volume * 3 / 5));
  cell.set_expected(expected);
  at.set_volume(at.volume() + volume);
  total.set_volume(total.volume() + volume);
  total.set_customers(std::max(total.customers(), cell.customers()));
  if (volume == 0) return;
  if (from.emotion < 1.5 && volume / 12 >= 10) {
    Set(*cell.mutable_emotion(), std::clamp(from.emotion + 0.06 * (static_cast<double>(stage) - 2), -1.0, 1.0),
        volume / 12);
  }
  Set(*cell.mutable_progressed(), cell.customers() * static_cast<int64_t>(3 + stage) / 11, cell.customers() * 4 / 5);
  int64_t left = volume;
  for (const absl::string_view event : absl::StrSplit(from.events, ',')) {
    v1::MapEvents& events = *cell.add_events();
    events.set_event(std::string(event));
    events.set_volume(left * 7 / 9);
    left -= events.volume();
  }
}

void FillTouchpoints(const std::vector<SampleTouchpoint>& from, double scale, v1::JourneyMap& map) {
  for (const SampleTouchpoint& touchpoint : from) {
    v1::MapTouchpoint& total = *map.add_touchpoints();
    const std::string name = touchpoint.name;
    total.set_touchpoint(name);
    total.set_channel(name.substr(0, name.find('/')));
    if (touchpoint.german[0] != '\0') {
      (*total.mutable_labels())["de"] = touchpoint.german;
      (*total.mutable_labels())["en"] = touchpoint.english;
    }
    total.set_undeclared(total.channel() == "partner");
    for (int stage = 0; stage < map.stages_size(); ++stage) FillCell(touchpoint, stage, scale, map, total);
    if (touchpoint.emotion < 1.5) Set(*total.mutable_emotion(), touchpoint.emotion, total.volume() / 12);
  }
  std::stable_sort(map.mutable_touchpoints()->begin(), map.mutable_touchpoints()->end(),
                   [](const v1::MapTouchpoint& left, const v1::MapTouchpoint& right) {
                     return left.channel() != right.channel() ? left.channel() < right.channel()
                                                              : left.volume() > right.volume();
                   });
}

void AddPainPoints(v1::JourneyMap& map) {
  v1::PainPoint* pain = map.add_pain_points();
  pain->set_kind(v1::PAIN_POINT_KIND_DROP_OFF);
  pain->set_stage("consideration");
  pain->set_touchpoint("web/checkout");
  pain->set_customers_lost(1874);
  pain->set_severity(0.192);
  Set(*pain->mutable_here(), 1874, 3710);
  Set(*pain->mutable_elsewhere(), 2950, 9410);
  pain = map.add_pain_points();
  pain->set_kind(v1::PAIN_POINT_KIND_EMOTION);
  pain->set_stage("usage");
  pain->set_touchpoint("support/phone");
  pain->set_customers_lost(74);
  pain->set_severity(0.46);
  Set(*pain->mutable_emotion(), -0.46, 110);
  pain = map.add_pain_points();
  pain->set_kind(v1::PAIN_POINT_KIND_TROUBLE);
  pain->set_stage("usage");
  pain->set_touchpoint("web/returns");
  pain->set_customers_lost(640);
  pain->set_severity(0.106);
  Set(*pain->mutable_here(), 640, 6020);
  Set(*pain->mutable_elsewhere(), 410, 58190);
  pain = map.add_pain_points();
  pain->set_kind(v1::PAIN_POINT_KIND_DROP_OFF);
  pain->set_stage("interest");
  pain->set_customers_lost(7420);
  pain->set_severity(0.04);
  Set(*pain->mutable_here(), 8930, 22340);
  Set(*pain->mutable_elsewhere(), 7320, 27560);
}

void AddOpportunities(v1::JourneyMap& map) {
  v1::Opportunity* chance = map.add_opportunities();
  chance->set_stage("consideration");
  chance->set_touchpoint("support/chat");
  Set(*chance->mutable_with(), 712, 980);
  Set(*chance->mutable_without(), 6528, 11860);
  chance->set_gain(0.176);
  chance->set_p_value(3e-24);
  chance = map.add_opportunities();
  chance->set_stage("interest");
  chance->set_action("free_shipping");
  Set(*chance->mutable_with(), 2210, 3320);
  Set(*chance->mutable_without(), 11200, 19020);
  chance->set_gain(0.077);
  chance->set_p_value(0.0021);
}

void FillKpis(double scale, v1::JourneyMap& map) {
  v1::JourneyKpis& kpis = *map.mutable_kpis();
  v1::NpsKpi& nps = *kpis.mutable_nps();
  nps.set_promoters(std::llround(612 * scale));
  nps.set_passives(291);
  nps.set_detractors(208);
  const double n = static_cast<double>(nps.promoters() + nps.passives() + nps.detractors());
  nps.set_score(100 * static_cast<double>(nps.promoters() - nps.detractors()) / n);
  nps.set_low(nps.score() - 4.6);
  nps.set_high(nps.score() + 4.6);
  const auto score = [scale](v1::ScoreKpi& out, double mean, int64_t satisfied, int64_t people) {
    out.set_mean(mean * (0.6 + 0.4 * scale));
    out.set_low(out.mean() - 0.06);
    out.set_high(out.mean() + 0.06);
    Set(*out.mutable_satisfied(), satisfied, people);
    out.set_people(people);
  };
  score(*kpis.mutable_csat(), 4.12, 1410, 1820);
  score(*kpis.mutable_ces(), 4.86, 604, 941);
  score(*kpis.mutable_rating(), 4.38, 3012, 3511);
  const int64_t reached[] = {46890, 26240, 14960, 8710, 6020, 1270};
  for (int i = 0; i < map.stages_size() && i < 6; ++i) {
    v1::StageReach& reach = *kpis.add_reach();
    reach.set_stage(map.stages(i).stage());
    Set(*reach.mutable_reached(), std::llround(scale * static_cast<double>(reached[i])), std::llround(52340 * scale));
  }
  Set(*kpis.mutable_repeat_buyers(), std::llround(2710 * scale), 8710);
  Set(*kpis.mutable_churned(), 1120, std::llround(7930 * scale));
  for (int month = 0; month < 8; ++month) {
    v1::Cohort& cohort = *kpis.add_cohorts();
    cohort.mutable_month()->set_seconds(kMayFirst - (7 - month) * 30 * kDay - 5 * kDay);
    cohort.set_customers(1180 + 37 * month % 210);
    double active = static_cast<double>(cohort.customers()) * (0.24 + 0.01 * month);
    for (int later = 1; later <= 7 - month; ++later, active *= 0.86) {
      cohort.add_active(static_cast<int64_t>(active));
    }
  }
  Set(*kpis.mutable_revenue(), 612480.35 * scale);
  kpis.set_revenue_per_customer(13.06 * scale);
  kpis.set_lifetime_value(84.2);
  Set(*kpis.mutable_onboarded(), 1920, 3240);
  Set(*kpis.mutable_advocates(), 1270, 8710);
  const std::pair<const char*, int64_t> actions[] = {
      {"free_shipping", 12480}, {"cart_reminder", 8210}, {"care_tips", 5120}, {"bring_a_friend", 1890}};
  for (const auto& [action, shown] : actions) {
    v1::OfferResponse& response = *kpis.add_responses();
    response.set_action(action);
    response.set_shown(shown);
    v1::MapEvents& clicks = *response.add_outcomes();
    clicks.set_event("click");
    clicks.set_volume(shown * 7 / 90);
    v1::MapEvents& purchases = *response.add_outcomes();
    purchases.set_event("purchase");
    purchases.set_volume(shown * 2 / 90);
  }
}

void FillConformance(v1::JourneyMap& map) {
  v1::Conformance& conformance = *map.mutable_conformance();
  Set(*conformance.mutable_followed(), 15120, 31840);
  const auto deviation = [&](const char* from, const char* expected, const char* actual, int64_t customers) {
    v1::Deviation& out = *conformance.add_deviations();
    out.set_from_stage(from);
    out.set_expected_stage(expected);
    out.set_actual_stage(actual);
    out.set_customers(customers);
  };
  deviation("interest", "consideration", "awareness", 6210);
  deviation("consideration", "purchase", "awareness", 2870);
  deviation("awareness", "interest", "consideration", 2640);
  deviation("consideration", "purchase", "interest", 1930);
  deviation("advocacy", "", "usage", 120);
  const auto path = [&](const std::vector<int>& stages, int64_t customers, bool declared) {
    v1::MapPath& out = *conformance.add_paths();
    for (const int stage : stages) out.add_stages(SampleStages()[stage].name);
    out.set_customers(customers);
    out.set_declared(declared);
  };
  path({0, 1}, 8320, true);
  path({0, 1, 0}, 5110, false);
  path({0, 1, 2, 3, 4}, 4020, true);
  path({0, 2, 3}, 1860, false);
  path({0, 1, 2, 1, 2, 3}, 930, false);
}

void FillMap(double scale, int64_t from, int64_t until, v1::JourneyMap& map) {
  map.set_journey("shopping");
  map.mutable_selection()->mutable_from()->set_seconds(from);
  map.mutable_selection()->mutable_until()->set_seconds(until);
  map.mutable_as_of()->set_seconds(kMayFirst + 31 * kDay + 43500);
  map.set_playbook_version(12);
  map.set_customers(std::llround(52340 * scale));
  map.set_incomplete_customers(std::llround(1840 * scale));
  for (size_t i = 0; i < SampleStages().size(); ++i) FillStage(SampleStages()[i], i, scale, *map.add_stages());
  std::vector<SampleTouchpoint> touchpoints = SampleTouchpoints();
  touchpoints.push_back({"app/care_tips", "Pflegetipps", "Care tips", {0, 0, 0, 0, 0, 0}, 2, "page_view"});
  FillTouchpoints(touchpoints, scale, map);
  FillKpis(scale, map);
}

}  // namespace

v1::GetJourneyMapResponse SampleJourneyMap() {
  v1::GetJourneyMapResponse response;
  response.set_profiles(104210);
  response.set_estimated_total(104210);
  response.set_done(true);
  FillMap(1, kMayFirst, kMayFirst + 31 * kDay, *response.mutable_map());
  v1::MapCell& former = *response.mutable_map()->add_cells();
  former.set_touchpoint("web/search");
  former.set_volume(321);
  AddPainPoints(*response.mutable_map());
  AddOpportunities(*response.mutable_map());
  FillConformance(*response.mutable_map());
  FillMap(0.91, kMayFirst - 30 * kDay, kMayFirst, *response.mutable_compared());
  return response;
}

v1::GetJourneyMapResponse HugeJourneyMap() {
  v1::GetJourneyMapResponse response;
  response.set_done(true);
  v1::JourneyMap& map = *response.mutable_map();
  map.set_journey("everything");
  map.set_customers(9876543);
  map.mutable_as_of()->set_seconds(kMayFirst);
  for (int i = 0; i < 32; ++i) {
    v1::MapStage& stage = *map.add_stages();
    stage.set_stage(absl::StrFormat("stage_%02d_with_quite_a_long_name", i));
    stage.set_entries(9000000 - i * 250000);
    stage.set_customers(stage.entries() * 9 / 10);
    for (int to = 0; to < 32; ++to) {
      if (to == i || (to * 7 + i) % 5 != 0) continue;
      v1::MapMove& move = *stage.add_moves();
      move.set_to_stage(absl::StrFormat("stage_%02d_with_quite_a_long_name", to));
      move.set_count(400000 / (1 + std::abs(to - i)));
      move.set_share(0.1);
    }
    Set(*stage.mutable_progressed(), 3000000, 7000000);
    Set(*stage.mutable_dropped(), 1000000 + i * 1000, 7000000);
    if (i % 3 != 0) Set(*stage.mutable_emotion(), std::sin(i * 0.7), 1000);
  }
  std::vector<std::string> names;
  std::vector<SampleTouchpoint> touchpoints;
  for (int i = 0; i < 200; ++i) names.push_back(absl::StrFormat("channel_%d/place_%03d", i / 25, i));
  for (int i = 0; i < 200; ++i) {
    SampleTouchpoint touchpoint{names[i].c_str(), "", "", {}, std::cos(i * 0.3), "page_view,view_item,csat"};
    for (int stage = 0; stage < 32; ++stage) touchpoint.volumes.push_back(100000 / (1 + (i * 13 + stage * 29) % 97));
    touchpoints.push_back(touchpoint);
  }
  FillTouchpoints(touchpoints, 1, map);
  return response;
}

v1::GetJourneyMapResponse EmptyJourneyMap() {
  v1::GetJourneyMapResponse response;
  response.set_done(true);
  v1::JourneyMap& map = *response.mutable_map();
  map.set_journey("shopping");
  map.mutable_selection()->set_segment("vip");
  map.mutable_as_of()->set_seconds(kMayFirst);
  for (size_t i = 0; i < SampleStages().size(); ++i) FillStage(SampleStages()[i], i, 0, *map.add_stages());
  for (v1::MapStage& stage : *map.mutable_stages()) stage.clear_emotion();
  return response;
}

v1::GetJourneyMapResponse HostileJourneyMap() {
  v1::GetJourneyMapResponse response = SampleJourneyMap();
  v1::JourneyMap& map = *response.mutable_map();
  const std::string script = "web/<script>document.title='owned'</script>";
  const std::string image = "\"><img src=\"https://attacker.example/x.png\" onerror=\"alert(1)\">";
  const std::string was = "web/cart";
  for (v1::MapTouchpoint& touchpoint : *map.mutable_touchpoints()) {
    if (touchpoint.touchpoint() != was) continue;
    touchpoint.set_touchpoint(script);
    touchpoint.clear_labels();
  }
  for (v1::MapCell& cell : *map.mutable_cells()) {
    if (cell.touchpoint() == was) cell.set_touchpoint(script);
    for (v1::MapEvents& events : *cell.mutable_events()) events.set_event(image);
  }
  (*map.mutable_stages(1)->mutable_labels())["de"] = image;
  (*map.mutable_stages(1)->mutable_labels())["en"] = image;
  map.mutable_stages(2)->set_goal("</style></script><script>document.title='owned'</script>{0}[0]$0 \x01");
  map.set_journey("]]></script><!-- & {0}");
  map.mutable_selection()->set_segment("'; background: url(https://attacker.example/)");
  map.mutable_pain_points(0)->set_touchpoint(script);
  map.mutable_kpis()->mutable_revenue()->set_currency("<b>");
  return response;
}

}  // namespace waymark
