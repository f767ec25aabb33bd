#include "service/journey/stage_value.h"

#include <Eigen/LU>
#include <algorithm>
#include <cmath>
#include <utility>

#include "service/journey/visits.h"

namespace waymark::journey {
namespace {

using segmentation::NameId;
using segmentation::StageValueOptions;
using segmentation::Touch;

constexpr double kYearMs = 365.25 * 24 * 60 * 60 * 1000;

// Walks over the stays of one customer.
class StayObserver {
 public:
  StayObserver(NameId purchase, absl::Duration gone_after, absl::Time from, absl::Time heard, absl::Time now,
               std::vector<ObservedStay>& stays)
      : purchase_(purchase), gone_after_(gone_after), from_(from), now_(now), heard_(heard), stays_(stays) {}

  void Observe(const Visit& visit, int next) {
    const absl::Time end = std::min(visit.left, now_);
    if (end < from_ || (end == from_ && visit.entered < from_)) return;
    const absl::Time begin = std::max(visit.entered, from_);
    if (begin > end) return;
    if (!IsGone(begin)) Begin(visit.stage, begin);
    for (const Touch& touch : visit.touches) {
      if (touch.at <= begin || touch.at > end) continue;
      Hear(touch, visit, end);
    }
    if (GoneAt() < end && open_) End(ObservedStay::kGone, GoneAt());
    if (open_) End(visit.left <= now_ ? next : ObservedStay::kStillThere, end);
  }

 private:
  absl::Time GoneAt() const { return heard_ + gone_after_; }
  bool IsGone(absl::Time at) const { return GoneAt() < at; }

  void Hear(const Touch& touch, const Visit& visit, absl::Time end) {
    if (IsGone(touch.at)) {
      if (open_) End(ObservedStay::kGone, GoneAt());
      // One that moves on at once begins in the next stage.
      if (touch.at < end || visit.left > now_) Begin(visit.stage, touch.at);
    } else if (open_ && touch.type == purchase_) {
      stay_.revenue_micros += touch.value_micros;
    }
    heard_ = touch.at;
  }

  void Begin(int stage, absl::Time at) {
    open_ = stage != playbook::kNone;
    stay_ = {.stage = stage};
    began_ = at;
  }
  void End(int next, absl::Time at) {
    stay_.next = next;
    stay_.exposure_ms = absl::ToInt64Milliseconds(at - began_);
    stays_.push_back(stay_);
    open_ = false;
  }

  const NameId purchase_;
  const absl::Duration gone_after_;
  const absl::Time from_;
  const absl::Time now_;
  absl::Time heard_;  // of the customer, for the last time
  bool open_ = false;
  ObservedStay stay_;
  absl::Time began_;
  std::vector<ObservedStay>& stays_;
};

// The system of the header, before it is solved.
struct System {
  Eigen::MatrixXd moves;
  Eigen::VectorXd leak;  // rho T + G
  Eigen::VectorXd revenue;
};

System SystemOf(const ChainCounts& counts, double rho_ms, const ChainCounts& everyone, double shrinkage) {
  const size_t n = counts.size();
  const auto size = static_cast<Eigen::Index>(n);
  System system{Eigen::MatrixXd::Zero(size, size), Eigen::VectorXd::Zero(size), Eigen::VectorXd::Zero(size)};
  const auto add = [&](const ChainCounts& from, size_t s, double weight) {
    const auto row = static_cast<Eigen::Index>(s);
    system.leak[row] +=
        weight * (rho_ms * static_cast<double>(from.exposure_ms[s]) + static_cast<double>(from.gone[s]));
    system.revenue[row] += weight * static_cast<double>(from.revenue_micros[s]) / 1e6;
    for (size_t j = 0; j < n; ++j) {
      system.moves(row, static_cast<Eigen::Index>(j)) += weight * static_cast<double>(from.moved(s, j));
    }
  };
  for (size_t s = 0; s < n; ++s) {
    add(counts, s, 1);
    if (everyone.size() == n && everyone.stays[s] > 0) {
      add(everyone, s, shrinkage / static_cast<double>(everyone.stays[s]));
    }
  }
  return system;
}

// The stages whose value ends somewhere: those with a leak, and those from which one can come there.
std::vector<Eigen::Index> Draining(const System& system) {
  const Eigen::Index n = system.leak.size();
  std::vector<char> drains(static_cast<size_t>(n));
  std::vector<Eigen::Index> reached;
  for (Eigen::Index s = 0; s < n; ++s) {
    if (system.leak[s] > 0) {
      drains[static_cast<size_t>(s)] = 1;
      reached.push_back(s);
    }
  }
  for (size_t i = 0; i < reached.size(); ++i) {
    for (Eigen::Index s = 0; s < n; ++s) {
      if (drains[static_cast<size_t>(s)] != 0 || system.moves(s, reached[i]) <= 0) continue;
      drains[static_cast<size_t>(s)] = 1;
      reached.push_back(s);
    }
  }
  std::sort(reached.begin(), reached.end());
  return reached;
}

}  // namespace

void ObserveStays(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                  const segmentation::Trail& trail, NameId purchase, absl::Duration gone_after, absl::Time now,
                  std::vector<ObservedStay>& stays) {
  stays.clear();
  const std::vector<Visit> visits = VisitsOf(journey, position, trail);
  if (visits.empty()) return;
  const absl::Time from = std::max(WholeFrom(position, trail), visits.front().entered);
  // The last that was heard before: what began the stay, or something that it began without.
  absl::Time heard = from;
  const auto after = std::partition_point(trail.touches.begin(), trail.touches.end(),
                                          [from](const Touch& touch) { return touch.at <= from; });
  if (after != trail.touches.begin()) heard = std::prev(after)->at;
  StayObserver observer(purchase, gone_after, from, heard, now, stays);
  for (size_t i = 0; i < visits.size(); ++i) {
    const int next = i + 1 < visits.size() ? visits[i + 1].stage : playbook::kNone;
    observer.Observe(visits[i], next == playbook::kNone ? ObservedStay::kStillThere : next);
  }
}

ChainCounts::ChainCounts(size_t stage_count)
    : stays(stage_count),
      gone(stage_count),
      exposure_ms(stage_count),
      revenue_micros(stage_count),
      moves(stage_count * stage_count) {}

void ChainCounts::Add(absl::Span<const ObservedStay> observed) {
  if (observed.empty()) return;
  ++customers;
  for (const ObservedStay& stay : observed) {
    const auto stage = static_cast<size_t>(stay.stage);
    ++stays[stage];
    exposure_ms[stage] += stay.exposure_ms;
    revenue_micros[stage] += stay.revenue_micros;
    if (stay.next == ObservedStay::kGone) ++gone[stage];
    if (stay.next >= 0) ++moves[stage * size() + static_cast<size_t>(stay.next)];
  }
}

void ChainCounts::Add(const ChainCounts& other) {
  if (other.size() == 0) return;
  if (size() == 0) *this = ChainCounts(other.size());
  const auto add = [](const std::vector<int64_t>& from, std::vector<int64_t>& to) {
    for (size_t i = 0; i < to.size(); ++i) to[i] += from[i];
  };
  customers += other.customers;
  add(other.stays, stays);
  add(other.gone, gone);
  add(other.exposure_ms, exposure_ms);
  add(other.revenue_micros, revenue_micros);
  add(other.moves, moves);
}

std::vector<absl::optional<double>> SolveStageValues(const ChainCounts& counts, double yearly_discount,
                                                     const ChainCounts& everyone, double shrinkage) {
  const System system = SystemOf(counts, std::log1p(yearly_discount) / kYearMs, everyone, shrinkage);
  const std::vector<Eigen::Index> draining = Draining(system);
  const auto size = static_cast<Eigen::Index>(draining.size());
  std::vector<absl::optional<double>> values(counts.size());
  if (size == 0) return values;
  // Diagonally dominant by rows, strictly where it leaks, which every stage comes to: a regular M-matrix, whose inverse
  // has no negative element.
  Eigen::MatrixXd matrix(size, size);
  Eigen::VectorXd revenue(size);
  for (Eigen::Index i = 0; i < size; ++i) {
    const Eigen::Index s = draining[static_cast<size_t>(i)];
    for (Eigen::Index k = 0; k < size; ++k) matrix(i, k) = -system.moves(s, draining[static_cast<size_t>(k)]);
    matrix(i, i) += system.leak[s] + system.moves.row(s).sum();
    revenue[i] = system.revenue[s];
  }
  Eigen::VectorXd solution = matrix.partialPivLu().solve(revenue);
  if (revenue.minCoeff() >= 0) solution = solution.cwiseMax(0);  // it is, but for rounding
  for (Eigen::Index i = 0; i < size; ++i) {
    values[static_cast<size_t>(draining[static_cast<size_t>(i)])] = solution[i];
  }
  return values;
}

StageValueLearner::StageValueLearner(const playbook::Playbook& playbook, StageValueOptions options, absl::Time now)
    : playbook_(playbook), options_(std::move(options)), now_(now) {
  size_t stages = 0;
  for (const playbook::Journey& journey : playbook.journeys) stages += journey.stages.size();
  for (size_t i = 0; i < playbook.segments.size() && (learned_.size() + 2) * stages <= kMaxStageValues; ++i) {
    const bool asked = options_.segments.empty() ||
                       std::binary_search(options_.segments.begin(), options_.segments.end(), playbook.segments[i].id);
    if (asked) learned_.push_back(i);
  }
  for (const playbook::Journey& journey : playbook.journeys) {
    counts_.emplace_back(1 + learned_.size()).front() = ChainCounts(journey.stages.size());
  }
}

void StageValueLearner::Add(absl::Span<const segmentation::JourneyPosition> positions, const segmentation::Trail& trail,
                            absl::Span<const int8_t> in_segment) {
  ++customers_;
  for (size_t j = 0; j < counts_.size(); ++j) {
    const playbook::Journey& journey = playbook_.journeys[j];
    const auto position =
        std::find_if(positions.begin(), positions.end(), [&](const auto& each) { return each.journey == journey.id; });
    if (position == positions.end()) continue;
    ObserveStays(journey, *position, trail, playbook_.population_spec.purchase, options_.gone_after, now_, stays_);
    counts_[j].front().Add(stays_);
    for (size_t i = 0; i < learned_.size(); ++i) {
      if (in_segment[learned_[i]] == 0) continue;
      ChainCounts& counts = counts_[j][1 + i];
      if (counts.size() == 0) counts = ChainCounts(journey.stages.size());
      counts.Add(stays_);
    }
  }
}

void StageValueLearner::Add(const StageValueLearner& other) {
  customers_ += other.customers_;
  for (size_t j = 0; j < counts_.size(); ++j) {
    for (size_t i = 0; i < counts_[j].size(); ++i) counts_[j][i].Add(other.counts_[j][i]);
  }
}

segmentation::StageValues StageValueLearner::Learn() const {
  segmentation::StageValues learned{
      .learned_at = now_, .playbook_version = playbook_.version, .options = options_, .customers = customers_};
  for (size_t j = 0; j < counts_.size(); ++j) {
    const playbook::Journey& journey = playbook_.journeys[j];
    segmentation::JourneyStageValues& values = learned.journeys.emplace_back();
    values.journey = journey.id;
    for (size_t i = 0; i < counts_[j].size(); ++i) {
      const ChainCounts& counts = counts_[j][i];
      if (i > 0 && counts.customers < kMinCustomers) continue;
      const auto solved =
          i == 0 ? SolveStageValues(counts, options_.yearly_discount)
                 : SolveStageValues(counts, options_.yearly_discount, counts_[j].front(), options_.shrinkage);
      segmentation::SegmentStageValues& segment = values.segments.emplace_back();
      if (i > 0) segment.segment = playbook_.segments[learned_[i - 1]].id;
      segment.customers = counts.customers;
      for (size_t s = 0; s < solved.size(); ++s) {
        segment.stages.push_back({.stage = journey.stages[s].id,
                                  .value = solved[s],
                                  .stays = counts.stays[s],
                                  .left_for_good = counts.gone[s],
                                  .exposure_ms = counts.exposure_ms[s],
                                  .revenue_micros = counts.revenue_micros[s]});
      }
    }
  }
  return learned;
}

}  // namespace waymark::journey
