#ifndef WAYMARK_SEGMENTATION_EXPRESSION_LITERALS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_LITERALS_H_

#include <string>

#include "absl/strings/string_view.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/lexer.h"
#include "segmentation/expression/value.h"

namespace waymark::expression {

// What a literal's token means; where it means nothing, an error of kBadArgument whose message is for the rule's
// author. `negative`: a minus stands before the number. Texts are made in `arena`. REQUIRES: the token is a number, a
// string or bytes, as the lexer gave it.
Value DecodeLiteral(const Token& token, bool negative, Arena& arena);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_LITERALS_H_
