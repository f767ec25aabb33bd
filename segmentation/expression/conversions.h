#ifndef WAYMARK_SEGMENTATION_EXPRESSION_CONVERSIONS_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_CONVERSIONS_H_

#include "segmentation/expression/functions.h"

namespace waymark::expression {

// CEL's conversions, one for each line of the table in functions.cc. What does not fit the target is an error of
// kOverflow; a text that does not say such a value, one of kBadArgument.

// int(int), dyn(x) and the like.
Value Same(const CallContext& context, const Value* arguments);
Value TypeOf(const CallContext& context, const Value* arguments);

Value UintToInt(const CallContext& context, const Value* arguments);
// Towards zero.
Value DoubleToInt(const CallContext& context, const Value* arguments);
Value StringToInt(const CallContext& context, const Value* arguments);
// Whole seconds since 1970.
Value TimestampToInt(const CallContext& context, const Value* arguments);

Value IntToUint(const CallContext& context, const Value* arguments);
Value DoubleToUint(const CallContext& context, const Value* arguments);
Value StringToUint(const CallContext& context, const Value* arguments);

Value IntToDouble(const CallContext& context, const Value* arguments);
Value UintToDouble(const CallContext& context, const Value* arguments);
Value StringToDouble(const CallContext& context, const Value* arguments);

// Any scalar; bytes must be UTF-8.
Value ScalarToString(const CallContext& context, const Value* arguments);
Value BytesToString(const CallContext& context, const Value* arguments);
Value StringToBytes(const CallContext& context, const Value* arguments);
// "true", "True", "TRUE", "t", "1", and the same for false.
Value StringToBool(const CallContext& context, const Value* arguments);

// RFC 3339: "2024-02-29T12:00:00Z", "2024-02-29T12:00:00.5+01:00".
Value StringToTimestamp(const CallContext& context, const Value* arguments);
// Seconds since 1970.
Value IntToTimestamp(const CallContext& context, const Value* arguments);
// "90s", "1h30m", "-1.5s"; units h, m, s, ms, us, ns.
Value StringToDuration(const CallContext& context, const Value* arguments);

// Waymark's own: so many times 24 hours, so many hours.
Value Days(const CallContext& context, const Value* arguments);
Value Hours(const CallContext& context, const Value* arguments);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_CONVERSIONS_H_
