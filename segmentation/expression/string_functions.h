#ifndef WAYMARK_SEGMENTATION_EXPRESSION_STRING_FUNCTIONS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_STRING_FUNCTIONS_H_

#include "segmentation/expression/functions.h"

namespace waymark::expression {

// The functions over strings, bytes, lists and maps, one for each line of the table in functions.cc.

// What compiling a regular expression in evaluation costs, in steps.
inline constexpr int64_t kStepsPerPattern = 2000;

// In code points.
Value SizeOfString(const CallContext& context, const Value* arguments);
Value SizeOfBytes(const CallContext& context, const Value* arguments);
Value SizeOfList(const CallContext& context, const Value* arguments);
Value SizeOfMap(const CallContext& context, const Value* arguments);

Value Contains(const CallContext& context, const Value* arguments);
Value StartsWith(const CallContext& context, const Value* arguments);
Value EndsWith(const CallContext& context, const Value* arguments);
// Whether a part of the string matches the RE2 expression. A constant expression is compiled with the rule; another one
// on each call, which takes steps and the heap.
Value Matches(const CallContext& context, const Value* arguments);

// nullptr where the expression is not valid or takes more than RE2's bound of memory that we allow.
std::unique_ptr<const RE2> CompilePattern(absl::string_view pattern);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_STRING_FUNCTIONS_H_
