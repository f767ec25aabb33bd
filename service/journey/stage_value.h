#ifndef WAYMARK_SERVICE_JOURNEY_STAGE_VALUE_H_
#define WAYMARK_SERVICE_JOURNEY_STAGE_VALUE_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/profile.h"
#include "segmentation/stage_values.h"
#include "service/playbook/playbook.h"

namespace waymark::journey {

// What a customer who stands in a stage is expected to bring from now on, discounted: an absorbing Markov chain with
// rewards, in continuous time, because stages take minutes or months and a fixed step would be wrong for one of them.
//
// While a customer stands in stage s, money comes at a rate r_s, and the customer moves on to stage j at a rate q_sj or
// is gone for good at a rate g_s. Of observed stays the rates are occurrences over exposure,
//
//     q_sj = N_sj / T_s,   g_s = G_s / T_s,   r_s = R_s / T_s,
//
// with N_sj the moves, G_s the stays that ended for good, R_s the revenue and T_s the time that all customers spent in
// s as far as it was observed: the maximum likelihood estimate (A. Albert, Ann. Math. Stat. 33, 1962), also where stays
// are cut off, at the beginning or at the end, by what is kept and by now (P. K. Andersen et al., Statistical Models
// Based on Counting Processes, 1993, section VI.1: occurrence/exposure rates). At the discount rate rho = ln(1 +
// yearly) / year the value is the chain's discounted potential (J. R. Norris, Markov Chains, 1997, section 4.2), v =
// (rho I - Q)^-1 r. Times T_s row by row that is
//
//     (rho T_s + N_s + G_s) v_s = R_s + sum_j N_sj v_j,      N_s = sum_j N_sj,
//
// which is solved exactly, and in which a stage that is only passed through (T_s = 0) is nothing special. As rho goes
// to 0, v depends on the shares of moves and the mean revenue of a stay alone, however the lengths of stays are
// distributed.

// A stay, or the part of one that was observed.
struct ObservedStay {
  static constexpr int kStillThere = -1;
  static constexpr int kGone = -2;

  int stage = 0;  // of the journey
  int next = kStillThere;
  int64_t exposure_ms = 0;
  int64_t revenue_micros = 0;

  friend bool operator==(const ObservedStay&, const ObservedStay&) = default;
};

// The stays of one customer on one journey, in the place of others, by time.
//
// What is observed begins where stays and touches are whole. A customer of whom nothing is heard for `gone_after` is
// gone from then on; one who comes back begins anew with that touch. Revenue is the value of touches of the type
// `purchase`: of one that moves the customer on, to the stage before it. What begins something (the first event of all,
// or the one that comes back) is no revenue of a stage: nobody stood anywhere before it. Stays in stages that the
// playbook does not have any more are left out, and a move there ends an observation.
//
// `position`: on this journey. Pure; O(stays + touches).
void ObserveStays(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                  const segmentation::Trail& trail, segmentation::NameId purchase, absl::Duration gone_after,
                  absl::Time now, std::vector<ObservedStay>& stays);

// Counts of many customers on one journey: integers, so that those of shards add up to the same bits in any order.
struct ChainCounts {
  explicit ChainCounts(size_t stage_count = 0);

  void Add(absl::Span<const ObservedStay> stays);  // of one customer
  void Add(const ChainCounts& other);              // REQUIRES: as many stages, or none here

  size_t size() const { return stays.size(); }
  int64_t moved(size_t from, size_t to) const { return moves[from * size() + to]; }

  int64_t customers = 0;  // with a stay
  // By stage.
  std::vector<int64_t> stays;
  std::vector<int64_t> gone;
  std::vector<int64_t> exposure_ms;
  std::vector<int64_t> revenue_micros;
  std::vector<int64_t> moves;  // from x to

  friend bool operator==(const ChainCounts&, const ChainCounts&) = default;
};

// The value of each stage, whole units; none of one that says nothing: where nobody stood for any time nor left for
// good, and from where nobody came to such a stage. Such a one is worth nothing to those who move there.
//
// `everyone`: what is added before, for each stage `shrinkage` stays that are as everyone's are on average: conjugate
// priors (Dirichlet of the moves, gamma of the rates) of that strength around everyone's, so that thin counts give
// everyone's value and many their own. REQUIRES: yearly_discount > 0, as many stages. O(stages^3).
std::vector<absl::optional<double>> SolveStageValues(const ChainCounts& counts, double yearly_discount,
                                                     const ChainCounts& everyone = ChainCounts(), double shrinkage = 0);

// Counts customers of all journeys of a playbook, everyone and by segment, and solves. The same bits in whichever
// order, and however divided, customers come. Borrows the playbook. Thread-compatible. Memory: 8 bytes x stages^2 for
// each journey and segment that has customers.
class StageValueLearner {
 public:
  // A segment of fewer customers with a stay has no values of its own.
  static constexpr int64_t kMinCustomers = 30;
  // Of all journeys and segments; beyond that the last segments of the playbook are not learned apart.
  static constexpr size_t kMaxStageValues = 20'000;

  StageValueLearner(const playbook::Playbook& playbook, segmentation::StageValueOptions options, absl::Time now);

  // A customer as the playbook derives it: positions ascending by journey; 1 for each segment the customer is in.
  void Add(absl::Span<const segmentation::JourneyPosition> positions, const segmentation::Trail& trail,
           absl::Span<const int8_t> in_segment);
  // What another learner of the same playbook, options and moment counted.
  void Add(const StageValueLearner& other);

  segmentation::StageValues Learn() const;

 private:
  const playbook::Playbook& playbook_;
  const segmentation::StageValueOptions options_;
  const absl::Time now_;
  std::vector<size_t> learned_;  // indexes of segments, ascending
  int64_t customers_ = 0;
  std::vector<std::vector<ChainCounts>> counts_;  // by journey: everyone, then those of `learned_`
  std::vector<ObservedStay> stays_;               // of the customer at hand
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_STAGE_VALUE_H_
