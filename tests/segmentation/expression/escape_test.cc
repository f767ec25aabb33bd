#include "segmentation/expression/escape.h"

#include <string>

#include "gtest/gtest.h"
#include "segmentation/expression/utf8.h"

namespace waymark::expression {
namespace {

std::string Escaped(Escape escape, absl::string_view text) {
  std::string out = ">";
  escape(text, &out);
  return out;
}

TEST(EscapeTest, Nothing) { EXPECT_EQ(Escaped(EscapeNothing, "<&\"'\n"), "><&\"'\n"); }

TEST(EscapeTest, Html) {
  EXPECT_EQ(Escaped(EscapeHtml, "<script>alert('x' & \"y\")</script>"),
            ">&lt;script&gt;alert(&#39;x&#39; &amp; &quot;y&quot;)&lt;/script&gt;");
  EXPECT_EQ(Escaped(EscapeHtml, "Größe €"), ">Größe €");
}

TEST(EscapeTest, Json) {
  EXPECT_EQ(Escaped(EscapeJson, "a\"b\\c\n\r\t\x01\x7f"), ">a\\\"b\\\\c\\n\\r\\t\\u0001\\u007f");
  EXPECT_EQ(Escaped(EscapeJson, "</script>&"), ">\\u003c/script\\u003e\\u0026");
  EXPECT_EQ(Escaped(EscapeJson, "ä\u2028\u2029😀"), ">ä\\u2028\\u2029😀");
  EXPECT_EQ(Escaped(EscapeJson, "a\xff\xc3"), ">a\\ufffd\\ufffd");
}

// Whatever the bytes: no raw delimiter or control character, and valid UTF-8.
TEST(EscapeTest, JsonOfAnyTwoBytesIsSafe) {
  for (int first = 0; first < 256; ++first) {
    for (int second = 0; second < 256; ++second) {
      const char bytes[] = {static_cast<char>(first), static_cast<char>(second)};
      std::string out;
      EscapeJson(absl::string_view(bytes, 2), &out);
      ASSERT_TRUE(IsValidUtf8(out)) << first << " " << second;
      for (char c : out) ASSERT_GE(static_cast<uint8_t>(c), 0x20) << first << " " << second;
      ASSERT_EQ(out.find_first_of("<>&"), std::string::npos) << first << " " << second;
    }
  }
}

}  // namespace
}  // namespace waymark::expression
