#include "tests/bench/measure.h"

#include <algorithm>
#include <cstdio>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace waymark::bench {
namespace {

std::string OrNull(const absl::optional<double>& number) {
  return number.has_value() ? absl::StrFormat("%.4g", *number) : "null";
}

}  // namespace

void PrintMeasure(const Measure& measure) {
  std::string goal = "null";
  std::string holds = "null";
  if (measure.goal.has_value() && measure.ratio.has_value()) {
    goal = absl::StrCat("\"ratio ", measure.comparison, " ", *measure.goal, "\"");
    const bool held = measure.comparison == ">=" ? *measure.ratio >= *measure.goal : *measure.ratio <= *measure.goal;
    holds = held ? "true" : "false";
  }
  absl::PrintF(
      "{\"measure\": \"%s\", \"value\": %.4g, \"unit\": \"%s\", \"reference\": %s, \"ratio\": %s, \"goal\": %s, "
      "\"holds\": %s}\n",
      measure.name, measure.value, measure.unit, OrNull(measure.reference), OrNull(measure.ratio), goal, holds);
  std::fflush(stdout);
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const size_t half = values.size() / 2;
  return values.size() % 2 == 1 ? values[half] : (values[half - 1] + values[half]) / 2;
}

}  // namespace waymark::bench
