#include "service/web/metrics_server.h"

#include <arpa/inet.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::web {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr absl::Duration kBounds[] = {absl::Milliseconds(1), absl::Milliseconds(10)};

class Sample final : public base::MetricSource {
 public:
  void Collect(base::MetricWriter& writer) const override {
    const base::MetricName things = {"things_total", "Things."};
    writer.WriteCounter(things, {{"kind", "a \"b\"\n\\"}}, 3);
    writer.WriteGauge({"level", "A level."}, {}, -0.5);
    writer.WriteCounter(things, {{"kind", "c"}}, 9'007'199'254'740'991);
    writer.WriteHistogram({"took_seconds", "How long."}, {}, {kBounds, {2, 0, 1}, 3.5});
  }
};

// Sends bytes, as they are, and gives what comes until the other side closes.
std::string Talk(int port, const std::string& bytes) {
  const int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(connection, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  EXPECT_EQ(send(connection, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  shutdown(connection, SHUT_WR);
  std::string answer;
  char part[4096];
  for (ssize_t got = 0; (got = recv(connection, part, sizeof(part), 0)) > 0;) {
    answer.append(part, static_cast<size_t>(got));
  }
  close(connection);
  return answer;
}

std::string Get(int port, const std::string& path) {
  return Talk(port, absl::StrCat("GET ", path, " HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n"));
}

TEST(MetricsServerTest, ServesWhatItsSourcesSay) {
  const Sample sample;
  const auto server = MetricsServer::Start("127.0.0.1:0", {&sample});
  ASSERT_TRUE(server.ok()) << server.status();
  const std::string answer = Get((*server)->port(), "/metrics");
  EXPECT_THAT(answer, StartsWith("HTTP/1.1 200"));
  // Prometheus's text format: a family's lines follow its help and its type.
  EXPECT_THAT(answer, HasSubstr("# HELP things_total Things.\n"
                                "# TYPE things_total counter\n"
                                "things_total{kind=\"a \\\"b\\\"\\n\\\\\"} 3\n"
                                "things_total{kind=\"c\"} 9007199254740991\n"));
  EXPECT_THAT(answer, HasSubstr("# TYPE level gauge\nlevel -0.5\n"));
  EXPECT_THAT(answer, HasSubstr("# TYPE took_seconds histogram\n"
                                "took_seconds_count 3\n"
                                "took_seconds_sum 3.5\n"
                                "took_seconds_bucket{le=\"0.001\"} 2\n"
                                "took_seconds_bucket{le=\"0.01\"} 2\n"
                                "took_seconds_bucket{le=\"+Inf\"} 3\n"));
}

TEST(MetricsServerTest, ServesNothingElseAndSurvivesGarbage) {
  const Sample sample;
  const auto server = MetricsServer::Start("127.0.0.1:0", {&sample});
  ASSERT_TRUE(server.ok()) << server.status();
  const int port = (*server)->port();
  for (const char* path :
       {"/", "/etc/passwd", "/../../../../etc/passwd", "/metrics/../../etc/passwd", "/%2e%2e/etc/passwd"}) {
    const std::string answer = Get(port, path);
    EXPECT_THAT(answer, Not(HasSubstr(" 200 "))) << path;
    EXPECT_THAT(answer, Not(HasSubstr("root:"))) << path;
  }
  for (const std::string& bytes :
       {std::string("\r\n\r\n\r\n"), std::string(100'000, 'x'), std::string(1'000, '\0'),
        std::string("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), std::string("GET /metrics HTTP/9.9\r\n\r\n"),
        "GET /metrics HTTP/1.1\r\nX: " + std::string(70'000, 'y') + "\r\n\r\n",
        std::string("POST /metrics HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /metrics HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\nabc"), std::string("GET /metrics")}) {
    Talk(port, bytes);
    EXPECT_THAT(Get(port, "/metrics"), HasSubstr("things_total")) << bytes.substr(0, 20);
  }
}

TEST(MetricsServerTest, ServesAndEndsOnEachKindOfAddress) {
  const Sample sample;
  for (const char* address : {"127.0.0.1:0", "0.0.0.0:0", "[::1]:0", "[::]:0"}) {
    const auto server = MetricsServer::Start(address, {&sample});
    if (address[0] == '[' && !server.ok()) continue;  // a machine without IPv6
    ASSERT_TRUE(server.ok()) << address << ": " << server.status();
    EXPECT_GT((*server)->port(), 0);
  }
}

TEST(MetricsServerTest, RefusesAnAddressThatIsNone) {
  const Sample sample;
  for (const char* address : {"", "9464", ":9464", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536",
                              "127.0.0.1:-1", "127.0.0.1:80,127.0.0.1:81", "127.0.0.1:80s", "host:80"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(MetricsServer::Start(address, {&sample}).status())) << address;
  }
  const auto first = MetricsServer::Start("127.0.0.1:0", {&sample});
  ASSERT_TRUE(first.ok());
  const auto second = MetricsServer::Start(absl::StrCat("127.0.0.1:", (*first)->port()), {&sample});
  EXPECT_TRUE(absl::IsUnavailable(second.status())) << second.status();
}

}  // namespace
}  // namespace waymark::web
