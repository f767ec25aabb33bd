#ifndef WAYMARK_TESTS_BENCH_SAMPLE_SEGMENTS_H_
#define WAYMARK_TESTS_BENCH_SAMPLE_SEGMENTS_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "segmentation/profile.h"

namespace waymark::bench {

// A playbook of `count` segments as an analyst's tool writes them: two to five comparisons each, over 20 traits, ten
// event types in six windows and a few earlier segments; one comparison in eight is a part that several segments share.
// Equal seeds give equal texts.
std::string SegmentsPlaybook(int count, uint64_t seed);

// A customer of it with 18 of the 20 traits, and eight series of some 40 day buckets each in the 300 days before `now`.
segmentation::Profile SegmentsProfile(absl::Time now, uint64_t seed);

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_SAMPLE_SEGMENTS_H_
