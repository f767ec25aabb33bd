#include "service/cli/print_journey_map.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

#include <string>

namespace waymark::cli {
namespace {

v1::GetJourneyMapResponse Response() {
  v1::GetJourneyMapResponse response;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(
      R"pb(
        done: true
        map {
          journey: "shopping"
          as_of { seconds: 1782864000 }
          playbook_version: 3
          customers: 1234
          stages {
            stage: "interest"
            entries: 30
            customers: 20
            standing: 7
            volume: 90
            progressed { count: 3 of: 4 share: 0.75 }
            dropped { count: 1 of: 4 share: 0.25 }
            dwell_median { seconds: 7200 }
            dwell_p90 { seconds: 345600 }
            emotion { mean: -0.5 low: -0.7 high: -0.25 people: 12 }
          }
          touchpoints { touchpoint: "web/a,\"b\"" channel: "web" undeclared: true volume: 9 customers: 8 }
          cells { stage: "interest" touchpoint: "web/home" volume: 5 customers: 4 }
          pain_points { evidence: "It hurts." }
          opportunities {
            stage: "interest"
            action: "coupon"
            with { count: 1 of: 2 share: 0.5 }
            without { count: 1 of: 4 share: 0.25 }
            p_value: 0.01
          }
          kpis {
            nps { score: 40 low: 30 high: 50 promoters: 6 passives: 2 detractors: 2 }
            revenue { micros: 2500000 currency: "EUR" }
          }
          conformance { followed { count: 1 of: 2 share: 0.5 } }
        }
        compared {
          journey: "shopping"
          selection { segment: "vip" }
        }
      )pb",
      &response));
  return response;
}

TEST(JourneyMapText, TellsTheRoadAndWhatHurts) {
  const std::string text = JourneyMapText(Response());
  const size_t compared = text.find("\ncompared with\n");
  ASSERT_NE(compared, std::string::npos);
  EXPECT_EQ(text.substr(0, compared),
            "shopping: 1,234 customers (everyone, all that is kept) as of 2026-07-01T00:00:00Z, playbook 3\n"
            "  interest: 7 stand here, 30 entries of 20 customers, 90 events\n"
            "    moved on 75.0 % of 4, fell back 25.0 % of 4; stayed 2.0 h (nine in ten up to 4.0 d)\n"
            "    felt -0.50 (-0.70 to -0.25, 12 people)\n"
            "touchpoints (1)\n"
            "  web/a,\"b\": 9 events of 8 customers, not declared\n"
            "pain points\n"
            "  It hurts.\n"
            "what precedes progress\n"
            "  interest, coupon: 50.0 % of 2 with, 25.0 % of 4 without (p 0.01)\n"
            "KPIs\n"
            "  NPS 40 (30 to 50): 6 promoters, 2 passives, 2 detractors\n"
            "  revenue 2.50 EUR, 0.00 a customer\n"
            "  bought again 0.0 % of 0\n"
            "  onboarded 0.0 % of 0, advocates 0.0 % of 0\n"
            "  followed the declared road 50.0 % of 2\n");
  EXPECT_NE(text.find("shopping: 0 customers (segment vip)", compared), std::string::npos);
}

TEST(JourneyMapCsv, HasALineForEach) {
  EXPECT_EQ(JourneyMapCsv(Response()),
            "map,kind,stage,touchpoint,channel,volume,customers,entries,standing,progressed,dropped,"
            "dwell_median_seconds,dwell_p90_seconds,emotion,emotion_low,emotion_high,emotion_people\r\n"
            "selected,stage,interest,,,90,20,30,7,0.75,0.25,7200,345600,-0.5,-0.7,-0.25,12\r\n"
            "selected,touchpoint,,\"web/a,\"\"b\"\"\",web,9,8,,,,,,,,,,\r\n"
            "selected,cell,interest,web/home,,5,4,,,,,,,,,,\r\n");
}

}  // namespace
}  // namespace waymark::cli
