#include "service/cli/print.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace waymark::cli {
namespace {

template <typename Message>
Message Parse(const char* text) {
  Message message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

TEST(ProblemText, PointsAtThePlace) {
  EXPECT_EQ(ProblemText("p.yaml", "name: a\nsegmants: 1\n", {"segmants", 2, 1, "unknown key"}),
            "p.yaml:2:1: segmants: unknown key\n  segmants: 1\n  ^\n");
  EXPECT_EQ(ProblemText("p.yaml", "\tgrüße: x\r\n", {"g", 1, 11, "no"}),
            "p.yaml:1:11: g: no\n  \tgrüße: x\n  \t       ^\n");
  EXPECT_EQ(ProblemText("p.yaml", "", {"", 0, 0, "there is nothing in this text"}),
            "p.yaml: there is nothing in this text\n");
  EXPECT_EQ(ProblemText("p.yaml", "a", {"f", 9, 1, "beyond"}), "p.yaml:9:1: f: beyond\n");
  EXPECT_EQ(ProblemText("p.yaml", std::string(401, 'a'), {"f", 1, 400, "long"}), "p.yaml:1:400: f: long\n");
}

TEST(Json, UsesTheFieldsNamesOnOneLine) {
  EXPECT_EQ(Json(Parse<v1::EventReceipt>("segments_left: 'a'")),
            "{\"duplicate\":false,\"stage_changes\":[],\"segments_entered\":[],\"segments_left\":[\"a\"],"
            "\"disallowed\":\"REASON_CODE_UNSPECIFIED\",\"disallowed_detail\":\"\",\"withheld\":false}\n");
}

TEST(DecisionText, GivesActionsAndReasons) {
  const v1::Decision decision = Parse<v1::Decision>(R"pb(
    placement: "cart"
    playbook_version: 3
    knowledge: KNOWLEDGE_PROFILE
    positions { journey: "shopping" stage: "usage" }
    arms { experiment: "text" arm: "loud" }
    actions {
      action: "coupon"
      kind: ACTION_KIND_OFFER
      priority: 0.92
      content { subject: "For you" link_url: "https://shop.example/c" }
    }
    candidates {
      action: "coupon"
      reason: REASON_CODE_CHOSEN
      priority: 0.92
      factors { propensity: 0.23 context_weight: 1 value: 4 lever: 1 }
    }
    candidates { action: "mail" reason: REASON_CODE_CONSENT detail: "mailings" }
  )pb");
  EXPECT_EQ(DecisionText("7", decision),
            "7 at cart (profile, playbook 3, shopping: usage, text.loud)\n"
            "  1. coupon  offer  priority 0.92\n"
            "     For you\n"
            "     https://shop.example/c\n"
            "  - coupon: chosen  priority 0.92 = propensity 0.23 x context 1 x value 4 x lever 1\n"
            "  - mail: consent (mailings)\n");
  EXPECT_EQ(DecisionText("", Parse<v1::Decision>("placement: 'cart' knowledge: KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE")),
            "an anonymous visitor at cart (context_store_unavailable, playbook 0)\n  nothing\n");
  EXPECT_EQ(
      DecisionText("7", Parse<v1::Decision>(
                            "placement: 'cart' actions { action: 'news' kind: ACTION_KIND_CONTENT fallback: true }")),
      "7 at cart (unspecified, playbook 0)\n  1. news  content  priority 0  (fallback)\n");
}

TEST(ReceiptText, GivesWhatChanged) {
  EXPECT_EQ(ReceiptText(Parse<v1::EventReceipt>("duplicate: true")), "recorded before; nothing changed\n");
  EXPECT_EQ(ReceiptText(Parse<v1::EventReceipt>(
                "stage_changes { journey: 'j' to_stage: 'b' } segments_entered: 'x' segments_left: ['y', 'z']")),
            "recorded\n  j: (none) -> b\n  entered: x\n  left: y, z\n");
  EXPECT_EQ(
      ReceiptText(Parse<v1::EventReceipt>("disallowed: REASON_CODE_LIMIT disallowed_detail: 'the channel: 2 a day'")),
      "recorded\n  not allowed any more: limit (the channel: 2 a day)\n");
  EXPECT_EQ(
      ReceiptText(Parse<v1::EventReceipt>("disallowed: REASON_CODE_QUIET_HOURS disallowed_detail: 'x' withheld: true")),
      "not recorded: do not show it\n  not allowed any more: quiet_hours (x)\n");
}

TEST(ProfileText, GivesAllThatIsKnown) {
  EXPECT_EQ(ProfileText(Parse<v1::Profile>(R"pb(
              customer: "7"
              traits {
                key: "b"
                value { int_value: 2 }
              }
              traits {
                key: "a"
                value { string_value: "x" }
              }
              consents {
                key: "mail"
                value {
                  granted: true
                  time {}
                }
              }
              events {
                type: "purchase"
                count: 1234
                total: 9.5
                first_time {}
                last_time { seconds: 86400 }
              }
              positions {
                journey: "j"
                stage: "s"
                since {}
              }
              segments: "vip"
              contacts {
                action: "c"
                channel: "web"
                time {}
              }
              outcomes {
                action: "c"
                type: "dismissed"
                time {}
              }
              scores {
                type: "nps"
                value: 9
                time {}
              }
              scores {
                type: "sentiment"
                value: -0.25
                time {}
              }
              etag: "e"
              affinities { name: "shoes" weight: 3.456 }
              affinities { name: "web" weight: 1 }
              outlook {
                rfm_cell: "543"
                rfm_segment: "loyal"
                expected_purchases: 1.25
                lifetime_value: 70.5
                probability_alive: 0.9
                persona: "big_spender"
              }
            )pb")),
            "customer 7\n  a: x\n  b: 2\n  consent mail: granted 1970-01-01T00:00:00Z\n"
            "  purchase: 1,234 times, 9.50 in total, 1970-01-01T00:00:00Z to 1970-01-02T00:00:00Z\n"
            "  j: s since 1970-01-01T00:00:00Z\n  segments: vip\n  contact c by web 1970-01-01T00:00:00Z\n"
            "  outcome dismissed of c 1970-01-01T00:00:00Z\n"
            "  nps: 9 1970-01-01T00:00:00Z\n  sentiment: -0.25 1970-01-01T00:00:00Z\n"
            "  drawn to: shoes 3.46, web 1\n  RFM: 543, loyal\n  to expect: 1.25 orders worth 70.50; alive with 90 %\n"
            "  persona: big_spender\n  etag: e\n");
}

TEST(SegmentsText, GivesVerdictsAndReasons) {
  const auto response = Parse<v1::EvaluateCustomerResponse>(R"pb(
    positions { journey: "j" stage: "s" }
    segments {
      segment: "a"
      member: true
      rule: "ever('x')\n|| true\n"
      was_member: true
      parts { text: "ever('x')" value: "true" }
    }
    segments {
      segment: "b"
      rule: "customer.age > 3"
      error: "customer.age is not known"
      parts { text: "customer.age > 3" error: "customer.age is not known" }
      parts { text: "customer.age" error: "customer.age is not known" fact: true }
    }
  )pb");
  EXPECT_EQ(SegmentsText(response, false), "j: s\n  in   a\n  out  b: customer.age is not known\n");
  EXPECT_EQ(SegmentsText(response, true), R"(j: s
  in   a
         ever('x')
         || true
         was in: stays until this holds
         - ever('x'): true
  out  b: customer.age is not known
         customer.age > 3
         - customer.age > 3: customer.age is not known
           customer.age = customer.age is not known
)");
}

TEST(DifferencesText, HasALineEach) {
  using playbook::DifferenceKind;
  const std::vector<playbook::Difference> differences = {
      {DifferenceKind::kChanged, "currency", "", {}},
      {DifferenceKind::kAdded, "segments", "lost", {}},
      {DifferenceKind::kRemoved, "segments", "new", {}},
      {DifferenceKind::kChanged, "segments", "vip", {"when", "labels"}}};
  EXPECT_EQ(DifferencesText(differences),
            "~ currency\n+ segments lost\n- segments new\n~ segments vip: when, labels\n");
  EXPECT_EQ(DifferencesText({}), "no difference\n");
  EXPECT_EQ(DifferencesJson({differences[3]}),
            "[{\"fields\":[\"when\",\"labels\"],\"kind\":\"changed\",\"list\":\"segments\",\"name\":\"vip\"}]\n");
}

TEST(PreviewText, SaysWhatChangesAlone) {
  EXPECT_EQ(
      PreviewText(Parse<v1::PreviewPlaybookResponse>(R"pb(
        segments { segment: "same" members: 4 members_before: 4 }
        segments { segment: "vip" members: 1200 members_before: 1000 entering: 300 leaving: 100 sample_entering: "c1" }
        stages { journey: "j" stage: "s" customers: 5 customers_before: 7 leaving: 2 }
        profiles: 5000
        done: true
      )pb")),
      R"(of 5,000 customers
  vip: 1,000 -> 1,200 (300 would enter, 100 leave)
    entering, for example: c1
  j.s: 7 -> 5 (0 would enter, 2 leave)
)");
  EXPECT_EQ(PreviewText(Parse<v1::PreviewSegmentResponse>(R"pb(impact { members: 3 entering: 3 }
                                                               profiles: 10
                                                               estimated_total: 2000)pb")),
            "of 10 customers looked at (about 2,000)\n  (the candidate): 0 -> 3 (3 would enter, 0 leave)\n");
}

TEST(PopulationText, IsWhatPeopleRead) {
  EXPECT_EQ(PopulationText(Parse<v1::PopulationSummary>(R"pb(
              version: 2
              fitted_at { seconds: 1780000000 }
              playbook_version: 5
              customers: 4400
              buyers: 4338
              orders: 18532
              revenue { micros: 8911407900000 currency: "GBP" }
              one_time_buyers: 1493
              rfm { segments { segment: "champions" members: 900 } }
              lifetime_value {
                r: 0.243
                alpha: 4.414
                a: 0.793
                b: 2.426
                expected_purchases: 1.5
                expected_value: 20
                mean_probability_alive: 0.5
              }
              personas {
                name: "young"
                customers: 500
                share: 0.125
                distinctive { name: "age" here: 22 overall: 40 deviation: -1.5 }
                channels { name: "email" here: 0.6 overall: 0.5 }
              }
              silhouette: 0.31
            )pb")),
            R"(population 2 of 2026-05-28T20:26:40Z (playbook 5)
4,400 customers, 4,338 buyers, 18,532 orders, 8911407.90 GBP, 1,493 bought once
purchases and dropping out (BG/NBD, weeks): r 0.243, alpha 4.414, a 0.793, b 2.426
expected within the horizon: 1.5 orders; a buyer is alive with 50 %
lifetime value: 20.00
RFM
         900  champions
personas (mean silhouette 0.31)
  young: 500 customers (12 %)
    sets it apart: age 22 (everyone 40)
    channels: email 60 % (everyone 50 %)
)");
}

TEST(BudgetsText, IsATable) {
  EXPECT_EQ(BudgetsText(v1::ListBudgetsResponse()), "the playbook has no budgets\n");
  EXPECT_EQ(
      BudgetsText(Parse<v1::ListBudgetsResponse>(R"pb(
        budgets { name: "stock" amount: 100 taken: 40 leased: 5 held: 10 left: 45 }
        budgets {
          name: "vouchers"
          amount: 1000
          left: 1000
          period_start { seconds: 1780000000 }
        }
      )pb")),
      R"(budget                                   amount          taken     leased       held           left  since
stock                                       100             40          5         10             45  ever
vouchers                                   1000              0          0          0           1000  2026-05-28T20:26:40Z
)");
}

TEST(ImportSummaryAsTextAndJson, HasEveryCount) {
  const ImportSummary summary{801, 84493, 47703, 1, 36790, 2};
  EXPECT_EQ(ImportText(summary),
            "801 customers, 47,703 events recorded, 1 duplicates, 36,790 lines skipped, 2 refused (of 84,493 lines)\n");
  EXPECT_EQ(
      ImportJson(summary),
      "{\"customers\":801,\"lines\":84493,\"recorded\":47703,\"duplicates\":1,\"skipped\":36790,\"refused\":2}\n");
}

}  // namespace
}  // namespace waymark::cli
