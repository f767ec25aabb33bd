// What seeing a call costs: all that is counted on the path of one decision, by itself and by several threads at once.

#include <grpcpp/server_context.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "benchmark/benchmark.h"
#include "service/engine/engine_metrics.h"
#include "service/rpc/call_metrics.h"
#include "service/store/measured_store.h"
#include "tests/bench/measure.h"

namespace waymark::bench {
namespace {

// Answers at once, with nothing.
class NoStore final : public store::ProfileStore {
 public:
  void Load(const store::CustomerKey&, absl::Time, LoadDone done) override { done(store::StoredProfile()); }
  void Update(const store::CustomerKey&, absl::Time, Change, UpdateDone) override {}
  void UpdateFrom(const store::CustomerKey&, const store::StoredProfile&, absl::Time, Change, UpdateDone) override {}
  void Scan(absl::string_view, absl::string_view, absl::string_view, int, absl::Time, ScanDone) override {}
  void LoadMany(absl::string_view, std::vector<std::string>, absl::Time, LoadManyDone) override {}
  absl::optional<store::RecentProfile> Recall(const store::CustomerKey&) override { return absl::nullopt; }
  int64_t EstimatedCount(absl::string_view) override { return 0; }
  bool Ready() override { return true; }
};

struct Counted {
  Counted() {
    calls.Start({{"waymark.v1.DecisionService/GetOffers", false}});
    // 50 candidates, as five reasons have them.
    decision.placements.resize(1);
    decision.placements[0].chosen.resize(1);
    for (size_t reason : {4, 5, 13, 23, 24}) decision.reasons[reason] = 10;
  }

  rpc::CallMetrics calls{{}};
  engine::EngineMetrics engine;
  store::MeasuredStore store{{.profiles = std::make_shared<NoStore>()}};
  decision::Decision decision;
  grpc::ServerContext context;
  const absl::Status ok;
};

Counted& TheCounted() {
  static Counted counted;
  return counted;
}

void BM_Call(benchmark::State& state) {
  Counted& counted = TheCounted();
  for (auto _ : state) {
    const absl::Time began = absl::Now();  // which the adapters do for the deadline anyway
    counted.calls.Began(0);
    counted.calls.Ended({0, began, counted.ok, counted.context});
  }
}
void BM_Decision(benchmark::State& state) {
  Counted& counted = TheCounted();
  for (auto _ : state) counted.engine.CountDecision(counted.decision, engine::Knowledge::kProfile);
}
void Load(benchmark::State& state, store::ProfileStore& store) {
  const store::CustomerKey key{"shop", "c0141"};
  int64_t answers = 0;
  for (auto _ : state) {
    // What a caller's callback holds.
    store.Load(key, absl::InfiniteFuture(),
               [&answers, &state, &key](const absl::StatusOr<store::StoredProfile>& stored) {
                 answers += stored.ok() ? 1 : 0;
                 benchmark::DoNotOptimize(&state);
                 benchmark::DoNotOptimize(&key);
               });
  }
  benchmark::DoNotOptimize(answers);
}
void BM_LoadUnmeasured(benchmark::State& state) {
  NoStore store;
  Load(state, store);
}
void BM_LoadMeasured(benchmark::State& state) { Load(state, TheCounted().store); }
void BM_Clock(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(absl::Now());
}
BENCHMARK(BM_Clock)->Name("clock");
BENCHMARK(BM_Call)->Name("call")->ThreadRange(1, 4);
BENCHMARK(BM_Decision)->Name("decision")->ThreadRange(1, 4);
BENCHMARK(BM_LoadUnmeasured)->Name("load_unmeasured");
BENCHMARK(BM_LoadMeasured)->Name("load")->ThreadRange(1, 4);

// A line of JSON each; nanoseconds of a thread. What a decision costs by itself is the sum of its parts.
class Reporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed = true;
      const double nanos = run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
      PrintMeasure({.name = absl::StrCat("observe/", run.benchmark_name()), .value = nanos, .unit = "ns"});
      if (run.threads > 1) continue;
      const bool unmeasured = run.benchmark_name() == "load_unmeasured";
      if (run.benchmark_name() != "clock") sum += unmeasured ? -nanos : nanos;
    }
  }

  double sum = 0;
  bool failed = false;
};

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  waymark::bench::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  waymark::bench::PrintMeasure({.name = "observe/one_decision",
                                .value = reporter.sum,
                                .unit = "ns",
                                .reference = 500,
                                .ratio = reporter.sum / 500,
                                .comparison = "<=",
                                .goal = 1});
  return reporter.failed ? 1 : 0;
}
