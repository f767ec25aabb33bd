// Two processes of the service on a real Redis Cluster, one of whose masters is killed under load: no decision fails,
// those that are made without the profile say so, limits hold, what was acknowledged is there, and all is fresh again
// within 2 s after a replica took over.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/slots.h"
#include "tests/integration/replica.h"
#include "tests/support/redis_cluster.h"

namespace waymark {
namespace {

using testing_support::ApplyPlaybook;
using testing_support::Eventually;
using testing_support::RedisCluster;
using testing_support::Replica;

constexpr char kPlaybook[] = R"yaml(
channels: [{name: web}]
actions:
  - {name: offer, kind: OFFER, limits: [{per: CUSTOMER, max: 3, window: 30d}]}
  - {name: greeting, kind: CONTENT, value: {micros: 1}}
placements: [{name: hero, touchpoint: web/home, fallback: greeting}]
segments: [{name: regular, when: 'count("purchase", days(30)) >= 3'}]
)yaml";
constexpr int kCustomers = 120;
constexpr int kCallersEach = 4;

std::string CustomerOf(int i) { return absl::StrCat("c", i); }

void SetDeadline(grpc::ClientContext& context) {
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(2)));
}

grpc::Status Decide(Replica& replica, const std::string& customer, v1::Decision& decision) {
  grpc::ClientContext context;
  SetDeadline(context);
  v1::NextBestActionRequest request;
  request.mutable_context()->set_tenant("shop");
  request.mutable_context()->set_customer(customer);
  request.set_placement("hero");
  v1::NextBestActionResponse response;
  const grpc::Status status = replica.decisions->NextBestAction(&context, request, &response);
  decision = response.decision();
  return status;
}

grpc::Status Record(Replica& replica, const std::string& customer, const std::string& id) {
  grpc::ClientContext context;
  SetDeadline(context);
  v1::RecordEventRequest request;
  request.set_tenant("shop");
  request.set_customer(customer);
  request.mutable_event()->set_id(id);
  request.mutable_event()->set_type("purchase");
  v1::RecordEventResponse response;
  return replica.events->RecordEvent(&context, request, &response);
}

int64_t Purchases(Replica& replica, const std::string& customer) {
  int64_t purchases = 0;
  Eventually([&](grpc::ClientContext& context) {
    v1::GetProfileRequest request;
    request.set_tenant("shop");
    request.set_customer(customer);
    v1::GetProfileResponse response;
    const grpc::Status status = replica.profiles->GetProfile(&context, request, &response);
    for (const v1::EventSummary& event : response.profile().events()) {
      if (event.type() == "purchase") purchases = event.count();
    }
    return status;
  });
  return purchases;
}

// Callers who decide and record without end, for their own customers each.
class Load {
 public:
  explicit Load(const std::vector<Replica*>& replicas) {
    const int callers = kCallersEach * static_cast<int>(replicas.size());
    for (int caller = 0; caller < callers; ++caller) {
      Replica& replica = *replicas[static_cast<size_t>(caller) % replicas.size()];
      threads_.emplace_back([this, caller, callers, &replica] {
        for (int round = 0; !stopping_.load(); ++round) {
          const int customer = caller + callers * (round % (kCustomers / callers));
          Step(replica, customer, absl::StrCat("e", caller, "-", round));
        }
      });
    }
  }
  ~Load() { Stop(); }

  void Stop() {
    stopping_.store(true);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  std::atomic<int64_t> decisions{0};
  std::atomic<int64_t> failed{0};
  std::atomic<int64_t> degraded{0};
  // By customer: each has one caller, and they are read after Stop.
  std::vector<int64_t> recorded = std::vector<int64_t>(kCustomers);
  std::vector<int64_t> unknown = std::vector<int64_t>(kCustomers);
  std::vector<int64_t> offers = std::vector<int64_t>(kCustomers);

 private:
  void Step(Replica& replica, int customer, const std::string& event) {
    const auto index = static_cast<size_t>(customer);
    const grpc::Status status = Record(replica, CustomerOf(customer), event);
    (status.ok() ? recorded : unknown)[index] += 1;
    v1::Decision decision;
    if (!Decide(replica, CustomerOf(customer), decision).ok()) failed.fetch_add(1);
    decisions.fetch_add(1);
    // One action, whatever is known: the offer or the fallback.
    if (decision.actions_size() != 1) failed.fetch_add(1);
    if (decision.knowledge() == v1::KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE ||
        decision.knowledge() == v1::KNOWLEDGE_STALE_PROFILE) {
      degraded.fetch_add(1);
    } else if (decision.knowledge() != v1::KNOWLEDGE_PROFILE && recorded[index] > 0) {
      failed.fetch_add(1);
    }
    if (decision.actions_size() == 1 && decision.actions(0).action() == "offer") offers[index] += 1;
  }

  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

void WaitForMore(const std::atomic<int64_t>& count, int64_t more) {
  const int64_t begin = count.load();
  for (const absl::Time until = absl::Now() + absl::Seconds(60); count.load() < begin + more;) {
    ASSERT_LT(absl::Now(), until);
    absl::SleepFor(absl::Milliseconds(1));
  }
}

TEST(ClusterFailover, NoDecisionFailsAndWhatWasAcknowledgedIsThere) {
  auto started = RedisCluster::Start();
  ASSERT_TRUE(started.ok()) << started.status();
  RedisCluster& cluster = **started;
  std::vector<std::string> seeds;
  for (int port : cluster.ports()) seeds.push_back(absl::StrCat("127.0.0.1:", port));
  const std::string store = absl::StrCat("redis:", absl::StrJoin(seeds, ","));
  Replica one(store, "one");
  Replica two(store, "two");
  ApplyPlaybook(one, kPlaybook);
  Eventually([&](grpc::ClientContext&) {
    v1::Decision decision;
    return Decide(two, "nobody", decision);
  });

  // One of whose customers the load has, and no records: who applied the playbook would have to wait, too.
  const uint16_t playbooks = store::SlotOf(store::RecordsKey("playbook_head"));
  int victim = 0;
  const auto slot_of = [](int i) { return store::SlotOf(store::RedisProfileKey({"shop", CustomerOf(i)})); };
  while (*cluster.MasterOf(slot_of(victim)) == *cluster.MasterOf(playbooks)) ++victim;
  const uint16_t slot = slot_of(victim);
  const size_t dying = *cluster.MasterOf(slot);

  Load load({&one, &two});
  WaitForMore(load.decisions, 4 * kCustomers);
  EXPECT_EQ(load.degraded.load(), 0);
  cluster.server(dying).Kill();
  WaitForMore(load.degraded, 20);
  ASSERT_TRUE(cluster.WaitForPromotion(slot, dying).ok());
  const absl::Time promoted = absl::Now();
  for (Replica* replica : {&one, &two}) {
    v1::Decision decision;
    while (decision.knowledge() != v1::KNOWLEDGE_PROFILE && absl::Now() < promoted + absl::Seconds(30)) {
      if (!Decide(*replica, CustomerOf(victim), decision).ok()) ADD_FAILURE() << "a decision failed";
    }
  }
  EXPECT_LT(absl::Now() - promoted, absl::Seconds(2));
  RecordProperty("fresh_after_ms", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - promoted)));
  WaitForMore(load.decisions, 2 * kCustomers);
  const int64_t degraded = load.degraded.load();
  WaitForMore(load.decisions, 2 * kCustomers);
  EXPECT_EQ(load.degraded.load(), degraded);
  load.Stop();
  EXPECT_EQ(load.failed.load(), 0) << "of " << load.decisions.load();

  for (size_t i = 0; i < kCustomers; ++i) {
    const int64_t purchases = Purchases(two, CustomerOf(static_cast<int>(i)));
    EXPECT_GE(purchases, load.recorded[i]) << i;
    EXPECT_LE(purchases, load.recorded[i] + load.unknown[i]) << i;
    EXPECT_LE(load.offers[i], 3) << i;
  }
}

}  // namespace
}  // namespace waymark
