#include "segmentation/affinity.h"

#include <algorithm>
#include <cmath>
#include <tuple>

namespace waymark::segmentation {
namespace {

double HalfLives(absl::Time time) { return absl::FDivDuration(time - absl::UnixEpoch(), kAffinityHalfLife); }

double WholeSteps(double log2_weight) {
  return std::round(log2_weight * Affinity::kStepsPerHalfLife) / Affinity::kStepsPerHalfLife;
}

// log2(2^a + 2^b).
double AddLog2(double a, double b) { return std::max(a, b) + std::log1p(std::exp2(-std::abs(a - b))) / std::log(2.0); }

bool NameBefore(const Affinity& affinity, NameId name) { return affinity.name < name; }

}  // namespace

void AddAffinity(Profile& profile, NameId name, absl::Time time) {
  std::vector<Affinity>& all = profile.affinities;
  const double log2_weight = HalfLives(time);
  auto it = std::lower_bound(all.begin(), all.end(), name, NameBefore);
  if (it != all.end() && it->name == name) {
    it->log2_weight = WholeSteps(AddLog2(it->log2_weight, log2_weight));
    return;
  }
  all.insert(it, {name, WholeSteps(log2_weight)});
  if (all.size() <= Profile::kMaxAffinities) return;
  all.erase(std::min_element(all.begin(), all.end(), [](const Affinity& a, const Affinity& b) {
    return std::tie(a.log2_weight, b.name) < std::tie(b.log2_weight, a.name);
  }));
  ++profile.compacted;
}

double AffinityOf(const Profile& profile, NameId name, absl::Time now) {
  auto it = std::lower_bound(profile.affinities.begin(), profile.affinities.end(), name, NameBefore);
  if (it == profile.affinities.end() || it->name != name) return 0;
  return std::exp2(it->log2_weight - HalfLives(now));
}

}  // namespace waymark::segmentation
