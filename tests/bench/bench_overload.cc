// What becomes of calls when more come than can be answered: GetOffers at two and four times what a closed loop of 32
// callers gets answered, against that loop and against the latency at a tenth of it, in the same run. Clients do not
// heed the push-back. Health is asked 20 times a second all the while. Then decisions at half of what can be answered,
// beside one and a half times the events that can be recorded. First the embedded store, then Redis.
//
//   bench_overload [SECONDS [ACTIONS]]    each load lasts so long (5); the playbook has so many actions (1,000)
//
// Generator, service and Redis share the machine, and a call costs the generator and gRPC 10 to 20 us each even where
// it is refused. So that the flood can be made at all, decisions are dear ones. Prints one JSON line a measure.

#include <sys/types.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/rpc/health.grpc.pb.h"
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
constexpr absl::Duration kWarmUp = absl::Seconds(1);

// Asks for health, one call after the other.
class HealthProbe {
 public:
  explicit HealthProbe(const std::shared_ptr<grpc::Channel>& channel)
      : stub_(grpc::health::v1::Health::NewStub(channel)), thread_([this] { Run(); }) {}
  ~HealthProbe() { Stop(); }

  // How many of the calls failed, or took longer than a second.
  int Stop() {
    stopped_ = true;
    if (thread_.joinable()) thread_.join();
    return failed_;
  }

 private:
  void Run() {
    for (; !stopped_; absl::SleepFor(absl::Milliseconds(50))) {
      grpc::ClientContext context;
      context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(1)));
      grpc::health::v1::HealthCheckResponse response;
      failed_ += stub_->Check(&context, {}, &response).ok() ? 0 : 1;
    }
  }

  const std::unique_ptr<grpc::health::v1::Health::Stub> stub_;
  std::atomic<bool> stopped_{false};
  int failed_ = 0;
  std::thread thread_;
};

class Overload {
 public:
  Overload(std::string name, ServiceUnderTest& service, absl::Duration duration)
      : name_(std::move(name)),
        service_(service),
        duration_(duration),
        decisions_(WorkloadOf("/waymark.v1.DecisionService/GetOffers", SampleRequests(kCustomers, kRequests))) {}

  absl::Status Measure() {
    const LoadResult peak = service_.load.Closed(decisions_, kCallers, kWarmUp, duration_);
    if (absl::Status status = CheckLoad(peak); !status.ok()) return status;
    const LoadResult ease = service_.load.Open(decisions_, peak.per_second / 10, kWarmUp, duration_);
    if (absl::Status status = CheckLoad(ease); !status.ok()) return status;
    for (const int times : {2, 4}) {
      if (absl::Status status = Flood(times, peak, ease); !status.ok()) return status;
    }
    return BesideRecords(peak);
  }

 private:
  void Print(const std::string& measure, double value, const char* unit, absl::optional<double> reference,
             absl::optional<double> ratio, const char* comparison, absl::optional<double> goal) {
    PrintMeasure({absl::StrCat("overload/", name_, "/", measure), value, unit, reference, ratio, comparison, goal});
  }

  absl::Status Flood(int times, const LoadResult& peak, const LoadResult& ease) {
    const int64_t memory = service_.process.ResidentBytes();
    HealthProbe health(service_.channel);
    const LoadResult load = service_.load.Open(decisions_, times * peak.per_second, kWarmUp, duration_);
    const int sick = health.Stop();
    if (load.errors > 0) return absl::InternalError(load.first_error);
    const auto millis = [](absl::Duration duration) { return absl::ToDoubleMilliseconds(duration); };
    const std::string at = absl::StrCat("times_", times, "/");
    const double offered = static_cast<double>(load.calls) / absl::ToDoubleSeconds(duration_);
    Print(at + "offered", offered, "calls/s", peak.per_second, offered / peak.per_second, ">=", absl::nullopt);
    Print(at + "goodput", load.per_second, "calls/s", peak.per_second, load.per_second / peak.per_second, ">=", 0.9);
    Print(at + "p99_of_answered", millis(load.p99), "ms", millis(ease.p99), absl::FDivDuration(load.p99, ease.p99),
          "<=", 3);
    Print(at + "p99_of_refused", millis(load.refused_p99), "ms", 5, millis(load.refused_p99) / 5, "<=", 1);
    const double grown = static_cast<double>(service_.process.ResidentBytes() - memory) / (1 << 20);
    Print(at + "memory_grown", grown, "MiB", 32, grown / 32, "<=", 1);
    Print(at + "health_failed", sick, "calls", absl::nullopt, sick, "<=", 0);
    return absl::OkStatus();
  }

  // Decisions at half of what can be answered of them, and one and a half times the events that can be recorded.
  absl::Status BesideRecords(const LoadResult& peak) {
    LoadGenerator others(service_.port, 2);
    const Workload events = WorkloadOf("/waymark.v1.EventService/RecordEvents", SampleHistory(1000, 10, absl::Now()));
    const LoadResult most = others.Closed(events, kCallers, kWarmUp, duration_);
    if (absl::Status status = CheckLoad(most); !status.ok()) return status;
    std::thread recording([&] { others.Open(events, 1.5 * most.per_second, kWarmUp, duration_); });
    const LoadResult load = service_.load.Open(decisions_, peak.per_second / 2, kWarmUp, duration_);
    recording.join();
    if (load.errors > 0) return absl::InternalError(load.first_error);
    const double share = static_cast<double>(load.calls - load.refused) / static_cast<double>(load.calls);
    Print("beside_records/decisions_answered", load.per_second, "calls/s", peak.per_second / 2, share, ">=", 0.95);
    return absl::OkStatus();
  }

  const std::string name_;
  ServiceUnderTest& service_;
  const absl::Duration duration_;
  const Workload decisions_;
};

absl::Status MeasureStore(const std::string& name, const std::string& store, const std::string& folder,
                          absl::Duration duration, int actions) {
  auto service = ServiceUnderTest::Start(name, store, folder, {.actions = actions, .customers = kCustomers});
  if (!service.ok()) return service.status();
  return Overload(name, **service, duration).Measure();
}

absl::Status MeasureAll(absl::Duration duration, int actions) {
  const testing_support::TempDirectory folder;
  const std::string embedded = absl::StrCat("embedded:", folder.path(), "/store");
  if (absl::Status status = MeasureStore("embedded", embedded, folder.path(), duration, actions); !status.ok())
    return status;
  auto redis = testing_support::RedisServer::Start({.append_only = true});
  if (!redis.ok()) return redis.status();
  return MeasureStore("redis", absl::StrCat("redis:127.0.0.1:", (*redis)->port()), folder.path(), duration, actions);
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  int seconds = 5;
  int actions = 1000;
  if (argc > 3 || (argc >= 2 && !absl::SimpleAtoi(argv[1], &seconds)) ||
      (argc == 3 && !absl::SimpleAtoi(argv[2], &actions))) {
    std::fprintf(stderr, "usage: bench_overload [SECONDS [ACTIONS]]\n");
    return 2;
  }
  const absl::Status status = waymark::bench::MeasureAll(absl::Seconds(seconds), actions);
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_overload: %s\n", std::string(status.message()).c_str());
  return 1;
}
