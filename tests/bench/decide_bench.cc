// What a decision costs, apart from everything else: 30 segments, a warm profile, and 10 to 10,000 actions, all of
// which may be given, or of which 1 % fit the placement and the stage; with limits that they share. Then what
// explaining and logging it cost, with 50.

#include <atomic>
#include <cstdlib>
#include <functional>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "absl/base/attributes.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"
#include "absl/time/time.h"
#include "benchmark/benchmark.h"
#include "segmentation/fold.h"
#include "service/decision/decision.h"
#include "service/engine/logged_decision.h"
#include "service/playbook/compile.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_shop.h"

namespace {

std::atomic<int64_t> allocations{0};

}  // namespace

// Not inlined, so that the compiler sees no malloc() beside a delete.
ABSL_ATTRIBUTE_NOINLINE void* operator new(size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory) noexcept { std::free(memory); }
ABSL_ATTRIBUTE_NOINLINE void operator delete(void* memory, size_t) noexcept { std::free(memory); }

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

// The sample shop's, with limits that all actions share.
std::string LimitedPlaybook(int actions) {
  constexpr absl::string_view kChannel = "content_type: HTML";
  return absl::StrCat(
      absl::StrReplaceAll(
          ShortPlaybook(actions, 30, /*spread=*/false),
          {{kChannel, absl::StrCat(kChannel,
                                   ", limits: [{per: CUSTOMER, max: 100, window: 30d}, {per: CUSTOMER, max: 100, "
                                   "period: WEEK}]")}}),
      "arbitration: {limits: [{per: CUSTOMER, max: 100, period: MONTH}]}\n");
}

struct Sample {
  explicit Sample(const std::string& text = SamplePlaybook(50, 30))
      : compiled(playbook::CompilePlaybook(text, 1, nullptr)) {
    if (compiled.playbook != nullptr) return;
    absl::FPrintF(stderr, "%s\n", compiled.problems[0].message);
    std::exit(1);
  }

  playbook::CompileResult compiled;
  segmentation::Profile profile = SampleCustomer();
  decision::Request request{.placements = {0},
                            .context = {{segmentation::NameIdOf("cart_value"), 64.9}},
                            .decision_id = "f225b5bd5fe684924d9be14f90abe8d2"};
};

void DecideOn(benchmark::State& state, Sample sample, bool explain) {
  sample.request.explain = explain;
  const int64_t before = allocations.load();
  for (auto _ : state) {
    benchmark::DoNotOptimize(decision::Decide(*sample.compiled.playbook, sample.profile, sample.request, kNow));
  }
  state.counters["allocations"] =
      static_cast<double>(allocations.load() - before) / static_cast<double>(state.iterations());
}

// Limits in nanoseconds, by the name of the benchmark.
struct Limit {
  const char* name;
  double nanoseconds;
};
constexpr Limit kLimits[] = {{"all_fit/50", 15e3}, {"all_fit/1000", 150e3}, {"one_percent_fits/10000", 60e3}};

void RegisterDecisions() {
  const auto add = [](const std::string& name, std::function<std::string()> playbook) {
    benchmark::RegisterBenchmark(name.c_str(), [playbook = std::move(playbook)](benchmark::State& state) {
      DecideOn(state, Sample(playbook()), false);
    });
  };
  for (int actions : {10, 50, 100, 1000}) {
    add(absl::StrCat("all_fit/", actions), [actions] { return SamplePlaybook(actions, 30); });
  }
  for (int actions : {10, 100, 1000, 10000}) {
    add(absl::StrCat("all_fit/short/", actions), [actions] { return ShortPlaybook(actions, 30, /*spread=*/false); });
  }
  for (int actions : {100, 1000}) {
    benchmark::RegisterBenchmark(absl::StrCat("limited/", actions).c_str(), [actions](benchmark::State& state) {
      Sample sample(LimitedPlaybook(actions));
      // 60 contacts a month, for half a year.
      for (int i = 240; i > 0; --i) {
        const absl::Time at = kNow - absl::Hours(12 * i);
        segmentation::AddContact(sample.profile,
                                 {.action = segmentation::NameIdOf(absl::StrCat("a", i % 20)),
                                  .channel = segmentation::NameIdOf("web"),
                                  .at = at,
                                  .decision = static_cast<uint64_t>(i)},
                                 at);
      }
      DecideOn(state, std::move(sample), false);
    });
  }
  for (int actions : {100, 1000, 10000}) {
    add(absl::StrCat("one_percent_fits/", actions), [actions] { return ShortPlaybook(actions, 30, /*spread=*/true); });
  }
}

void BM_Explain(benchmark::State& state) { DecideOn(state, Sample(), true); }
BENCHMARK(BM_Explain)->Name("explained/50");

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
BENCHMARK(BM_Log)->Name("logged/on_the_path");

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
BENCHMARK(BM_EncodeLogged)->Name("logged/off_the_path");

void BM_DecideAgain(benchmark::State& state) {
  const Sample sample;
  const playbook::Playbook& playbook = *sample.compiled.playbook;
  const decision::Decision decision = decision::Decide(playbook, sample.profile, sample.request, kNow);
  const store::LoggedDecision logged =
      engine::ToLogged(playbook, "customer-12345", sample.request, engine::ToLogged(sample.profile), kNow,
                       engine::Knowledge::kProfile, decision);
  for (auto _ : state) benchmark::DoNotOptimize(engine::DecideAgain(logged, playbook, false));
}
BENCHMARK(BM_DecideAgain)->Name("made_again");

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
      const std::string name = run.benchmark_name();
      Measure measure{.name = absl::StrCat("decide/", name), .value = run.GetAdjustedCPUTime(), .unit = "ns"};
      for (const Limit& limit : kLimits) {
        if (name != limit.name) continue;
        measure.reference = limit.nanoseconds;
        measure.ratio = measure.value / limit.nanoseconds;
        measure.comparison = "<=";
        measure.goal = 1;
      }
      PrintMeasure(measure);
      for (const auto& [counter, value] : run.counters) {
        PrintMeasure({.name = absl::StrCat("decide/", name, "/", counter),
                      .value = value.value,
                      .unit = counter == "allocations" ? "" : "bytes"});
      }
    }
  }
};

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  waymark::bench::RegisterDecisions();
  waymark::bench::MeasureReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}
