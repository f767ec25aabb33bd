#include "tests/service/journey/map_world.h"

#include <algorithm>
#include <random>

#include "absl/strings/str_cat.h"
#include "segmentation/fold.h"
#include "tests/support/playbooks.h"

namespace waymark::journey {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;

constexpr absl::string_view kPlaybook = R"yaml(
name: map
traits: [{name: tier, type: INT}]
channels: [{name: web}, {name: email}, {name: support}]
events: [{name: scan}]
touchpoints:
  - {name: web/cart, labels: {de: Warenkorb}}
  - {name: web/page}
  - {name: support/phone}
  - {name: email/news}
journeys:
  - name: road
    stages:
      - {name: a, goal: know}
      - {name: b, enter_when: customer.tier == 1, goal: like, labels: {en: Liking}, touchpoints: [web/page, email/news]}
      - {name: c, enter_when: customer.tier == 2, value: {micros: 7500000, currency: EUR}, touchpoints: [web/cart]}
      - {name: d, enter_when: customer.tier == 3}
currency: EUR
actions:
  - {name: voucher, kind: OFFER, treatments: [{channel: web, locale: en, body: Less}]}
  - {name: tips, kind: CONTENT, treatments: [{channel: web, locale: en, body: More}]}
placements: [{name: banner, touchpoint: web/page}]
)yaml";

NameId IdOf(const std::string& name) { return name.empty() ? NameId{} : NameIdOf(name); }

// Draws of one seed, the same on every machine.
class Draws {
 public:
  explicit Draws(uint64_t seed) : random_(seed) {}
  int Below(int limit) { return static_cast<int>(random_() % static_cast<uint64_t>(limit)); }
  bool OneIn(int n) { return Below(n) == 0; }
  template <typename T>
  const T& Of(const std::vector<T>& values) {
    return values[Below(static_cast<int>(values.size()))];
  }
  // Some of them at midnight, so that bounds are hit.
  absl::Time Moment() {
    const absl::Time day = Day(Below(200));
    return OneIn(4) ? day : day + absl::Milliseconds(Below(86'400'000));
  }

 private:
  std::mt19937_64 random_;
};

RawTouch RandomTouch(Draws& draws) {
  static const std::vector<std::string> types = {"page_view",    "scan",      "purchase", "nps",        "csat",
                                                 "ces",          "complaint", "return",   "impression", "use_product",
                                                 "rate_product", "share",     "purchase", "page_view",  "gone"};
  static const std::vector<std::string> touchpoints = {"web/page", "web/cart", "support/phone", "", "email/news",
                                                       "web/new",  "web"};
  static const std::vector<std::string> actions = {"", "", "", "voucher", "tips", "old"};
  RawTouch touch{.at = draws.Moment(), .type = draws.Of(types), .touchpoint = draws.Of(touchpoints)};
  if (touch.type == "nps") touch.value_micros = draws.Below(11) * int64_t{1'000'000};
  if (touch.type == "csat" || touch.type == "rate_product") {
    touch.value_micros = (1 + draws.Below(5)) * int64_t{1'000'000};
  }
  if (touch.type == "ces") touch.value_micros = (1 + draws.Below(7)) * int64_t{1'000'000};
  if (touch.type == "purchase") touch.value_micros = draws.Below(100'000'000);
  if (draws.OneIn(5)) touch.sentiment = draws.Below(201) - 100;
  if (touch.type == "impression" || draws.OneIn(8)) touch.action = draws.Of(actions);
  return touch;
}

}  // namespace

std::shared_ptr<const playbook::Playbook> MapPlaybook() { return testing_support::MustCompile(kPlaybook, 3); }

segmentation::Profile ProfileOf(const playbook::Playbook& playbook, const RawCustomer& customer) {
  segmentation::Profile profile;
  profile.created = kMapStart;
  int id = 0;
  for (const RawTouch& touch : customer.touches) {
    segmentation::Event event{.id = absl::StrCat(++id), .type = NameIdOf(touch.type), .time = touch.at};
    event.value_micros = touch.value_micros;
    event.touchpoint = IdOf(touch.touchpoint);
    if (!playbook.touchpoints.contains(event.touchpoint)) event.touchpoint_name = touch.touchpoint;
    event.action = IdOf(touch.action);
    event.sentiment = touch.sentiment;
    segmentation::Fold(profile, event, touch.at);
  }
  profile.trail.from = customer.dropped_until;
  for (const RawContact& contact : customer.contacts) {
    profile.contacts.push_back({NameIdOf(contact.action), NameIdOf("web"), contact.at, profile.contacts.size()});
  }
  segmentation::JourneyPosition position{.journey = playbook.journeys[0].id};
  for (const RawStay& stay : customer.stays) position.history.push_back({NameIdOf(stay.stage), stay.entered});
  position.current = position.history.back();
  position.history.pop_back();
  segmentation::SetPosition(profile, std::move(position));
  return profile;
}

MapCounts CountsOf(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                   const MapPeriod& period) {
  MapCounter counter(playbook, 0, period);
  MapCounts counts = counter.Empty();
  for (const RawCustomer& customer : customers) {
    const segmentation::Profile profile = ProfileOf(playbook, customer);
    counter.Add({profile, profile.positions[0], customer.lifetime_value}, counts);
  }
  return counts;
}

JourneyMap MapOf(const playbook::Playbook& playbook, absl::Span<const RawCustomer> customers,
                 const MapOptions& options) {
  return BuildMap(playbook, 0, CountsOf(playbook, customers, options.period), options);
}

std::vector<RawCustomer> RandomCustomers(uint64_t seed, int most) {
  Draws draws(seed);
  static const std::vector<std::string> stages = {"a", "b", "c", "d", "a", "b", "c", "gone"};
  std::vector<RawCustomer> customers(draws.Below(most + 1));
  for (RawCustomer& customer : customers) {
    std::vector<absl::Time> moments(1 + draws.Below(6));
    for (absl::Time& moment : moments) moment = draws.Moment();
    std::sort(moments.begin(), moments.end());
    // Some walk straight on, each time from the cart: it precedes progress.
    const bool straight = draws.OneIn(3);
    for (const absl::Time moment : moments) {
      const std::string& stage = straight ? stages[std::min<size_t>(customer.stays.size(), 3)] : draws.Of(stages);
      if (straight) customer.touches.push_back({moment - absl::Hours(1), "page_view", "web/cart"});
      if (!customer.stays.empty() && customer.stays.back().stage == stage) continue;
      customer.stays.push_back({stage, moment});
    }
    for (int i = draws.Below(40); i > 0; --i) customer.touches.push_back(RandomTouch(draws));
    // Some of what ends a stay.
    for (const RawStay& stay : customer.stays) {
      if (!draws.OneIn(3)) continue;
      customer.touches.push_back(RandomTouch(draws));
      customer.touches.back().at = stay.entered;
    }
    std::stable_sort(customer.touches.begin(), customer.touches.end(),
                     [](const RawTouch& a, const RawTouch& b) { return a.at < b.at; });
    for (int i = draws.Below(4); i > 0; --i) {
      customer.contacts.push_back({draws.Moment(), draws.OneIn(2) ? "voucher" : "tips"});
    }
    std::sort(customer.contacts.begin(), customer.contacts.end(),
              [](const RawContact& a, const RawContact& b) { return a.at < b.at; });
    if (draws.OneIn(3)) customer.lifetime_value = draws.Below(100'000) / 100.0;
    if (draws.OneIn(3)) customer.dropped_until = kMapStart - absl::Hours(1) + absl::Hours(24) * draws.Below(2) * 50;
    std::erase_if(customer.touches, [&customer](const RawTouch& touch) { return touch.at <= customer.dropped_until; });
  }
  return customers;
}

const MapCell* FindCell(const JourneyMap& map, absl::string_view stage, absl::string_view touchpoint) {
  const auto it = std::find_if(map.cells.begin(), map.cells.end(), [&](const MapCell& cell) {
    return cell.stage == stage && cell.touchpoint == touchpoint;
  });
  return it == map.cells.end() ? nullptr : &*it;
}

const MapStage* FindStage(const JourneyMap& map, absl::string_view stage) {
  const auto it =
      std::find_if(map.stages.begin(), map.stages.end(), [&](const MapStage& known) { return known.stage == stage; });
  return it == map.stages.end() ? nullptr : &*it;
}

const MapTouchpoint* FindTouchpoint(const JourneyMap& map, absl::string_view touchpoint) {
  const auto it = std::find_if(map.touchpoints.begin(), map.touchpoints.end(),
                               [&](const MapTouchpoint& known) { return known.touchpoint == touchpoint; });
  return it == map.touchpoints.end() ? nullptr : &*it;
}

}  // namespace waymark::journey
