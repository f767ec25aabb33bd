// How the service grows: GetOffers at 10,000, 100,000 and 1,000,000 profiles, and with 10, 100 and 1,000 actions, each
// size a tenant of one service, in rounds that go through all of them, each ratio formed within its round; from its
// start until it decides with a playbook of 1,000 actions; its memory at rest; what a million profiles take in Redis.
// First the embedded store, then Redis.
//
//   bench_growth [embedded|redis]
//
// Prints one JSON line a measure, the medians of the rounds. About four minutes.

#include <grpcpp/create_channel.h>

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_store.h"
#include "tests/bench/child_process.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_profiles.h"
#include "tests/bench/sample_shop.h"
#include "tests/bench/service_under_test.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"

namespace waymark::bench {
namespace {

constexpr int kRounds = 6;
constexpr int kStarts = 5;
constexpr int kCallers = 32;
constexpr int kConnections = 4;
constexpr int kRequests = 20'000;
constexpr int kSegments = 30;
constexpr int kMaxWrites = 4'000;  // on their way to the store
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);
constexpr absl::Duration kMeasured = absl::Seconds(1);
constexpr double kMaxStartSeconds = 1;
constexpr double kMaxMegabytesAtRest = 64;
constexpr double kMaxGibibytesPerMillion = 1;

// A size, as a tenant.
struct Tenant {
  std::string name;
  int profiles;
  int actions;
};

const std::vector<Tenant>& ByProfiles() {
  static const std::vector<Tenant> tenants = {
      {"profiles-4", 10'000, 50}, {"profiles-5", 100'000, 50}, {"profiles-6", 1'000'000, 50}};
  return tenants;
}

const std::vector<Tenant>& ByActions() {
  static const std::vector<Tenant> tenants = {
      {"actions-1", 10'000, 10}, {"actions-2", 10'000, 100}, {"actions-3", 10'000, 1'000}};
  return tenants;
}

// A running service.
struct Service {
  ChildProcess process;
  int port;
  std::shared_ptr<grpc::Channel> channel;
};

absl::StatusOr<Service> Start(const std::string& store, const std::string& folder) {
  const std::string port_file = absl::StrCat(folder, "/port");
  std::remove(port_file.c_str());
  auto process = ChildProcess::Start(
      {WAYMARKD, "--listen", "127.0.0.1:0", "--store", store, "--port-file", port_file, "--metrics-address", "off"},
      absl::StrCat(folder, "/service.log"));
  if (!process.ok()) return process.status();
  const absl::StatusOr<int> port = process->WaitForPort(port_file);
  if (!port.ok()) return port.status();
  return Service{*std::move(process), *port,
                 grpc::CreateChannel(absl::StrCat("127.0.0.1:", *port), grpc::InsecureChannelCredentials())};
}

// Calls until it works, for 30 s.
template <typename Call>
absl::Status Eventually(const char* what, Call call) {
  grpc::Status status;
  for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until;) {
    grpc::ClientContext context;
    status = call(context);
    if (status.ok()) return absl::OkStatus();
    absl::SleepFor(absl::Milliseconds(1));
  }
  return absl::InternalError(absl::StrCat(what, ": ", status.error_message()));
}

absl::Status Apply(const Service& service, const Tenant& tenant) {
  const auto stub = v1::PlaybookService::NewStub(service.channel);
  v1::ApplyPlaybookRequest request;
  request.set_tenant(tenant.name);
  request.set_text(SamplePlaybook(tenant.actions, kSegments));
  return Eventually("applying a playbook", [&](grpc::ClientContext& context) {
    v1::ApplyPlaybookResponse response;
    return stub->ApplyPlaybook(&context, request, &response);
  });
}

absl::Status AwaitDecision(const Service& service, const Tenant& tenant) {
  const auto stub = v1::DecisionService::NewStub(service.channel);
  v1::GetOffersRequest request = SampleRequests(1, 1)[0];
  request.mutable_context()->set_tenant(tenant.name);
  return Eventually("deciding", [&](grpc::ClientContext& context) {
    v1::GetOffersResponse response;
    return stub->GetOffers(&context, request, &response);
  });
}

absl::Status Fill(store::ProfileStore& profiles, const Tenant& tenant) {
  absl::Mutex mutex;
  int on_their_way = 0;
  absl::Status failure;
  const auto wait_for_fewer = [&](int limit) {
    const auto fewer = [&] { return on_their_way < limit; };
    mutex.Await(absl::Condition(&fewer));
  };
  for (int i = 0; i < tenant.profiles; ++i) {
    {
      absl::MutexLock lock(&mutex);
      wait_for_fewer(kMaxWrites);
      ++on_their_way;
    }
    profiles.UpdateFrom(
        {tenant.name, CustomerId(i)}, {}, absl::InfiniteFuture(),
        [i](const store::StoredProfile&) { return absl::make_optional(SampleProfile(static_cast<uint64_t>(i))); },
        [&](const absl::StatusOr<uint64_t>& revision) {
          absl::MutexLock lock(&mutex);
          failure.Update(revision.status());
          --on_their_way;
        });
  }
  absl::MutexLock lock(&mutex);
  wait_for_fewer(1);
  return failure;
}

absl::Status FillAll(store::ProfileStore& profiles) {
  for (const std::vector<Tenant>* tenants : {&ByActions(), &ByProfiles()}) {
    for (const Tenant& tenant : *tenants) {
      if (absl::Status status = Fill(profiles, tenant); !status.ok()) return status;
    }
  }
  return absl::OkStatus();
}

// Until its playbook of 1,000 actions decides, and what it takes of memory then.
absl::Status MeasureStarts(const std::string& name, const std::string& store, const std::string& folder) {
  const Tenant tenant{"start", 0, 1'000};
  {
    const absl::StatusOr<Service> service = Start(store, folder);
    if (!service.ok()) return service.status();
    if (absl::Status status = Apply(*service, tenant); !status.ok()) return status;
  }
  std::vector<double> seconds;
  std::vector<double> megabytes;
  for (int i = 0; i < kStarts; ++i) {
    const absl::Time begin = absl::Now();
    const absl::StatusOr<Service> service = Start(store, folder);
    if (!service.ok()) return service.status();
    if (absl::Status status = AwaitDecision(*service, tenant); !status.ok()) return status;
    seconds.push_back(absl::ToDoubleSeconds(absl::Now() - begin));
    megabytes.push_back(static_cast<double>(service->process.ResidentBytes()) / (1 << 20));
  }
  const auto print = [&](const char* measure, const char* unit, double value, double limit) {
    PrintMeasure({.name = absl::StrCat("growth/", name, "/", measure),
                  .value = value,
                  .unit = unit,
                  .reference = limit,
                  .ratio = value / limit,
                  .comparison = "<=",
                  .goal = 1});
  };
  print("start_to_ready", "s", Median(seconds), kMaxStartSeconds);
  print("memory_at_rest", "MiB", Median(megabytes), kMaxMegabytesAtRest);
  return absl::OkStatus();
}

// What a round found for each of the tenants.
struct Round {
  std::vector<double> per_second;
  std::vector<double> cpu_us;  // of the service, for a call
};

absl::StatusOr<std::vector<Round>> RunRounds(Service& service, const std::vector<Tenant>& tenants) {
  LoadGenerator load(service.port, kConnections);
  std::vector<Workload> workloads;
  for (const Tenant& tenant : tenants) {
    std::vector<v1::GetOffersRequest> requests = SampleRequests(tenant.profiles, kRequests);
    for (v1::GetOffersRequest& request : requests) request.mutable_context()->set_tenant(tenant.name);
    workloads.push_back(WorkloadOf("/waymark.v1.DecisionService/GetOffers", requests));
  }
  std::vector<Round> rounds(kRounds, {std::vector<double>(tenants.size()), std::vector<double>(tenants.size())});
  for (size_t i = 0; i < rounds.size(); ++i) {
    for (size_t j = 0; j < tenants.size(); ++j) {
      const size_t turn = (i + j) % tenants.size();  // so that none always comes last
      const absl::Duration before = service.process.CpuTime();
      const LoadResult result = load.Closed(workloads[turn], kCallers, kWarmUp, kMeasured);
      if (absl::Status status = CheckLoad(result); !status.ok()) return status;
      // The processor's time covers the warm-up too, which has the same calls.
      const double calls = result.per_second * absl::ToDoubleSeconds(kWarmUp + kMeasured);
      rounds[i].per_second[turn] = result.per_second;
      rounds[i].cpu_us[turn] = absl::ToDoubleMicroseconds(service.process.CpuTime() - before) / calls;
    }
  }
  return rounds;
}

// The measure of one tenant against that of another.
void PrintGrowth(const std::string& name, const std::vector<Round>& rounds, std::vector<double> Round::*of,
                 const char* unit, size_t larger, size_t smaller, const char* comparison, double goal) {
  std::vector<double> values;
  std::vector<double> references;
  std::vector<double> ratios;
  for (const Round& round : rounds) {
    values.push_back((round.*of)[larger]);
    references.push_back((round.*of)[smaller]);
    ratios.push_back(values.back() / references.back());
  }
  PrintMeasure({.name = name,
                .value = Median(values),
                .unit = unit,
                .reference = Median(references),
                .ratio = Median(ratios),
                .comparison = comparison,
                .goal = goal});
}

absl::Status MeasureGrowth(const std::string& name, const std::string& store, const std::string& folder) {
  absl::StatusOr<Service> service = Start(store, folder);
  if (!service.ok()) return service.status();
  for (const std::vector<Tenant>* tenants : {&ByActions(), &ByProfiles()}) {
    for (const Tenant& tenant : *tenants) {
      if (absl::Status status = Apply(*service, tenant); !status.ok()) return status;
      if (absl::Status status = AwaitDecision(*service, tenant); !status.ok()) return status;
    }
  }
  const auto profiles = RunRounds(*service, ByProfiles());
  if (!profiles.ok()) return profiles.status();
  const std::string prefix = absl::StrCat("growth/", name);
  PrintGrowth(prefix + "/profiles_1e5_to_1e4", *profiles, &Round::per_second, "calls/s", 1, 0, ">=", 0.9);
  PrintGrowth(prefix + "/profiles_1e6_to_1e4", *profiles, &Round::per_second, "calls/s", 2, 0, ">=", 0.9);
  const auto actions = RunRounds(*service, ByActions());
  if (!actions.ok()) return actions.status();
  PrintGrowth(prefix + "/actions_100_to_10", *actions, &Round::cpu_us, "us/call", 1, 0, "<=", 10);
  PrintGrowth(prefix + "/actions_1000_to_100", *actions, &Round::cpu_us, "us/call", 2, 1, "<=", 10);
  return absl::OkStatus();
}

absl::Status MeasureEmbedded() {
  const testing_support::TempDirectory folder;
  const std::string path = folder.path() + "/store";
  const std::string store = absl::StrCat("embedded:", path);
  if (absl::Status status = MeasureStarts("embedded", store, folder.path()); !status.ok()) return status;
  {
    const auto opened = store::EmbeddedStore::Open(path);
    if (!opened.ok()) return opened.status();
    if (absl::Status status = FillAll(**opened); !status.ok()) return status;
  }
  return MeasureGrowth("embedded", store, folder.path());
}

absl::StatusOr<double> UsedMemory(const testing_support::RedisServer& redis) {
  const absl::StatusOr<std::string> info = redis.Command({"INFO", "memory"});
  if (!info.ok()) return info.status();
  const std::string key = "used_memory:";
  const size_t begin = info->find(key) + key.size();
  double bytes = 0;
  if (!absl::SimpleAtod(info->substr(begin, info->find('\r', begin) - begin), &bytes)) {
    return absl::InternalError("Redis does not say its memory");
  }
  return bytes;
}

absl::Status MeasureRedis() {
  const testing_support::TempDirectory folder;
  auto redis = testing_support::RedisServer::Start();
  if (!redis.ok()) return redis.status();
  const std::string store = absl::StrCat("redis:127.0.0.1:", (*redis)->port());
  if (absl::Status status = MeasureStarts("redis", store, folder.path()); !status.ok()) return status;
  const absl::StatusOr<double> before = UsedMemory(**redis);
  if (!before.ok()) return before.status();
  {
    store::RedisOptions options;
    options.port = (*redis)->port();
    store::RedisStore profiles(options);
    while (!profiles.Ready()) absl::SleepFor(absl::Milliseconds(1));
    if (absl::Status status = FillAll(profiles); !status.ok()) return status;
  }
  const absl::StatusOr<double> after = UsedMemory(**redis);
  if (!after.ok()) return after.status();
  int profiles = 0;
  for (const Tenant& tenant : ByProfiles()) profiles += tenant.profiles;
  for (const Tenant& tenant : ByActions()) profiles += tenant.profiles;
  const double gibibytes = (*after - *before) / profiles * 1e6 / (1 << 30);
  PrintMeasure({.name = "growth/redis/memory_per_million",
                .value = gibibytes,
                .unit = "GiB",
                .reference = kMaxGibibytesPerMillion,
                .ratio = gibibytes / kMaxGibibytesPerMillion,
                .comparison = "<=",
                .goal = 1});
  return MeasureGrowth("redis", store, folder.path());
}

absl::Status MeasureAll(absl::string_view only) {
  if (only != "redis") {
    if (absl::Status status = MeasureEmbedded(); !status.ok()) return status;
  }
  return only == "embedded" ? absl::OkStatus() : MeasureRedis();
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  const absl::Status status = waymark::bench::MeasureAll(argc > 1 ? argv[1] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_growth: %s\n", std::string(status.message()).c_str());
  return 1;
}
