#include "segmentation/event.h"

#include <gtest/gtest.h>

namespace waymark::segmentation {
namespace {

TEST(IsLabel, TakesPrintableTextWithoutASlash) {
  for (absl::string_view label : {"shoes", "Home & Garden", "Größe Ä", "\xc2\xa0", "靴", "a"}) {
    EXPECT_TRUE(IsLabel(label)) << label;
  }
  EXPECT_TRUE(IsLabel(std::string(64, 'x')));
  EXPECT_FALSE(IsLabel(std::string(65, 'x')));
  for (absl::string_view text : {"", "a/b", "a\nb", "\x7f", "\xc2\x85", "\xff", "\xc2"}) {
    EXPECT_FALSE(IsLabel(text)) << text;
  }
  EXPECT_FALSE(IsLabel(absl::string_view("a\0b", 3)));
}

TEST(IsTouchpoint, TakesAChannelWithAPlaceOrByItself) {
  for (absl::string_view touchpoint : {"web/product_page", "web", "store/Köln Hbf", "web/a/b"}) {
    EXPECT_TRUE(IsTouchpoint(touchpoint)) << touchpoint;
  }
  EXPECT_TRUE(IsTouchpoint("web/" + std::string(60, 'x')));
  EXPECT_FALSE(IsTouchpoint("web/" + std::string(61, 'x')));
  for (absl::string_view text : {"", "/", "/cart", "web/", "web/a\nb", "web/\xff"}) {
    EXPECT_FALSE(IsTouchpoint(text)) << text;
  }
}

TEST(ChannelOfTouchpoint, IsWhatComesBeforeTheSlash) {
  EXPECT_EQ(ChannelOfTouchpoint("web/product_page"), "web");
  EXPECT_EQ(ChannelOfTouchpoint("web/a/b"), "web");
  EXPECT_EQ(ChannelOfTouchpoint("web"), "web");
}

}  // namespace
}  // namespace waymark::segmentation
