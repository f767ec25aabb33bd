#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "segmentation/fold.h"
#include "service/decision/contact_policy.h"
#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;

const absl::Time kBegin = absl::FromUnixSeconds(1767225600);  // 2026

// One of these in YAML: a window or a calendar's period.
std::string RandomLimits(std::mt19937_64& random, int least) {
  const char* const kSpans[] = {"period: DAY", "period: WEEK", "period: MONTH",
                                "window: 12h", "window: 3d",   "window: 30d"};
  const size_t span = random() % 6;
  const int scale = span == 2 || span == 5 ? 6 : span == 1 || span == 4 ? 3 : 1;
  return absl::StrCat("limits: [{per: CUSTOMER, max: ", (least + static_cast<int>(random() % 2)) * scale, ", ",
                      kSpans[span], "}]");
}

std::string RandomAction(std::mt19937_64& random, int i) {
  std::string line = absl::StrCat("  - {name: a", i, ", kind: OFFER, value: {micros: ", (20 - i) * 1000000, "}");
  if (random() % 2 == 0) absl::StrAppend(&line, ", ", RandomLimits(random, 1));
  if (i < 2 || random() % 2 == 0) absl::StrAppend(&line, ", group: g", i < 2 ? i : static_cast<int>(random() % 2));
  if (random() % 2 == 0) {
    const size_t times = 1 + random() % 3;
    absl::StrAppend(&line, ", suppressions: [{outcome: ", random() % 2 == 0 ? "dismissed" : "purchase",
                    ", times: ", times, times > 1 ? absl::StrCat(", within: ", 2 + random() % 10, "d") : "",
                    ", lasts: ", 1 + random() % 20, "d}]");
  }
  if (random() % 2 == 0) {
    const std::string other = random() % 2 == 0 ? absl::StrCat("a", random() % 8) : absl::StrCat("g", random() % 2);
    absl::StrAppend(&line, ", not_after: [{name: ", other, ", window: ", 1 + random() % 4, "d}]");
  }
  return line + "}";
}

std::string RandomPlaybook(std::mt19937_64& random) {
  std::string text =
      "time_zone: Europe/Berlin\ntime_zone_trait: zone\ntraits: [{name: zone, type: STRING}]\n"
      "events: [{name: dismissed}]\n";
  absl::StrAppend(&text, "groups: [{name: g0, ", RandomLimits(random, 2), "}, {name: g1}]\n");
  absl::StrAppend(&text, "channels:\n  - {name: web, ", RandomLimits(random, 2), "}\n  - {name: email, ",
                  RandomLimits(random, 2), ", quiet_hours: [{from: '2", random() % 4, ":15', until: '07:30'}, ",
                  "{from: '12:00', until: '14:00', days: [TUESDAY, SUNDAY]}, {from: '22:00', until: '22:00', days: "
                  "[SATURDAY]}]}\n");
  absl::StrAppend(&text, "arbitration: {limits: [{per: CUSTOMER, max: 5, period: DAY}]}\nactions:\n");
  for (int i = 0; i < 8; ++i) absl::StrAppend(&text, RandomAction(random, i), "\n");
  return text + "placements: [{name: p0, touchpoint: web/a, slots: 2}, {name: p1, touchpoint: email/b, slots: 2}]\n";
}

// What was given, with what the customer's clock showed then.
struct Given {
  int action = 0;
  int channel = 0;
  absl::Time at;
  std::string day, week, month;
};

// The policies as they are said, over plain lists of all that ever happened.
class PlainPolicy {
 public:
  PlainPolicy(const playbook::Playbook& playbook, absl::TimeZone zone) : playbook_(playbook), zone_(zone) {}

  void Begin(absl::Time now) {
    now_ = At(0, 0, now);
    clock_ = absl::FormatTime("%H:%M", now, zone_);
    today_ = std::stoi(absl::FormatTime("%u", now, zone_)) - 1;
  }
  void Give(int action, int channel) { given_.push_back(At(action, channel, now_.at)); }
  void Happen(int action, const std::string& type, absl::Time at) { outcomes_[{action, type}].push_back(at); }

  Reason Check(int index, int channel) const {
    const playbook::Action& action = playbook_.actions[index];
    for (const auto& suppression : action.suppressions) {
      if (IsSuppressed(index, suppression)) return Reason::kSuppressed;
    }
    for (const auto& rule : action.not_after) {
      for (const Given& each : given_) {
        const bool is_it =
            rule.action >= 0 ? each.action == rule.action : playbook_.actions[each.action].group == rule.group;
        if (is_it && each.at + rule.window > now_.at) return Reason::kNotAfter;
      }
    }
    const auto within = [&](const std::vector<playbook::Limit>& limits, auto matches) {
      return std::all_of(limits.begin(), limits.end(), [&](const playbook::Limit& limit) {
        return std::count_if(given_.begin(), given_.end(),
                             [&](const Given& each) { return matches(each) && IsIn(each, limit); }) < limit.max;
      });
    };
    const bool fits =
        within(action.limits, [&](const Given& each) { return each.action == index; }) &&
        (action.group < 0 ||
         within(playbook_.groups[action.group].limits,
                [&](const Given& each) { return playbook_.actions[each.action].group == action.group; })) &&
        within(playbook_.channels[channel].limits, [&](const Given& each) { return each.channel == channel; }) &&
        within(playbook_.arbitration.limits, [](const Given&) { return true; });
    if (!fits) return Reason::kLimit;
    return IsQuiet(channel) ? Reason::kQuietHours : Reason::kChosen;
  }

 private:
  Given At(int action, int channel, absl::Time at) const {
    return {action,
            channel,
            at,
            absl::FormatTime("%Y-%m-%d", at, zone_),
            absl::FormatTime("%G-%V", at, zone_),
            absl::FormatTime("%Y-%m", at, zone_)};
  }

  bool IsIn(const Given& each, const playbook::Limit& limit) const {
    switch (limit.period) {
      case playbook::Period::kDay:
        return each.day == now_.day;
      case playbook::Period::kWeek:
        return each.week == now_.week;
      case playbook::Period::kMonth:
        return each.month == now_.month;
      case playbook::Period::kNone:
        return each.at + limit.window > now_.at;
    }
    return true;
  }

  bool IsSuppressed(int action, const playbook::Suppression& suppression) const {
    const auto found = outcomes_.find({action, suppression.outcome_name});
    if (found == outcomes_.end()) return false;
    return std::any_of(found->second.begin(), found->second.end(), [&](absl::Time last) {
      const auto so_many = std::count_if(found->second.begin(), found->second.end(), [&](absl::Time each) {
        return each <= last && each > last - suppression.within;
      });
      return so_many >= suppression.times && now_.at < last + suppression.lasts;
    });
  }

  static std::string Text(int minute) {
    return absl::StrCat(minute / 600, minute / 60 % 10, ":", minute % 60 / 10, minute % 10);
  }

  bool IsQuiet(int channel) const {
    for (const playbook::QuietHours& hours : playbook_.channels[channel].quiet_hours) {
      const std::string from = Text(hours.from);
      const std::string until = Text(hours.until);
      const bool today = (hours.days & (1 << today_)) != 0;
      const bool yesterday = (hours.days & (1 << (today_ == 0 ? 6 : today_ - 1))) != 0;
      if (from < until && today && clock_ >= from && clock_ < until) return true;
      if (from >= until && ((today && clock_ >= from) || (yesterday && clock_ < until))) return true;
    }
    return false;
  }

  const playbook::Playbook& playbook_;
  const absl::TimeZone zone_;
  std::vector<Given> given_;
  std::map<std::pair<int, std::string>, std::vector<absl::Time>> outcomes_;
  Given now_;
  std::string clock_;
  int today_ = 0;
};

// One customer's year, asked about and answering; the same by the policy and by the plain one.
class Year {
 public:
  Year(uint64_t seed, const char* zone)
      : random_(seed), playbook_(testing_support::MustCompile(RandomPlaybook(random_))) {
    if (*zone != 0) segmentation::SetTrait(profile_, NameIdOf("zone"), std::string(zone));
    plain_ = std::make_unique<PlainPolicy>(*playbook_, ZoneOf(*playbook_, profile_));
  }

  // How often each reason was given.
  std::map<Reason, int> Run() {
    absl::Time now = kBegin;
    for (int i = 0; now < kBegin + absl::Hours(24 * 365); ++i) {
      now += absl::Minutes(static_cast<int64_t>(1 + random_() % 720));
      Ask(i, now);
      if (::testing::Test::HasFailure()) break;
      if (random_() % 2 == 0) Answer(i, now);
    }
    return reasons_;
  }

 private:
  void Ask(int i, absl::Time now) {
    const int placement = static_cast<int>(random_() % 2);
    const Decision decision =
        Decide(*playbook_, profile_, {.placements = {placement}, .decision_id = absl::StrCat(i), .explain = true}, now);
    plain_->Begin(now);
    std::vector<Reason> expected(playbook_->actions.size());
    for (int action = 0; action < 8; ++action) expected[action] = plain_->Check(action, placement);
    int left = 2;
    for (int action = 0; action < 8; ++action) {  // from the dearest on
      if (expected[action] != Reason::kChosen) continue;
      expected[action] = left == 0 ? Reason::kOutranked : plain_->Check(action, placement);
      if (expected[action] != Reason::kChosen) continue;
      plain_->Give(action, placement);
      --left;
    }
    for (const Candidate& candidate : decision.placements[0].candidates) {
      ++reasons_[candidate.reason];
      EXPECT_EQ(candidate.reason, expected[candidate.action])
          << playbook_->actions[candidate.action].name << " at " << now << ": " << candidate.detail;
    }
    given_.clear();
    for (const Chosen& chosen : decision.placements[0].chosen) given_.push_back(chosen.action);
    for (const segmentation::Contact& contact : decision.contacts) segmentation::AddContact(profile_, contact, now);
  }

  // Something comes of what was given, at once or some days ago.
  void Answer(int i, absl::Time now) {
    const int action = given_.empty() ? static_cast<int>(random_() % 8) : given_[random_() % given_.size()];
    const char* const type = random_() % 2 == 0 ? "dismissed" : "purchase";
    const absl::Time at = now - absl::Minutes(random_() % 3 == 0 ? static_cast<int64_t>(random_() % 5000) : 0);
    plain_->Happen(action, type, at);
    const segmentation::Event event{
        .id = absl::StrCat("e", i), .type = NameIdOf(type), .time = at, .outcome_of = playbook_->actions[action].id};
    EXPECT_TRUE(segmentation::Fold(profile_, event, now));
    EXPECT_FALSE(segmentation::Fold(profile_, event, now)) << "a duplicate";
  }

  std::mt19937_64 random_;
  std::shared_ptr<const playbook::Playbook> playbook_;
  Profile profile_;
  std::unique_ptr<PlainPolicy> plain_;
  std::vector<int> given_;
  std::map<Reason, int> reasons_;
};

TEST(ContactPolicy, IsThePlainOneOverAYearOfTraffic) {
  const char* const kZones[] = {"",  // the playbook's
                                "America/New_York",
                                "Pacific/Kiritimati",
                                "Pacific/Pago_Pago",
                                "Africa/Cairo",
                                "Australia/Lord_Howe",
                                "Asia/Kathmandu",
                                "America/St_Johns",
                                "America/Santiago",
                                "nowhere"};
  std::map<Reason, int> reasons;
  uint64_t seed = 1;
  for (int round = 0; round < 2; ++round) {
    for (const char* zone : kZones) {
      for (const auto& [reason, times] : Year(seed++, zone).Run()) reasons[reason] += times;
      ASSERT_FALSE(HasFailure()) << "seed " << seed - 1 << " in " << zone;
    }
  }
  for (Reason reason : {Reason::kSuppressed, Reason::kNotAfter, Reason::kLimit, Reason::kQuietHours, Reason::kChosen}) {
    EXPECT_GT(reasons[reason], 1000) << static_cast<int>(reason);
  }
  EXPECT_EQ(reasons[Reason::kLimitUnknown], 0);
}

// Another limit, suppression, rule of time: what it leaves was there before.
TEST(ContactPolicy, AVetoNeverAddsAnAction) {
  std::mt19937_64 random(3);
  struct Veto {
    std::string where, what;
    std::string unless;  // what the line must not have already
  };
  const std::vector<Veto> kVetoes = {
      {"  - {name: a3, ", "suppressions: [{outcome: impression, lasts: 9d}], ", "suppressions"},
      {"  - {name: a3, ", "not_after: [{name: a4, window: 9d}], ", "not_after"},
      {"  - {name: a3, ", "limits: [{per: CUSTOMER, max: 1, period: WEEK}], ", "limits"},
      {"{name: g1", ", limits: [{per: CUSTOMER, max: 1, period: DAY}]", ""},
      {"quiet_hours: [", "{from: '08:00', until: '20:00'}, ", ""},
  };
  int vetoed = 0;
  for (int round = 0; round < 200; ++round) {
    const std::string text = RandomPlaybook(random);
    const Veto& veto = kVetoes[static_cast<size_t>(round) % kVetoes.size()];
    const size_t at = text.find(veto.where);
    if (!veto.unless.empty() && absl::StrContains(text.substr(at, text.find('\n', at) - at), veto.unless)) continue;
    std::string stricter = text;
    stricter.insert(at + veto.where.size(), veto.what);
    const auto before = testing_support::MustCompile(text);
    const auto after = testing_support::MustCompile(stricter);
    Profile profile;
    for (int i = 0; i < 30; ++i) {
      const absl::Time at = kBegin + absl::Minutes(static_cast<int64_t>(random() % 20000));
      const segmentation::NameId action = NameIdOf(absl::StrCat("a", random() % 8));
      segmentation::AddContact(profile, {action, NameIdOf(random() % 2 == 0 ? "web" : "email"), at, random()}, at);
      segmentation::Fold(profile,
                         {.id = absl::StrCat(i), .type = NameIdOf("impression"), .time = at, .outcome_of = action}, at);
    }
    const absl::Time now = kBegin + absl::Minutes(static_cast<int64_t>(20000 + random() % 2000));
    ContactPolicy loose(*before, profile, true, "d", now);
    ContactPolicy strict(*after, profile, true, "d", now);
    for (int action = 0; action < 8; ++action) {
      for (int channel = 0; channel < 2; ++channel) {
        const bool had = loose.Check(action, channel, nullptr) == Reason::kChosen;
        const bool has = strict.Check(action, channel, nullptr) == Reason::kChosen;
        EXPECT_TRUE(had || !has) << veto.what;
        vetoed += had && !has ? 1 : 0;
      }
    }
  }
  EXPECT_GT(vetoed, 50);
}

}  // namespace
}  // namespace waymark::decision
