#include "segmentation/compact.h"

#include <gtest/gtest.h>

#include "service/store/codec.h"
#include "service/store/store.h"
#include "tests/service/store/sample_profiles.h"

namespace waymark::store {
namespace {

using segmentation::BoundBytes;
using segmentation::NameId;
using segmentation::Profile;

TEST(BoundBytes, IsAboveWhatTheCodecTakes) {
  for (const Profile& profile : {Profile(), testing_support::TypicalProfile(), testing_support::FullProfile()}) {
    EXPECT_GE(BoundBytes(profile), Encode(profile).size());
  }
}

// Twenty event types a day for more than a year, worth up to 10,000,000 each: far beyond what fits.
TEST(Compact, MakesAnyLedgerFit) {
  for (Profile profile : {Profile(), testing_support::TypicalProfile(), testing_support::FullProfile()}) {
    const absl::Time start = absl::FromUnixSeconds(1750000000);
    for (int day = 0; day < 420; ++day) {
      for (uint32_t type = 1; type <= 20; ++type) {
        profile.ledger.Add(NameId{type}, start + absl::Hours(24 * day), 9'999'999'123'457 * (type % 2) + day);
      }
    }
    EXPECT_GT(Encode(profile).size(), kMaxProfileBytes);
    segmentation::Compact(profile, kMaxProfileBytes);
    EXPECT_LE(Encode(profile).size(), kMaxProfileBytes);
    for (uint32_t type = 1; type <= 20; ++type) EXPECT_GE(profile.ledger.Find(NameId{type})->count, 420u);
  }
}

// The newest touches stay longer than the oldest days, and what was dropped is said.
TEST(Compact, DropsTheOldestTouchesFirst) {
  Profile profile = testing_support::FullProfile();
  const absl::Time newest = profile.trail.touches.back().at;
  for (size_t i = 0; i < profile.trail.touches.size(); ++i) {
    profile.trail.touches[i].type = NameId{static_cast<uint32_t>(i)};
    profile.trail.touches[i].value_micros = 999'999'999'999'999;
  }
  const size_t days = profile.ledger.series()[0].days.size();
  const size_t touches = profile.trail.touches.size();
  segmentation::Compact(profile, BoundBytes(profile) - 1'000);
  EXPECT_EQ(profile.ledger.series()[0].days.size(), days);
  ASSERT_LT(profile.trail.touches.size(), touches);
  EXPECT_LT(profile.trail.from, profile.trail.touches.front().at);
  EXPECT_EQ(profile.trail.touches.back().at, newest);
  segmentation::Compact(profile, 1'000);
  EXPECT_TRUE(profile.trail.touches.empty());
  EXPECT_EQ(profile.trail.from, newest);
}

}  // namespace
}  // namespace waymark::store
