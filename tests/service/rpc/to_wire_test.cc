#include "service/rpc/to_wire.h"

#include <memory>
#include <string>
#include <utility>

#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "segmentation/affinity.h"
#include "service/base/field_error.h"
#include "tests/support/playbooks.h"

namespace waymark::rpc {
namespace {

using segmentation::NameIdOf;

constexpr char kPlaybook[] = R"yaml(
name: shop
currency: EUR
default_locale: de
traits: [{name: age, type: INT}]
purposes: [{name: email}]
channels: [{name: web, content_type: HTML}]
segments:
  - {name: vip, when: 'customer.age > 30'}
  - {name: buyers, when: 'ever("purchase")'}
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - {name: coupon, kind: OFFER}
  - {name: hello, kind: CONTENT}
placements: [{name: banner, touchpoint: web/home, slots: 1, fallback: hello}]
)yaml";

std::shared_ptr<const playbook::Playbook> SharedPlaybook() {
  static const auto playbook = testing_support::MustCompile(kPlaybook, 7);
  return playbook;
}

template <typename Message>
void ExpectWire(const Message& actual, const std::string& expected_text) {
  Message expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(expected_text, &expected));
  std::string difference;
  google::protobuf::util::MessageDifferencer differencer;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, actual)) << difference;
}

segmentation::JourneyPosition Position(const char* stage, int64_t since) {
  return {.journey = NameIdOf("shopping"),
          .current = {NameIdOf(stage), absl::FromUnixSeconds(since)},
          .history = {{NameIdOf("awareness"), absl::UnixEpoch()}}};
}

engine::DecideAnswer SampleDecision() {
  engine::DecideAnswer answer{.playbook = SharedPlaybook(),
                              .decision_id = "d1",
                              .decided_at = absl::FromUnixMillis(1500),
                              .knowledge = engine::Knowledge::kUnknownCustomer};
  decision::PlacementDecision placement{.placement = 0};
  placement.chosen.push_back({.action = 0,
                              .priority = 0.5,
                              .content = decision::Content{.locale = "de",
                                                           .content_type = playbook::ContentType::kHtml,
                                                           .subject = "s",
                                                           .body = "b",
                                                           .image_url = "i",
                                                           .link_url = "l"}});
  placement.candidates.push_back(
      {.action = 0, .reason = decision::Reason::kChosen, .factors = decision::Factors{0.5, 2, 3, 4}, .priority = 0.5});
  placement.candidates.push_back({.action = 1, .reason = decision::Reason::kKind, .detail = "why"});
  answer.decision.placements.push_back(std::move(placement));
  answer.decision.positions.push_back(Position("interest", 9));
  answer.tokens = {{"token"}};
  answer.receipts.push_back({.duplicate = true});
  return answer;
}

constexpr char kSampleDecision[] = R"pb(
  decision_id: "d1"
  placement: "banner"
  actions {
    action: "coupon"
    kind: ACTION_KIND_OFFER
    content { locale: "de" content_type: CONTENT_TYPE_HTML subject: "s" body: "b" image_url: "i" link_url: "l" }
    priority: 0.5
    token: "token"
  }
  candidates {
    action: "coupon"
    reason: REASON_CODE_CHOSEN
    factors { propensity: 0.5 context_weight: 2 value: 3 lever: 4 }
    priority: 0.5
  }
  candidates { action: "hello" reason: REASON_CODE_KIND detail: "why" }
  playbook_version: 7
  decided_at { seconds: 1 nanos: 500000000 }
  knowledge: KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER
  positions {
    journey: "shopping"
    stage: "interest"
    since { seconds: 9 }
    previous_stage: "awareness"
  }
)pb";

TEST(DecisionToWireTest, HoldsAllThatWasDecided) {
  v1::GetOffersResponse offers;
  ToWire(SampleDecision(), offers);
  ExpectWire(offers.decision(), kSampleDecision);
  EXPECT_EQ(offers.receipts_size(), 1);
  EXPECT_TRUE(offers.receipts(0).duplicate());

  v1::NextBestActionResponse best;
  ToWire(SampleDecision(), best);
  ExpectWire(best.decision(), kSampleDecision);

  v1::GetContentResponse content;
  ToWire(SampleDecision(), content);
  ASSERT_EQ(content.decisions_size(), 1);
  ExpectWire(content.decisions(0), kSampleDecision);
}

TEST(DecisionToWireTest, EveryReasonAndKnowledgeHasItsCode) {
  using decision::Reason;
  const std::pair<Reason, v1::ReasonCode> reasons[] = {
      {Reason::kKind, v1::REASON_CODE_KIND},
      {Reason::kPlacement, v1::REASON_CODE_PLACEMENT},
      {Reason::kChannel, v1::REASON_CODE_CHANNEL},
      {Reason::kValidity, v1::REASON_CODE_VALIDITY},
      {Reason::kStage, v1::REASON_CODE_STAGE},
      {Reason::kEligibility, v1::REASON_CODE_ELIGIBILITY},
      {Reason::kRuleError, v1::REASON_CODE_RULE_ERROR},
      {Reason::kConsent, v1::REASON_CODE_CONSENT},
      {Reason::kSuppressed, v1::REASON_CODE_SUPPRESSED},
      {Reason::kNotAfter, v1::REASON_CODE_NOT_AFTER},
      {Reason::kLimitUnknown, v1::REASON_CODE_LIMIT_UNKNOWN},
      {Reason::kBudget, v1::REASON_CODE_BUDGET},
      {Reason::kBudgetUnknown, v1::REASON_CODE_BUDGET_UNKNOWN},
      {Reason::kLimit, v1::REASON_CODE_LIMIT},
      {Reason::kQuietHours, v1::REASON_CODE_QUIET_HOURS},
      {Reason::kValueError, v1::REASON_CODE_VALUE_ERROR},
      {Reason::kContentError, v1::REASON_CODE_CONTENT_ERROR},
      {Reason::kOutranked, v1::REASON_CODE_OUTRANKED},
      {Reason::kChosen, v1::REASON_CODE_CHOSEN},
      {Reason::kFallback, v1::REASON_CODE_FALLBACK},
  };
  for (const auto& [reason, code] : reasons) {
    engine::DecideAnswer answer = SampleDecision();
    answer.decision.placements[0].candidates[0].reason = reason;
    v1::GetOffersResponse wire;
    ToWire(answer, wire);
    EXPECT_EQ(wire.decision().candidates(0).reason(), code);
  }
  const std::pair<engine::Knowledge, v1::Knowledge> knowledge[] = {
      {engine::Knowledge::kProfile, v1::KNOWLEDGE_PROFILE},
      {engine::Knowledge::kUnknownCustomer, v1::KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER},
      {engine::Knowledge::kStoreUnavailable, v1::KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE},
      {engine::Knowledge::kNoConsent, v1::KNOWLEDGE_CONTEXT_NO_CONSENT},
      {engine::Knowledge::kStaleProfile, v1::KNOWLEDGE_STALE_PROFILE},
      {engine::Knowledge::kProfileUnusable, v1::KNOWLEDGE_CONTEXT_PROFILE_UNUSABLE},
  };
  for (const auto& [from, to] : knowledge) {
    engine::DecideAnswer answer = SampleDecision();
    answer.knowledge = from;
    v1::GetOffersResponse wire;
    ToWire(answer, wire);
    EXPECT_EQ(wire.decision().knowledge(), to);
    EXPECT_EQ(wire.decision().has_profile_read_at(), from == engine::Knowledge::kStaleProfile);
  }
}

TEST(ReceiptToWireTest, NamesStagesAndSegments) {
  const engine::Receipt receipt{.stage_changes = {{NameIdOf("shopping"), absl::nullopt, NameIdOf("interest")},
                                                  {NameIdOf("shopping"), NameIdOf("interest"), NameIdOf("purchase")}},
                                .segments_entered = {NameIdOf("vip")},
                                .segments_left = {NameIdOf("buyers"), NameIdOf("a segment of an earlier playbook")}};
  v1::EventReceipt wire;
  ToWire(receipt, *SharedPlaybook(), wire);
  ExpectWire(wire, R"pb(
    stage_changes { journey: "shopping" to_stage: "interest" }
    stage_changes { journey: "shopping" from_stage: "interest" to_stage: "purchase" }
    segments_entered: "vip"
    segments_left: "buyers"
    segments_left: "unknown"
  )pb");
}

TEST(ReceiptToWireTest, SaysWhatWasNotAllowed) {
  v1::EventReceipt wire;
  ToWire(
      engine::Receipt{
          .disallowed = decision::Reason::kLimit, .disallowed_detail = "the channel: 2 a day", .withheld = true},
      *SharedPlaybook(), wire);
  ExpectWire(wire, "disallowed: REASON_CODE_LIMIT disallowed_detail: 'the channel: 2 a day' withheld: true");
}

TEST(RefusalToWireTest, SaysWhereAndWhetherToRetry) {
  v1::RefusedEvent wire;
  RefusalToWire(3, base::FieldError("event.time", "before 1970"), wire);
  ExpectWire(wire, "index: 3 problem { field: 'events[3].event.time' message: 'before 1970' }");
  wire.Clear();
  RefusalToWire(4, absl::UnavailableError("the store is away"), wire);
  ExpectWire(wire, "index: 4 problem { field: 'events[4]' message: 'the store is away' } retry: true");
  wire.Clear();
  RefusalToWire(5, absl::DeadlineExceededError("late"), wire);
  EXPECT_TRUE(wire.retry());
  wire.Clear();
  RefusalToWire(6, absl::DataLossError("damaged"), wire);
  EXPECT_FALSE(wire.retry());
}

TEST(ProfileToWireTest, HoldsAllThatIsKnown) {
  engine::ProfileAnswer answer{.playbook = SharedPlaybook(), .revision = 26};
  segmentation::Profile& profile = answer.profile;
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{40});
  segmentation::SetTrait(profile, NameIdOf("no_longer_declared"), int64_t{1});
  segmentation::SetConsent(profile, {NameIdOf("email"), true, absl::FromUnixSeconds(3)});
  profile.ledger.Add(NameIdOf("purchase"), absl::FromUnixSeconds(10), 2'500'000);
  profile.ledger.Add(NameIdOf("purchase"), absl::FromUnixSeconds(20), 2'500'000);
  profile.positions = {Position("interest", 9)};
  profile.contacts = {{NameIdOf("coupon"), NameIdOf("web"), absl::FromUnixSeconds(30), 1},
                      {NameIdOf("hello"), segmentation::NameId{}, absl::FromUnixSeconds(30), 1}};
  profile.outcomes = {{NameIdOf("coupon"), NameIdOf("purchase"), absl::FromUnixSeconds(40)}};
  profile.scores = {{NameIdOf("nps"), absl::FromUnixSeconds(50), 9'000'000}};
  if (NameIdOf("sentiment") < NameIdOf("nps")) {
    profile.scores.insert(profile.scores.begin(), {NameIdOf("sentiment"), absl::FromUnixSeconds(60), -250'000});
  } else {
    profile.scores.push_back({NameIdOf("sentiment"), absl::FromUnixSeconds(60), -250'000});
  }
  profile.derived.segments = {NameIdOf("vip"), NameIdOf("buyers")};
  profile.created = absl::FromUnixSeconds(1);
  profile.updated = absl::FromUnixSeconds(2);
  v1::Profile wire;
  ToWire(answer, "c1", wire);
  ExpectWire(wire, R"pb(
    customer: "c1"
    traits {
      key: "age"
      value { int_value: 40 }
    }
    consents {
      key: "email"
      value {
        granted: true
        time { seconds: 3 }
      }
    }
    events {
      type: "purchase"
      count: 2
      total: 5
      first_time { seconds: 10 }
      last_time { seconds: 20 }
    }
    positions {
      journey: "shopping"
      stage: "interest"
      since { seconds: 9 }
      previous_stage: "awareness"
    }
    segments: "buyers"
    segments: "vip"
    contacts {
      action: "coupon"
      channel: "web"
      time { seconds: 30 }
    }
    outcomes {
      action: "coupon"
      type: "purchase"
      time { seconds: 40 }
    }
    create_time { seconds: 1 }
    update_time { seconds: 2 }
    etag: "000000000000001a"
    scores {
      type: "nps"
      value: 9
      time { seconds: 50 }
    }
    scores {
      type: "sentiment"
      value: -0.25
      time { seconds: 60 }
    }
  )pb");
}

TEST(ProfileToWireTest, HoldsWhatTheCustomerIsDrawnToAndWhatIsToBeExpected) {
  const absl::Time now = absl::FromUnixSeconds(1'780'000'000);
  segmentation::Population population{.version = 3, .purchase = NameIdOf("purchase"), .horizon = absl::Hours(24 * 365)};
  population.rfm = {{2, 12, 30, 60}, {1, 1, 1, 1}, {5, 10, 15, 30}};
  auto playbook = std::make_shared<playbook::Playbook>(*SharedPlaybook());
  playbook->population = std::make_shared<segmentation::Population>(population);
  engine::ProfileAnswer answer{.playbook = playbook, .at = now};
  for (const char* name : {"web", "undeclared", "email", "email"})
    segmentation::AddAffinity(answer.profile, NameIdOf(name), now);
  answer.profile.ledger.Add(NameIdOf("purchase"), now, 8'000'000);
  v1::Profile wire;
  ToWire(answer, "c1", wire);
  ASSERT_EQ(wire.affinities_size(), 2) << "what has no name is left out";
  EXPECT_EQ(wire.affinities(0).name(), "email");
  EXPECT_NEAR(wire.affinities(0).weight(), 2, 0.001);
  EXPECT_EQ(wire.affinities(1).name(), "web");
  EXPECT_EQ(wire.outlook().population_version(), 3u);
  EXPECT_EQ(wire.outlook().rfm_cell(), "512");
  EXPECT_EQ(wire.outlook().rfm_segment(), "potential_loyalist");
  EXPECT_FALSE(wire.outlook().has_lifetime_value()) << "there is no model";
}

TEST(EvaluateToWireTest, SegmentsAreByName) {
  engine::EvaluateAnswer answer{.playbook = SharedPlaybook(), .evaluated_at = absl::FromUnixSeconds(5)};
  const auto& rules = answer.playbook->segment_rules;
  answer.segments = {
      {.rule = rules[0].enter,
       .error = "customer.age is not known",
       .parts = {{.text = "customer.age > 30", .error = "customer.age is not known"},
                 {.text = "customer.age", .error = "customer.age is not known", .fact = true}}},
      {.member = true, .was_member = false, .rule = rules[1].enter, .parts = {{"ever('purchase')", "true"}}}};
  v1::EvaluateCustomerResponse wire;
  ToWire(answer, wire);
  ExpectWire(wire, R"pb(
    segments {
      segment: "buyers"
      member: true
      rule: 'ever("purchase")'
      parts { text: "ever('purchase')" value: "true" }
      was_member: false
    }
    segments {
      segment: "vip"
      rule: "customer.age > 30"
      error: "customer.age is not known"
      parts { text: "customer.age > 30" error: "customer.age is not known" }
      parts { text: "customer.age" error: "customer.age is not known" fact: true }
    }
    playbook_version: 7
    evaluated_at { seconds: 5 }
  )pb");
}

TEST(ResegmentToWireTest, CountsSegmentsAndStages) {
  batch::ResegmentProgress progress{.playbook = SharedPlaybook(),
                                    .profiles = 10,
                                    .changed = 4,
                                    .damaged = 1,
                                    .estimated_total = 12,
                                    .done = true,
                                    .members = {3, 5},
                                    .customers = {{1, 2, 3, 4, 5, 6}}};
  v1::ResegmentResponse wire;
  ToWire(progress, wire);
  EXPECT_EQ(wire.profiles(), 10);
  EXPECT_EQ(wire.changed(), 4);
  EXPECT_EQ(wire.damaged(), 1);
  EXPECT_EQ(wire.estimated_total(), 12);
  EXPECT_TRUE(wire.done());
  ASSERT_EQ(wire.segments_size(), 2);
  EXPECT_EQ(wire.segments(1).segment(), "buyers");
  EXPECT_EQ(wire.segments(1).members(), 5);
  ASSERT_EQ(wire.stages_size(), 6);
  EXPECT_EQ(wire.stages(5).journey(), "shopping");
  EXPECT_EQ(wire.stages(5).stage(), SharedPlaybook()->journeys[0].stages[5].name);
  EXPECT_EQ(wire.stages(5).customers(), 6);
}

TEST(ProblemsToStatusTest, EachIsAViolationWithItsPlace) {
  const absl::Status status = ProblemsToStatus({{"actions[0].kind", 3, 14, "no such kind"}, {"", 0, 0, "empty"}});
  EXPECT_TRUE(absl::IsInvalidArgument(status));
  EXPECT_THAT(base::FieldViolationsOf(status),
              testing::ElementsAre(base::FieldViolation{"actions[0].kind", "3:14: no such kind"},
                                   base::FieldViolation{"", "0:0: empty"}));
}

}  // namespace
}  // namespace waymark::rpc
