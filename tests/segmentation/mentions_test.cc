#include "segmentation/mentions.h"

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "segmentation/profile.h"

namespace waymark::segmentation {
namespace {

TEST(MentionsTest, GivesEachNameOnePlace) {
  Mentions mentions;
  EXPECT_EQ(mentions.Add(NameId{7}), 0u);
  EXPECT_EQ(mentions.Add(NameId{3}), 1u);
  EXPECT_EQ(mentions.Add(NameId{7}), 0u);
  EXPECT_EQ(mentions.Add(NameId{9}), 2u);
  EXPECT_EQ(mentions.size(), 3u);
}

// Every set of entries against every set of mentions, of eight names each.
TEST(MentionsTest, FindsWhatASearchFinds) {
  constexpr uint32_t kNames = 8;
  for (uint32_t there = 0; there < 1u << kNames; ++there) {
    Profile profile;
    for (uint32_t name = 0; name < kNames; ++name) {
      if ((there >> name & 1) != 0) SetTrait(profile, NameId{name}, int64_t{name});
    }
    for (uint32_t mentioned = 0; mentioned < 1u << kNames; ++mentioned) {
      Mentions mentions;
      for (uint32_t name = kNames; name-- > 0;) {
        if ((mentioned >> name & 1) != 0) mentions.Add(NameId{name});
      }
      std::vector<const Trait*> found(mentions.size());
      mentions.FindIn(profile.traits, &Trait::name, found.data());
      for (uint32_t name = 0; name < kNames; ++name) {
        if ((mentioned >> name & 1) == 0) continue;
        ASSERT_EQ(found[mentions.Add(NameId{name})], FindTrait(profile, NameId{name})) << there << " " << mentioned;
      }
    }
  }
}

}  // namespace
}  // namespace waymark::segmentation
