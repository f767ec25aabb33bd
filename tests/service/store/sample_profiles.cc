#include "tests/service/store/sample_profiles.h"

#include <algorithm>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/affinity.h"
#include "segmentation/ledger.h"

namespace waymark::testing_support {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;
using segmentation::Profile;

constexpr uint64_t kFingerprintMask = (uint64_t{1} << 48) - 1;

// The standard generator, and draws that are the same with every standard library.
class Draws {
 public:
  explicit Draws(uint64_t seed) : engine_(seed) {}

  uint64_t Any() { return engine_(); }
  int64_t Below(int64_t limit) { return static_cast<int64_t>(engine_() % static_cast<uint64_t>(limit)); }
  bool OneIn(int64_t n) { return Below(n) == 0; }

  NameId Name() { return NameId{static_cast<uint32_t>(engine_())}; }
  std::vector<NameId> Names(int64_t size) {
    std::vector<NameId> names(static_cast<size_t>(size));
    std::generate(names.begin(), names.end(), [this] { return Name(); });
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
  }

  absl::Time Time() {
    if (OneIn(50)) return absl::InfiniteFuture();
    if (OneIn(50)) return absl::InfinitePast();
    if (OneIn(20)) return absl::FromUnixMillis(-Below(1'000'000'000'000));
    return absl::FromUnixMillis(1'600'000'000'000 + Below(200'000'000'000));
  }

  // Money in cents, mostly.
  int64_t Micros() {
    if (OneIn(100)) return std::numeric_limits<int64_t>::min();
    if (OneIn(20)) return static_cast<int64_t>(Any());
    return (Below(2'000'000) - 100'000) * 10'000;
  }

  std::string Text(int64_t max) {
    std::string text(static_cast<size_t>(Below(max + 1)), '\0');
    std::generate(text.begin(), text.end(), [this] { return static_cast<char>(Any()); });
    return text;
  }

 private:
  std::mt19937_64 engine_;
};

segmentation::TraitValue RandomValue(Draws& draws) {
  switch (draws.Below(6)) {
    case 0:
      return draws.OneIn(2);
    case 1:
      return static_cast<int64_t>(draws.Any());
    case 2:
      return static_cast<double>(draws.Below(1'000'000)) / 7;
    case 3:
      return draws.Text(40);
    case 4:
      return draws.Time();
    default: {
      std::vector<std::string> list(static_cast<size_t>(draws.Below(4)));
      for (std::string& text : list) text = draws.Text(10);
      return list;
    }
  }
}

std::vector<segmentation::Bucket> RandomBuckets(Draws& draws, int64_t max, int32_t last) {
  std::vector<segmentation::Bucket> buckets(static_cast<size_t>(draws.Below(max)));
  int32_t index = last;
  for (auto bucket = buckets.rbegin(); bucket != buckets.rend(); ++bucket) {
    *bucket = {index, static_cast<uint32_t>(draws.OneIn(9) ? draws.Any() : 1), draws.Micros()};
    index -= static_cast<int32_t>(1 + draws.Below(9));
  }
  return buckets;
}

std::vector<segmentation::Series> RandomSeries(Draws& draws) {
  std::vector<segmentation::Series> all;
  for (NameId event : draws.Names(draws.Below(6))) {
    segmentation::Series series{.event = event,
                                .count = draws.Any() >> draws.Below(64),
                                .value_micros = draws.Micros(),
                                .first = draws.Time(),
                                .last = draws.Time()};
    series.hours = RandomBuckets(draws, segmentation::Ledger::kHours, static_cast<int32_t>(draws.Below(500'000)));
    series.days = RandomBuckets(draws, 60, static_cast<int32_t>(draws.Below(20'000)));
    all.push_back(std::move(series));
  }
  return all;
}

segmentation::Trail RandomTrail(Draws& draws) {
  segmentation::Trail trail;
  if (draws.OneIn(3)) return trail;
  const int64_t unit = draws.OneIn(2) ? 1 : draws.OneIn(2) ? 1'000 : 60'000;
  const int64_t kinds = 1 + draws.Below(6);
  const int64_t with_value = draws.Below(3);  // none, some, all
  int64_t at = draws.Below(30'000'000) * 60'000;
  for (int64_t left = draws.Below(40); left > 0; --left) {
    at += draws.Below(2'000'000) / unit * unit;
    segmentation::Touch touch{.at = absl::FromUnixMillis(at),
                              .type = NameId{static_cast<uint32_t>(draws.Below(kinds))}};
    if (draws.OneIn(2)) touch.touchpoint = NameId{static_cast<uint32_t>(100 + draws.Below(kinds))};
    if (draws.OneIn(9)) touch.action = draws.Name();
    if (with_value > 0 && (with_value == 2 || draws.OneIn(2))) touch.value_micros = draws.Micros();
    if (draws.OneIn(7)) touch.sentiment = static_cast<int>(draws.Below(201) - 100);
    trail.touches.push_back(touch);
  }
  if (draws.OneIn(4)) trail.from = absl::FromUnixMillis(draws.Below(2'000'000'000'000));
  for (NameId name : draws.Names(draws.Below(4))) trail.names.push_back({name, draws.Text(20)});
  for (int64_t left = draws.Below(3); left > 0; --left) {
    trail.comments.push_back({absl::FromUnixMillis(draws.Below(2'000'000'000'000)), draws.Name(), draws.Text(60)});
  }
  return trail;
}

}  // namespace

Profile TypicalProfile() {
  const absl::Time begin = absl::FromUnixMillis(1'700'000'123'456);
  Profile profile;
  profile.created = begin;
  for (int i = 0; i < 50; ++i) {
    const absl::Time time =
        begin + i * absl::Hours(7 * 24) + ((i * 7) % 24) * absl::Hours(1) + absl::Milliseconds(i * 7919);
    profile.ledger.Add(NameIdOf("purchase"), time, (1999 + i * 377) * int64_t{10'000});
    profile.updated = time;
  }
  for (const char* label : {"shoes", "Home & Garden", "books", "web"}) {
    segmentation::AddAffinity(profile, NameIdOf(label), profile.updated - absl::Hours(1000));
  }
  profile.seen = {{segmentation::StableHash("e49") & kFingerprintMask, 20'019}};
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{42});
  segmentation::SetTrait(profile, NameIdOf("country"), std::string("DE"));
  segmentation::SetTrait(profile, NameIdOf("first_name"), std::string("Friederike"));
  segmentation::SetConsent(profile, {NameIdOf("marketing"), true, begin});
  for (const char* journey : {"shopping", "service"}) {
    segmentation::JourneyPosition position{.journey = NameIdOf(journey)};
    position.history = {{NameIdOf("awareness"), begin}, {NameIdOf("interest"), begin + absl::Milliseconds(7'654'321)}};
    position.current = {NameIdOf("purchase"), begin + absl::Hours(1000)};
    profile.positions.push_back(position);
  }
  std::sort(profile.positions.begin(), profile.positions.end(),
            [](const auto& a, const auto& b) { return a.journey < b.journey; });
  profile.derived = {3, {NameId{7}, NameId{1'000'000'000}, NameId{4'000'000'000}}};
  return profile;
}

Profile FullProfile() {
  Draws draws(1);
  const absl::Time begin = absl::FromUnixMillis(1'700'000'123'456);
  Profile profile;
  profile.created = begin;
  profile.updated = begin + absl::Hours(24 * 400);
  for (NameId name : draws.Names(Profile::kMaxTraits)) segmentation::SetTrait(profile, name, draws.Below(100));
  for (NameId name : draws.Names(Profile::kMaxConsents)) profile.consents.push_back({name, true, begin});
  for (int day = 0; day < 400; ++day) {
    profile.ledger.Add(NameIdOf("purchase"), begin + day * absl::Hours(24), (1 + draws.Below(20'000)) * 10'000);
  }
  for (size_t i = 0; i < Profile::kMaxContacts; ++i) {
    profile.contacts.push_back({.action = NameIdOf(absl::StrCat("action", i % 40)),
                                .channel = NameIdOf(absl::StrCat("channel", i % 4)),
                                .at = begin + static_cast<int64_t>(i) * absl::Milliseconds(50'000'001),
                                .decision = draws.Any()});
  }
  for (size_t i = 0; i < Profile::kMaxOutcomes; ++i) {
    profile.outcomes.push_back({.action = NameIdOf(absl::StrCat("action", i)),
                                .type = NameIdOf(absl::StrCat("event", i)),
                                .at = begin + static_cast<int64_t>(i) * absl::Milliseconds(100'000'001)});
  }
  for (NameId name : draws.Names(Profile::kMaxAffinities)) {
    segmentation::AddAffinity(profile, name, begin + absl::Hours(24 * 400));
  }
  for (size_t i = 0; i < 100; ++i) {
    profile.trail.touches.push_back({.at = begin + static_cast<int64_t>(i) * absl::Milliseconds(50'000'001),
                                     .type = NameIdOf(i % 3 == 0 ? "purchase" : "view_item"),
                                     .touchpoint = NameIdOf(absl::StrCat("web/", i % 7)),
                                     .value_micros = static_cast<int64_t>(i % 3 == 0 ? i : 0) * 990'000});
  }
  for (size_t i = 0; i < Profile::kMaxSeenEvents; ++i) {
    profile.seen.push_back({draws.Any() & kFingerprintMask, 19'000 + static_cast<int32_t>(i / 150)});
  }
  return profile;
}

Profile RandomProfile(uint64_t seed) {
  Draws draws(seed);
  Profile profile;
  profile.created = draws.Time();
  profile.updated = draws.Time();
  for (NameId name : draws.Names(draws.Below(12))) segmentation::SetTrait(profile, name, RandomValue(draws));
  for (NameId name : draws.Names(draws.Below(6))) profile.consents.push_back({name, draws.OneIn(2), draws.Time()});
  profile.ledger.set_series(RandomSeries(draws));
  for (NameId name : draws.Names(draws.Below(4))) {
    segmentation::JourneyPosition position{.journey = name, .current = {draws.Name(), draws.Time()}};
    position.history.resize(static_cast<size_t>(draws.Below(4)));
    for (segmentation::StageEntry& entry : position.history) entry = {draws.Name(), draws.Time()};
    if (seed % 3 == 0) {
      for (NameId stage : draws.Names(draws.Below(3))) {
        position.forgotten.push_back({stage, static_cast<uint32_t>(draws.Any())});
      }
    }
    profile.positions.push_back(std::move(position));
  }
  profile.contacts.resize(static_cast<size_t>(draws.Below(20)));
  for (segmentation::Contact& contact : profile.contacts) {
    contact = {draws.Name(), NameId{static_cast<uint32_t>(draws.Below(3))}, draws.Time(), draws.Any()};
  }
  profile.outcomes.resize(draws.OneIn(2) ? 0 : static_cast<size_t>(draws.Below(20)));
  for (segmentation::Outcome& outcome : profile.outcomes) {
    outcome = {draws.Name(), NameId{static_cast<uint32_t>(draws.Below(3))}, draws.Time()};
  }
  profile.seen.resize(static_cast<size_t>(draws.Below(50)));
  for (segmentation::SeenEvent& seen : profile.seen) {
    seen = {draws.Any() & kFingerprintMask, static_cast<int32_t>(draws.Below(3))};
  }
  for (NameId name : draws.Names(draws.Below(25))) {
    const int64_t steps =
        (draws.OneIn(20) ? draws.Below(int64_t{1} << 51) - (int64_t{1} << 50) : draws.Below(60'000'000));
    profile.affinities.push_back({name, static_cast<double>(steps) / segmentation::Affinity::kStepsPerHalfLife});
  }
  if (draws.OneIn(3)) profile.positions_as_of = draws.Time();
  profile.trail = RandomTrail(draws);
  for (NameId name : draws.Names(draws.Below(5))) profile.scores.push_back({name, draws.Time(), draws.Micros()});
  profile.derived = {draws.Any() >> draws.Below(64), draws.Names(draws.Below(9))};
  profile.compacted = draws.Any() >> draws.Below(64);
  return profile;
}

}  // namespace waymark::testing_support
