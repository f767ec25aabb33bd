#include "tests/bench/sample_shop.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>

#include "absl/strings/str_cat.h"

namespace waymark::bench {
namespace {

constexpr std::array<const char*, 4> kCountries = {"DE", "AT", "CH", "NL"};
constexpr std::array<const char*, 5> kEvents = {"view_item", "add_to_cart", "purchase", "view_item", "search"};
constexpr int kEventsPerBatch = 500;

std::string SegmentRule(int number) {
  const int variant = number / 5;
  switch (number % 5) {
    case 0:
      return absl::StrCat("total(\"purchase\", days(365)) >= ", 50 * (variant + 1), ".0");
    case 1:
      return absl::StrCat("count(\"view_item\", days(", 10 * (variant + 1), ")) >= 2");
    case 2:
      return absl::StrCat("has(customer.age) && customer.age >= ", 18 + 7 * variant);
    case 3:
      return absl::StrCat("ever(\"purchase\") && days_since(\"purchase\") > ", 20 * (variant + 1));
    default:
      return absl::StrCat("has(customer.country) && customer.country == \"", kCountries[variant % kCountries.size()],
                          "\" && in_segment(\"segment_", number - 1, "\")");
  }
}

std::string ActionRule(int number, int segments) {
  switch (number % 5) {
    case 0:
      return absl::StrCat("in_segment(\"segment_", number % segments, "\")");
    case 1:
      return absl::StrCat("count(\"view_item\", days(", 5 + number % 360, ")) > 0");
    case 2:
      return "has(customer.country) && customer.country in [\"DE\", \"AT\", \"CH\"]";
    case 3:
      return absl::StrCat("!ever(\"purchase\") || days_since(\"purchase\") > ", number % 360);
    default:
      return absl::StrCat("!in_segment(\"segment_", (number * 7) % segments, "\")");
  }
}

constexpr int kPlaces = 17;
constexpr std::array<const char*, 6> kStages = {"awareness", "interest", "consideration",
                                                "purchase",  "usage",    "advocacy"};

std::string PlaceName(int number) {
  return number % kPlaces == 0 ? std::string(kPlacement) : absl::StrCat("place_", number % kPlaces);
}

std::string Action(int number, int segments) {
  std::string text = absl::StrCat(
      "  - name: action_", number, "\n    kind: OFFER\n    eligible_when: '", ActionRule(number, segments),
      "'\n    value: {micros: ", (5 + number % 20) * 1'000'000, "}\n    propensity: 0.0", 1 + number % 9, "\n");
  if (number % 4 == 0) absl::StrAppend(&text, "    stages: [interest, consideration, purchase]\n");
  if (number % 2 == 0) absl::StrAppend(&text, "    limits: [{per: CUSTOMER, max: 2, window: 7d}]\n");
  if (number % 6 == 0) {
    absl::StrAppend(&text, "    context_weights: [{when: 'has(context.cart_value) && context.cart_value > 50.0', ",
                    "weight: 1.5}]\n");
  }
  absl::StrAppend(&text, "    treatments: [{channel: web, locale: de, missing: du, body: '<b>Nur heute</b>, ",
                  "{{customer.first_name}}: Angebot ", number, "', link_url: 'https://shop.example/", number, "'}]\n");
  return text;
}

// Short, because ten thousand of them are one playbook.
std::string ShortAction(int number, int segments, bool spread) {
  std::string text = absl::StrCat("  - {name: a", number, ",kind: OFFER");
  if (spread) {
    absl::StrAppend(&text, ",placements: [", PlaceName(number), "],stages: [",
                    kStages[static_cast<size_t>(number / kPlaces) % kStages.size()], "]");
  }
  if (number % 3 != 0) {
    absl::StrAppend(&text, ",eligible_when: '", number % 3 == 1 ? "" : "!", "in_segment(\"segment_",
                    number / 3 % segments, "\")'");
  }
  return text + "}\n";
}

// Actions with texts, or short ones, with one that does nothing.
std::string Playbook(int actions, int segments, bool short_ones, bool spread) {
  std::string text =
      "name: bench\ncurrency: EUR\ndefault_locale: de\n"
      "traits:\n  - {name: first_name, type: STRING}\n  - {name: age, type: INT}\n  - {name: country, type: STRING}\n"
      "context: [{name: cart_value, type: DOUBLE}]\n"
      "channels: [{name: web, content_type: HTML}]\n"
      "journeys: [{name: shopping, preset: SIX_STAGES}]\n"
      "segments:\n";
  for (int i = 0; i < segments; ++i) {
    absl::StrAppend(&text, "  - {name: segment_", i, ", when: '", SegmentRule(i), "'}\n");
  }
  absl::StrAppend(&text, "actions:\n");
  for (int i = 0; i < actions; ++i) {
    absl::StrAppend(&text, short_ones ? ShortAction(i, segments, spread) : Action(i, segments));
  }
  absl::StrAppend(&text, "  - {name: nothing, kind: NONE}\n", "placements:\n");
  for (int i = 0; i < (spread ? kPlaces : 1); ++i) {
    absl::StrAppend(&text, "  - {name: ", PlaceName(i), ", touchpoint: web/", PlaceName(i),
                    ", slots: 3, exposure: ON_IMPRESSION, fallback: nothing}\n");
  }
  return text;
}

// One of the year's event types, with what it is worth.
void FillEvent(std::mt19937& random, v1::Event& event) {
  event.set_type(kEvents[random() % kEvents.size()]);
  if (event.type() != "purchase") return;
  event.mutable_money()->set_micros(static_cast<int64_t>(10 + random() % 90) * 1'000'000);
  event.mutable_money()->set_currency("EUR");
}

}  // namespace

std::string SamplePlaybook(int actions, int segments) {
  return Playbook(actions, segments, /*short_ones=*/false, /*spread=*/false);
}

std::string ShortPlaybook(int actions, int segments, bool spread) {
  return Playbook(actions - 1, segments, /*short_ones=*/true, spread);
}

std::string CustomerId(int number) { return absl::StrCat("customer-", number); }

std::vector<v1::UpdateProfileRequest> SampleProfiles(int customers) {
  std::mt19937 random(1);
  std::vector<v1::UpdateProfileRequest> requests(static_cast<size_t>(customers));
  for (int i = 0; i < customers; ++i) {
    v1::UpdateProfileRequest& request = requests[static_cast<size_t>(i)];
    request.set_tenant(kTenant);
    request.mutable_profile()->set_customer(CustomerId(i));
    auto& traits = *request.mutable_profile()->mutable_traits();
    traits["first_name"].set_string_value(absl::StrCat("Name", random() % 500));
    traits["age"].set_int_value(18 + random() % 60);
    traits["country"].set_string_value(kCountries[random() % kCountries.size()]);
  }
  return requests;
}

std::vector<v1::RecordEventsRequest> SampleHistory(int customers, int events_each, absl::Time now) {
  std::mt19937 random(2);
  std::vector<v1::RecordEventsRequest> batches;
  int number = 0;
  for (int i = 0; i < customers; ++i) {
    for (int j = 0; j < events_each; ++j, ++number) {
      if (number % kEventsPerBatch == 0) batches.emplace_back().set_tenant(kTenant);
      v1::CustomerEvent& element = *batches.back().add_events();
      element.set_customer(CustomerId(i));
      v1::Event& event = *element.mutable_event();
      event.set_id(absl::StrCat("event-", number));
      FillEvent(random, event);
      event.mutable_time()->set_seconds(absl::ToUnixSeconds(now) - static_cast<int64_t>(random() % (300 * 86'400)));
    }
  }
  return batches;
}

std::vector<v1::CustomerEvent> SampleEvents(int customers, int count, absl::string_view run) {
  std::mt19937 random(4);
  std::vector<v1::CustomerEvent> events(static_cast<size_t>(count));
  for (int i = 0; i < count; ++i) {
    v1::CustomerEvent& element = events[static_cast<size_t>(i)];
    element.set_customer(CustomerId(static_cast<int>(random() % static_cast<unsigned>(customers))));
    element.mutable_event()->set_id(absl::StrCat(run, "-", i));
    FillEvent(random, *element.mutable_event());
  }
  return events;
}

std::vector<v1::GetOffersRequest> SampleRequests(int customers, int count) {
  std::mt19937 random(3);
  std::vector<v1::GetOffersRequest> requests(static_cast<size_t>(count));
  for (v1::GetOffersRequest& request : requests) {
    v1::DecisionContext& context = *request.mutable_context();
    context.set_tenant(kTenant);
    context.set_customer(CustomerId(static_cast<int>(random() % static_cast<unsigned>(customers))));
    context.set_locale("de-AT");
    (*context.mutable_context())["cart_value"].set_double_value(static_cast<double>(random() % 100));
    request.set_placement(kPlacement);
  }
  return requests;
}

}  // namespace waymark::bench
