#include "service/cli/merge.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "service/cli/conversions.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

constexpr int kMaxLabels = 8;  // the contract's

// What keeps them from being added up, or "".
std::string AddValue(const v1::Event& part, v1::Event& whole) {
  if (part.value_case() == v1::Event::VALUE_NOT_SET) return "";
  if (whole.value_case() == v1::Event::VALUE_NOT_SET) {
    if (part.has_money()) *whole.mutable_money() = part.money();
    if (!part.has_money()) whole.set_number(part.number());
    return "";
  }
  if (part.value_case() != whole.value_case() || part.money().currency() != whole.money().currency()) {
    return "the lines of one event have values of different kinds or currencies";
  }
  if (!part.has_money()) {
    whole.set_number(whole.number() + part.number());
    return "";
  }
  const int64_t sum = whole.money().micros() + part.money().micros();  // each is at most 10^15
  if (std::abs(sum) > kMaxMicros) return "the sum of the event's lines is too large";
  whole.mutable_money()->set_micros(sum);
  return "";
}

void AddLabels(const v1::Event& part, v1::Event& whole) {
  for (const std::string& label : part.labels()) {
    const bool known = std::find(whole.labels().begin(), whole.labels().end(), label) != whole.labels().end();
    if (!known && whole.labels_size() < kMaxLabels) whole.add_labels(label);
  }
}

}  // namespace

std::string EventMerger::Add(const std::string& file, int line, const std::string& customer, v1::Event part) {
  auto [it, inserted] = index_.try_emplace({customer, part.id()}, work_.size());
  if (inserted) {
    work_.push_back({file, line, customer, absl::nullopt, {std::move(part)}});
    return "";
  }
  v1::Event& whole = work_[it->second].events[0];
  std::string problem = AddValue(part, whole);
  if (!problem.empty()) return problem;
  AddLabels(part, whole);
  if (FromTimestamp(part.time()) < FromTimestamp(whole.time())) *whole.mutable_time() = part.time();
  return "";
}

std::vector<Work> EventMerger::Take() {
  index_.clear();
  return std::exchange(work_, {});
}

}  // namespace waymark::cli
