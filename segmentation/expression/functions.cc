#include "segmentation/expression/functions.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/expression/conversions.h"
#include "segmentation/expression/operators.h"
#include "segmentation/expression/string_functions.h"
#include "segmentation/expression/time_functions.h"

namespace waymark::expression {
namespace {

using enum Pattern;

// One or two.
struct Parameters {
  constexpr Parameters(Pattern a) : patterns{a}, arity(1) {}  // NOLINT: so that a table's line may say {kInt}
  constexpr Parameters(Pattern a, Pattern b) : patterns{a, b}, arity(2) {}

  std::array<Pattern, 2> patterns;
  uint8_t arity;
};

// f(a) or f(a, b); operators too.
constexpr Overload Global(absl::string_view function, Parameters parameters, Pattern result, Implementation run,
                          Preparation preparation = Preparation::kNone) {
  return {.function = function,
          .parameters = parameters.patterns,
          .arity = parameters.arity,
          .result = result,
          .run = run,
          .preparation = preparation};
}

// a.f() or a.f(b)
constexpr Overload Receiver(absl::string_view function, Parameters parameters, Pattern result, Implementation run,
                            Preparation preparation = Preparation::kNone) {
  Overload overload = Global(function, parameters, result, run, preparation);
  overload.receiver = true;
  return overload;
}

constexpr Overload Comparison(absl::string_view function, Parameters parameters, Relation relation) {
  return {.function = function, .parameters = parameters.patterns, .arity = 2, .result = kBool, .relation = relation};
}

constexpr Overload Dynamic(Overload overload) {
  overload.dynamic_only = true;
  return overload;
}

constexpr Preparation kZone = Preparation::kTimeZone;
constexpr Preparation kPattern = Preparation::kRegularExpression;

// Lines of one name and call style stand together.
constexpr Overload kOverloads[] = {
    // Comparisons. Equality is for values of one type (dyn compares with all); order also across numbers.
    Comparison("_==_", {kA, kA}, Relation::kEqual),
    Comparison("_!=_", {kA, kA}, Relation::kNotEqual),
    Comparison("_<_", {kNumber, kNumber}, Relation::kLess),
    Comparison("_<_", {kString, kString}, Relation::kLess),
    Comparison("_<_", {kTimestamp, kTimestamp}, Relation::kLess),
    Comparison("_<_", {kDuration, kDuration}, Relation::kLess),
    Comparison("_<_", {kBytes, kBytes}, Relation::kLess),
    Comparison("_<_", {kBool, kBool}, Relation::kLess),
    Comparison("_<=_", {kNumber, kNumber}, Relation::kLessOrEqual),
    Comparison("_<=_", {kString, kString}, Relation::kLessOrEqual),
    Comparison("_<=_", {kTimestamp, kTimestamp}, Relation::kLessOrEqual),
    Comparison("_<=_", {kDuration, kDuration}, Relation::kLessOrEqual),
    Comparison("_<=_", {kBytes, kBytes}, Relation::kLessOrEqual),
    Comparison("_<=_", {kBool, kBool}, Relation::kLessOrEqual),
    Comparison("_>_", {kNumber, kNumber}, Relation::kGreater),
    Comparison("_>_", {kString, kString}, Relation::kGreater),
    Comparison("_>_", {kTimestamp, kTimestamp}, Relation::kGreater),
    Comparison("_>_", {kDuration, kDuration}, Relation::kGreater),
    Comparison("_>_", {kBytes, kBytes}, Relation::kGreater),
    Comparison("_>_", {kBool, kBool}, Relation::kGreater),
    Comparison("_>=_", {kNumber, kNumber}, Relation::kGreaterOrEqual),
    Comparison("_>=_", {kString, kString}, Relation::kGreaterOrEqual),
    Comparison("_>=_", {kTimestamp, kTimestamp}, Relation::kGreaterOrEqual),
    Comparison("_>=_", {kDuration, kDuration}, Relation::kGreaterOrEqual),
    Comparison("_>=_", {kBytes, kBytes}, Relation::kGreaterOrEqual),
    Comparison("_>=_", {kBool, kBool}, Relation::kGreaterOrEqual),

    // Arithmetic.
    Global("!_", {kBool}, kBool, Not),
    Global("-_", {kInt}, kInt, NegateInt),
    Global("-_", {kDouble}, kDouble, NegateDouble),
    Global("_+_", {kInt, kInt}, kInt, AddInts),
    Global("_+_", {kUint, kUint}, kUint, AddUints),
    Global("_+_", {kDouble, kDouble}, kDouble, AddDoubles),
    Global("_+_", {kString, kString}, kString, AddStrings),
    Global("_+_", {kBytes, kBytes}, kBytes, AddBytes),
    Global("_+_", {kListOfA, kListOfA}, kListOfA, AddLists),
    Global("_+_", {kTimestamp, kDuration}, kTimestamp, AddDurationToTimestamp),
    Global("_+_", {kDuration, kTimestamp}, kTimestamp, AddTimestampToDuration),
    Global("_+_", {kDuration, kDuration}, kDuration, AddDurations),
    Global("_-_", {kInt, kInt}, kInt, SubtractInts),
    Global("_-_", {kUint, kUint}, kUint, SubtractUints),
    Global("_-_", {kDouble, kDouble}, kDouble, SubtractDoubles),
    Global("_-_", {kTimestamp, kTimestamp}, kDuration, SubtractTimestamps),
    Global("_-_", {kTimestamp, kDuration}, kTimestamp, SubtractDurationFromTimestamp),
    Global("_-_", {kDuration, kDuration}, kDuration, SubtractDurations),
    Global("_*_", {kInt, kInt}, kInt, MultiplyInts),
    Global("_*_", {kUint, kUint}, kUint, MultiplyUints),
    Global("_*_", {kDouble, kDouble}, kDouble, MultiplyDoubles),
    Global("_/_", {kInt, kInt}, kInt, DivideInts),
    Global("_/_", {kUint, kUint}, kUint, DivideUints),
    Global("_/_", {kDouble, kDouble}, kDouble, DivideDoubles),
    Global("_%_", {kInt, kInt}, kInt, RemainderOfInts),
    Global("_%_", {kUint, kUint}, kUint, RemainderOfUints),

    // Lists and maps.
    Global("_[_]", {kListOfA, kInt}, kA, IndexList),
    Global("_[_]", {kMapOfAToB, kA}, kB, IndexMap),
    Dynamic(Global("_[_]", {kListOfA, kNumber}, kA, IndexList)),
    Global("@in", {kA, kListOfA}, kBool, InList),
    Global("@in", {kA, kMapOfAToB}, kBool, InMap),
    Global("size", {kString}, kInt, SizeOfString),
    Global("size", {kBytes}, kInt, SizeOfBytes),
    Global("size", {kListOfA}, kInt, SizeOfList),
    Global("size", {kMapOfAToB}, kInt, SizeOfMap),
    Receiver("size", {kString}, kInt, SizeOfString),
    Receiver("size", {kBytes}, kInt, SizeOfBytes),
    Receiver("size", {kListOfA}, kInt, SizeOfList),
    Receiver("size", {kMapOfAToB}, kInt, SizeOfMap),

    // Strings.
    Receiver("contains", {kString, kString}, kBool, Contains),
    Receiver("startsWith", {kString, kString}, kBool, StartsWith),
    Receiver("endsWith", {kString, kString}, kBool, EndsWith),
    Receiver("matches", {kString, kString}, kBool, Matches, kPattern),
    Global("matches", {kString, kString}, kBool, Matches, kPattern),

    // Conversions.
    Global("dyn", {kA}, kDyn, Same),
    Global("type", {kA}, kType, TypeOf),
    Global("int", {kInt}, kInt, Same),
    Global("int", {kUint}, kInt, UintToInt),
    Global("int", {kDouble}, kInt, DoubleToInt),
    Global("int", {kString}, kInt, StringToInt),
    Global("int", {kTimestamp}, kInt, TimestampToInt),
    Global("uint", {kUint}, kUint, Same),
    Global("uint", {kInt}, kUint, IntToUint),
    Global("uint", {kDouble}, kUint, DoubleToUint),
    Global("uint", {kString}, kUint, StringToUint),
    Global("double", {kDouble}, kDouble, Same),
    Global("double", {kInt}, kDouble, IntToDouble),
    Global("double", {kUint}, kDouble, UintToDouble),
    Global("double", {kString}, kDouble, StringToDouble),
    Global("string", {kString}, kString, Same),
    Global("string", {kBool}, kString, ScalarToString),
    Global("string", {kInt}, kString, ScalarToString),
    Global("string", {kUint}, kString, ScalarToString),
    Global("string", {kDouble}, kString, ScalarToString),
    Global("string", {kTimestamp}, kString, ScalarToString),
    Global("string", {kDuration}, kString, ScalarToString),
    Global("string", {kBytes}, kString, BytesToString),
    Global("bytes", {kBytes}, kBytes, Same),
    Global("bytes", {kString}, kBytes, StringToBytes),
    Global("bool", {kBool}, kBool, Same),
    Global("bool", {kString}, kBool, StringToBool),
    Global("timestamp", {kTimestamp}, kTimestamp, Same),
    Global("timestamp", {kString}, kTimestamp, StringToTimestamp),
    Global("timestamp", {kInt}, kTimestamp, IntToTimestamp),
    Global("duration", {kDuration}, kDuration, Same),
    Global("duration", {kString}, kDuration, StringToDuration),
    Global("days", {kInt}, kDuration, Days),
    Global("hours", {kInt}, kDuration, Hours),

    // Times.
    Receiver("getFullYear", {kTimestamp}, kInt, GetUtc<FullYear>),
    Receiver("getFullYear", {kTimestamp, kString}, kInt, GetInZone<FullYear>, kZone),
    Receiver("getMonth", {kTimestamp}, kInt, GetUtc<MonthFromZero>),
    Receiver("getMonth", {kTimestamp, kString}, kInt, GetInZone<MonthFromZero>, kZone),
    Receiver("getDate", {kTimestamp}, kInt, GetUtc<DayOfMonth>),
    Receiver("getDate", {kTimestamp, kString}, kInt, GetInZone<DayOfMonth>, kZone),
    Receiver("getDayOfMonth", {kTimestamp}, kInt, GetUtc<DayOfMonthFromZero>),
    Receiver("getDayOfMonth", {kTimestamp, kString}, kInt, GetInZone<DayOfMonthFromZero>, kZone),
    Receiver("getDayOfYear", {kTimestamp}, kInt, GetUtc<DayOfYearFromZero>),
    Receiver("getDayOfYear", {kTimestamp, kString}, kInt, GetInZone<DayOfYearFromZero>, kZone),
    Receiver("getDayOfWeek", {kTimestamp}, kInt, GetUtc<DayOfWeek>),
    Receiver("getDayOfWeek", {kTimestamp, kString}, kInt, GetInZone<DayOfWeek>, kZone),
    Receiver("getHours", {kTimestamp}, kInt, GetUtc<HourOfDay>),
    Receiver("getHours", {kTimestamp, kString}, kInt, GetInZone<HourOfDay>, kZone),
    Receiver("getHours", {kDuration}, kInt, HoursIn),
    Receiver("getMinutes", {kTimestamp}, kInt, GetUtc<MinuteOfHour>),
    Receiver("getMinutes", {kTimestamp, kString}, kInt, GetInZone<MinuteOfHour>, kZone),
    Receiver("getMinutes", {kDuration}, kInt, MinutesIn),
    Receiver("getSeconds", {kTimestamp}, kInt, GetUtc<SecondOfMinute>),
    Receiver("getSeconds", {kTimestamp, kString}, kInt, GetInZone<SecondOfMinute>, kZone),
    Receiver("getSeconds", {kDuration}, kInt, SecondsIn),
    Receiver("getMilliseconds", {kTimestamp}, kInt, GetUtc<MillisecondOfSecond>),
    Receiver("getMilliseconds", {kTimestamp, kString}, kInt, GetInZone<MillisecondOfSecond>, kZone),
    Receiver("getMilliseconds", {kDuration}, kInt, MillisecondsBeyond),
};

std::string DisplayName(absl::string_view function) {
  if (function == "@in") return "`in`";
  if (function == "_[_]") return "[]";
  if (function.front() == '_' || function.back() == '_') {
    absl::string_view symbol = function;
    while (symbol.front() == '_') symbol.remove_prefix(1);
    while (symbol.back() == '_') symbol.remove_suffix(1);
    return absl::StrCat("`", symbol, "`");
  }
  return absl::StrCat(function, "()");
}

std::vector<Function> Group() {
  std::vector<Function> functions;
  for (const Overload& overload : kOverloads) {
    Function* last = functions.empty() ? nullptr : &functions.back();
    if (last == nullptr || last->name != overload.function || last->receiver != overload.receiver) {
      functions.push_back(
          {overload.function, overload.receiver, absl::MakeConstSpan(&overload, 1), DisplayName(overload.function)});
    } else {
      last->overloads = absl::MakeConstSpan(last->overloads.data(), last->overloads.size() + 1);
    }
  }
  return functions;
}

absl::string_view PatternName(Pattern pattern) {
  constexpr absl::string_view kNames[] = {"bool",   "int",   "uint",      "double",   "number",
                                          "string", "bytes", "timestamp", "duration", "type",
                                          "dyn",    "any",   "any",       "list",     "map"};
  return kNames[static_cast<size_t>(pattern)];
}

}  // namespace

absl::Span<const Function> Functions() {
  static const auto& functions = *new std::vector<Function>(Group());
  return functions;
}

int FindFunction(absl::string_view name, bool receiver) {
  const absl::Span<const Function> functions = Functions();
  for (size_t i = 0; i < functions.size(); ++i) {
    if (functions[i].name == name && functions[i].receiver == receiver) return static_cast<int>(i);
  }
  return -1;
}

bool Fits(Pattern pattern, Kind kind) {
  // In the order of Pattern.
  constexpr Kind kKinds[] = {Kind::kBool,   Kind::kInt,   Kind::kUint,      Kind::kDouble,   Kind::kNull,
                             Kind::kString, Kind::kBytes, Kind::kTimestamp, Kind::kDuration, Kind::kType};
  switch (pattern) {
    case kNumber:
      return kind == Kind::kInt || kind == Kind::kUint || kind == Kind::kDouble;
    case kDyn:
    case kA:
    case kB:
      return kind != Kind::kError;
    case kListOfA:
      return kind == Kind::kList;
    case kMapOfAToB:
      return kind == Kind::kMap;
    default:
      return kKinds[static_cast<size_t>(pattern)] == kind;
  }
}

std::string Signature(const Overload& overload) {
  const absl::string_view first = PatternName(overload.parameters[0]);
  const absl::string_view second = overload.arity > 1 ? PatternName(overload.parameters[1]) : "";
  if (overload.receiver) return absl::StrCat(first, ".", overload.function, "(", second, ")");
  return absl::StrCat(overload.function, "(", first, overload.arity > 1 ? ", " : "", second, ")");
}

}  // namespace waymark::expression
