// What a journey map costs: a customer of 50 touches counted, shards added up, and the map made of the counts.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "benchmark/benchmark.h"
#include "segmentation/fold.h"
#include "service/journey/map.h"
#include "service/journey/map_counter.h"
#include "tests/bench/measure.h"
#include "tests/support/playbooks.h"

namespace waymark::bench {
namespace {

using segmentation::NameIdOf;

constexpr double kGoalNanos = 5'000;  // a customer

const playbook::Playbook& Playbook() {
  static const auto playbook = testing_support::MustCompile(R"yaml(
    channels: [{name: web}, {name: email}, {name: support}]
    touchpoints: [{name: web/page}, {name: web/cart}, {name: web/search}, {name: email/news}, {name: support/phone}]
    journeys: [{name: shopping, preset: SIX_STAGES}])yaml");
  return *playbook;
}

// A year of a shopper: 50 events, three stages, two orders and an answer.
segmentation::Profile Shopper(int number) {
  static constexpr const char* kTypes[] = {"page_view", "view_item", "search", "add_to_cart", "page_view"};
  static constexpr const char* kTouchpoints[] = {"web/page", "web/page", "web/search", "web/cart", "email/news"};
  const absl::Time start = absl::FromUnixSeconds(1'780'000'000);
  segmentation::Profile profile;
  for (int i = 0; i < 50; ++i) {
    const int kind = (i * 7 + number) % 5;
    segmentation::Event event{.id = absl::StrCat(i), .type = NameIdOf(kTypes[kind])};
    event.time = start + absl::Hours(24 * 7 * i + number % 24);
    event.touchpoint = NameIdOf(kTouchpoints[kind]);
    if (i % 25 == 10) event.type = NameIdOf("purchase");
    if (i == 30) event.type = NameIdOf("nps");
    event.value_micros = int64_t{i % 10} * 1'000'000;
    segmentation::Fold(profile, event, event.time);
  }
  segmentation::SetPosition(profile, {.journey = Playbook().journeys[0].id,
                                      .current = {NameIdOf("purchase"), start + absl::Hours(24 * 70)},
                                      .history = {{NameIdOf("awareness"), start},
                                                  {NameIdOf("consideration"), start + absl::Hours(24 * 30)}}});
  return profile;
}

void BM_Count(benchmark::State& state) {
  std::vector<segmentation::Profile> shoppers;
  for (int i = 0; i < 100; ++i) shoppers.push_back(Shopper(i));
  journey::MapCounter counter(Playbook(), 0, {});
  journey::MapCounts counts = counter.Empty();
  size_t next = 0;
  for (auto _ : state) {
    const segmentation::Profile& shopper = shoppers[next++ % shoppers.size()];
    counter.Add({shopper, shopper.positions[0], 12.5}, counts);
  }
  benchmark::DoNotOptimize(counts.customers);
}

journey::MapCounts SomeCounts() {
  journey::MapCounter counter(Playbook(), 0, {});
  journey::MapCounts counts = counter.Empty();
  for (int i = 0; i < 1'000; ++i) {
    const segmentation::Profile shopper = Shopper(i);
    counter.Add({shopper, shopper.positions[0], 12.5}, counts);
  }
  return counts;
}

void BM_AddShard(benchmark::State& state) {
  const journey::MapCounts shard = SomeCounts();
  journey::MapCounts sum;
  for (auto _ : state) sum.Add(shard);
  benchmark::DoNotOptimize(sum.customers);
}

void BM_Build(benchmark::State& state) {
  const journey::MapCounts counts = SomeCounts();
  const journey::MapOptions options{.as_of = absl::FromUnixSeconds(1'812'000'000)};
  for (auto _ : state) benchmark::DoNotOptimize(journey::BuildMap(Playbook(), 0, counts, options));
}

BENCHMARK(BM_Count)->Name("count_customer");
BENCHMARK(BM_AddShard)->Name("add_shard");
BENCHMARK(BM_Build)->Name("build");

class Reporter : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }
  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) failed = true;
      Measure measure{.name = absl::StrCat("map/", run.benchmark_name()), .unit = "ns"};
      measure.value = run.cpu_accumulated_time * 1e9 / static_cast<double>(run.iterations);
      if (run.benchmark_name() == "count_customer") {
        measure.reference = kGoalNanos;
        measure.ratio = measure.value / kGoalNanos;
        measure.comparison = "<=";
        measure.goal = 1;
      }
      PrintMeasure(measure);
    }
  }

  bool failed = false;
};

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  waymark::bench::Reporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return reporter.failed ? 1 : 0;
}
