// What a decision costs in bulk, `waymark decide --all --out FILE`, against single GetContent calls: processor time of
// service and client together, and decisions a second, of the same customers, on the same machine, in rounds that
// alternate; each ratio is formed within its round, and the median of the rounds is given. Playbook of 50 actions and
// 30 segments; 20,000 customers with a year's history; first the embedded store, then Redis (whose own time is not
// counted).
//
// The client of the single calls is as quick as one can be (LoadGenerator: asynchronous, 32 calls at once), and does
// what the bulk one does with the answers: it reads them, and makes the same lines of them.
//
// Prints one JSON line a measure. About a minute.

#include <google/protobuf/arena.h>
#include <grpcpp/impl/codegen/proto_utils.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/cli/decisions_json.h"
#include "tests/bench/child_process.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_shop.h"
#include "tests/bench/service_under_test.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"
#include "waymark/v1/decision.pb.h"

namespace waymark::bench {
namespace {

constexpr int kCustomers = 20'000;
constexpr int kCallers = 32;
constexpr int kRounds = 6;
constexpr int kBulkRuns = 3;              // a round
constexpr int kCommandCustomers = 2'000;  // whom the command asks about one after the other

// What one way of deciding took.
struct Cost {
  double cpu_us = 0;  // of service and client, for a decision
  double per_second = 0;
};

struct Round {
  Cost command;  // single calls
  Cost quick;    // single calls
  Cost bulk;
};

absl::Duration OwnCpuTime() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return absl::DurationFromTimeval(usage.ru_utime) + absl::DurationFromTimeval(usage.ru_stime);
}

Workload SingleCalls() {
  std::vector<v1::GetContentRequest> requests(kCustomers);
  for (int i = 0; i < kCustomers; ++i) {
    v1::GetContentRequest& request = requests[static_cast<size_t>(i)];
    request.mutable_context()->set_tenant(kTenant);
    request.mutable_context()->set_customer(CustomerId(i));
    request.add_placements(kPlacement);
  }
  return WorkloadOf("/waymark.v1.DecisionService/GetContent", requests);
}

// As the bulk client does it.
void AddLine(const grpc::ByteBuffer& answer, cli::DecisionLines& lines) {
  google::protobuf::Arena arena;
  auto* response = google::protobuf::Arena::CreateMessage<v1::GetContentResponse>(&arena);
  grpc::ByteBuffer bytes(answer);
  if (!grpc::SerializationTraits<v1::GetContentResponse>::Deserialize(&bytes, response).ok()) return;
  auto* decisions = google::protobuf::Arena::CreateMessage<v1::CustomerDecisions>(&arena);
  decisions->mutable_decisions()->Swap(response->mutable_decisions());
  lines.Clear();
  lines.Add(*decisions);
}

absl::StatusOr<Cost> Quick(ServiceUnderTest& service, const Workload& workload) {
  const absl::Time begin = absl::Now();
  const absl::Duration before = service.process.CpuTime() + OwnCpuTime();
  cli::DecisionLines lines;
  const LoadResult result =
      service.load.Each(workload, kCallers, [&lines](const grpc::ByteBuffer& answer) { AddLine(answer, lines); });
  if (absl::Status status = CheckLoad(result); !status.ok()) return status;
  const absl::Duration cpu = service.process.CpuTime() + OwnCpuTime() - before;
  return Cost{absl::ToDoubleMicroseconds(cpu) / kCustomers, kCustomers / absl::ToDoubleSeconds(absl::Now() - begin)};
}

// Runs `waymark decide` with these arguments, and says what it took of the processors.
absl::StatusOr<absl::Duration> Decide(const ServiceUnderTest& service, const std::string& folder,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> all = {WAYMARK,    "--address", absl::StrCat("127.0.0.1:", service.port),
                                  "--tenant", kTenant,     "--output",
                                  "json",     "decide",    "--placement",
                                  kPlacement};
  all.insert(all.end(), arguments.begin(), arguments.end());
  auto command = ChildProcess::Start(all, absl::StrCat(folder, "/decide.log"));
  if (!command.ok()) return command.status();
  return command->WaitForEnd();
}

absl::StatusOr<Cost> Command(ServiceUnderTest& service, const std::string& folder) {
  const std::string ids = absl::StrCat(folder, "/ids");
  {
    std::ofstream file(ids);
    for (int i = 0; i < kCommandCustomers; ++i) file << CustomerId(i) << '\n';
  }
  const absl::Time begin = absl::Now();
  const absl::Duration before = service.process.CpuTime();
  const absl::StatusOr<absl::Duration> client = Decide(service, folder, {"--from", ids});
  if (!client.ok()) return client.status();
  const absl::Duration cpu = service.process.CpuTime() - before + *client;
  return Cost{absl::ToDoubleMicroseconds(cpu) / kCommandCustomers,
              kCommandCustomers / absl::ToDoubleSeconds(absl::Now() - begin)};
}

absl::StatusOr<Cost> Bulk(ServiceUnderTest& service, const std::string& folder) {
  const absl::Time begin = absl::Now();
  const absl::Duration before = service.process.CpuTime();
  absl::Duration client;
  for (int i = 0; i < kBulkRuns; ++i) {
    const std::string out = absl::StrCat(folder, "/decisions");
    const absl::StatusOr<absl::Duration> took = Decide(service, folder, {"--all", "--out", out});
    if (!took.ok()) return took.status();
    client += *took;
    if (std::remove(out.c_str()) != 0) return absl::InternalError("the run wrote no file");
  }
  const absl::Duration cpu = service.process.CpuTime() - before + client;
  constexpr int kDecisions = kBulkRuns * kCustomers;
  return Cost{absl::ToDoubleMicroseconds(cpu) / kDecisions, kDecisions / absl::ToDoubleSeconds(absl::Now() - begin)};
}

void Print(const std::string& store, const char* measure, const char* unit, const std::vector<Round>& rounds,
           Cost Round::*single, double Cost::*of, const char* comparison, double goal) {
  std::vector<double> bulk;
  std::vector<double> reference;
  std::vector<double> ratio;
  for (const Round& round : rounds) {
    bulk.push_back(round.bulk.*of);
    reference.push_back(round.*single.*of);
    ratio.push_back(round.bulk.*of / reference.back());
  }
  PrintMeasure({.name = absl::StrCat("bulk/", store, "/", measure),
                .value = Median(bulk),
                .unit = unit,
                .reference = Median(reference),
                .ratio = Median(ratio),
                .comparison = comparison,
                .goal = goal});
}

absl::Status MeasureStore(const std::string& name, const std::string& store, const std::string& folder,
                          bool keep_decisions) {
  auto service =
      ServiceUnderTest::Start(name, store, folder, {.customers = kCustomers, .keep_decisions = keep_decisions});
  if (!service.ok()) return service.status();
  const Workload workload = SingleCalls();
  std::vector<Round> rounds;
  for (int i = 0; i < kRounds; ++i) {
    Round round;
    // The order changes, so that none always comes last.
    for (int j = 0; j < 3; ++j) {
      const int way = (i + j) % 3;
      absl::StatusOr<Cost> cost = way == 0   ? Bulk(**service, folder)
                                  : way == 1 ? Quick(**service, workload)
                                             : Command(**service, folder);
      if (!cost.ok()) return cost.status();
      (way == 0 ? round.bulk : way == 1 ? round.quick : round.command) = *cost;
    }
    std::fprintf(stderr, "%s, round %d: %.1f us a decision of %.1f (command) and %.1f (quick client); %.0f/s of %.0f\n",
                 name.c_str(), i + 1, round.bulk.cpu_us, round.command.cpu_us, round.quick.cpu_us,
                 round.bulk.per_second, round.quick.per_second);
    rounds.push_back(round);
  }
  Print(name, "cpu_to_the_command", "us/decision", rounds, &Round::command, &Cost::cpu_us, "<=", 0.25);
  Print(name, "cpu_to_a_quick_client", "us/decision", rounds, &Round::quick, &Cost::cpu_us, "<=", 0.25);
  Print(name, "throughput_to_a_quick_client", "decisions/s", rounds, &Round::quick, &Cost::per_second, ">=", 4);
  return absl::OkStatus();
}

absl::Status MeasureAll(bool keep_decisions) {
  const testing_support::TempDirectory folder;
  if (absl::Status status =
          MeasureStore("embedded", absl::StrCat("embedded:", folder.path(), "/store"), folder.path(), keep_decisions);
      !status.ok()) {
    return status;
  }
  auto redis = testing_support::RedisServer::Start({.append_only = true});
  if (!redis.ok()) return redis.status();
  return MeasureStore("redis", absl::StrCat("redis:127.0.0.1:", (*redis)->port()), folder.path(), keep_decisions);
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  const absl::Status status = waymark::bench::MeasureAll(argc == 2 && std::string(argv[1]) == "--keep-decisions");
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_bulk: %s\n", std::string(status.message()).c_str());
  return 1;
}
