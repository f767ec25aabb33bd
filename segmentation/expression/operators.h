#ifndef WAYMARK_SEGMENTATION_EXPRESSION_OPERATORS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_OPERATORS_H_

#include "segmentation/expression/functions.h"

namespace waymark::expression {

// What the operators do, one function for each line of the table in functions.cc. Integers that leave their 64 bits,
// times and durations that leave their range are errors of kOverflow, division of integers by zero is one of
// kDivideByZero; doubles follow IEEE 754.

Value Not(const CallContext& context, const Value* arguments);
Value NegateInt(const CallContext& context, const Value* arguments);
Value NegateDouble(const CallContext& context, const Value* arguments);

Value AddInts(const CallContext& context, const Value* arguments);
Value AddUints(const CallContext& context, const Value* arguments);
Value AddDoubles(const CallContext& context, const Value* arguments);
Value AddStrings(const CallContext& context, const Value* arguments);
Value AddBytes(const CallContext& context, const Value* arguments);
Value AddLists(const CallContext& context, const Value* arguments);
Value AddDurationToTimestamp(const CallContext& context, const Value* arguments);
Value AddTimestampToDuration(const CallContext& context, const Value* arguments);
Value AddDurations(const CallContext& context, const Value* arguments);

Value SubtractInts(const CallContext& context, const Value* arguments);
Value SubtractUints(const CallContext& context, const Value* arguments);
Value SubtractDoubles(const CallContext& context, const Value* arguments);
// As CEL has it, the difference must fit 64 bits of nanoseconds (292 years).
Value SubtractTimestamps(const CallContext& context, const Value* arguments);
Value SubtractDurationFromTimestamp(const CallContext& context, const Value* arguments);
Value SubtractDurations(const CallContext& context, const Value* arguments);

Value MultiplyInts(const CallContext& context, const Value* arguments);
Value MultiplyUints(const CallContext& context, const Value* arguments);
Value MultiplyDoubles(const CallContext& context, const Value* arguments);

Value DivideInts(const CallContext& context, const Value* arguments);
Value DivideUints(const CallContext& context, const Value* arguments);
Value DivideDoubles(const CallContext& context, const Value* arguments);
// Truncated: the remainder has the sign of the first operand.
Value RemainderOfInts(const CallContext& context, const Value* arguments);
Value RemainderOfUints(const CallContext& context, const Value* arguments);

// The index may be any number that is whole.
Value IndexList(const CallContext& context, const Value* arguments);
Value IndexMap(const CallContext& context, const Value* arguments);
Value InList(const CallContext& context, const Value* arguments);
Value InMap(const CallContext& context, const Value* arguments);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_OPERATORS_H_
