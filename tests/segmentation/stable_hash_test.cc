#include "segmentation/stable_hash.h"

#include <gtest/gtest.h>

namespace waymark::segmentation {
namespace {

// XXH64's own published vectors for the empty text and "abc"; the rest pins what is stored.
TEST(StableHash, IsTheSameForEver) {
  EXPECT_EQ(StableHash(""), 0xef46db3751d8e999u);
  EXPECT_EQ(StableHash("abc"), 0x44bc2cf5ad770999u);
  EXPECT_NE(StableHash("abc"), StableHash("abc", 1));
}

TEST(NameIdOf, IsTheUpperHalf) { EXPECT_EQ(NameIdOf("abc"), NameId{0x44bc2cf5u}); }

}  // namespace
}  // namespace waymark::segmentation
