#include "segmentation/expression/lexer.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace waymark::expression {
namespace {

using ::testing::ElementsAre;

// Each token as its kind's letter and its text, up to the end or a problem.
std::vector<std::string> Tokens(absl::string_view source) {
  constexpr absl::string_view kLetters = ".nqiudsb@!";
  Lexer lexer(source);
  std::vector<std::string> tokens;
  while (true) {
    const Token token = lexer.Next();
    if (token.kind == TokenKind::kEnd) return tokens;
    tokens.push_back(absl::StrCat(kLetters.substr(static_cast<size_t>(token.kind), 1), ":", token.text));
    if (token.kind == TokenKind::kProblem) return tokens;
  }
}

TEST(LexerTest, NamesNumbersAndSymbols) {
  EXPECT_THAT(Tokens("customer.age>=18&&x_1"),
              ElementsAre("n:customer", "@:.", "n:age", "@:>=", "i:18", "@:&&", "n:x_1"));
  EXPECT_THAT(Tokens("0x1F 12u 0xFFu 1.5 .5 1e3 2.5E-7 7U"),
              ElementsAre("i:0x1F", "u:12u", "u:0xFFu", "d:1.5", "d:.5", "d:1e3", "d:2.5E-7", "u:7U"));
  EXPECT_THAT(Tokens("[1].x"), ElementsAre("@:[", "i:1", "@:]", "@:.", "n:x"));
  EXPECT_THAT(Tokens("m.`content-type`"), ElementsAre("n:m", "@:.", "q:content-type"));
}

TEST(LexerTest, SpaceAndCommentsAreLeftOut) {
  EXPECT_THAT(Tokens(" a\t// one ' two\r\n\f b // end"), ElementsAre("n:a", "n:b"));
  EXPECT_THAT(Tokens("// only"), ElementsAre());
  EXPECT_THAT(Tokens("a / b"), ElementsAre("n:a", "@:/", "n:b"));
}

TEST(LexerTest, StringsOfAllForms) {
  EXPECT_THAT(Tokens(R"("a" 'b' r"\" b'x' Br'\' rb)"),
              ElementsAre(R"(s:"a")", "s:'b'", R"(s:r"\")", "b:b'x'", R"(b:Br'\')", "n:rb"));
  EXPECT_THAT(Tokens(R"("a\"b" 'c\\')"), ElementsAre(R"(s:"a\"b")", R"(s:'c\\')"));
  EXPECT_THAT(Tokens("'''it's\n\"'''"), ElementsAre("s:'''it's\n\"'''"));
  EXPECT_THAT(Tokens("'' \"\""), ElementsAre("s:''", "s:\"\""));
}

TEST(LexerTest, Problems) {
  EXPECT_THAT(Tokens("a 'b"), ElementsAre("n:a", "!:the closing quote is missing"));
  EXPECT_THAT(Tokens("'a\nb'"), ElementsAre("!:the closing quote is missing"));
  EXPECT_THAT(Tokens("'a\\"), ElementsAre("!:the closing quote is missing"));
  EXPECT_THAT(Tokens("a = b"), ElementsAre("n:a", "!:a rule compares with ==; it cannot assign with ="));
  EXPECT_THAT(Tokens("a & b"), ElementsAre("n:a", "!:\"and\" is written &&"));
  EXPECT_THAT(Tokens("a | b"), ElementsAre("n:a", "!:\"or\" is written ||"));
  EXPECT_THAT(Tokens("0x"), ElementsAre("!:digits are missing after 0x"));
  EXPECT_THAT(Tokens("1e+"), ElementsAre("!:the number's exponent is missing"));
  EXPECT_THAT(Tokens("12ab"), ElementsAre("!:a number cannot go on with a letter"));
  EXPECT_THAT(Tokens("a # b"), ElementsAre("n:a", "!:a rule cannot hold this character here"));
  EXPECT_THAT(Tokens("m.`a$`"),
              ElementsAre("n:m", "@:.", "!:a name in backticks holds letters, digits and _ . - / and spaces"));
}

TEST(LexerTest, OffsetsAreOfTheSource) {
  Lexer lexer("  ab  'c'");
  EXPECT_EQ(lexer.Next().offset, 2u);
  EXPECT_EQ(lexer.Next().offset, 6u);
  EXPECT_EQ(lexer.Next().offset, 9u);
}

}  // namespace
}  // namespace waymark::expression
