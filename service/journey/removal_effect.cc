#include "service/journey/removal_effect.h"

#include <Eigen/SparseCore>
#include <Eigen/SparseLU>
#include <algorithm>
#include <map>

namespace waymark::journey {
namespace {

using segmentation::NameId;

// The chain with numbered states, of which the first is the beginning.
struct Chain {
  struct Step {
    int from = 0;
    int to = 0;
    double probability = 0;
  };

  std::vector<NameId> newest;  // by state
  std::vector<Step> steps;
  std::vector<double> converts;  // by state: the probability of that being the next
};

// The probability that a path converts which may not come to a state of this newest touch: x of
// x_s = c_s + sum_j p_sj x_j for all other states. `without` NameId{}: that no state has but the beginning: all may be.
double Conversion(const Chain& chain, NameId without) {
  const auto size = static_cast<Eigen::Index>(chain.newest.size());
  const auto is_out = [&](int state) {
    return without != NameId{} && chain.newest[static_cast<size_t>(state)] == without;
  };
  std::vector<Eigen::Triplet<double>> elements;
  elements.reserve(chain.steps.size() + chain.newest.size());
  Eigen::VectorXd converts = Eigen::VectorXd::Zero(size);
  for (int s = 0; s < static_cast<int>(size); ++s) {
    elements.emplace_back(s, s, 1);
    if (!is_out(s)) converts[s] = chain.converts[static_cast<size_t>(s)];
  }
  for (const Chain::Step& step : chain.steps) {
    if (!is_out(step.from) && !is_out(step.to)) elements.emplace_back(step.from, step.to, -step.probability);
  }
  Eigen::SparseMatrix<double> matrix(size, size);
  matrix.setFromTriplets(elements.begin(), elements.end());
  // Regular: every state lies on a path, which ends.
  Eigen::SparseLU<Eigen::SparseMatrix<double>> solver;
  solver.compute(matrix);
  return Eigen::VectorXd(solver.solve(converts))[0];
}

}  // namespace

PathChain::PathChain(int order, size_t max_transitions) : order_(order), max_transitions_(max_transitions) {}

PathChain::State PathChain::Push(State state, NameId touch) const {
  const auto end = state.begin() + order_;
  auto free = std::find(state.begin(), end, NameId{});
  if (free == end) free = std::move(state.begin() + 1, end, state.begin());
  *free = touch;
  return state;
}

bool PathChain::Add(absl::Span<const NameId> touches, bool converted) {
  path_.clear();
  State state{};
  for (NameId touch : touches) {
    path_.push_back({state, touch, Next::kTouch});
    state = Push(state, touch);
  }
  path_.push_back({state, NameId{}, converted ? Next::kConversion : Next::kEnd});
  const bool fits =
      transitions_.size() + path_.size() <= max_transitions_ ||
      std::all_of(path_.begin(), path_.end(), [this](const Transition& each) { return transitions_.contains(each); });
  if (!fits) {
    ++left_out_;
    return false;
  }
  for (const Transition& transition : path_) ++transitions_[transition];
  return true;
}

PathChain::Effects PathChain::RemovalEffects(absl::Span<const NameId> touches,
                                             absl::FunctionRef<NameId(NameId)> name_of) const {
  // Renamed, and in an order of their own, so that sums are the same on every machine.
  const auto renamed = [&](State state) {
    for (NameId& touch : state) touch = touch == NameId{} ? touch : name_of(touch);
    return state;
  };
  std::map<Transition, int64_t> counts;
  for (const auto& [transition, count] : transitions_) {
    const NameId to = transition.next == Next::kTouch ? name_of(transition.to) : NameId{};
    counts[{renamed(transition.from), to, transition.next}] += count;
  }
  std::map<State, int> states;
  std::vector<double> leaving;
  const auto index = [&](const State& state) { return states.try_emplace(state, states.size()).first->second; };
  index(State{});
  for (const auto& [transition, count] : counts) {
    const auto from = static_cast<size_t>(index(transition.from));
    if (leaving.size() <= from) leaving.resize(from + 1);
    leaving[from] += static_cast<double>(count);
    if (transition.next == Next::kTouch) index(Push(transition.from, transition.to));
  }
  leaving.resize(states.size());
  Chain chain{.newest = std::vector<NameId>(states.size()), .converts = std::vector<double>(states.size())};
  for (const auto& [state, number] : states) {
    const auto end = std::find(state.begin(), state.end(), NameId{});
    if (end != state.begin()) chain.newest[static_cast<size_t>(number)] = *std::prev(end);
  }
  for (const auto& [transition, count] : counts) {
    const int from = states[transition.from];
    const double probability = static_cast<double>(count) / leaving[static_cast<size_t>(from)];
    if (transition.next == Next::kConversion) chain.converts[static_cast<size_t>(from)] = probability;
    if (transition.next != Next::kTouch) continue;
    chain.steps.push_back({from, states[Push(transition.from, transition.to)], probability});
  }
  Effects effects{.conversion = Conversion(chain, NameId{}), .removal = std::vector<double>(touches.size())};
  if (effects.conversion <= 0) return effects;
  for (size_t i = 0; i < touches.size(); ++i) {
    effects.removal[i] = std::clamp(1 - Conversion(chain, touches[i]) / effects.conversion, 0.0, 1.0);
  }
  return effects;
}

}  // namespace waymark::journey
