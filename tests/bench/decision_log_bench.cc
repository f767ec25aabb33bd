// What explaining and logging a decision cost, apart from everything else: 50 actions, 30 segments, a warm profile.

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "segmentation/fold.h"
#include "service/decision/decision.h"
#include "service/engine/logged_decision.h"
#include "service/playbook/compile.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_shop.h"

namespace waymark::bench {
namespace {

const absl::Time kNow = absl::FromUnixSeconds(1780000000);

// A customer of a year in the sample shop.
segmentation::Profile SampleCustomer() {
  using segmentation::NameIdOf;
  segmentation::Profile profile{.created = kNow - absl::Hours(24 * 365), .updated = kNow};
  segmentation::SetTrait(profile, NameIdOf("first_name"), std::string("Anna"));
  segmentation::SetTrait(profile, NameIdOf("age"), int64_t{42});
  segmentation::SetTrait(profile, NameIdOf("country"), std::string("DE"));
  const std::vector<std::string> types = {"page_view", "view_item", "add_to_cart", "purchase", "login"};
  for (int i = 0; i < 60; ++i) {
    const absl::Time at = kNow - absl::Hours(6 * 24 * (59 - i));
    segmentation::Fold(profile,
                       {.id = absl::StrCat(i),
                        .type = NameIdOf(types[static_cast<size_t>(i) % types.size()]),
                        .time = at,
                        .value_micros = int64_t{1'990'000} * i},
                       at);
  }
  return profile;
}

struct Sample {
  playbook::CompileResult compiled = playbook::CompilePlaybook(SamplePlaybook(50, 30), 1);
  segmentation::Profile profile = SampleCustomer();
  decision::Request request{.placements = {0},
                            .context = {{segmentation::NameIdOf("cart_value"), 64.9}},
                            .decision_id = "f225b5bd5fe684924d9be14f90abe8d2"};
};

void Decide(benchmark::State& state, bool explain) {
  Sample sample;
  if (sample.compiled.playbook == nullptr) return state.SkipWithError(sample.compiled.problems[0].message.c_str());
  sample.request.explain = explain;
  for (auto _ : state) {
    benchmark::DoNotOptimize(decision::Decide(*sample.compiled.playbook, sample.profile, sample.request, kNow));
  }
}
void BM_Decide(benchmark::State& state) { Decide(state, false); }
BENCHMARK(BM_Decide);
void BM_DecideAndExplain(benchmark::State& state) { Decide(state, true); }
BENCHMARK(BM_DecideAndExplain);

// What the thread that decides does beside.
void BM_Log(benchmark::State& state) {
  const Sample sample;
  const playbook::Playbook& playbook = *sample.compiled.playbook;
  const decision::Decision decision = decision::Decide(playbook, sample.profile, sample.request, kNow);
  for (auto _ : state) {
    benchmark::DoNotOptimize(engine::ToLogged(playbook, "customer-12345", sample.request,
                                              engine::ToLogged(sample.profile), kNow, engine::Knowledge::kProfile,
                                              decision));
  }
}
BENCHMARK(BM_Log);

// What the log's thread does, but for the store.
void BM_EncodeLogged(benchmark::State& state) {
  const Sample sample;
  const playbook::Playbook& playbook = *sample.compiled.playbook;
  const decision::Decision decision = decision::Decide(playbook, sample.profile, sample.request, kNow);
  const store::LogRecord logged =
      engine::ToLogged(playbook, "customer-12345", sample.request, engine::ToLogged(sample.profile), kNow,
                       engine::Knowledge::kProfile, decision);
  for (auto _ : state) benchmark::DoNotOptimize(store::EncodeLogRecord(logged));
  state.counters["bytes"] = static_cast<double>(store::EncodeLogRecord(logged).size());
  state.counters["profile_bytes"] = static_cast<double>(engine::ToLogged(sample.profile).size());
}
BENCHMARK(BM_EncodeLogged);

void BM_DecideAgain(benchmark::State& state) {
  const Sample sample;
  const playbook::Playbook& playbook = *sample.compiled.playbook;
  const decision::Decision decision = decision::Decide(playbook, sample.profile, sample.request, kNow);
  const store::LoggedDecision logged =
      engine::ToLogged(playbook, "customer-12345", sample.request, engine::ToLogged(sample.profile), kNow,
                       engine::Knowledge::kProfile, decision);
  for (auto _ : state) benchmark::DoNotOptimize(engine::DecideAgain(logged, playbook, false));
}
BENCHMARK(BM_DecideAgain);

// Prints as every benchmark of ours does, of processor time.
class MeasureReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        absl::FPrintF(stderr, "%s: %s\n", run.benchmark_name(), run.error_message);
        std::exit(1);
      }
      const std::string name = absl::StrCat("decision_log/", run.benchmark_name());
      PrintMeasure({.name = name, .value = run.GetAdjustedCPUTime(), .unit = "ns"});
      for (const auto& [counter, value] : run.counters) {
        PrintMeasure({.name = absl::StrCat(name, "/", counter), .value = value.value, .unit = "bytes"});
      }
    }
  }
};

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  waymark::bench::MeasureReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
