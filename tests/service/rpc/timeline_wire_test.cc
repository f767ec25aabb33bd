#include "service/rpc/timeline_wire.h"

#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "service/base/field_error.h"
#include "tests/support/playbooks.h"

namespace waymark::rpc {
namespace {

using segmentation::NameId;
using segmentation::NameIdOf;

v1::GetJourneyRequest Parse(const std::string& text) {
  v1::GetJourneyRequest message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

TEST(JourneyFromWireTest, TakesWhatTheContractAllows) {
  const auto request =
      FromWire(Parse("tenant: 'shop' customer: 'anna' journey: 'care' page_size: 1000 page_token: 't'"));
  ASSERT_TRUE(request.ok()) << request.status();
  EXPECT_EQ(request->tenant, "shop");
  EXPECT_EQ(request->customer, "anna");
  EXPECT_EQ(request->journey, "care");
  EXPECT_EQ(request->page_size, 1000);
  EXPECT_EQ(request->page_token, "t");
  EXPECT_EQ(FromWire(Parse("tenant: 'shop' customer: 'anna'"))->page_size, 100);
}

TEST(JourneyFromWireTest, NamesTheFieldThatIsWrong) {
  const struct {
    std::string text;
    const char* field;
  } kTable[] = {
      {"customer: 'anna'", "tenant"},
      {"tenant: 'shop'", "customer"},
      {"tenant: 'shop' customer: 'a\\nb'", "customer"},
      {"tenant: 'shop' customer: 'anna' journey: '" + std::string(65, 'x') + "'", "journey"},
      {"tenant: 'shop' customer: 'anna' page_size: -1", "page_size"},
      {"tenant: 'shop' customer: 'anna' page_size: 1001", "page_size"},
      {"tenant: 'shop' customer: 'anna' page_token: '" + std::string(129, 'x') + "'", "page_token"},
  };
  for (const auto& row : kTable) {
    const absl::Status status = FromWire(Parse(row.text)).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << row.text;
    ASSERT_EQ(base::FieldViolationsOf(status).size(), 1u) << row.text;
    EXPECT_EQ(base::FieldViolationsOf(status)[0].field, row.field) << row.text;
  }
}

TEST(JourneyToWireTest, HoldsThePositionAndEveryKindOfEntry) {
  const auto playbook = testing_support::MustCompile(R"yaml(
channels: [{name: web}]
actions: [{name: voucher, kind: OFFER}]
placements: [{name: hero, touchpoint: web/home}]
journeys:
  - name: road
    stages:
      - {name: begin}
      - {name: end, enter_when: 'ever("purchase")', goal: Arrive, touchpoints: [web/home]}
)yaml",
                                                     7);
  const auto at = [](int64_t seconds) { return absl::FromUnixSeconds(seconds); };
  auto profile = std::make_shared<segmentation::Profile>();
  profile->trail.from = at(1);
  profile->trail.names = {{NameIdOf("web/x"), "web/x"}};
  profile->trail.touches = {
      {.at = at(20), .type = NameIdOf("search"), .touchpoint = NameIdOf("web/x")},
      {.at = at(30), .type = NameIdOf("complaint"), .sentiment = -25},
      {.at = at(40), .type = NameId{77}, .touchpoint = NameId{78}, .action = NameId{79}},
      {.at = at(50),
       .type = NameIdOf("purchase"),
       .touchpoint = NameIdOf("web/home"),
       .value_micros = 9,
       .action = NameIdOf("voucher")},
  };
  profile->trail.comments = {{at(30), NameIdOf("complaint"), "Late"}};
  profile->contacts = {{NameIdOf("voucher"), NameIdOf("web"), at(45), 0xabc}};
  engine::JourneyAnswer answer{.playbook = playbook, .journey = 0, .at = at(50 + 3 * 86400), .next_page_token = "next"};
  answer.position = {.journey = NameIdOf("road"),
                     .current = {NameIdOf("end"), at(50)},
                     .history = {{NameIdOf("begin"), at(10)}},
                     .forgotten = {}};
  answer.profile = profile;
  answer.entries = journey::TimelineOf(playbook->journeys[0], answer.position, *profile);
  v1::GetJourneyResponse wire;
  ToWire(answer, wire);
  v1::GetJourneyResponse expected;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        position {
          journey: "road"
          stage: "end"
          since { seconds: 50 }
          previous_stage: "begin"
        }
        days_in_stage: 3
        visits: 1
        goal: "Arrive"
        expected_touchpoints: "web/home"
        entries {
          time { seconds: 10 }
          move { to_stage: "begin" }
        }
        entries {
          time { seconds: 20 }
          stage: "begin"
          touch { event: "search" touchpoint: "web/x" }
        }
        entries {
          time { seconds: 30 }
          stage: "begin"
          touch { event: "complaint" emotion: -0.25 text: "Late" }
        }
        entries {
          time { seconds: 40 }
          stage: "begin"
          touch {}
        }
        entries {
          time { seconds: 45 }
          stage: "begin"
          shown { action: "voucher" channel: "web" decision: "0000000000000abc" }
        }
        entries {
          time { seconds: 50 }
          stage: "begin"
          touch { event: "purchase" touchpoint: "web/home" value_micros: 9 action: "voucher" }
        }
        entries {
          time { seconds: 50 }
          stage: "begin"
          move {
            from_stage: "begin"
            to_stage: "end"
            dwelt { seconds: 40 }
          }
        }
        next_page_token: "next"
        trail_from { seconds: 1 }
        playbook_version: 7
      )pb",
      &expected));
  google::protobuf::util::MessageDifferencer differencer;
  std::string difference;
  differencer.ReportDifferencesToString(&difference);
  EXPECT_TRUE(differencer.Compare(expected, wire)) << difference;
}

}  // namespace
}  // namespace waymark::rpc
