// 5 % of the answers of a Redis Cluster come up to 100 ms late, because its masters pause: where profiles may be read
// from replicas, decisions do not wait for them, at the price of few more reads. WAYMARK_CHAOS=10 makes it ten times as
// long.

#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/bench/load_generator.h"
#include "tests/integration/replica.h"
#include "tests/support/redis_cluster.h"

namespace waymark {
namespace {

using testing_support::ApplyPlaybook;
using testing_support::Eventually;
using testing_support::RedisCluster;
using testing_support::Replica;

constexpr char kPlaybook[] = R"yaml(
channels: [{name: email}]
traits: [{name: age, type: INT}]
actions: [{name: greeting, kind: CONTENT, value: {micros: 1}, eligible_when: 'customer.age > 17'}]
placements: [{name: mail, touchpoint: email/weekly, exposure: ON_IMPRESSION}]
)yaml";
constexpr int kCustomers = 300;
constexpr double kPerSecond = 300;
constexpr absl::Duration kPause = absl::Milliseconds(100);
constexpr absl::Duration kPausePeriod = absl::Seconds(2);  // 5 %

absl::Duration RunTime() {
  double scale = 1;
  const char* text = std::getenv("WAYMARK_CHAOS");
  if (text != nullptr) {
    EXPECT_TRUE(absl::SimpleAtod(text, &scale)) << text;
  }
  return scale * absl::Seconds(6);
}

template <typename Request, typename Fill>
bench::Workload WorkloadOf(std::string method, const Fill& fill) {
  bench::Workload workload;
  workload.method = std::move(method);
  for (int i = 0; i < kCustomers; ++i) {
    Request request;
    fill(absl::StrCat("c", i), request);
    workload.requests.push_back(bench::Serialize(request));
  }
  return workload;
}

bench::Workload Decisions() {
  return WorkloadOf<v1::NextBestActionRequest>("/waymark.v1.DecisionService/NextBestAction",
                                               [](const std::string& customer, v1::NextBestActionRequest& request) {
                                                 request.mutable_context()->set_tenant("shop");
                                                 request.mutable_context()->set_customer(customer);
                                                 request.set_placement("mail");
                                               });
}

bench::Workload Profiles() {
  return WorkloadOf<v1::UpdateProfileRequest>("/waymark.v1.ProfileService/UpdateProfile",
                                              [](const std::string& customer, v1::UpdateProfileRequest& request) {
                                                request.set_tenant("shop");
                                                request.mutable_profile()->set_customer(customer);
                                                (*request.mutable_profile()->mutable_traits())["age"].set_int_value(40);
                                              });
}

// Decides for a while; what it found, and of how many nothing was known in time.
struct Found {
  bench::LoadResult calls;
  int64_t without_profile = 0;
};
Found Decide(Replica& replica) {
  Found found;
  bench::Workload workload = Decisions();
  workload.timeout = absl::Seconds(2);
  workload.on_end = [&](const bench::CallEnd& call) {
    grpc::Slice slice;
    v1::NextBestActionResponse response;
    if (!call.status.ok() || !call.answer.DumpToSingleSlice(&slice).ok()) return;
    response.ParseFromArray(slice.begin(), static_cast<int>(slice.size()));
    found.without_profile += response.decision().knowledge() == v1::KNOWLEDGE_PROFILE ? 0 : 1;
  };
  found.calls = bench::LoadGenerator(replica.port(), 2).Open(workload, kPerSecond, absl::Seconds(1), RunTime());
  return found;
}

// Stops some servers again and again, all at once.
class Pauses {
 public:
  Pauses(RedisCluster& cluster, std::vector<size_t> servers)
      : cluster_(cluster), servers_(std::move(servers)), thread_([this] {
          while (!ending_.load()) {
            for (size_t server : servers_) cluster_.server(server).Pause();
            absl::SleepFor(kPause);
            for (size_t server : servers_) cluster_.server(server).Continue();
            absl::SleepFor(kPausePeriod - kPause);
          }
        }) {}
  ~Pauses() {
    ending_.store(true);
    thread_.join();
  }

 private:
  RedisCluster& cluster_;
  const std::vector<size_t> servers_;
  std::atomic<bool> ending_{false};
  std::thread thread_;
};

int64_t Reads(RedisCluster& cluster) {
  int64_t reads = 0;
  for (size_t i = 0; i < RedisCluster::kServers; ++i) {
    const std::string stats = cluster.server(i).Command({"INFO", "commandstats"}).value_or("");
    const std::vector<std::string> parts = absl::StrSplit(stats, "cmdstat_get:calls=");
    int64_t calls = 0;
    if (parts.size() == 2) {
      EXPECT_TRUE(absl::SimpleAtoi(parts[1].substr(0, parts[1].find(',')), &calls));
    }
    reads += calls;
  }
  return reads;
}

void Print(const char* what, const Found& found, double reads) {
  std::printf("%-28s p50 %6.2f ms, p99 %6.2f ms, %lld calls, %lld errors, %lld without a profile, %.3f reads a call\n",
              what, absl::ToDoubleMilliseconds(found.calls.p50), absl::ToDoubleMilliseconds(found.calls.p99),
              static_cast<long long>(found.calls.calls), static_cast<long long>(found.calls.errors),
              static_cast<long long>(found.without_profile), reads);
  std::fflush(stdout);
}

TEST(HedgedReads, LateAnswersAreNotWaitedFor) {
  auto started = RedisCluster::Start();
  ASSERT_TRUE(started.ok()) << started.status();
  RedisCluster& cluster = **started;
  std::vector<std::string> seeds;
  for (int port : cluster.ports()) seeds.push_back(absl::StrCat("127.0.0.1:", port));
  const std::string store = absl::StrCat("redis:", absl::StrJoin(seeds, ","));
  Replica hedging(store, "hedging", {"--redis-replica-reads", "master-away"});
  Replica waiting(store, "waiting");
  ApplyPlaybook(hedging, kPlaybook);
  for (Replica* replica : {&hedging, &waiting}) {
    Eventually([&](grpc::ClientContext& context) {
      v1::NextBestActionRequest request;
      request.mutable_context()->set_tenant("shop");
      request.set_placement("mail");
      v1::NextBestActionResponse response;
      return replica->decisions->NextBestAction(&context, request, &response);
    });
  }
  ASSERT_EQ(bench::LoadGenerator(hedging.port(), 1).Each(Profiles(), 8).errors, 0);

  const absl::StatusOr<std::vector<size_t>> masters = cluster.Masters();
  ASSERT_TRUE(masters.ok()) << masters.status();
  const auto decide = [&](const char* what, Replica& replica) {
    const int64_t before = Reads(cluster);
    Found found = Decide(replica);
    // Those of the warm-up of a second are reads too.
    const double calls = static_cast<double>(found.calls.calls) * (1 + absl::FDivDuration(absl::Seconds(1), RunTime()));
    const double reads = static_cast<double>(Reads(cluster) - before) / calls;
    Print(what, found, reads);
    EXPECT_EQ(found.calls.errors, 0) << found.calls.first_error;
    EXPECT_EQ(found.without_profile, 0);
    EXPECT_LE(reads, 1.06 + 0.02) << "with what the warm-up is off by";
    return found;
  };
  const Found sound = decide("all is well, hedging", hedging);
  Found late;
  Found waited;
  {
    const Pauses pauses(cluster, *masters);
    late = decide("5 % late, hedging", hedging);
    waited = decide("5 % late, waiting", waiting);
  }
  EXPECT_GT(waited.calls.p99, absl::Milliseconds(50)) << "the pauses do not do what they should";
  // 1.5 times, and what the loop's clock and two busy processors add.
  EXPECT_LE(late.calls.p99, 1.5 * sound.calls.p99 + absl::Milliseconds(10));
}

}  // namespace
}  // namespace waymark
