#ifndef WAYMARK_TESTS_BENCH_SAMPLE_SHOP_H_
#define WAYMARK_TESTS_BENCH_SAMPLE_SHOP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/profile.pb.h"

// A made-up shop of a given size, the same in every run.
namespace waymark::bench {

inline constexpr char kTenant[] = "bench";
// Takes up to three offers and counts on impression, so that a decision reads and does not write.
inline constexpr char kPlacement[] = "home";

// A playbook with so many actions and segments: rules over traits, history, stages and segments, limits, texts with
// values.
std::string SamplePlaybook(int actions, int segments);
// The same with actions that are short enough for 10,000 of them (with the one that does nothing) to be one playbook;
// `spread`: each for one of 17 placements and one of six stages, so that about 1 % fit a decision.
std::string ShortPlaybook(int actions, int segments, bool spread);

std::string CustomerId(int number);

// Each customer's traits.
std::vector<v1::UpdateProfileRequest> SampleProfiles(int customers);
// Each customer's history of the year before `now`, in batches.
std::vector<v1::RecordEventsRequest> SampleHistory(int customers, int events_each, absl::Time now);
// What customers in a mixed order do now. `run` sets the ids apart from those of other runs; the customers are the
// same.
std::vector<v1::CustomerEvent> SampleEvents(int customers, int count, absl::string_view run);
// Requests of customers in a mixed order.
std::vector<v1::GetOffersRequest> SampleRequests(int customers, int count);

}  // namespace waymark::bench

#endif  // WAYMARK_TESTS_BENCH_SAMPLE_SHOP_H_
