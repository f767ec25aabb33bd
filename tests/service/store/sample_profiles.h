#ifndef WAYMARK_TESTS_SERVICE_STORE_SAMPLE_PROFILES_H_
#define WAYMARK_TESTS_SERVICE_STORE_SAMPLE_PROFILES_H_

#include <cstdint>

#include "segmentation/profile.h"

// Profiles for the store's tests. Pure functions.
namespace waymark::testing_support {

// A customer of a year: 50 purchases, 3 traits, a consent, 2 journeys with 2 earlier stages each.
segmentation::Profile TypicalProfile();

// Every list as long as it may be for traits, consents, contacts, affinities, seen events and histories; and a ledger
// of one type with all its buckets.
segmentation::Profile FullProfile();

// Any profile that keeps the invariants, extremes included. The same for the same seed.
segmentation::Profile RandomProfile(uint64_t seed);

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_STORE_SAMPLE_PROFILES_H_
