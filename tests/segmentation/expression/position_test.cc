#include "segmentation/expression/position.h"

#include "gtest/gtest.h"
#include "segmentation/expression/program.h"

namespace waymark::expression {
namespace {

TEST(PositionTest, LinesAndCharacters) {
  constexpr absl::string_view kText = "ab\r\ncä€d\rx\n\ny";
  const auto at = [&](absl::string_view character) {
    const Position position = PositionAt(kText, kText.find(character));
    return position.line * 100 + position.column;
  };
  EXPECT_EQ(at("a"), 101);
  EXPECT_EQ(at("b"), 102);
  EXPECT_EQ(at("c"), 201);
  EXPECT_EQ(at("€"), 203);
  EXPECT_EQ(at("d"), 204);
  EXPECT_EQ(at("x"), 301);
  EXPECT_EQ(at("y"), 501);
  EXPECT_EQ(PositionAt(kText, kText.size()).column, 2);
  EXPECT_EQ(PositionAt("", 0).line, 1);
}

TEST(PositionTest, Lines) {
  EXPECT_EQ(LineAt("a\nb\r\nc", 1), "a");
  EXPECT_EQ(LineAt("a\nb\r\nc", 2), "b");
  EXPECT_EQ(LineAt("a\nb\r\nc", 3), "c");
  EXPECT_EQ(LineAt("a\nb\r\nc", 4), "");
}

TEST(SnippetTest, CaretStandsBelowItsCharacter) {
  EXPECT_EQ(Snippet("ab", {1, 2, ""}), "ab\n ^");
  EXPECT_EQ(Snippet("x\n\tä b", {2, 4, ""}), "\tä b\n\t  ^");
  EXPECT_EQ(Snippet("ab", {1, 9, ""}), "ab\n  ^");
  EXPECT_EQ(Snippet("", {1, 1, ""}), "\n^");
}

}  // namespace
}  // namespace waymark::expression
