#ifndef WAYMARK_SERVICE_JOURNEY_REMOVAL_EFFECT_H_
#define WAYMARK_SERVICE_JOURNEY_REMOVAL_EFFECT_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/types/span.h"
#include "segmentation/stable_hash.h"

namespace waymark::journey {

// A Markov chain over paths of touches, and what is lost where one kind of touch is taken away (E. Anderl, I. Becker,
// F. von Wangenheim, J. H. Schumann, "Mapping the customer journey", IJRM 33, 2016, section 3.2): the chain's states
// are the newest `order` touches, beginning with none; from each it goes on to another touch, to the conversion or to
// the end without one, as often as the paths did.
//
// Counts of transitions, which are all that the chain needs of the paths: those of shards add up. Thread-compatible.
class PathChain {
 public:
  static constexpr int kMaxOrder = 4;
  // Distinct transitions that are kept. A path that needs further ones is left out as a whole.
  static constexpr size_t kMaxTransitions = 200'000;

  // REQUIRES: 1 to kMaxOrder. `max_transitions` is for tests.
  explicit PathChain(int order, size_t max_transitions = kMaxTransitions);

  // A path by its touches, the oldest first, not empty, none of them NameId{}. False where it was left out.
  bool Add(absl::Span<const segmentation::NameId> touches, bool converted);

  int64_t left_out() const { return left_out_; }

  struct Effects {
    double conversion = 0;  // the probability that a path converts
    // Beside the touches that were asked for: by how much of itself that probability falls without it, 0 to 1.
    std::vector<double> removal;
  };
  // Of these touches, each looked at as `name_of` calls it, so that several can be one. Without a touch, paths that
  // would come to it end without a conversion. Exact: a sparse LU each, of as many unknowns as there are states.
  Effects RemovalEffects(absl::Span<const segmentation::NameId> touches,
                         absl::FunctionRef<segmentation::NameId(segmentation::NameId)> name_of) const;

 private:
  // The newest touches, the oldest of them first; NameId{} behind the last.
  using State = std::array<segmentation::NameId, kMaxOrder>;
  enum class Next : uint8_t { kTouch, kConversion, kEnd };
  struct Transition {
    State from{};
    segmentation::NameId to{};
    Next next = Next::kTouch;

    friend bool operator==(const Transition&, const Transition&) = default;
    friend bool operator<(const Transition& a, const Transition& b) {
      return std::tie(a.from, a.to, a.next) < std::tie(b.from, b.to, b.next);
    }
    template <typename H>
    friend H AbslHashValue(H h, const Transition& transition) {
      return H::combine(std::move(h), transition.from, transition.to, transition.next);
    }
  };

  State Push(State state, segmentation::NameId touch) const;

  const int order_;
  const size_t max_transitions_;
  int64_t left_out_ = 0;
  absl::flat_hash_map<Transition, int64_t> transitions_;
  std::vector<Transition> path_;  // the one at hand
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_REMOVAL_EFFECT_H_
