// What a rule costs once it is compiled, over facts that are at hand, and what compiling costs.

#include <array>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "benchmark/benchmark.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/program.h"
#include "service/engine/derive.h"
#include "service/playbook/compile.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_segments.h"

namespace waymark::expression {
namespace {

struct NamedFact {
  absl::string_view name;
  Type type;
  Value value;
};

// Facts by slot, as warm as can be.
class Facts : public Environment, public Activation {
 public:
  Facts()
      : facts_({{"customer.age", Type::Of(Kind::kInt), Value::Int(42)},
                {"customer.country", Type::Of(Kind::kString), Value::String("AT")},
                {"customer.newsletter", Type::Of(Kind::kBool), Value::Bool(true)},
                {"purchases", Type::Of(Kind::kInt), Value::Int(7)},
                {"spend", Type::Of(Kind::kDouble), Value::Double(812.5)},
                {"last_purchase", Type::Of(Kind::kTimestamp), Value::Timestamp(absl::FromUnixSeconds(1700000000))},
                {"now", Type::Of(Kind::kTimestamp), Value::Timestamp(absl::FromUnixSeconds(1702000000))}}) {}

  absl::optional<FactReference> Variable(absl::string_view name) override {
    for (size_t i = 0; i < facts_.size(); ++i) {
      if (facts_[i].name == name) return FactReference{static_cast<int>(i), facts_[i].type};
    }
    return absl::nullopt;
  }
  bool HasFunction(absl::string_view) const override { return false; }
  CallResult Call(absl::string_view, absl::Span<const Value>) override { return {}; }
  std::vector<std::string> Names() const override { return {}; }
  Value Fact(int slot) override { return facts_[static_cast<size_t>(slot)].value; }

 private:
  std::vector<NamedFact> facts_;
};

struct Rule {
  const char* name;
  const char* text;
};

constexpr Rule kRules[] = {
    {"five_comparisons",
     "customer.age >= 18 && customer.age < 65 && purchases > 3 && spend >= 500.0 && customer.country != 'DE'"},
    {"in_list", "customer.country in ['DE', 'CH', 'LI', 'AT']"},
    {"has_and_compare", "has(customer.age) && customer.age >= 18"},
    {"arithmetic", "spend / double(purchases) > 100.0"},
    {"times", "now - last_purchase < days(30)"},
    {"strings", "customer.country.startsWith('A') && customer.country.matches('^[A-Z]{2}$')"},
    {"comprehension", "[1, 5, 7, 9].exists(n, n == purchases)"},
};

void BM_Evaluate(benchmark::State& state) {
  const Rule& rule = kRules[state.range(0)];
  state.SetLabel(rule.name);
  Facts facts;
  const Compilation compiled = Compile(rule.text, facts, Type::Of(Kind::kBool));
  if (!compiled.program) return state.SkipWithError(compiled.issues[0].message.c_str());
  for (auto _ : state) {
    Arena arena;
    benchmark::DoNotOptimize(compiled.program->Evaluate(facts, arena));
  }
}
BENCHMARK(BM_Evaluate)->DenseRange(0, std::size(kRules) - 1);

void BM_Compile(benchmark::State& state) {
  Facts facts;
  for (auto _ : state) benchmark::DoNotOptimize(Compile(kRules[0].text, facts, Type::Of(Kind::kBool)));
}
BENCHMARK(BM_Compile);

// Five comparisons over a customer's traits and windows of the ledger, all of which hold, each fact read before.
void BM_EvaluateOverCustomer(benchmark::State& state) {
  state.SetLabel("five_comparisons_over_customer");
  const playbook::CompileResult compiled = playbook::CompilePlaybook(R"yaml(
traits: [{name: int_0, type: INT}, {name: string_0, type: STRING}]
segments:
  - name: all
    when: >
      customer.int_0 >= 0 && customer.string_0 != 'XX' && count('purchase', days(90)) > 0 &&
      total('purchase', days(365)) >= 10.0 && days_since('purchase') < 300
)yaml",
                                                                     1, nullptr);
  if (!compiled.problems.empty()) return state.SkipWithError(compiled.problems[0].message.c_str());
  const absl::Time now = absl::FromUnixSeconds(1780000000);
  const segmentation::Profile profile = bench::SegmentsProfile(now, 1);
  const segmentation::Context context;
  segmentation::FactFrame frame(*compiled.playbook->facts, compiled.playbook->segment_rules, profile, context, now);
  const Program& rule = compiled.playbook->segment_rules[0].enter;
  if (!frame.Evaluate(rule).holds()) return state.SkipWithError("the rule does not hold");
  for (auto _ : state) benchmark::DoNotOptimize(frame.Evaluate(rule));
}
BENCHMARK(BM_EvaluateOverCustomer);

constexpr int kSegments = 500;

// As a profile is derived when it is stored.
void BM_Segments(benchmark::State& state) {
  state.SetLabel(absl::StrCat("segments_", kSegments));
  const absl::Time now = absl::FromUnixSeconds(1780000000);
  const playbook::CompileResult compiled = playbook::CompilePlaybook(bench::SegmentsPlaybook(kSegments, 1), 1, nullptr);
  if (!compiled.problems.empty()) return state.SkipWithError(compiled.problems[0].message.c_str());
  const segmentation::Profile profile = bench::SegmentsProfile(now, 1);
  for (auto _ : state) benchmark::DoNotOptimize(engine::Derive(*compiled.playbook, profile, now));
}
BENCHMARK(BM_Segments);

void BM_CompileSegments(benchmark::State& state) {
  state.SetLabel(absl::StrCat("compile_segments_", kSegments));
  const std::string yaml = bench::SegmentsPlaybook(kSegments, 1);
  for (auto _ : state) benchmark::DoNotOptimize(playbook::CompilePlaybook(yaml, 1, nullptr));
}
BENCHMARK(BM_CompileSegments);

struct Limit {
  absl::string_view name;
  double nanoseconds;
};

constexpr Limit kLimits[] = {
    {"five_comparisons", 100}, {"five_comparisons_over_customer", 100}, {"segments_500", 25000}};

// Prints as every benchmark of ours does. The limits are of processor time.
class MeasureReporter final : public benchmark::BenchmarkReporter {
 public:
  bool ReportContext(const Context&) override { return true; }

  void ReportRuns(const std::vector<Run>& runs) override {
    for (const Run& run : runs) {
      if (run.error_occurred) {
        absl::FPrintF(stderr, "%s: %s\n", run.benchmark_name(), run.error_message);
        std::exit(1);
      }
      const std::string name = run.report_label.empty() ? "compile" : run.report_label;
      bench::Measure measure{.name = absl::StrCat("rules/", name), .value = run.GetAdjustedCPUTime(), .unit = "ns"};
      for (const Limit& limit : kLimits) {
        if (name != limit.name) continue;
        measure.reference = limit.nanoseconds;
        measure.ratio = measure.value / limit.nanoseconds;
        measure.comparison = "<=";
        measure.goal = 1;
      }
      bench::PrintMeasure(measure);
    }
  }
};

}  // namespace

int RunBenchmarks(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  MeasureReporter reporter;
  benchmark::RunSpecifiedBenchmarks(&reporter);
  return 0;
}

}  // namespace waymark::expression

int main(int argc, char** argv) { return waymark::expression::RunBenchmarks(argc, argv); }
