#include "service/base/log.h"

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace waymark::base {
namespace {

const absl::Time kNow = absl::FromUnixMillis(1'772'366'400'250);

TEST(LogTest, ATextLineHasItsFieldsBehindTheMessage) {
  struct Case {
    std::vector<LogField> fields;
    std::string expected;
  };
  const std::string shop = "shop";
  const Case cases[] = {
      {{}, ""},
      {{{"tenant", shop}, {"version", uint64_t{3}}, {"seconds", 0.25}}, " tenant=shop version=3 seconds=0.25"},
      {{{"error", "no answer: \"late\"\n"}, {"empty", ""}, {"below", -1}},
       R"( error="no answer: \"late\"\n" empty="" below=-1)"},
      {{{"a", "x=y"}, {"b", "f\xc3\xbcr"}, {"c", "\xff"}}, " a=\"x=y\" b=\"f\xc3\xbcr\" c=\"\xef\xbf\xbd\""},
  };
  for (const Case& each : cases) {
    EXPECT_EQ(FormatLogLine(LogFormat::kText, kNow, "info", "serving a playbook", each.fields),
              "2026-03-01T12:00:00.250Z info serving a playbook" + each.expected);
  }
}

TEST(LogTest, AJsonLineIsOneObjectInOrder) {
  EXPECT_EQ(FormatLogLine(LogFormat::kJson, kNow, "warning", "a slow call",
                          {{"method", "waymark.v1.DecisionService/GetOffers"}, {"port", 7475}, {"seconds", 0.5}}),
            R"({"time":"2026-03-01T12:00:00.250Z","level":"warning","message":"a slow call",)"
            R"("method":"waymark.v1.DecisionService/GetOffers","port":7475,"seconds":0.5})");
}

// Whatever is logged, a line stays one line, and can be read.
TEST(LogTest, AnyBytesMakeALineThatCanBeRead) {
  std::string bytes;
  for (int i = 0; i < 256; ++i) bytes.push_back(static_cast<char>(i));
  const std::string line = FormatLogLine(LogFormat::kJson, kNow, "error", bytes,
                                         {{"f", bytes}, {"nan", std::numeric_limits<double>::quiet_NaN()}});
  EXPECT_EQ(line.find('\n'), std::string::npos);
  const nlohmann::json read = nlohmann::json::parse(line);
  EXPECT_EQ(read["f"].get<std::string>().substr(0, 128), bytes.substr(0, 128));
  EXPECT_TRUE(read["nan"].is_null());
  EXPECT_EQ(FormatLogLine(LogFormat::kText, kNow, "error", "m", {{"f", bytes}}).find('\n'), std::string::npos);
}

}  // namespace
}  // namespace waymark::base
