#include "segmentation/expression/template.h"

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/segmentation/expression/fake_facts.h"

namespace waymark::expression {
namespace {

using ::testing::ElementsAre;

// The rendered text, "error: " and the status's message, or "issues: " and each issue's line:column and message.
std::string Rendered(absl::string_view text, Escape escape = EscapeNothing,
                     absl::optional<absl::string_view> missing = absl::nullopt) {
  FakeFacts facts = ShopFacts();
  const TemplateCompilation compiled = CompileTemplate(text, facts);
  if (!compiled.text) {
    std::string issues = "issues:";
    for (const Issue& issue : compiled.issues)
      absl::StrAppend(&issues, " ", issue.line, ":", issue.column, " ", issue.message);
    return issues;
  }
  Arena arena;
  const absl::StatusOr<std::string> rendered = compiled.text->Render(facts, arena, escape, missing);
  if (rendered.ok()) return *rendered;
  EXPECT_EQ(rendered.status().code(), absl::StatusCode::kFailedPrecondition);
  return absl::StrCat("error: ", rendered.status().message());
}

TEST(TemplateTest, LiteralTextIsKept) {
  for (absl::string_view text : {"", "Hello", "a } b }} c { d", "<b>\n\t{ x }</b>", "ä€😀"})
    EXPECT_EQ(Rendered(text, EscapeHtml), text);
}

TEST(TemplateTest, Pieces) {
  EXPECT_EQ(Rendered("Age {{ customer.age }}, from {{customer.country}}!"), "Age 42, from AT!");
  EXPECT_EQ(Rendered("{{1}}{{2u}}{{2.5}}{{true}}{{'x'}}"), "122.5truex");
  EXPECT_EQ(Rendered("{{ spend > 500.0 ? 'gold' : 'silver' }}"), "gold");
  EXPECT_EQ(Rendered("{{ any }}"), "5");
  EXPECT_EQ(Rendered("{{ string(now) }}"), "2024-02-29T12:00:00Z");
  EXPECT_EQ(Rendered("{{ spend * 1000.0 }}"), "812500");
}

TEST(TemplateTest, BracesInsideAPieceAreNoEnd) {
  EXPECT_EQ(Rendered("{{ '}}' }}"), "}}");
  EXPECT_EQ(Rendered("{{ '{{' }}x}}"), "{{x}}");
  EXPECT_EQ(Rendered("{{ {'a': {'b': 7}}.a.b }}"), "7");
  EXPECT_EQ(Rendered("{{ {'a': 7}['a']}}"), "7");
}

TEST(TemplateTest, ValuesAreEscapedAndLiteralTextIsNot) {
  EXPECT_EQ(Rendered("<p title=\"{{ '\"<&>' }}\">", EscapeHtml), "<p title=\"&quot;&lt;&amp;&gt;\">");
  EXPECT_EQ(Rendered("{\"a\": \"{{ 'x\"\\n</script>' }}\"}", EscapeJson), "{\"a\": \"x\\\"\\n\\u003c/script\\u003e\"}");
}

TEST(TemplateTest, WhatIsMissing) {
  EXPECT_EQ(Rendered("Hi {{ customer.email }}"), "error: customer.email is not known");
  EXPECT_EQ(Rendered("Hi {{ customer.email }}, {{ customer.age }}", EscapeHtml, "you & yours"),
            "Hi you &amp; yours, 42");
  EXPECT_EQ(Rendered("{{ context.nothing }}"), "error: there is no field \"nothing\"");
  EXPECT_EQ(Rendered("{{ context.nothing }}", EscapeNothing, "-"), "-");
  EXPECT_EQ(Rendered("{{ has(customer.email) ? customer.email : 'friend' }}"), "friend");
}

TEST(TemplateTest, OtherErrorsAreNotMissing) {
  EXPECT_EQ(Rendered("{{ any / 0 }}", EscapeNothing, "-"), "error: division by zero");
  EXPECT_EQ(Rendered("{{ dyn(customer.tags) }}", EscapeNothing, "-"), "error: a text cannot show a value of type list");
  EXPECT_EQ(Rendered("{{ dyn(null) }}", EscapeNothing, "-"), "error: a text cannot show a value of type null_type");
}

TEST(TemplateTest, IssuesHaveTheTextsPositions) {
  EXPECT_EQ(Rendered("Hi {{ customer.agee }}"),
            "issues: 1:7 there is no `customer.agee`; did you mean `customer.age`?");
  EXPECT_EQ(Rendered("ä\n €{{ customer.tags }}"),
            "issues: 2:6 a text cannot show a list(string); convert it with string()");
  EXPECT_EQ(Rendered("a\nb {{\n  zzz }}"), "issues: 3:3 there is no `zzz`");
  EXPECT_EQ(Rendered("a {{ }} b"), "issues: 1:3 there is nothing between {{ and }}");
  EXPECT_EQ(Rendered("a {{ customer.age"), "issues: 1:3 this {{ is never closed by }}");
  EXPECT_EQ(Rendered("a {{ customer.age }"), "issues: 1:3 this {{ is never closed by }}");
  EXPECT_EQ(Rendered("{{ 1 + }} {{ zzz }} {{ 'a }}"),
            "issues: 1:8 the rule ends too early 1:14 there is no `zzz` 1:24 the closing quote is missing");
  EXPECT_EQ(Rendered("\xff"), "issues: 1:1 the text is not valid UTF-8");
  EXPECT_EQ(Rendered(std::string(256 * 1024 + 1, 'a')), "issues: 1:1 the text is too long: at most 262144 bytes");
}

TEST(TemplateTest, FactsOfAllPieces) {
  FakeFacts facts = ShopFacts();
  const Template text = *CompileTemplate("{{ spend }} {{ customer.age }} {{ spend }}", facts).text;
  EXPECT_THAT(text.facts(), ElementsAre(0, 4));
  EXPECT_FALSE(text.is_literal());
  EXPECT_TRUE(CompileTemplate("only text", facts).text->is_literal());
}

}  // namespace
}  // namespace waymark::expression
