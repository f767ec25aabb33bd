// How near unary GetOffers comes to what gRPC allows: the service against a server that does nothing (noop_server),
// with the same messages and the same server API, on the same machine, in rounds that alternate; each ratio is formed
// within its round, and the median of the rounds is given. Playbook of 50 actions and 30 segments; 10,000 customers
// with a year's history, loaded through the contract; first the embedded store, then Redis.
//
// With --keep-decisions they are logged: what that costs is the difference of two runs.
//
// Prints one JSON line a measure. About two minutes.

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "tests/bench/child_process.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_shop.h"
#include "tests/bench/service_under_test.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark::bench {
namespace {

constexpr int kCustomers = 10'000;
constexpr int kRequests = 20'000;
constexpr int kCallers = 32;
constexpr int kConnections = 4;
constexpr int kRounds = 6;
// Whether decisions are logged: with --keep-decisions.
bool keep_decisions = false;
constexpr absl::Duration kWarmUp = absl::Milliseconds(300);
constexpr absl::Duration kMeasured = absl::Milliseconds(1500);

// What one round found.
struct Round {
  double throughput = 0;
  double noop_throughput = 0;
  double p99_ms = 0;
  double noop_p99_ms = 0;
  // Of the server alone, for one call.
  double cpu_us = 0;
  double noop_cpu_us = 0;
};

// A server under load.
struct Target {
  ChildProcess& process;
  LoadGenerator& load;
};

absl::Status ToAbsl(const grpc::Status& status, absl::string_view what) {
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(what, ": ", status.error_message()));
}

// A typical answer, for the server that does nothing.
absl::Status SaveAnswer(const std::shared_ptr<grpc::Channel>& channel, const std::string& file) {
  const auto stub = v1::DecisionService::NewStub(channel);
  grpc::ClientContext context;
  v1::GetOffersResponse response;
  const grpc::Status status = stub->GetOffers(&context, SampleRequests(kCustomers, 1)[0], &response);
  if (!status.ok()) return ToAbsl(status, "GetOffers");
  if (response.decision().actions_size() == 0 || response.decision().knowledge() != v1::KNOWLEDGE_PROFILE) {
    return absl::InternalError("the sample decision is not a typical one");
  }
  std::ofstream output(file, std::ios::binary);
  return response.SerializeToOstream(&output) ? absl::OkStatus() : absl::InternalError("cannot write the answer");
}

// What a closed loop found, and what a call of it cost the server.
struct ClosedLoop {
  double per_second = 0;
  double cpu_us = 0;
};

absl::StatusOr<ClosedLoop> RunClosed(const Workload& workload, Target& target) {
  const absl::Duration before = target.process.CpuTime();
  const LoadResult result = target.load.Closed(workload, kCallers, kWarmUp, kMeasured);
  if (absl::Status status = CheckLoad(result); !status.ok()) return status;
  // The processor's time covers the warm-up too, which has the same calls.
  const double calls = result.per_second * absl::ToDoubleSeconds(kWarmUp + kMeasured);
  return ClosedLoop{result.per_second, absl::ToDoubleMicroseconds(target.process.CpuTime() - before) / calls};
}

absl::StatusOr<Round> RunRound(int number, const Workload& workload, Target service, Target noop) {
  // The order changes, so that neither always comes second.
  const bool noop_first = number % 2 == 0;
  Round round;
  for (bool second : {false, true}) {
    const bool is_noop = noop_first != second;
    const absl::StatusOr<ClosedLoop> closed = RunClosed(workload, is_noop ? noop : service);
    if (!closed.ok()) return closed.status();
    (is_noop ? round.noop_throughput : round.throughput) = closed->per_second;
    (is_noop ? round.noop_cpu_us : round.cpu_us) = closed->cpu_us;
  }
  for (bool second : {false, true}) {
    const bool is_noop = noop_first != second;
    const LoadResult open = (is_noop ? noop : service).load.Open(workload, round.throughput / 2, kWarmUp, kMeasured);
    if (absl::Status status = CheckLoad(open); !status.ok()) return status;
    (is_noop ? round.noop_p99_ms : round.p99_ms) = absl::ToDoubleMilliseconds(open.p99);
  }
  return round;
}

double MedianOf(const std::vector<Round>& rounds, const std::function<double(const Round&)>& of) {
  std::vector<double> values;
  for (const Round& round : rounds) values.push_back(of(round));
  return Median(std::move(values));
}

struct Goals {
  double throughput;
  double p99;
};

void PrintRounds(const std::string& store, const std::vector<Round>& rounds, const Goals& goals) {
  const auto print = [&](const char* measure, const char* unit, double Round::*value, double Round::*reference,
                         const char* comparison, absl::optional<double> goal) {
    PrintMeasure({.name = absl::StrCat("serving/", store, "/get_offers/", measure),
                  .value = MedianOf(rounds, [&](const Round& round) { return round.*value; }),
                  .unit = unit,
                  .reference = MedianOf(rounds, [&](const Round& round) { return round.*reference; }),
                  .ratio = MedianOf(rounds, [&](const Round& round) { return round.*value / round.*reference; }),
                  .comparison = comparison,
                  .goal = goal});
  };
  print("throughput", "calls/s", &Round::throughput, &Round::noop_throughput, ">=", goals.throughput);
  print("p99_at_half_load", "ms", &Round::p99_ms, &Round::noop_p99_ms, "<=", goals.p99);
  print("server_cpu", "us/call", &Round::cpu_us, &Round::noop_cpu_us, "<=", absl::nullopt);
}

// The whole measurement with one store; `folder` is this one's alone.
absl::Status MeasureStore(const std::string& name, const std::string& store, const std::string& folder,
                          const Goals& goals) {
  const std::string noop_port_file = absl::StrCat(folder, "/", name, ".noop_port");
  const std::string answer_file = absl::StrCat(folder, "/", name, ".answer");
  auto service =
      ServiceUnderTest::Start(name, store, folder, {.customers = kCustomers, .keep_decisions = keep_decisions});
  if (!service.ok()) return service.status();
  if (absl::Status status = SaveAnswer((*service)->channel, answer_file); !status.ok()) return status;

  auto noop = ChildProcess::Start({NOOP_SERVER, noop_port_file, answer_file}, absl::StrCat(folder, "/noop.log"));
  if (!noop.ok()) return noop.status();
  const absl::StatusOr<int> noop_port = noop->WaitForPort(noop_port_file);
  if (!noop_port.ok()) return noop_port.status();
  LoadGenerator noop_load(*noop_port, kConnections);

  const Workload workload = WorkloadOf("/waymark.v1.DecisionService/GetOffers", SampleRequests(kCustomers, kRequests));
  std::vector<Round> rounds;
  for (int i = 0; i < kRounds; ++i) {
    absl::StatusOr<Round> round = RunRound(i, workload, {(*service)->process, (*service)->load}, {*noop, noop_load});
    if (!round.ok()) return round.status();
    std::fprintf(stderr, "%s, round %d: %.0f calls/s of %.0f; p99 %.2f ms of %.2f; server %.1f us of %.1f\n",
                 name.c_str(), i + 1, round->throughput, round->noop_throughput, round->p99_ms, round->noop_p99_ms,
                 round->cpu_us, round->noop_cpu_us);
    rounds.push_back(*round);
  }
  PrintRounds(name, rounds, goals);
  return absl::OkStatus();
}

absl::Status MeasureAll() {
  const testing_support::TempDirectory folder;
  if (absl::Status status =
          MeasureStore("embedded", absl::StrCat("embedded:", folder.path(), "/store"), folder.path(), {0.85, 1.5});
      !status.ok()) {
    return status;
  }
  auto redis = testing_support::RedisServer::Start({.append_only = true});
  if (!redis.ok()) return redis.status();
  return MeasureStore("redis", absl::StrCat("redis:127.0.0.1:", (*redis)->port()), folder.path(), {0.70, 2});
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  waymark::bench::keep_decisions = argc == 2 && std::string(argv[1]) == "--keep-decisions";
  const absl::Status status = waymark::bench::MeasureAll();
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_serving: %s\n", std::string(status.message()).c_str());
  return 1;
}
