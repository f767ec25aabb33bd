#include "tests/segmentation/expression/random_rules.h"

#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"

namespace waymark::expression {
namespace {

constexpr absl::string_view kSeeds[] = {
    "customer.age >= 18 && customer.country in ['DE', \"AT\"] || !has(customer.email)",
    "count('purchase', days(30)) > 2 ? spend * 1.5e1 : -spend / 0x1Fu",
    "customer.tags.filter(t, t.matches('^v.*\\x70$')).map(t, size(t) > 1, {'k': t, 2u: [t]}).exists(m, m.k == r'\\d')",
    "now - duration('1h30m') < timestamp('2024-02-29T12:00:00.5+01:00') && now.getHours('Europe/Berlin') % 2 == 0",
    "[1, 2.0, null, b'\\xff', type(any), {}][any] == dyn(context.`page`) || .spend != .any // comment",
    "'''tri'ple\n''' + \"\"\"x\"\"\" + string(9223372036854775807 - 1) + 'ä€😀\\u00e4\\U0001F600'",
    "[[1, 2], []].all(l, l.exists_one(n, n == 1) || l == []) && has({'a': {'b': 1}}.a.b)",
};
constexpr absl::string_view kPieces[] = {"(",    ")",  "[",    "]",    "{",    "}",  "'",    "\"", "\\", ".",
                                         ",",    "?",  ":",    " && ", " || ", "!",  "-",    "+",  "*",  "/",
                                         "%",    "==", "<",    " in ", "has(", "0",  "1.5e", "0x", "u",  "any",
                                         "null", "\n", "\xff", "`",    "x",    "{{", "}}"};

}  // namespace

std::string RandomText(std::mt19937& random) {
  std::string rule(kSeeds[random() % std::size(kSeeds)]);
  for (int edits = static_cast<int>(random() % 5); edits >= 0; --edits) {
    const size_t at = random() % (rule.size() + 1);
    switch (random() % 4) {
      case 0:
        rule.erase(at, 1 + random() % 8);
        break;
      case 1:
        rule.insert(at, kPieces[random() % std::size(kPieces)].data());
        break;
      case 2: {
        const absl::string_view other = kSeeds[random() % std::size(kSeeds)];
        rule.insert(at, std::string(other.substr(random() % other.size(), random() % 20)));
        break;
      }
      default:
        rule = rule.substr(at) + rule.substr(0, at);
    }
  }
  return rule;
}

namespace {

// Writes one rule, an operand of each type at a time. Macro variables are named by depth and type.
class RuleWriter {
 public:
  explicit RuleWriter(std::mt19937& random) : random_(random) {}

  std::string Bool(int depth) {
    switch (Below(depth > 0 ? 14 : 4)) {
      case 0:
        return "customer.age >= 18";
      case 1:
        return "has(customer.email)";
      case 2:
        return OneOf({"true", "false", "customer.country == 'AT'", "customer.email != ''", "broken == 1"});
      case 3:
        return absl::StrCat("count('purchase', days(", 30 * (1 + Below(2)), ")) > ", Below(5));
      case 4:
        return absl::StrCat("!", Parenthesized(Bool(depth - 1)));
      case 5:
        return Joined(depth, " && ");
      case 6:
        return Joined(depth, " || ");
      case 7:
        return absl::StrCat(Parenthesized(Int(depth - 1)), OneOf({" == ", " != ", " < ", " <= ", " > ", " >= "}),
                            Parenthesized(Int(depth - 1)));
      case 8:
        return absl::StrCat(Parenthesized(Text(depth - 1)), OneOf({" == ", " != ", " < ", " >= "}),
                            Parenthesized(Text(depth - 1)));
      case 9:
        return absl::StrCat(Parenthesized(Text(depth - 1)), OneOf({".contains(", ".startsWith(", ".matches("}),
                            Below(2) == 0 ? Text(depth - 1) : "'a.*'", ")");
      case 10:
        return absl::StrCat(Parenthesized(Texts(depth - 1)), OneOf({" == ", " != "}), Parenthesized(Texts(depth - 1)));
      case 11:
        return absl::StrCat(Parenthesized(Text(depth - 1)), " in ", Parenthesized(Texts(depth - 1)));
      case 12:
        return Macro(Texts(depth - 1), OneOf({"all", "exists", "exists_one"}), texts_, "t",
                     [&] { return Bool(depth - 1); });
      default:
        return absl::StrCat(Parenthesized(Bool(depth - 1)), " ? ", Parenthesized(Bool(depth - 1)), " : ",
                            Parenthesized(Bool(depth - 1)));
    }
  }

 private:
  int Below(int limit) { return static_cast<int>(random_() % static_cast<unsigned>(limit)); }
  std::string OneOf(const std::vector<std::string>& list) {
    return list[static_cast<size_t>(Below(static_cast<int>(list.size())))];
  }
  static std::string Parenthesized(const std::string& text) { return absl::StrCat("(", text, ")"); }

  std::string Joined(int depth, absl::string_view between) {
    std::vector<std::string> terms;
    for (int i = 2 + Below(2); i > 0; --i) terms.push_back(Parenthesized(Bool(depth - 1)));
    return absl::StrJoin(terms, between);
  }

  // range.name(variable, body)
  template <typename Body>
  std::string Macro(const std::string& range, absl::string_view name, int& variables, absl::string_view prefix,
                    Body body) {
    const std::string variable = absl::StrCat(prefix, variables++);
    std::string text = absl::StrCat(Parenthesized(range), ".", name, "(", variable, ", ", body(), ")");
    --variables;
    return text;
  }

  std::string Int(int depth) {
    switch (Below(depth > 0 ? 10 : 4)) {
      case 0:
        return "customer.age";
      case 1:
        return absl::StrCat(Below(100) - 50);
      case 2:
        return OneOf({"broken", "int(orders)", "now.getHours()", "count('visit', hours(6))"});
      case 3:
        return numbers_ > 0 ? absl::StrCat("n", Below(numbers_)) : "now.getDate('Europe/Berlin')";
      case 4:
        return absl::StrCat(Parenthesized(Int(depth - 1)), OneOf({" + ", " - ", " * ", " / ", " % "}),
                            Parenthesized(Int(depth - 1)));
      case 5:
        return absl::StrCat("-", Parenthesized(Int(depth - 1)));
      case 6:
        return absl::StrCat("size(", Text(depth - 1), ")");
      case 7:
        return absl::StrCat(Parenthesized(Texts(depth - 1)), ".size()");
      case 8:
        return absl::StrCat(Parenthesized(Ints(depth - 1)), "[", Below(3), "]");
      default:
        return absl::StrCat("int(spend) + ", Below(3));
    }
  }

  std::string Text(int depth) {
    switch (Below(depth > 0 ? 8 : 4)) {
      case 0:
        return "customer.country";
      case 1:
        return "customer.email";
      case 2:
        return OneOf(
            {"'AT'", "'vip'", "''", "'a text of some more than sixty-four bytes, which takes a step to read'"});
      case 3:
        return texts_ > 0 ? absl::StrCat("t", Below(texts_)) : "string(any)";
      case 4:
        return absl::StrCat(Parenthesized(Text(depth - 1)), " + ", Parenthesized(Text(depth - 1)));
      case 5:
        return absl::StrCat("string(", Int(depth - 1), ")");
      case 6:
        return absl::StrCat("{'a': ", Text(depth - 1), ", 'b': ", Text(depth - 1), "}.", OneOf({"a", "b"}));
      default:
        return absl::StrCat(Parenthesized(Texts(depth - 1)), "[", Below(3), "]");
    }
  }

  std::string Texts(int depth) {
    switch (Below(depth > 0 ? 7 : 2)) {
      case 0:
        return "customer.tags";
      case 1:
        return "['AT', 'vip']";
      case 2:
        return absl::StrCat("[", Text(depth - 1), ", ", Text(depth - 1), "]");
      case 3:
        return absl::StrCat(Parenthesized(Texts(depth - 1)), " + ", Parenthesized(Texts(depth - 1)));
      case 4:
        return Macro(Texts(depth - 1), "map", texts_, "t", [&] { return Text(depth - 1); });
      case 5:
        return Macro(Texts(depth - 1), "filter", texts_, "t", [&] { return Bool(depth - 1); });
      default:
        return Macro(Ints(depth - 1), "map", numbers_, "n",
                     [&] { return absl::StrCat(Bool(depth - 1), ", ", Text(depth - 1)); });
    }
  }

  std::string Ints(int depth) {
    switch (Below(depth > 0 ? 4 : 1)) {
      case 0:
        return "[1, customer.age, 3]";
      case 1:
        return Macro(Texts(depth - 1), "map", texts_, "t", [&] { return Int(depth - 1); });
      case 2:
        return Macro(Ints(depth - 1), "filter", numbers_, "n", [&] { return Bool(depth - 1); });
      default:
        return absl::StrCat("{1: 2, customer.age: 4}.map(n", numbers_, ", n", numbers_, " + 1)");
    }
  }

  std::mt19937& random_;
  int texts_ = 0;  // macro variables there are
  int numbers_ = 0;
};

}  // namespace

std::string RandomRule(std::mt19937& random, int depth) { return RuleWriter(random).Bool(depth); }

}  // namespace waymark::expression
