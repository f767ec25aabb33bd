#ifndef WAYMARK_TESTS_BENCH_SAMPLE_PROFILES_H_
#define WAYMARK_TESTS_BENCH_SAMPLE_PROFILES_H_

#include <cstdint>
#include <string>

#include "absl/time/time.h"
#include "segmentation/profile.h"

// Made-up profiles as values, the same in every run, and the segments of a shop that has them.
namespace waymark::bench {

// The moment as of which the profiles are made.
absl::Time SampleNow();

// 10 to 20 traits, 4 to 8 event types over the last year, two consents, as many event ids as there were events within a
// week: 300 to 600 bytes at rest.
segmentation::Profile SampleProfile(uint64_t number);

// A playbook with so many segments over traits, windows, recency and other segments, and a journey of six stages.
std::string SegmentsPlaybook(int segments);

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_SAMPLE_PROFILES_H_
