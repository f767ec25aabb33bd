// What RedisStore costs: Redis's processor time and ours for each profile read and written, on one server and on a
// cluster of three masters with a replica each; memory; what a watch costs that finds nothing; how fast a slot moves.
// Of these a deployment's size is computed (README.md, "How large").

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/store/codec.h"
#include "service/store/redis/redis_store.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_profiles.h"
#include "tests/support/redis_cluster.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace waymark::bench {
namespace {

using segmentation::NameId;
using segmentation::Profile;
using store::RedisStore;
using testing_support::RedisCluster;
using testing_support::RedisServer;

constexpr size_t kProfileBytes = 747;  // the average of The Complete Journey
constexpr int kInFlight = 64;
constexpr int kRounds = 6;

[[noreturn]] void Die(absl::string_view why) {
  std::cerr << "bench_redis: " << why << '\n';
  std::exit(1);
}

void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.message());
}

// A profile of about the size of real ones.
Profile ProfileOf(int64_t number) {
  Profile profile = SampleProfile(static_cast<uint64_t>(number));
  const size_t bytes = store::Encode(profile).size();
  if (bytes < kProfileBytes) {
    segmentation::SetTrait(profile, NameId{0xffffffff}, std::string(kProfileBytes - bytes, 'x'));
  }
  return profile;
}

// As little as can change; with or without a segment that is entered or left.
absl::optional<Profile> Changed(const store::StoredProfile& stored, bool announced) {
  Profile profile = stored.profile;
  ++profile.compacted;
  if (announced && profile.derived.segments.empty()) {
    profile.derived.segments.push_back(NameId{1});
  } else if (announced) {
    profile.derived.segments.clear();
  }
  return profile;
}

std::string CustomerOf(int64_t number) { return absl::StrCat("customer-", number); }

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// "<name>:<number>" of INFO.
double NumberIn(const RedisServer& server, absl::string_view section, absl::string_view name) {
  const absl::StatusOr<std::string> info = server.Command({"INFO", section});
  Check(info.status());
  const size_t at = info->find(absl::StrCat("\n", name, ":"));
  double number = 0;
  if (at == std::string::npos ||
      !absl::SimpleAtod(info->substr(at + name.size() + 2, info->find('\r', at + 1) - at - name.size() - 2), &number)) {
    Die(absl::StrCat("redis does not say its ", name));
  }
  return number;
}

// The servers that are measured.
struct Servers {
  std::vector<RedisServer*> masters;
  std::vector<RedisServer*> replicas;

  double CpuOf(const std::vector<RedisServer*>& servers) const {
    double seconds = 0;
    for (const RedisServer* server : servers) {
      seconds += NumberIn(*server, "cpu", "used_cpu_user") + NumberIn(*server, "cpu", "used_cpu_sys");
    }
    return seconds;
  }
  double Memory() const {
    double bytes = 0;
    for (const RedisServer* server : masters) bytes += NumberIn(*server, "memory", "used_memory");
    return bytes;
  }
};

// Does `step` so many times, kInFlight at a time.
class Closed {
 public:
  using Done = std::function<void(const absl::Status&)>;
  using Step = std::function<void(int64_t, Done)>;

  Closed(int64_t count, Step step) : count_(count), step_(std::move(step)) {}

  void Run() {
    for (int i = 0; i < kInFlight; ++i) Next();
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(this, &Closed::Finished));
  }

 private:
  void Next() {
    const int64_t number = next_.fetch_add(1);
    if (number >= count_) return;
    step_(number, [this](const absl::Status& status) {
      Check(status);
      Next();
      absl::MutexLock lock(&mutex_);
      ++finished_;
    });
  }
  bool Finished() const ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return finished_ == count_; }

  const int64_t count_;
  const Step step_;
  std::atomic<int64_t> next_{0};
  absl::Mutex mutex_;
  int64_t finished_ ABSL_GUARDED_BY(mutex_) = 0;
};

void Print(const std::string& name, double value, const char* unit) {
  PrintMeasure({.name = absl::StrCat("redis/", name), .value = value, .unit = unit});
}

// Prints what `count` steps cost, the median of several rounds.
void MeasureSteps(const std::string& name, const Servers& servers, int64_t count, const Closed::Step& step) {
  std::vector<double> rates, ours, masters, replicas;
  for (int round = 0; round < kRounds; ++round) {
    const double master_cpu = servers.CpuOf(servers.masters);
    const double replica_cpu = servers.CpuOf(servers.replicas);
    const double our_cpu = CpuSeconds();
    const absl::Time begin = absl::Now();
    Closed(count, step).Run();
    const auto each = [&](double before, double after) { return 1e6 * (after - before) / static_cast<double>(count); };
    rates.push_back(static_cast<double>(count) / absl::ToDoubleSeconds(absl::Now() - begin));
    ours.push_back(each(our_cpu, CpuSeconds()));
    masters.push_back(each(master_cpu, servers.CpuOf(servers.masters)));
    replicas.push_back(each(replica_cpu, servers.CpuOf(servers.replicas)));
  }
  Print(name + "/rate", Median(rates), "1/s");
  Print(name + "/our_cpu", Median(ours), "us");
  Print(name + "/redis_cpu", Median(masters), "us");
  if (!servers.replicas.empty()) Print(name + "/replicas_cpu", Median(replicas), "us");
}

void MeasureStore(const std::string& name, RedisStore& store, const Servers& servers, int64_t profiles) {
  while (!store.Ready()) absl::SleepFor(absl::Milliseconds(1));
  const double empty = servers.Memory();
  const auto update = [&](store::ProfileStore::Change change, int64_t number, Closed::Done done) {
    store.Update({"bench", CustomerOf(number)}, absl::InfiniteFuture(), std::move(change),
                 [done = std::move(done)](const absl::StatusOr<uint64_t>& revision) { done(revision.status()); });
  };
  Closed(profiles, [&](int64_t number, Closed::Done done) {
    update([number](const store::StoredProfile&) { return absl::make_optional(ProfileOf(number)); }, number,
           std::move(done));
  }).Run();
  Print(name + "/memory", (servers.Memory() - empty) / static_cast<double>(profiles) * 1e6 / (1 << 30),
        "GiB per million profiles");

  const int64_t steps = std::min<int64_t>(profiles, 100'000);
  MeasureSteps(name + "/load", servers, steps, [&store](int64_t number, Closed::Done done) {
    store.Load({"bench", CustomerOf(number)}, absl::InfiniteFuture(),
               [done = std::move(done)](const absl::StatusOr<store::StoredProfile>& stored) { done(stored.status()); });
  });
  for (const bool announced : {false, true}) {
    MeasureSteps(name + (announced ? "/update_announced" : "/update"), servers, steps,
                 [&](int64_t number, Closed::Done done) {
                   update([announced](const store::StoredProfile& stored) { return Changed(stored, announced); },
                          number, std::move(done));
                 });
  }
  const std::string end = *testing_support::EndNow(store, "bench");
  // By limits that differ, or all would be one read.
  MeasureSteps(name + "/watch_that_finds_nothing", servers, 1000, [&](int64_t number, Closed::Done done) {
    store.Read(
        "bench", end, 300 + static_cast<int>(number % 200), absl::InfiniteFuture(),
        [done = std::move(done)](const absl::StatusOr<store::ChangeFeed::Changes>& read) { done(read.status()); });
  });
}

void MeasureOne(int64_t profiles) {
  auto server = RedisServer::Start();
  Check(server.status());
  RedisStore store({.port = (*server)->port()});
  MeasureStore("one", store, {.masters = {server->get()}}, profiles);
}

void MeasureCluster(int64_t profiles) {
  auto started = RedisCluster::Start();
  Check(started.status());
  RedisCluster& cluster = **started;
  Servers servers;
  for (size_t i = 0; i < RedisCluster::kServers; ++i) {
    (i < RedisCluster::kMasters ? servers.masters : servers.replicas).push_back(&cluster.server(i));
  }
  RedisStore store({.port = cluster.server(0).port()});
  MeasureStore("cluster", store, servers, profiles);
  RedisStore unwaited({.port = cluster.server(0).port(), .wait_for_replica = false});
  while (!unwaited.Ready()) absl::SleepFor(absl::Milliseconds(1));
  MeasureSteps("cluster/update_unwaited", servers, std::min<int64_t>(profiles, 100'000),
               [&](int64_t number, Closed::Done done) {
                 unwaited.Update(
                     {"bench", CustomerOf(number)}, absl::InfiniteFuture(),
                     [](const store::StoredProfile& stored) { return Changed(stored, false); },
                     [done = std::move(done)](const absl::StatusOr<uint64_t>& revision) { done(revision.status()); });
               });
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  CLI::App app("What RedisStore costs.", "bench_redis");
  int64_t profiles = 300'000;
  std::string only;
  app.add_option("--profiles", profiles, "how many there are")->capture_default_str();
  app.add_option("--only", only, "one or cluster: that alone")->check(CLI::IsMember({"one", "cluster"}));
  CLI11_PARSE(app, argc, argv);
  if (only != "cluster") waymark::bench::MeasureOne(profiles);
  if (only != "one") waymark::bench::MeasureCluster(profiles);
  return 0;
}
