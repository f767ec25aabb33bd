#include "service/store/decision_records.h"

#include <gtest/gtest.h>

#include <random>

#include "absl/strings/str_cat.h"
#include "service/store/codec.h"
#include "tests/service/store/sample_profiles.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;

template <typename T>
T Any(std::mt19937_64& random) {
  return static_cast<T>(random());
}

LoggedDecision RandomDecision(uint64_t seed) {
  std::mt19937_64 random(seed);
  LoggedDecision decision{.decision_id = std::string(random() % 64, 'd'),
                          .customer = random() % 4 == 0 ? "" : absl::StrCat("c", random()),
                          .decided_at = absl::FromUnixMillis(Any<int64_t>(random) / 2),
                          .playbook_version = random(),
                          .population_version = random() % 2 == 0 ? 0 : random(),
                          .knowledge = static_cast<int>(random() % 5),
                          .answer_hash = random()};
  if (random() % 4 != 0) decision.profile = Encode(testing_support::RandomProfile(seed), EventIds::kLeaveOut);
  decision.request.locale = random() % 2 == 0 ? "" : "de-at";
  if (random() % 2 == 0) decision.request.context = testing_support::RandomProfile(seed + 1).traits;
  if (random() % 2 == 0) decision.request.kind = static_cast<int>(random() % 4);
  decision.request.max_actions = static_cast<int>(random() % 101);
  decision.request.contacts_known = random() % 2 == 0;
  decision.request.unit = random();
  for (uint64_t i = 0; i < random() % 4; ++i) {
    decision.request.budgets.emplace_back(NameId{Any<uint32_t>(random)}, static_cast<int8_t>(random() % 128));
  }
  for (uint64_t i = 0; i < random() % 17; ++i) {
    LoggedPlacement& placement = decision.placements.emplace_back();
    placement.placement = NameId{Any<uint32_t>(random)};
    for (uint64_t j = 0; j < random() % 6; ++j) {
      placement.actions.push_back(NameId{Any<uint32_t>(random)});
      placement.priorities.push_back(static_cast<double>(random()) / 1e6);
    }
    placement.fallback = random() % 2 == 0;
  }
  return decision;
}

TEST(DecisionRecords, ADecisionComesBackAsItWas) {
  for (uint64_t seed = 0; seed < 500; ++seed) {
    const LoggedDecision decision = RandomDecision(seed);
    const absl::StatusOr<LogRecord> decoded = DecodeLogRecord(EncodeLogRecord(decision));
    ASSERT_TRUE(decoded.ok()) << decoded.status();
    ASSERT_TRUE(absl::holds_alternative<LoggedDecision>(*decoded));
    EXPECT_EQ(absl::get<LoggedDecision>(*decoded), decision) << seed;
  }
}

TEST(DecisionRecords, AnOutcomeComesBackAsItWas) {
  const LoggedOutcome outcome{0xfedcba9876543210, NameIdOf("coupon"), NameIdOf("purchase"),
                              absl::FromUnixMillis(12345)};
  const absl::StatusOr<LogRecord> decoded = DecodeLogRecord(EncodeLogRecord(outcome));
  ASSERT_TRUE(decoded.ok()) << decoded.status();
  EXPECT_EQ(absl::get<LoggedOutcome>(*decoded), outcome);
}

// Every byte matters: whatever is changed or cut off is seen.
TEST(DecisionRecords, WhatIsDamagedIsSeen) {
  const std::string bytes = EncodeLogRecord(RandomDecision(3));
  std::mt19937_64 random(4);
  for (size_t i = 0; i < bytes.size(); ++i) {
    std::string damaged = bytes;
    damaged[i] = static_cast<char>(damaged[i] ^ (1 + random() % 255));
    EXPECT_TRUE(absl::IsDataLoss(DecodeLogRecord(damaged).status())) << i;
    EXPECT_TRUE(absl::IsDataLoss(DecodeLogRecord(bytes.substr(0, i)).status())) << i;
  }
}

// What the decision sees is all but the event ids.
TEST(DecisionRecords, AProfileIsKeptWithoutItsEventIds) {
  segmentation::Profile profile = testing_support::TypicalProfile();
  const std::string whole = Encode(profile);
  const std::string kept = Encode(profile, EventIds::kLeaveOut);
  EXPECT_LT(kept.size(), whole.size());
  profile.seen.clear();
  EXPECT_EQ(*Decode(kept), profile);
}

// What one takes, as README says.
TEST(DecisionRecords, AreSmall) {
  LoggedDecision decision{.decision_id = std::string(32, 'f'),
                          .customer = "customer-12345",
                          .decided_at = absl::FromUnixMillis(1'780'000'000'000),
                          .playbook_version = 12,
                          .population_version = 3,
                          .answer_hash = 77};
  decision.placements.push_back({NameIdOf("cart"), {NameIdOf("coupon")}, {2.5}});
  EXPECT_LE(EncodeLogRecord(decision).size(), 110u);
  decision.request.context = {{NameIdOf("cart_value"), 64.9}};
  EXPECT_LE(EncodeLogRecord(decision).size(), 140u);
}

}  // namespace
}  // namespace waymark::store
