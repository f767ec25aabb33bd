#include "tests/bench/sample_profiles.h"

#include <algorithm>
#include <array>
#include <random>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"

namespace waymark::bench {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;

constexpr int kNumbers = 8;
constexpr int kTexts = 7;
constexpr int kTimes = 5;
constexpr std::array<const char*, 8> kEvents = {"login",    "view_item",  "search", "add_to_cart",
                                                "purchase", "newsletter", "review", "support"};
constexpr std::array<const char*, 6> kWords = {"DE", "AT", "CH", "email", "web_push", "blue"};

std::string SegmentRule(int number) {
  const int variant = number / 6;
  switch (number % 6) {
    case 0:
      return absl::StrCat("total(\"purchase\", days(", 30 + 45 * (variant % 8), ")) >= ", 20 + 15 * variant, ".0");
    case 1:
      return absl::StrCat("count(\"view_item\", days(", 7 + 7 * (variant % 50), ")) >= 2 && ever(\"login\")");
    case 2:
      return absl::StrCat("has(customer.n", variant % kNumbers, ") && customer.n", variant % kNumbers,
                          " >= ", 5 + variant);
    case 3:
      return absl::StrCat("ever(\"purchase\") && days_since(\"purchase\") > ", 3 + 7 * variant);
    case 4:
      return absl::StrCat("has(customer.t", variant % kTexts, ") && customer.t", variant % kTexts, " == \"",
                          kWords[static_cast<size_t>(variant) % kWords.size()], "\"");
    default:
      return absl::StrCat("in_segment(\"segment_", number - 2, "\") && !in_segment(\"segment_", number - 5,
                          "\") && count(\"login\", days(30)) > ", variant % 4);
  }
}

void AddTraits(std::mt19937_64& random, Profile& profile) {
  const uint64_t mask = random();
  // Ten at least: the first numbers and texts.
  for (int i = 0; i < kNumbers; ++i) {
    if (i >= 5 && (mask >> i & 1) != 0) continue;
    SetTrait(profile, NameIdOf(absl::StrCat("n", i)), static_cast<int64_t>(random() % 100));
  }
  for (int i = 0; i < kTexts; ++i) {
    if (i >= 5 && (mask >> (10 + i) & 1) != 0) continue;
    SetTrait(profile, NameIdOf(absl::StrCat("t", i)), std::string(kWords[random() % kWords.size()]));
  }
  for (int i = 0; i < kTimes; ++i) {
    if ((mask >> (20 + i) & 1) != 0) continue;
    SetTrait(profile, NameIdOf(absl::StrCat("d", i)),
             SampleNow() - absl::Seconds(static_cast<int64_t>(random() % (900 * 86'400))));
  }
}

void AddEvents(std::mt19937_64& random, Profile& profile) {
  const size_t types = 4 + random() % 5;
  for (size_t type = 0; type < types; ++type) {
    const uint64_t events = 1 + random() % 6;
    for (uint64_t i = 0; i < events; ++i) {
      // Most of it is recent.
      const double age = static_cast<double>(random() % 1000) / 1000;
      const absl::Time time =
          SampleNow() - absl::Minutes(static_cast<int64_t>(age * age * 360 * 24 * 60 + static_cast<double>(type)));
      const bool paid = type == 4;
      profile.ledger.Add(NameIdOf(kEvents[type]), time, paid ? static_cast<int64_t>(5 + random() % 95) * 1'000'000 : 0);
      if (SampleNow() - time < absl::Hours(24 * 7)) {
        profile.seen.push_back({random() >> 16, static_cast<int32_t>(absl::ToUnixSeconds(time) / 86'400)});
      }
    }
  }
  std::sort(profile.seen.begin(), profile.seen.end(),
            [](const auto& a, const auto& b) { return a.received_day < b.received_day; });
}

}  // namespace

absl::Time SampleNow() { return absl::FromUnixSeconds(1'780'000'000); }

Profile SampleProfile(uint64_t number) {
  std::mt19937_64 random(number);
  Profile profile;
  profile.created = SampleNow() - absl::Hours(static_cast<int64_t>(24 * 365 + random() % 10'000));
  profile.updated = SampleNow() - absl::Hours(1);
  AddTraits(random, profile);
  AddEvents(random, profile);
  SetConsent(profile, {NameIdOf("email"), random() % 3 != 0, profile.created});
  SetConsent(profile, {NameIdOf("profiling"), random() % 2 != 0, profile.created});
  return profile;
}

std::string SegmentsPlaybook(int segments) {
  std::string text = "name: bench\ncurrency: EUR\npurposes: [{name: email}, {name: profiling}]\ntraits:\n";
  for (int i = 0; i < kNumbers; ++i) absl::StrAppend(&text, "  - {name: n", i, ", type: INT}\n");
  for (int i = 0; i < kTexts; ++i) absl::StrAppend(&text, "  - {name: t", i, ", type: STRING}\n");
  for (int i = 0; i < kTimes; ++i) absl::StrAppend(&text, "  - {name: d", i, ", type: TIMESTAMP}\n");
  absl::StrAppend(&text, "events: [{name: newsletter}, {name: review}, {name: support}]\n",
                  "journeys: [{name: shopping, preset: SIX_STAGES}]\nsegments:\n");
  for (int i = 0; i < segments; ++i) {
    absl::StrAppend(&text, "  - {name: segment_", i, ", when: '", SegmentRule(i), "'}\n");
  }
  return text;
}

}  // namespace waymark::bench
