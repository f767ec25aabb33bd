#include "service/engine/admit.h"

#include <gtest/gtest.h>

#include <cmath>

#include "service/base/field_error.h"
#include "service/decision/token.h"
#include "tests/support/playbooks.h"

namespace waymark::engine {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

class AdmitTest : public ::testing::Test {
 protected:
  absl::StatusOr<segmentation::Event> Admit(const SentEvent& sent) {
    return AdmitEvent(sent, *playbook_, "shop", "anna", key_, kNow);
  }

  std::string FieldOf(const SentEvent& sent) {
    const absl::Status status = Admit(sent).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
    const auto violations = base::FieldViolationsOf(status);
    return violations.empty() ? "" : violations[0].field;
  }

  const decision::TokenKey key_{"key"};
  std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(
      "currency: EUR\ncontext: [{name: rate, type: DOUBLE}, {name: page, type: STRING}]\n"
      "channels: [{name: web}, {name: email}]\n"
      "labels: [{name: shoes, events: [purchase]}, {name: books}]\n"
      "touchpoints: [{name: web/help}]\n"
      "placements: [{name: hero, touchpoint: web/home}]\n"
      "keep_text: [complaint]");
};

TEST_F(AdmitTest, NamesTheFieldThatIsWrong) {
  const SentEvent good{.id = "1", .type = "purchase", .time = kNow, .value_micros = 5, .currency = "EUR"};
  EXPECT_TRUE(Admit(good).ok());
  SentEvent bad = good;
  bad.id = "";
  EXPECT_EQ(FieldOf(bad), "id");
  bad.id = std::string(129, 'x');
  EXPECT_EQ(FieldOf(bad), "id");
  bad = good;
  bad.type = "purchas";
  EXPECT_EQ(FieldOf(bad), "type");
  bad = good;
  bad.time = kNow + absl::Hours(25);
  EXPECT_EQ(FieldOf(bad), "time");
  bad.time = absl::UnixEpoch() - absl::Seconds(1);
  EXPECT_EQ(FieldOf(bad), "time");
  bad = good;
  bad.currency = "USD";
  EXPECT_EQ(FieldOf(bad), "money.currency");
  bad = good;
  bad.decision_token = "nonsense";
  EXPECT_EQ(FieldOf(bad), "decision_token");
  bad.type = "impression";
  bad.decision_token = decision::EncodeToken(
      {.customer = decision::CustomerFingerprint("shop", "ben"), .count_on_impression = true}, key_);
  EXPECT_EQ(FieldOf(bad), "decision_token");
  bad.type = "purchase";
  EXPECT_TRUE(Admit(bad).ok()) << "it counts nothing";
}

TEST_F(AdmitTest, NamesTheLabelAndTheTouchpointThatAreWrong) {
  const SentEvent good{.id = "1", .type = "purchase", .labels = {"shoes", "x"}, .touchpoint = "web/cart"};
  EXPECT_TRUE(Admit(good).ok());
  const struct {
    std::vector<std::string> labels;
    const char* touchpoint;
    const char* field;
  } kTable[] = {
      {{"a", "b", "a/b"}, "", "labels[2]"},
      {{""}, "", "labels[0]"},
      {{"a", "b\n"}, "", "labels[1]"},
      {{std::string(65, 'x')}, "", "labels[0]"},
      {{"a", "email"}, "", "labels[1]"},
      {std::vector<std::string>(9, "a"), "", "labels"},
      {{}, "web/", "touchpoint"},
      {{}, "/cart", "touchpoint"},
      {{}, "web/a\nb", "touchpoint"},
      {{"a"}, "web/ccccccccccccccccccccccccccccccccccccccccccccccccccccccccccccc", "touchpoint"},
  };
  for (const auto& row : kTable) {
    SentEvent bad = good;
    bad.labels = row.labels;
    bad.touchpoint = row.touchpoint;
    EXPECT_EQ(FieldOf(bad), row.field) << row.touchpoint;
  }
}

TEST_F(AdmitTest, GivesTheSeriesAndTheAffinitiesOfAnEvent) {
  using segmentation::NameIdOf;
  const auto admit = [this](const char* type, std::vector<std::string> labels, const char* touchpoint) {
    return *Admit({.id = "1", .type = type, .labels = std::move(labels), .touchpoint = touchpoint});
  };
  using Ids = std::vector<segmentation::NameId>;
  segmentation::Event event = admit("purchase", {"shoes", "sale", "books", "shoes"}, "web/cart");
  EXPECT_EQ(event.labelled, Ids{NameIdOf("purchase/shoes")});
  EXPECT_EQ(event.affinities, (Ids{NameIdOf("shoes"), NameIdOf("sale"), NameIdOf("books"), NameIdOf("web")}));
  event = admit("view_item", {"shoes"}, "email");
  EXPECT_EQ(event.labelled, Ids{}) << "the playbook does not ask for it";
  EXPECT_EQ(event.affinities, (Ids{NameIdOf("shoes"), NameIdOf("email")}));
  event = admit("view_item", {}, "");
  EXPECT_EQ(event.affinities, Ids{});
}

TEST_F(AdmitTest, KeepsTheNamesOfTouchpointsThatThePlaybookDoesNotDeclare) {
  using segmentation::NameIdOf;
  const struct {
    const char* touchpoint;
    const char* name;
    size_t affinities;
  } kTable[] = {
      {"web/help", "", 1},   {"web/home", "", 1},           {"web", "", 1},
      {"web/x", "web/x", 1}, {"shop/till", "shop/till", 0}, {"webb", "webb", 0},
  };
  for (const auto& row : kTable) {
    const auto event = Admit({.id = "1", .type = "search", .touchpoint = row.touchpoint});
    ASSERT_TRUE(event.ok()) << row.touchpoint;
    EXPECT_EQ(event->touchpoint, NameIdOf(row.touchpoint));
    EXPECT_EQ(event->touchpoint_name, row.name);
    EXPECT_EQ(event->affinities.size(), row.affinities)
        << "a channel of the playbook is one that customers are drawn to";
  }
  EXPECT_EQ(Admit({.id = "1", .type = "search"})->touchpoint, segmentation::NameId{});
}

TEST_F(AdmitTest, TakesTheScoresOfTheirScalesAlone) {
  const auto sent = [](const char* type, double number) {
    return SentEvent{.id = "1", .type = type, .value_micros = std::llround(number * 1e6), .is_number = true};
  };
  const struct {
    const char* type;
    std::vector<double> good;
    std::vector<double> bad;
  } kTable[] = {
      {"nps", {0, 7, 10}, {-1, 11, 0.5, 0.000001}},
      {"csat", {1, 5}, {0, 6, 2.5}},
      {"ces", {1, 7}, {0, 8, 3.5}},
      {"rate_product", {1, 4.5, 5}, {0.5, 5.5, 4.25}},
  };
  for (const auto& row : kTable) {
    for (double number : row.good) {
      const auto event = Admit(sent(row.type, number));
      ASSERT_TRUE(event.ok()) << row.type << " " << number;
      EXPECT_TRUE(event->is_score);
      EXPECT_EQ(event->value_micros, std::llround(number * 1e6));
    }
    for (double number : row.bad) EXPECT_EQ(FieldOf(sent(row.type, number)), "number") << row.type << " " << number;
    EXPECT_EQ(FieldOf({.id = "1", .type = row.type}), "number") << "an answer is missing";
    EXPECT_EQ(FieldOf({.id = "1", .type = row.type, .value_micros = 3'000'000, .currency = "EUR"}), "number");
  }
  EXPECT_FALSE(Admit(sent("purchase", 3))->is_score);
  EXPECT_FALSE(Admit({.id = "1", .type = "complaint"})->is_score);
  EXPECT_EQ(base::FieldViolationsOf(Admit(sent("rate_product", 9)).status())[0].description,
            "rate_product is a number from 1 to 5 in steps of 0.5");
}

TEST_F(AdmitTest, TakesSentimentsFromMinusOneToOne) {
  const auto sent = [](double sentiment) { return SentEvent{.id = "1", .type = "search", .sentiment = sentiment}; };
  EXPECT_EQ(Admit(sent(-1))->sentiment, -100);
  EXPECT_EQ(Admit(sent(0))->sentiment, 0);
  EXPECT_EQ(Admit(sent(0.336))->sentiment, 34);
  EXPECT_EQ(Admit(sent(1))->sentiment, 100);
  EXPECT_EQ(Admit({.id = "1", .type = "search"})->sentiment, absl::nullopt);
  for (double bad : {-1.001, 1.001, 80.0, std::nan(""), HUGE_VAL, -HUGE_VAL})
    EXPECT_EQ(FieldOf(sent(bad)), "sentiment");
}

TEST_F(AdmitTest, KeepsTextsOfTheTypesThatThePlaybookNamesAlone) {
  const auto sent = [](const char* type, std::string text) {
    return SentEvent{.id = "1", .type = type, .text = std::move(text)};
  };
  EXPECT_EQ(Admit(sent("complaint", "Zu spät,\n\tund kaputt 😠"))->text, "Zu spät,\n\tund kaputt 😠");
  EXPECT_EQ(Admit(sent("complaint", std::string(500, 'x')))->text.size(), 500u);
  EXPECT_EQ(Admit(sent("contact_support", "Where is it?"))->text, "");
  const std::string too_long(501, 'x');
  for (const char* type : {"complaint", "contact_support"}) {
    EXPECT_EQ(FieldOf(sent(type, too_long)), "text") << "whether or not it is kept";
    EXPECT_EQ(FieldOf(sent(type, std::string("a\0b", 3))), "text");
    EXPECT_EQ(FieldOf(sent(type, "\x1b[31m")), "text");
    EXPECT_EQ(FieldOf(sent(type, "\xff")), "text");
  }
}

TEST_F(AdmitTest, AnEventOfACustomersOwnTokenNamesTheAction) {
  using segmentation::NameIdOf;
  const auto action_of = [this](const char* customer) {
    const std::string token = decision::EncodeToken(
        {.customer = decision::CustomerFingerprint("shop", customer), .action = NameIdOf("voucher")}, key_);
    return Admit({.id = "1", .type = "select_promotion", .decision_token = token})->action;
  };
  EXPECT_EQ(action_of("anna"), NameIdOf("voucher"));
  EXPECT_EQ(action_of(""), NameIdOf("voucher")) << "decided while anna was anonymous";
  EXPECT_EQ(action_of("ben"), segmentation::NameId{}) << "a mail that was forwarded";
  EXPECT_EQ(Admit({.id = "1", .type = "select_promotion"})->action, segmentation::NameId{});
}

TEST_F(AdmitTest, AnEventWithoutATimeHappensNow) { EXPECT_EQ(Admit({.id = "1", .type = "search"})->time, kNow); }

TEST_F(AdmitTest, AnImpressionCountsWhereThePlacementCountsImpressions) {
  const auto admit = [this](const char* type, bool counts) {
    const decision::Token token{.customer = decision::CustomerFingerprint("shop", "anna"),
                                .decision = 9,
                                .action = segmentation::NameId{1},
                                .channel = segmentation::NameId{2},
                                .count_on_impression = counts};
    return *Admit({.id = "1", .type = type, .decision_token = decision::EncodeToken(token, key_)});
  };
  EXPECT_EQ(admit("impression", true).shown->decision, 9u);
  EXPECT_TRUE(admit("impression", true).counted);
  EXPECT_EQ(admit("impression", false).shown, absl::nullopt);
  EXPECT_EQ(admit("select_promotion", true).shown, absl::nullopt);
}

TEST_F(AdmitTest, TakesTheTokenOfAVisitorWhoWasAnonymous) {
  const decision::Token token{.customer = decision::CustomerFingerprint("shop", ""), .count_on_impression = true};
  EXPECT_TRUE(Admit({.id = "1", .type = "impression", .decision_token = decision::EncodeToken(token, key_)})
                  ->shown.has_value());
}

TEST_F(AdmitTest, AnEventIsAnOutcomeWhereASuppressionLooksAtIt) {
  using segmentation::NameIdOf;
  const auto playbook = testing_support::MustCompile(R"yaml(
events: [{name: dismissed}]
channels: [{name: web}]
actions:
  - {name: voucher, kind: OFFER, suppressions: [{outcome: dismissed, lasts: 1d}, {outcome: impression, times: 3, within: 1d, lasts: 1d}]}
  - {name: other, kind: OFFER}
)yaml");
  const auto admit = [&](const char* type, const char* action, const char* customer) {
    const decision::Token token{.customer = decision::CustomerFingerprint("shop", customer),
                                .action = NameIdOf(action),
                                .channel = NameIdOf("web"),
                                .count_on_impression = true};
    return AdmitEvent({.id = "1", .type = type, .decision_token = decision::EncodeToken(token, key_)}, *playbook,
                      "shop", "anna", key_, kNow);
  };
  EXPECT_EQ(admit("dismissed", "voucher", "anna")->outcome_of, NameIdOf("voucher"));
  EXPECT_EQ(admit("dismissed", "voucher", "")->outcome_of, NameIdOf("voucher"));
  EXPECT_EQ(admit("dismissed", "voucher", "ben")->outcome_of, absl::nullopt) << "recorded, and no outcome of anna's";
  EXPECT_EQ(admit("dismissed", "other", "anna")->outcome_of, absl::nullopt) << "nobody asks";
  EXPECT_EQ(admit("purchase", "voucher", "anna")->outcome_of, absl::nullopt) << "nobody asks";
  const auto seen = admit("impression", "voucher", "anna");
  EXPECT_EQ(seen->outcome_of, NameIdOf("voucher"));
  EXPECT_TRUE(seen->shown.has_value());
  EXPECT_FALSE(seen->counted) << "no limit looks at it";
  EXPECT_FALSE(admit("impression", "voucher", "ben").ok());
}

TEST_F(AdmitTest, OnlyAnImpressionWithATokenIsAskedWhetherItIsAllowed) {
  EXPECT_EQ(FieldOf({.id = "1", .type = "impression", .only_if_allowed = true}), "only_if_allowed");
  const std::string token = decision::EncodeToken({.customer = decision::CustomerFingerprint("shop", "anna")}, key_);
  EXPECT_EQ(FieldOf({.id = "1", .type = "purchase", .decision_token = token, .only_if_allowed = true}),
            "only_if_allowed");
  EXPECT_TRUE(Admit({.id = "1", .type = "impression", .decision_token = token, .only_if_allowed = true}).ok());
}

TEST_F(AdmitTest, ChecksTheContext) {
  EXPECT_EQ((*AdmitContext({{"rate", int64_t{2}}}, *playbook_))[0].value, segmentation::TraitValue(2.0));
  EXPECT_FALSE(AdmitContext({{"rate", std::string("2")}}, *playbook_).ok());
  EXPECT_FALSE(AdmitContext({{"rate", std::nan("")}}, *playbook_).ok());
  EXPECT_FALSE(AdmitContext({{"unknown", int64_t{2}}}, *playbook_).ok());
}

TEST(CheckCustomer, TakesWhatTheContractSays) {
  EXPECT_TRUE(CheckCustomer("Käthe / 7{}").ok());
  EXPECT_FALSE(CheckCustomer("").ok());
  EXPECT_FALSE(CheckCustomer(std::string(129, 'x')).ok());
  EXPECT_FALSE(CheckCustomer("a\nb").ok());
}

}  // namespace
}  // namespace waymark::engine
