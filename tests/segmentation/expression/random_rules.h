#ifndef WAYMARK_TESTS_SEGMENTATION_EXPRESSION_RANDOM_RULES_H_
#define WAYMARK_TESTS_SEGMENTATION_EXPRESSION_RANDOM_RULES_H_

#include <random>
#include <string>

namespace waymark::expression {

// A text made by cutting and joining rules at random: most are no rules.
std::string RandomText(std::mt19937& random);

// A rule over ShopFacts that compiles, of type bool: all forms of the language, macros within macros, facts that are
// not known or err. `depth` bounds the nesting. Rules of few forms come often, so that several rules have parts in
// common.
std::string RandomRule(std::mt19937& random, int depth);

}  // namespace waymark::expression

#endif  // WAYMARK_TESTS_SEGMENTATION_EXPRESSION_RANDOM_RULES_H_
