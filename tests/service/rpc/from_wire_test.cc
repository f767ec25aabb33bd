#include "service/rpc/from_wire.h"

#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "service/base/field_error.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::rpc {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::Pair;

template <typename Message>
Message Parse(const std::string& text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

std::string FieldOf(const absl::Status& status) {
  const std::vector<base::FieldViolation> violations = base::FieldViolationsOf(status);
  return violations.empty() ? "" : violations[0].field;
}

std::string Repeat(const std::string& text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) absl::StrAppend(&all, absl::StrReplaceAll(text, {{"#", absl::StrCat(i)}}));
  return all;
}

constexpr char kEvent[] = "id: 'e1' type: 'purchase' ";

TEST(DecideFromWireTest, TakesEverything) {
  const auto request = FromWire(Parse<v1::GetOffersRequest>(R"pb(
    context {
      tenant: "shop"
      customer: "c1"
      locale: "de-AT"
      context {
        key: "cart_value"
        value { double_value: 64.5 }
      }
      context {
        key: "cart_items"
        value { int_value: 2 }
      }
      events {
        id: "e1"
        type: "purchase"
        time { seconds: 10 nanos: 5999999 }
        money { micros: 4500000 currency: "EUR" }
        decision_token: "t"
        labels: [ "shoes", "sale" ]
        touchpoint: "web/cart"
        only_if_allowed: true
      }
      events { id: "e2" type: "rate_product" number: 4.5 sentiment: -0.25 text: "Well" }
      decision_id: "d1"
      explain: true
    }
    placement: "cart_banner"
    max_offers: 3
  )pb"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->tenant, "shop");
  EXPECT_EQ(request->customer, "c1");
  EXPECT_EQ(request->locale, "de-AT");
  EXPECT_EQ(request->decision_id, "d1");
  EXPECT_TRUE(request->explain);
  EXPECT_THAT(request->placements, ElementsAre("cart_banner"));
  EXPECT_EQ(request->max_actions, 3);
  EXPECT_EQ(request->kind, playbook::ActionKind::kOffer);
  EXPECT_THAT(request->context, ElementsAre(Pair("cart_items", segmentation::TraitValue(int64_t{2})),
                                            Pair("cart_value", segmentation::TraitValue(64.5))));
  ASSERT_EQ(request->events.size(), 2u);
  EXPECT_EQ(request->events[0].time, absl::FromUnixMillis(10'005));
  EXPECT_EQ(request->events[0].value_micros, 4'500'000);
  EXPECT_EQ(request->events[0].currency, "EUR");
  EXPECT_EQ(request->events[0].decision_token, "t");
  EXPECT_THAT(request->events[0].labels, ElementsAre("shoes", "sale"));
  EXPECT_EQ(request->events[0].touchpoint, "web/cart");
  EXPECT_TRUE(request->events[0].only_if_allowed);
  EXPECT_FALSE(request->events[1].only_if_allowed);
  EXPECT_THAT(request->events[1].labels, IsEmpty());
  EXPECT_EQ(request->events[1].time, absl::nullopt);
  EXPECT_EQ(request->events[1].value_micros, 4'500'000);
  EXPECT_EQ(request->events[1].currency, "");
  EXPECT_TRUE(request->events[1].is_number);
  EXPECT_EQ(request->events[1].sentiment, -0.25);
  EXPECT_EQ(request->events[1].text, "Well");
  EXPECT_FALSE(request->events[0].is_number);
  EXPECT_EQ(request->events[0].sentiment, absl::nullopt);
  EXPECT_EQ(request->events[0].text, "");
}

TEST(DecideFromWireTest, MethodsAskForTheirKinds) {
  const auto best = FromWire(Parse<v1::NextBestActionRequest>("context { tenant: 'shop' } placement: 'p'"));
  ASSERT_TRUE(best.ok());
  EXPECT_EQ(best->kind, absl::nullopt);
  EXPECT_EQ(best->max_actions, 0);
  const auto content = FromWire(Parse<v1::GetContentRequest>("context { tenant: 'shop' } placements: ['b', 'a']"));
  ASSERT_TRUE(content.ok());
  EXPECT_EQ(content->kind, absl::nullopt);
  EXPECT_THAT(content->placements, ElementsAre("b", "a"));
}

struct Refusal {
  std::string request;  // in text format
  std::string field;
};

// A secret that no message may repeat.
constexpr char kSecret[] = "anna.secret";

template <typename Message>
void ExpectRefused(const std::vector<Refusal>& refusals) {
  for (const Refusal& refusal : refusals) {
    const absl::Status status = FromWire(Parse<Message>(refusal.request)).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << refusal.request << " " << status;
    EXPECT_EQ(FieldOf(status), refusal.field) << refusal.request;
    EXPECT_THAT(std::string(status.message()), Not(HasSubstr(kSecret))) << refusal.request;
  }
}

std::string Offers(const std::string& context) {
  return absl::StrCat("placement: 'p' context { tenant: 'shop' customer: 'c' ", context, " }");
}

TEST(DecideFromWireTest, RefusesAndNamesTheField) {
  ExpectRefused<v1::GetOffersRequest>({
      {"placement: 'p'", "context.tenant"},
      {"placement: 'p' context { tenant: '9shop' }", "context.tenant"},
      {"placement: 'p' context { tenant: 'Shop' }", "context.tenant"},
      {absl::StrCat("placement: 'p' context { tenant: '", std::string(65, 'a'), "' }"), "context.tenant"},
      {absl::StrCat("placement: 'p' context { tenant: 'shop' customer: '", std::string(129, 'c'), "' }"),
       "context.customer"},
      {absl::StrCat("placement: 'p' context { tenant: 'shop' customer: '", kSecret, "\\n' }"), "context.customer"},
      {Offers("locale: 'd'"), "context.locale"},
      {Offers("locale: 'de_AT'"), "context.locale"},
      {Offers("locale: 'de-'"), "context.locale"},
      {Offers("locale: 'de-abcdefghi'"), "context.locale"},
      {Offers(absl::StrCat("decision_id: '", std::string(65, 'd'), "'")), "context.decision_id"},
      {Offers("context { key: 'x' value { } }"), "context.context[\"x\"]"},
      {Offers("context { key: 'x' value { double_value: nan } }"), "context.context[\"x\"]"},
      {Offers(absl::StrCat("context { key: '", kSecret, "' value { int_value: 1 } }")), "context.context"},
      {Offers(Repeat("context { key: 'k#' value { int_value: 1 } }", 65)), "context.context"},
      {Offers(Repeat("events { id: 'e#' type: 'purchase' }", 33)), "context.events"},
      {Offers(absl::StrCat("events { ", kEvent, " } events { type: 'purchase' }")), "context.events[1].id"},
      {"context { tenant: 'shop' }", "placement"},
      {absl::StrCat("context { tenant: 'shop' } placement: '", std::string(65, 'p'), "'"), "placement"},
      {absl::StrCat(Offers(""), " max_offers: 0"), "max_offers"},
      {absl::StrCat(Offers(""), " max_offers: 101"), "max_offers"},
  });
  ExpectRefused<v1::GetContentRequest>({
      {"context { tenant: 'shop' }", "placements"},
      {absl::StrCat("context { tenant: 'shop' } ", Repeat("placements: 'p#' ", 17)), "placements"},
      {"context { tenant: 'shop' } placements: ['a', 'b', 'a']", "placements[2]"},
      {"context { tenant: 'shop' } placements: ['a', '']", "placements[1]"},
  });
}

TEST(DecideFromWireTest, TakesLimitsExactly) {
  for (const std::string& context : {std::string("locale: 'zh-Hant-TW'"), std::string("locale: ''"),
                                     absl::StrCat("decision_id: '", std::string(64, 'd'), "'"),
                                     Repeat("context { key: 'k#' value { int_value: 1 } }", 64),
                                     Repeat("events { id: 'e#' type: 'purchase' }", 32)}) {
    const absl::Status status = FromWire(Parse<v1::GetOffersRequest>(Offers(context))).status();
    EXPECT_TRUE(status.ok()) << status;
  }
}

std::string Record(const std::string& event) {
  return absl::StrCat("tenant: 'shop' customer: 'c' event { ", event, " }");
}

TEST(RecordFromWireTest, RefusesAndNamesTheField) {
  ExpectRefused<v1::RecordEventRequest>({
      {"customer: 'c' event { id: 'e' type: 'purchase' }", "tenant"},
      {"tenant: 'shop' event { id: 'e' type: 'purchase' }", "customer"},
      {"tenant: 'shop' customer: 'c'", "event"},
      {Record("type: 'purchase'"), "event.id"},
      {Record(absl::StrCat("type: 'purchase' id: '", std::string(129, 'e'), "'")), "event.id"},
      {Record("id: 'e'"), "event.type"},
      {Record(absl::StrCat(kEvent, "time { seconds: -1 }")), "event.time"},
      {Record(absl::StrCat(kEvent, "time { seconds: 253402300800 }")), "event.time"},
      {Record(absl::StrCat(kEvent, "time { nanos: 1000000000 }")), "event.time"},
      {Record(absl::StrCat(kEvent, "money { micros: 1000000000000001 currency: 'EUR' }")), "event.money.micros"},
      {Record(absl::StrCat(kEvent, "money { micros: -1000000000000001 currency: 'EUR' }")), "event.money.micros"},
      {Record(absl::StrCat(kEvent, "money { micros: 1 }")), "event.money.currency"},
      {Record(absl::StrCat(kEvent, "money { micros: 1 currency: 'eur' }")), "event.money.currency"},
      {Record(absl::StrCat(kEvent, "number: 1000000000.5")), "event.number"},
      {Record(absl::StrCat(kEvent, "number: nan")), "event.number"},
      {Record(absl::StrCat(kEvent, "number: -inf")), "event.number"},
      {Record(absl::StrCat(kEvent, "decision_token: '", std::string(513, 't'), "'")), "event.decision_token"},
  });
}

TEST(RecordFromWireTest, RefusesTextThatIsNoUtf8) {
  v1::RecordEventRequest request = Parse<v1::RecordEventRequest>(Record(kEvent));
  request.mutable_event()->set_id("\xFF");
  EXPECT_EQ(FieldOf(FromWire(request).status()), "event.id");
}

TEST(RecordFromWireTest, ABatchKeepsWhatIsSound) {
  const auto batch = FromWire(Parse<v1::RecordEventsRequest>(R"pb(
    tenant: "shop"
    events {
      customer: "a"
      event { id: "1" type: "purchase" }
    }
    events { event { id: "2" type: "purchase" } }
    events {
      customer: "b"
      event {
        id: "3"
        type: "purchase"
        time { seconds: -1 }
      }
    }
    events {
      customer: "a"
      event { id: "4" type: "purchase" }
    }
  )pb"));
  ASSERT_TRUE(batch.ok());
  EXPECT_THAT(batch->indexes, ElementsAre(0, 3));
  EXPECT_EQ(batch->sound.tenant, "shop");
  ASSERT_EQ(batch->sound.items.size(), 2u);
  EXPECT_EQ(batch->sound.items[1].event.id, "4");
  ASSERT_EQ(batch->refused.size(), 2u);
  EXPECT_EQ(batch->refused[0].first, 1);
  EXPECT_EQ(FieldOf(batch->refused[0].second), "customer");
  EXPECT_EQ(batch->refused[1].first, 2);
  EXPECT_EQ(FieldOf(batch->refused[1].second), "event.time");
}

TEST(RecordFromWireTest, ABatchHasBounds) {
  ExpectRefused<v1::RecordEventsRequest>({
      {"tenant: 'shop'", "events"},
      {absl::StrCat("tenant: 'shop' ", Repeat("events { } ", 1001)), "events"},
      {"events { }", "tenant"},
  });
  EXPECT_TRUE(
      FromWire(Parse<v1::RecordEventsRequest>(absl::StrCat("tenant: 'shop' ", Repeat("events { } ", 1000)))).ok());
}

constexpr char kProfile[] = R"pb(
  tenant: "shop"
  profile {
    customer: "c1"
    traits {
      key: "age"
      value { int_value: 40 }
    }
    traits {
      key: "city"
      value { string_value: "Wien" }
    }
    consents {
      key: "email"
      value {
        granted: true
        time { seconds: 5 }
      }
    }
  }
)pb";

// What an update does, in words: "age=set city=clear ...".
std::string Describe(const engine::UpdateProfileRequest& request) {
  std::string text;
  if (request.replace_traits) absl::StrAppend(&text, "replace_traits ");
  if (request.replace_consents) absl::StrAppend(&text, "replace_consents ");
  for (const auto& [name, value] : request.traits)
    absl::StrAppend(&text, name, value.has_value() ? "=set " : "=clear ");
  for (const auto& [name, value] : request.consents) {
    absl::StrAppend(&text, name, value.has_value() ? "=set " : "=clear ");
  }
  return text;
}

TEST(UpdateProfileFromWireTest, TheMaskSaysWhatChanges) {
  struct Case {
    std::string mask;
    std::string change;
  };
  const std::vector<Case> cases = {
      {"", "age=set city=set email=set "},
      {"update_mask { }", "age=set city=set email=set "},
      {"update_mask { paths: 'traits' }", "replace_traits age=set city=set "},
      {"update_mask { paths: 'traits.age' }", "age=set "},
      {"update_mask { paths: 'traits.country' }", "country=clear "},
      {"update_mask { paths: ['traits.country', 'traits.age', 'traits.age'] }", "age=set country=clear "},
      {"update_mask { paths: ['traits.country', 'traits'] }", "replace_traits age=set city=set "},
      {"update_mask { paths: ['consents.email', 'consents.post'] }", "email=set post=clear "},
      {"update_mask { paths: 'consents' }", "replace_consents email=set "},
  };
  for (const Case& c : cases) {
    const auto request = FromWire(Parse<v1::UpdateProfileRequest>(absl::StrCat(kProfile, c.mask)));
    ASSERT_TRUE(request.ok()) << c.mask << " " << request.status();
    EXPECT_EQ(Describe(*request), c.change) << c.mask;
    EXPECT_EQ(request->customer, "c1");
    EXPECT_EQ(request->expected_revision, absl::nullopt);
  }
}

TEST(UpdateProfileFromWireTest, TakesConsentTimesAndTheEtag) {
  v1::UpdateProfileRequest wire = Parse<v1::UpdateProfileRequest>(kProfile);
  wire.mutable_profile()->set_etag("00000000000000ff");
  const auto request = FromWire(wire);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->expected_revision, 255u);
  EXPECT_TRUE(request->consents[0].second->granted);
  EXPECT_EQ(request->consents[0].second->at, absl::FromUnixSeconds(5));
  wire.mutable_profile()->set_etag("what?");
  EXPECT_TRUE(absl::IsAborted(FromWire(wire).status()));
}

TEST(UpdateProfileFromWireTest, RefusesAndNamesTheField) {
  const auto with = [](const std::string& mask) { return absl::StrCat(kProfile, mask); };
  ExpectRefused<v1::UpdateProfileRequest>({
      {"tenant: 'shop'", "profile"},
      {"tenant: 'shop' profile { }", "profile.customer"},
      {"profile { customer: 'c' }", "tenant"},
      {with("update_mask { paths: 'segments' }"), "update_mask"},
      {with("update_mask { paths: 'customer' }"), "update_mask"},
      {with("update_mask { paths: '*' }"), "update_mask"},
      {with("update_mask { paths: 'traits.age.x' }"), "profile.traits"},
      {with("update_mask { paths: 'consents.' }"), "profile.consents"},
      {"tenant: 'shop' profile { customer: 'c' traits { key: 'age' value { } } }", "profile.traits[\"age\"]"},
      {absl::StrCat("tenant: 'shop' profile { customer: 'c' traits { key: '", kSecret, "' value { int_value: 1 } } }"),
       "profile.traits"},
      {"tenant: 'shop' profile { customer: 'c' consents { key: 'email' value { time { nanos: -1 } } } }",
       "profile.consents[\"email\"].time"},
      {absl::StrCat("tenant: 'shop' profile { customer: 'c' ",
                    Repeat("traits { key: 't#' value { int_value: 1 } }", 129), " }"),
       "profile.traits"},
      {absl::StrCat("tenant: 'shop' profile { customer: 'c' ", Repeat("consents { key: 't#' value { } }", 65), " }"),
       "profile.consents"},
  });
}

TEST(PlaybookFromWireTest, ChecksTenantAndText) {
  v1::ApplyPlaybookRequest request;
  request.set_tenant("shop");
  request.set_text(std::string(playbook::kMaxYamlBytes, ' '));
  EXPECT_TRUE(Check(request).ok());
  request.mutable_text()->push_back(' ');
  EXPECT_EQ(FieldOf(Check(request)), "text");
  request.clear_text();
  EXPECT_EQ(FieldOf(Check(request)), "text");
  request.set_tenant("");
  EXPECT_EQ(FieldOf(Check(request)), "tenant");
}

TEST(PreviewFromWireTest, ChecksTenantAndText) {
  v1::PreviewSegmentRequest segment;
  segment.set_tenant("shop");
  segment.set_when(std::string(16 * 1024, ' '));
  EXPECT_TRUE(Check(segment).ok());
  segment.mutable_when()->push_back(' ');
  EXPECT_EQ(FieldOf(Check(segment)), "when");
  segment.clear_when();
  EXPECT_EQ(FieldOf(Check(segment)), "when");
  v1::PreviewPlaybookRequest playbook;
  EXPECT_EQ(FieldOf(Check(playbook)), "tenant");
  playbook.set_tenant("shop");
  EXPECT_TRUE(Check(playbook).ok());
  playbook.set_text(std::string(playbook::kMaxYamlBytes + 1, ' '));
  EXPECT_EQ(FieldOf(Check(playbook)), "text");
}

TEST(SuggestFromWireTest, HasDefaultsAndLimits) {
  v1::SuggestSegmentsRequest wire;
  EXPECT_EQ(FieldOf(FromWire(wire).status()), "tenant");
  wire.set_tenant("shop");
  absl::StatusOr<batch::SuggestRequest> request = FromWire(wire);
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->max, 10);
  EXPECT_FALSE(request->within.has_value());
  wire.set_max(101);
  EXPECT_EQ(FieldOf(FromWire(wire).status()), "max");
  wire.set_max(100);
  wire.mutable_within()->set_seconds(60);
  EXPECT_EQ(FromWire(wire)->within, absl::Minutes(1));
  wire.mutable_within()->set_seconds(-60);
  EXPECT_EQ(FieldOf(FromWire(wire).status()), "within");
}

}  // namespace
}  // namespace waymark::rpc
