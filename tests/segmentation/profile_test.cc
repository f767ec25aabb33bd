#include "segmentation/profile.h"

#include <gtest/gtest.h>

namespace waymark::segmentation {
namespace {

TEST(Profile, KeepsTraitsInOrder) {
  Profile profile;
  for (uint32_t name : {5u, 1u, 9u, 1u}) SetTrait(profile, NameId{name}, int64_t{name});
  ASSERT_EQ(profile.traits.size(), 3u);
  EXPECT_EQ(profile.traits[0].name, NameId{1});
  EXPECT_EQ(profile.traits[2].name, NameId{9});
  EXPECT_EQ(FindTrait(profile, NameId{5})->value, TraitValue(int64_t{5}));
  ClearTrait(profile, NameId{5});
  ClearTrait(profile, NameId{6});
  EXPECT_EQ(FindTrait(profile, NameId{5}), nullptr);
  EXPECT_EQ(profile.traits.size(), 2u);
}

TEST(Profile, ReplacesAConsent) {
  Profile profile;
  SetConsent(profile, {NameId{3}, true, absl::UnixEpoch()});
  SetConsent(profile, {NameId{3}, false, absl::UnixEpoch() + absl::Hours(1)});
  ASSERT_EQ(profile.consents.size(), 1u);
  EXPECT_FALSE(FindConsent(profile, NameId{3})->granted);
  ClearConsent(profile, NameId{3});
  EXPECT_EQ(FindConsent(profile, NameId{3}), nullptr);
}

TEST(Profile, ReplacesAPosition) {
  Profile profile;
  SetPosition(profile, {.journey = NameId{1}, .current = {NameId{2}, absl::UnixEpoch()}});
  SetPosition(profile, {.journey = NameId{1}, .current = {NameId{3}, absl::UnixEpoch()}});
  EXPECT_EQ(FindPosition(profile, NameId{1})->current.stage, NameId{3});
  EXPECT_EQ(FindPosition(profile, NameId{2}), nullptr);
}

}  // namespace
}  // namespace waymark::segmentation
