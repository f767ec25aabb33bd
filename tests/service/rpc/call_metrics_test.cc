#include "service/rpc/call_metrics.h"

#include <grpcpp/server_context.h>

#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/clock.h"
#include "service/base/log.h"
#include "service/rpc/trace_context.h"
#include "tests/support/collected_metrics.h"

namespace waymark::rpc {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

constexpr char kTraceId[] = "4bf92f3577b34da6a3ce929d0e0e4736";
constexpr char kSpanId[] = "00f067aa0ba902b7";

TEST(TraceContextTest, ReadsWhatTheStandardAllows) {
  const std::string plain = absl::StrCat("00-", kTraceId, "-", kSpanId, "-01");
  for (const std::string& each : {plain, absl::StrCat("cc-", kTraceId, "-", kSpanId, "-00-later")}) {
    const auto context = ParseTraceparent(each);
    ASSERT_TRUE(context.has_value()) << each;
    EXPECT_EQ(context->trace_id, kTraceId);
    EXPECT_EQ(context->span_id, kSpanId);
  }
  const std::string refused[] = {
      "",
      "00",
      plain.substr(0, 54),
      plain + "-more",
      plain + "x",
      absl::StrCat("ff-", kTraceId, "-", kSpanId, "-01"),
      absl::StrCat("cc-", kTraceId, "-", kSpanId, "-01later"),
      absl::StrCat("00-", std::string(32, '0'), "-", kSpanId, "-01"),
      absl::StrCat("00-", kTraceId, "-", std::string(16, '0'), "-01"),
      "00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01",
      "00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
      std::string(55, '\0'),
  };
  for (const std::string& each : refused) EXPECT_FALSE(ParseTraceparent(each).has_value()) << each;
}

class Subject {
 public:
  explicit Subject(const CallLogOptions& options = {}) : metrics(options) {
    metrics.Start({{"a.S/Unary", false}, {"a.S/Stream", true}, {"a.S/Never", false}});
  }
  void Call(int method, const absl::Status& status, absl::Duration took = absl::ZeroDuration()) {
    metrics.Began(method);
    metrics.Ended({method, base::SteadyNow() - took, status, context});
  }

  CallMetrics metrics;
  grpc::ServerContext context;
};

TEST(CallMetricsTest, CountsByMethodAndCode) {
  Subject subject;
  subject.Call(0, absl::OkStatus());
  subject.Call(0, absl::OkStatus());
  subject.Call(0, absl::NotFoundError(""));
  subject.Call(1, absl::DeadlineExceededError(""));
  subject.Call(1, absl::Status(static_cast<absl::StatusCode>(99), ""));
  subject.metrics.Began(1);
  const std::map<std::string, double> collected = testing_support::Collect(subject.metrics);
  const std::string duration = "rpc_server_call_duration_seconds{rpc_system_name=grpc,rpc_method=a.S/";
  const std::string in_flight = "waymark_rpc_calls_in_flight{rpc_system_name=grpc,rpc_method=a.S/";
  const std::map<std::string, double> expected = {
      {duration + "Unary,rpc_response_status_code=OK}", 2},
      {duration + "Unary,rpc_response_status_code=NOT_FOUND}", 1},
      {duration + "Stream,rpc_response_status_code=DEADLINE_EXCEEDED,error_type=DEADLINE_EXCEEDED}", 1},
      {duration + "Stream,rpc_response_status_code=UNKNOWN,error_type=UNKNOWN}", 1},  // whatever is no code
      {in_flight + "Unary}", 0},
      {in_flight + "Stream}", 1},
  };
  EXPECT_EQ(collected, expected);
}

TEST(CallLogTest, WritesALineForSlowCallsAndForFailuresOfOurOwn) {
  struct Case {
    int method;
    absl::Status status;
    absl::Duration took;
    std::string begins;  // after the time; empty: no line
  };
  const absl::Duration slow = absl::Seconds(2);
  const Case cases[] = {
      {0, absl::OkStatus(), absl::ZeroDuration(), ""},
      {0, absl::OkStatus(), slow, "warning a slow call method=a.S/Unary code=OK seconds=2"},
      {1, absl::OkStatus(), slow, ""},
      {0, absl::NotFoundError("no such customer"), absl::ZeroDuration(), ""},
      {0, absl::NotFoundError("no such customer"), slow, "warning a slow call method=a.S/Unary code=NOT_FOUND"},
      {0, absl::UnavailableError("Redis is away"), absl::ZeroDuration(), "error a call failed method=a.S/Unary"},
      {1, absl::InternalError("lost"), absl::ZeroDuration(), "error a call failed method=a.S/Stream code=INTERNAL"},
      {0, absl::DataLossError("damaged"), absl::ZeroDuration(), "error a call failed"},
      {0, absl::UnknownError("what"), absl::ZeroDuration(), "error a call failed"},
      {0, absl::DeadlineExceededError("late"), absl::ZeroDuration(), ""},
      {0, absl::UnavailableError("it began later"), absl::Hours(-1), "error a call failed"},
  };
  for (const Case& each : cases) {
    Subject subject;
    CaptureStderr();
    subject.Call(each.method, each.status, each.took);
    const std::string line = GetCapturedStderr();
    if (each.begins.empty()) {
      EXPECT_EQ(line, "") << each.status;
    } else {
      EXPECT_THAT(line, HasSubstr(absl::StrCat("Z ", each.begins)));
      EXPECT_THAT(line, HasSubstr(absl::StrCat("code=", absl::StatusCodeToString(each.status.code()))));
      EXPECT_EQ(absl::StrContains(line, "error="), !each.status.ok());
    }
  }
}

TEST(CallLogTest, AStormIsCutAndCounted) {
  Subject subject({.burst = 3, .interval = absl::Hours(1)});
  CaptureStderr();
  for (int i = 0; i < 1'000; ++i) subject.Call(0, absl::UnavailableError("away"));
  const std::string lines = GetCapturedStderr();
  EXPECT_EQ(std::count(lines.begin(), lines.end(), '\n'), 3);
}

TEST(CallLogTest, TheNextLineSaysHowManyWereLeftOut) {
  CallLog log({.burst = 2, .interval = absl::Seconds(10)});
  grpc::ServerContext context;
  const ServedMethod method{"a.S/Unary"};
  const absl::Status status = absl::UnavailableError("away");
  const absl::Time start = absl::FromUnixSeconds(1'700'000'000);
  const auto lines_at = [&](absl::Duration after) {
    CaptureStderr();
    log.Ended({0, start, status, context}, method, start + after);
    std::string line = GetCapturedStderr();
    if (line.empty()) return std::string("none");
    const size_t left_out = line.find("lines_left_out=");
    return left_out == std::string::npos ? "line" : line.substr(left_out + 15, line.size() - left_out - 16);
  };
  std::vector<std::string> seen;
  for (int seconds : {0, 0, 0, 9, 10, 11, 20, 30, 30, 100, 100, 100, 99})  // a thread may come late with its time
    seen.push_back(lines_at(absl::Seconds(seconds)));
  EXPECT_THAT(
      seen, ElementsAre("line", "line", "none", "none", "2", "none", "1", "line", "none", "1", "line", "none", "none"));
}

}  // namespace
}  // namespace waymark::rpc
