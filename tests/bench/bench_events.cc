// What recording costs: RecordEvent against a server that does nothing (noop_server), with the same messages, the same
// server API and as many callers, in rounds that alternate, each ratio formed within its round; RecordEvents with 100
// events a call; IngestEvents with 100 events a batch, on four streams; and what a decision and an event ask of Redis,
// as Redis counts it. Playbook of 50 actions and 30 segments; 10,000 customers with a year's history; every event is a
// new one, of a customer at random. First the embedded store, which syncs before it acknowledges, then Redis (AOF,
// everysec).
//
// How long the disk takes to sync is measured beside it: so many callers as there are share a sync, and none can have
// more than one event in it.
//
//   bench_events [embedded|redis]
//
// Prints one JSON line a measure, the medians of the rounds. About two minutes.

#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/cleanup/cleanup.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "tests/bench/child_process.h"
#include "tests/bench/load_generator.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_shop.h"
#include "tests/bench/service_under_test.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark::bench {
namespace {

constexpr int kCustomers = 10'000;
constexpr int kCallers = 32;
constexpr int kConnections = 4;
constexpr int kRounds = 6;
constexpr int kSingleEvents = 20'000;
constexpr int kBatchedEvents = 100'000;
constexpr int kEventsPerCall = 100;
constexpr int kBatchCallers = 16;
constexpr int kStreams = 4;
constexpr double kBatchGoal = 30'000;  // events a second

// What calls cost that were made one after the other, or at once.
struct Cost {
  double per_second = 0;  // events
  double p99_ms = 0;      // of the calls
  double cpu_us = 0;      // of the server, for an event
};

// One round of RecordEvent and its peer.
struct Pair {
  Cost service;
  Cost noop;
};

// A server under load.
struct Target {
  ChildProcess& process;
  LoadGenerator& load;
};

Workload SingleCalls(absl::string_view run) {
  std::vector<v1::RecordEventRequest> requests;
  for (v1::CustomerEvent& element : SampleEvents(kCustomers, kSingleEvents, run)) {
    v1::RecordEventRequest& request = requests.emplace_back();
    request.set_tenant(kTenant);
    request.mutable_customer()->swap(*element.mutable_customer());
    request.mutable_event()->Swap(element.mutable_event());
  }
  return WorkloadOf("/waymark.v1.EventService/RecordEvent", requests);
}

std::vector<v1::RecordEventsRequest> Batches(absl::string_view run) {
  std::vector<v1::RecordEventsRequest> requests;
  for (v1::CustomerEvent& element : SampleEvents(kCustomers, kBatchedEvents, run)) {
    if (requests.empty() || requests.back().events_size() == kEventsPerCall) {
      requests.emplace_back().set_tenant(kTenant);
    }
    requests.back().add_events()->Swap(&element);
  }
  return requests;
}

Workload BatchedCalls(absl::string_view run) {
  return WorkloadOf("/waymark.v1.EventService/RecordEvents", Batches(run));
}

// Each call once; `events`: how many they are in all.
absl::StatusOr<Cost> Run(const Workload& workload, int events, int callers, Target target) {
  const absl::Duration before = target.process.CpuTime();
  const absl::Time begin = absl::Now();
  const LoadResult result = target.load.Each(workload, callers);
  const absl::Duration took = absl::Now() - begin;
  if (absl::Status status = CheckLoad(result); !status.ok()) return status;
  return Cost{events / absl::ToDoubleSeconds(took), absl::ToDoubleMilliseconds(result.p99),
              absl::ToDoubleMicroseconds(target.process.CpuTime() - before) / events};
}

absl::StatusOr<std::vector<Pair>> MeasureSingle(const std::string& name, int callers, Target service, Target noop) {
  std::vector<Pair> rounds(kRounds);
  for (int i = 0; i < kRounds; ++i) {
    const Workload workload = SingleCalls(absl::StrCat(name, "-", callers, "-", i));
    Pair& round = rounds[static_cast<size_t>(i)];
    // The order changes, so that neither always comes second.
    for (bool second : {false, true}) {
      const bool is_noop = (i % 2 == 0) != second;
      absl::StatusOr<Cost> cost = Run(workload, kSingleEvents, callers, is_noop ? noop : service);
      if (!cost.ok()) return cost.status();
      (is_noop ? round.noop : round.service) = *cost;
    }
    std::fprintf(stderr,
                 "%s, %d callers, round %d: %.0f events/s of %.0f; p99 %.2f ms of %.2f; server %.1f us of %.1f\n",
                 name.c_str(), callers, i + 1, round.service.per_second, round.noop.per_second, round.service.p99_ms,
                 round.noop.p99_ms, round.service.cpu_us, round.noop.cpu_us);
  }
  return rounds;
}

void PrintSingle(const std::string& name, const std::vector<Pair>& rounds) {
  const auto print = [&](const char* measure, const char* unit, double Cost::*of, const char* comparison,
                         absl::optional<double> goal) {
    std::vector<double> values;
    std::vector<double> references;
    std::vector<double> ratios;
    for (const Pair& round : rounds) {
      values.push_back(round.service.*of);
      references.push_back(round.noop.*of);
      ratios.push_back(values.back() / references.back());
    }
    PrintMeasure({.name = absl::StrCat(name, "/", measure),
                  .value = Median(values),
                  .unit = unit,
                  .reference = Median(references),
                  .ratio = Median(ratios),
                  .comparison = comparison,
                  .goal = goal});
  };
  print("throughput", "events/s", &Cost::per_second, ">=", 0.5);
  print("p99", "ms", &Cost::p99_ms, "<=", absl::nullopt);
  print("server_cpu", "us/event", &Cost::cpu_us, "<=", absl::nullopt);
}

// Sends the batches on a stream, as fast as it takes them, and waits for the last answer.
absl::Status Ingest(v1::EventService::Stub& stub, const std::vector<v1::IngestEventsRequest>& batches) {
  grpc::ClientContext context;
  const auto stream = stub.IngestEvents(&context);
  std::thread sender([&] {
    for (const v1::IngestEventsRequest& batch : batches) {
      if (!stream->Write(batch)) return;
    }
    stream->WritesDone();
  });
  int64_t recorded = 0;
  v1::IngestEventsResponse response;
  while (stream->Read(&response)) recorded += response.result().recorded();
  sender.join();
  const grpc::Status status = stream->Finish();
  if (!status.ok()) return absl::InternalError(absl::StrCat("IngestEvents: ", status.error_message()));
  if (recorded != static_cast<int64_t>(batches.size()) * kEventsPerCall) {
    return absl::InternalError("not all events of the stream were recorded");
  }
  return absl::OkStatus();
}

absl::StatusOr<Cost> RunStreams(absl::string_view run, const ServiceUnderTest& service) {
  std::vector<std::vector<v1::IngestEventsRequest>> batches(kStreams);
  size_t stream = 0;
  for (v1::RecordEventsRequest& batch : Batches(run)) {
    std::vector<v1::IngestEventsRequest>& own = batches[stream++ % kStreams];
    own.emplace_back().mutable_batch()->Swap(&batch);
    own.back().set_number(own.size());
  }
  const auto stub = v1::EventService::NewStub(service.channel);
  std::vector<absl::Status> statuses(kStreams);
  const absl::Duration before = service.process.CpuTime();
  const absl::Time begin = absl::Now();
  std::vector<std::thread> threads;
  for (size_t i = 0; i < kStreams; ++i) {
    threads.emplace_back([&, i] { statuses[i] = Ingest(*stub, batches[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  const absl::Duration took = absl::Now() - begin;
  for (const absl::Status& status : statuses) {
    if (!status.ok()) return status;
  }
  return Cost{kBatchedEvents / absl::ToDoubleSeconds(took), 0,
              absl::ToDoubleMicroseconds(service.process.CpuTime() - before) / kBatchedEvents};
}

void PrintBatched(const std::string& name, const std::vector<Cost>& rounds) {
  std::vector<double> throughput;
  std::vector<double> cpu;
  for (const Cost& round : rounds) {
    throughput.push_back(round.per_second);
    cpu.push_back(round.cpu_us);
  }
  const double median = Median(throughput);
  PrintMeasure({.name = absl::StrCat(name, "/throughput"),
                .value = median,
                .unit = "events/s",
                .reference = kBatchGoal,
                .ratio = median / kBatchGoal,
                .comparison = ">=",
                .goal = 1});
  PrintMeasure({.name = absl::StrCat(name, "/server_cpu"), .value = Median(cpu), .unit = "us/event"});
}

// Calls of many events, and streams, in turn.
absl::Status MeasureBatched(const std::string& name, ServiceUnderTest& service) {
  std::vector<Cost> calls;
  std::vector<Cost> streams;
  for (int i = 0; i < kRounds; ++i) {
    absl::StatusOr<Cost> cost = Run(BatchedCalls(absl::StrCat(name, "-batched-", i)), kBatchedEvents, kBatchCallers,
                                    {service.process, service.load});
    if (!cost.ok()) return cost.status();
    calls.push_back(*cost);
    cost = RunStreams(absl::StrCat(name, "-streamed-", i), service);
    if (!cost.ok()) return cost.status();
    streams.push_back(*cost);
    std::fprintf(stderr, "%s, %d events a call, round %d: %.0f events/s, server %.1f us; streamed %.0f, %.1f us\n",
                 name.c_str(), kEventsPerCall, i + 1, calls.back().per_second, calls.back().cpu_us,
                 streams.back().per_second, streams.back().cpu_us);
  }
  PrintBatched(absl::StrCat("events/", name, "/record_events"), calls);
  PrintBatched(absl::StrCat("events/", name, "/ingest_events"), streams);
  return absl::OkStatus();
}

// How often Redis was asked for a command, by itself or by a script.
absl::StatusOr<double> CallsOf(const testing_support::RedisServer& redis, absl::string_view command) {
  const absl::StatusOr<std::string> stats = redis.Command({"INFO", "commandstats"});
  if (!stats.ok()) return stats.status();
  const std::string key = absl::StrCat("cmdstat_", command, ":calls=");
  const size_t at = stats->find(key);
  if (at == std::string::npos) return 0;
  const size_t begin = at + key.size();
  double calls = 0;
  if (!absl::SimpleAtod(stats->substr(begin, stats->find(',', begin) - begin), &calls)) {
    return absl::InternalError("Redis does not say how often it was asked");
  }
  return calls;
}

// Makes the calls, and prints what each of their `items` asked of Redis. (A GET within a script, after a conflict, is a
// read too.)
absl::Status MeasureCommands(const testing_support::RedisServer& redis, const char* name, const Workload& workload,
                             int items, int callers, ServiceUnderTest& service) {
  if (const auto reset = redis.Command({"CONFIG", "RESETSTAT"}); !reset.ok()) return reset.status();
  if (absl::Status status = CheckLoad(service.load.Each(workload, callers)); !status.ok()) return status;
  const auto print = [&](const char* kind, std::initializer_list<absl::string_view> commands) {
    double calls = 0;
    for (absl::string_view command : commands) {
      const absl::StatusOr<double> of = CallsOf(redis, command);
      if (!of.ok()) return of.status();
      calls += *of;
    }
    const double each = calls / items;
    PrintMeasure({.name = absl::StrCat("events/redis/", name, "/", kind),
                  .value = each,
                  .unit = "commands",
                  .reference = 1,
                  .ratio = each,
                  .comparison = "<=",
                  .goal = 1});
    return absl::OkStatus();
  };
  if (absl::Status status = print("reads", {"get", "mget"}); !status.ok()) return status;
  return print("writes", {"evalsha", "eval"});
}

absl::Status MeasureAllCommands(const testing_support::RedisServer& redis, ServiceUnderTest& service) {
  constexpr int kDecisions = 5'000;
  const Workload decisions =
      WorkloadOf("/waymark.v1.DecisionService/GetOffers", SampleRequests(kCustomers, kDecisions));
  absl::Status status = MeasureCommands(redis, "decision", decisions, kDecisions, kCallers, service);
  if (status.ok()) {
    status = MeasureCommands(redis, "event", SingleCalls("counted"), kSingleEvents, kCallers, service);
  }
  if (status.ok()) {
    status =
        MeasureCommands(redis, "event_of_many", BatchedCalls("counted-too"), kBatchedEvents, kBatchCallers, service);
  }
  return status;
}

// How long appended bytes take to the disk of the folder.
absl::Status MeasureSync(const std::string& folder) {
  const std::string path = absl::StrCat(folder, "/sync");
  const int file = open(path.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
  if (file < 0) return absl::InternalError("cannot write beside the store");
  const absl::Cleanup close_file = [file] { close(file); };
  const std::string bytes(16 << 10, 'x');
  std::vector<double> times;
  for (int i = 0; i < 100; ++i) {
    const absl::Time begin = absl::Now();
    if (write(file, bytes.data(), bytes.size()) < 0 || fdatasync(file) != 0) {
      return absl::InternalError("the disk failed");
    }
    times.push_back(absl::ToDoubleMilliseconds(absl::Now() - begin));
  }
  PrintMeasure({.name = "events/disk/sync", .value = Median(std::move(times)), .unit = "ms"});
  return absl::OkStatus();
}

// All measurements with one store; `folder` is this one's alone.
absl::Status MeasureStore(const std::string& name, const std::string& store, const std::string& folder,
                          const testing_support::RedisServer* redis) {
  auto service = ServiceUnderTest::Start(name, store, folder, {.customers = kCustomers});
  if (!service.ok()) return service.status();
  const std::string noop_port_file = absl::StrCat(folder, "/", name, ".noop_port");
  auto noop = ChildProcess::Start({NOOP_SERVER, noop_port_file, "/dev/null"}, absl::StrCat(folder, "/noop.log"));
  if (!noop.ok()) return noop.status();
  const absl::StatusOr<int> noop_port = noop->WaitForPort(noop_port_file);
  if (!noop_port.ok()) return noop_port.status();
  LoadGenerator noop_load(*noop_port, kConnections);
  const Target target{(*service)->process, (*service)->load};
  // More than the service admits at once would be told to come later.
  const auto rounds = MeasureSingle(name, kCallers, target, {*noop, noop_load});
  if (!rounds.ok()) return rounds.status();
  PrintSingle(absl::StrCat("events/", name, "/record_event"), *rounds);
  if (absl::Status status = MeasureBatched(name, **service); !status.ok()) return status;
  return redis == nullptr ? absl::OkStatus() : MeasureAllCommands(*redis, **service);
}

// `only`: the store's name; empty: both.
absl::Status MeasureAll(absl::string_view only) {
  const testing_support::TempDirectory folder;
  if (absl::Status status = MeasureSync(folder.path()); !status.ok()) return status;
  if (only != "redis") {
    const std::string store = absl::StrCat("embedded:", folder.path(), "/store");
    if (absl::Status status = MeasureStore("embedded", store, folder.path(), nullptr); !status.ok()) return status;
  }
  if (only == "embedded") return absl::OkStatus();
  auto redis = testing_support::RedisServer::Start({.append_only = true, .arguments = {"--appendfsync", "everysec"}});
  if (!redis.ok()) return redis.status();
  return MeasureStore("redis", absl::StrCat("redis:127.0.0.1:", (*redis)->port()), folder.path(), redis->get());
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  const absl::Status status = waymark::bench::MeasureAll(argc > 1 ? argv[1] : "");
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_events: %s\n", std::string(status.message()).c_str());
  return 1;
}
