#include "segmentation/expression/suggestions.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace waymark::expression {
namespace {

// How many letters must be changed, added, left out, or swapped with their neighbour (optimal string alignment), upper
// and lower case alike; `limit` where it is not less. O(length * limit): only what is near the diagonal can be less
// (Ukkonen 1985).
size_t Distance(absl::string_view a, absl::string_view b, size_t limit) {
  if (std::max(a.size(), b.size()) - std::min(a.size(), b.size()) >= limit) return limit;
  std::vector<size_t> before(b.size() + 1, limit), last(b.size() + 1, limit), row(b.size() + 1, limit);
  for (size_t j = 0; j <= std::min(b.size(), limit); ++j) last[j] = j;
  const auto same = [&](size_t i, size_t j) { return absl::ascii_tolower(a[i]) == absl::ascii_tolower(b[j]); };
  for (size_t i = 1; i <= a.size(); ++i) {
    const size_t begin = i > limit ? i - limit : 1;
    const size_t end = std::min(b.size(), i + limit);
    row[begin - 1] = begin == 1 ? i : limit;
    if (end < b.size()) row[end + 1] = limit;
    for (size_t j = begin; j <= end; ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (same(i - 1, j - 1) ? 0 : 1)});
      if (i > 1 && j > 1 && same(i - 1, j - 2) && same(i - 2, j - 1)) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return std::min(last[b.size()], limit);
}

}  // namespace

std::string DidYouMean(absl::string_view name, absl::Span<const std::string> candidates) {
  constexpr size_t kLongestName = 128;
  if (name.size() > kLongestName) return "";
  size_t best = std::clamp<size_t>(name.size() / 3, 1, 3) + 1;
  const std::string* nearest = nullptr;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kLongestName) continue;
    const bool same_end = absl::EndsWith(candidate, absl::StrCat(".", name));
    const size_t distance = same_end ? 1 : Distance(name, candidate, best);
    if (distance < best) {
      best = distance;
      nearest = &candidate;
    }
  }
  return nearest == nullptr ? "" : absl::StrCat("; did you mean `", *nearest, "`?");
}

}  // namespace waymark::expression
