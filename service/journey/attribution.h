#ifndef WAYMARK_SERVICE_JOURNEY_ATTRIBUTION_H_
#define WAYMARK_SERVICE_JOURNEY_ATTRIBUTION_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/function_ref.h"
#include "absl/time/time.h"
#include "segmentation/profile.h"
#include "service/journey/removal_effect.h"

namespace waymark::journey {

// Which touchpoints, channels or actions (here: players) conversions are due to, by six methods over the same paths.
// None of them shows a cause: they share out conversions among what came before.

// ---- paths
// -------------------------------------------------------------------------------------------------------------------

// What a player did on a path. Touches of one player that follow each other are one, the last of them.
struct PathTouch {
  segmentation::NameId player{};
  absl::Duration before;  // how long before the path ended

  friend bool operator==(const PathTouch&, const PathTouch&) = default;
};

struct TouchPath {
  std::vector<PathTouch> touches;  // the oldest first
  absl::Time end;                  // of the conversion; else of the last touch
  bool converted = false;
  int64_t value_micros = 0;  // of the conversion
  bool incomplete = false;   // what was before is not kept any more

  friend bool operator==(const TouchPath&, const TouchPath&) = default;
};

struct PathOptions {
  segmentation::NameId conversion{};  // an event type
  absl::Duration look_back = absl::Hours(24) * 30;
  // The conversion's own player is the last of the path: the action whose token it carries led to it, while its
  // touchpoint is only where it was.
  bool conversion_counts = false;
};

// The paths of one customer, by time: those to each conversion, of the touches since the conversion before, within
// `look_back` of it; and the touches that no conversion followed in time, as paths without one, each no longer than
// `look_back` (also those that may still convert). A path to a conversion may be empty. `player_of`: NameId{} of a
// touch that is none. O(touches).
std::vector<TouchPath> PathsOf(const segmentation::Trail& trail, const PathOptions& options,
                               absl::FunctionRef<segmentation::NameId(const segmentation::Touch&)> player_of);

// ---- credits
// -----------------------------------------------------------------------------------------------------------------

enum class AttributionMethod : uint8_t {
  kFirst,      // all to the first touch
  kLast,       // all to the last
  kLinear,     // equal parts to all touches
  kTimeDecay,  // half as much for each half-life before the conversion
  // In proportion to removal effects, see PathChain.
  kMarkov,
  // The Shapley values of the game in which a set of players is worth the conversions of the paths on which nobody else
  // is, whatever their order: a path's is shared equally by its players (K. Zhao, S. H. Mahboobi, S. R. Bagheri,
  // "Shapley value methods for attribution modeling in online advertising", arXiv:1804.05327, 2018, theorem 1). So it
  // is exact for any number of players. Paths without a conversion are no part of it.
  kShapley,
};
inline constexpr size_t kAttributionMethods = 6;

struct Credit {
  double conversions = 0;
  double value = 0;  // whole units

  friend bool operator==(const Credit&, const Credit&) = default;
};

struct PlayerCredits {
  segmentation::NameId player{};
  int64_t touches = 0;                              // on all paths
  int64_t paths = 0;                                // on which it is
  double removal_effect = 0;                        // 0 to 1
  std::array<Credit, kAttributionMethods> credits;  // by AttributionMethod
};

struct Attribution {
  int64_t conversions = 0;
  double value = 0;  // of all of them, whole units
  // Conversions that no touch precedes, which are due to nobody: each method's credits sum to the others.
  int64_t unattributed = 0;
  double unattributed_value = 0;
  int64_t paths_without_conversion = 0;
  int64_t incomplete = 0;              // of the paths
  int64_t left_out = 0;                // paths that the Markov chain has no room for
  double conversion_probability = 0;   // the chain's
  std::vector<PlayerCredits> players;  // who has the most touches first; kOtherPlayers last
};

// All players that are not shown by themselves.
inline const segmentation::NameId kOtherPlayers = segmentation::NameIdOf("(other)");

// Counts paths, in any order. Bounded: 10,000 players of 150 bytes and PathChain's transitions. Thread-compatible.
class AttributionCounts {
 public:
  // Players by themselves: while they are counted (those that come later are kOtherPlayers), and in the answer.
  static constexpr size_t kMaxCountedPlayers = 10'000;
  static constexpr size_t kMaxPlayers = 100;

  // `order` of the Markov chain, 1 to 4.
  AttributionCounts(int order, absl::Duration half_life);

  void Add(const TouchPath& path);

  // A second or so of arithmetic with 100 players and 20,000 states of the chain.
  Attribution Attribute() const;

 private:
  struct Player {
    int64_t touches = 0;
    int64_t paths = 0;
    std::array<Credit, kAttributionMethods> credits;
  };

  segmentation::NameId Counted(segmentation::NameId player);
  void Give(AttributionMethod method, segmentation::NameId player, double share, const TouchPath& path);
  void GiveAll(const TouchPath& path);
  void ShareMarkov(Attribution& attribution) const;

  const double half_life_hours_;
  PathChain chain_;
  Attribution totals_;  // without players
  absl::flat_hash_map<segmentation::NameId, Player> players_;
  // Of the path at hand.
  std::vector<segmentation::NameId> sequence_;
  std::vector<segmentation::NameId> set_;
};

}  // namespace waymark::journey

#endif  // WAYMARK_SERVICE_JOURNEY_ATTRIBUTION_H_
