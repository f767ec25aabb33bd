#include "service/cli/print_journey.h"

#include <google/protobuf/text_format.h>
#include <gtest/gtest.h>

namespace waymark::cli {
namespace {

TEST(JourneyText, GivesALineForEachEntry) {
  v1::GetJourneyResponse response;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(R"pb(
                                                              position {
                                                                journey: "shopping"
                                                                stage: "purchase"
                                                                since { seconds: 86400 }
                                                              }
                                                              days_in_stage: 3
                                                              visits: 2
                                                              goal: "Buy"
                                                              expected_touchpoints: "web/cart"
                                                              expected_touchpoints: "web/checkout"
                                                              entries {
                                                                time { seconds: 86400 }
                                                                stage: "interest"
                                                                move {
                                                                  from_stage: "interest"
                                                                  to_stage: "purchase"
                                                                  dwelt { seconds: 82859 }
                                                                }
                                                              }
                                                              entries {
                                                                time { seconds: 86400 }
                                                                stage: "interest"
                                                                touch {
                                                                  event: "complaint"
                                                                  touchpoint: "web/help"
                                                                  value_micros: 12500000
                                                                  emotion: -1
                                                                  action: "voucher"
                                                                  text: "Late,\nand open"
                                                                }
                                                              }
                                                              entries {
                                                                time { seconds: 60 }
                                                                stage: "interest"
                                                                shown { action: "voucher" channel: "web" }
                                                              }
                                                              entries { touch {} }
                                                              entries { move { to_stage: "interest" } }
                                                              trail_from { seconds: 0 }
                                                            )pb",
                                                            &response));
  const std::string entries =
      "shopping: purchase since 1970-01-02T00:00:00Z (days: 3, visits: 2)\n"
      "  goal: Buy\n"
      "  expected at: web/cart, web/checkout\n"
      "1970-01-02T00:00:00Z  interest         moves to purchase after 23 h 0 min\n"
      "1970-01-02T00:00:00Z  interest         complaint at web/help, 12.5, of voucher, felt -1.00: Late, and open\n"
      "1970-01-01T00:01:00Z  interest         is given voucher by web\n"
      "1970-01-01T00:00:00Z                   (unknown)\n"
      "1970-01-01T00:00:00Z                   begins in interest\n";
  EXPECT_EQ(JourneyText(response), entries + "what was before 1970-01-01T00:00:00Z is not kept\n");
  response.set_next_page_token("abc");
  EXPECT_EQ(JourneyText(response), entries + "older ones: --page-token abc\n");
}

}  // namespace
}  // namespace waymark::cli
