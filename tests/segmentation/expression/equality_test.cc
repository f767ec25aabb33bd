#include "segmentation/expression/equality.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace waymark::expression {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();

// Numbers in ascending order; those of one row are equal.
std::vector<std::vector<Value>> OrderedNumbers() {
  return {
      {Value::Double(-std::numeric_limits<double>::infinity())},
      {Value::Double(-1e19)},
      {Value::Int(std::numeric_limits<int64_t>::min()), Value::Double(-9223372036854775808.0)},
      {Value::Int(-1), Value::Double(-1)},
      {Value::Int(0), Value::Uint(0), Value::Double(0.0), Value::Double(-0.0)},
      {Value::Double(0.5)},
      {Value::Int(1), Value::Uint(1), Value::Double(1)},
      {Value::Int(9007199254740993), Value::Uint(9007199254740993)},
      {Value::Uint(9223372036854775809u)},
      {Value::Double(1e20)},
      {Value::Double(std::numeric_limits<double>::infinity())},
  };
}

TEST(EqualityTest, NumbersCompareAcrossTypes) {
  const std::vector<std::vector<Value>> rows = OrderedNumbers();
  for (size_t i = 0; i < rows.size(); ++i) {
    for (size_t j = 0; j < rows.size(); ++j) {
      for (const Value& a : rows[i]) {
        for (const Value& b : rows[j]) {
          SCOPED_TRACE(DebugString(a) + " and " + DebugString(b));
          EXPECT_EQ(Equal(a, b), i == j);
          EXPECT_EQ(Compare(a, b), i < j ? Order::kLess : i > j ? Order::kGreater : Order::kEqual);
        }
      }
    }
  }
}

TEST(EqualityTest, NanIsInNoOrder) {
  for (const Value& other : {Value::Double(kNan), Value::Double(1), Value::Int(1), Value::Uint(1)}) {
    EXPECT_FALSE(Equal(Value::Double(kNan), other));
    EXPECT_FALSE(Equal(other, Value::Double(kNan)));
    EXPECT_EQ(Compare(Value::Double(kNan), other), Order::kUnordered);
    EXPECT_EQ(Compare(other, Value::Double(kNan)), Order::kUnordered);
  }
}

bool HasOrder(Kind kind) {
  return kind != Kind::kNull && kind != Kind::kList && kind != Kind::kMap && kind != Kind::kType;
}

TEST(EqualityTest, OtherKindsAreUnequalAndInNoOrder) {
  const Value one[] = {Value::Int(1)};
  const ListValue list{one};
  const MapValue map{};
  const std::vector<Value> values = {Value(),
                                     Value::Bool(true),
                                     Value::Int(1),
                                     Value::String("1"),
                                     Value::Bytes("1"),
                                     Value::List(&list),
                                     Value::Map(&map),
                                     Value::Timestamp(absl::FromUnixSeconds(1)),
                                     Value::Duration(absl::Seconds(1)),
                                     Value::Type(Kind::kInt)};
  for (size_t i = 0; i < values.size(); ++i) {
    for (size_t j = 0; j < values.size(); ++j) {
      SCOPED_TRACE(DebugString(values[i]) + " and " + DebugString(values[j]));
      EXPECT_EQ(Equal(values[i], values[j]), i == j);
      EXPECT_EQ(Compare(values[i], values[j]).has_value(), i == j && HasOrder(values[i].kind()));
    }
  }
  EXPECT_FALSE(Compare(Value(), Value()).has_value());
  EXPECT_FALSE(Compare(Value::List(&list), Value::List(&list)).has_value());
}

TEST(EqualityTest, TextsBoolsTimesAndDurationsHaveAnOrder) {
  const std::pair<Value, Value> kAscending[] = {
      {Value::String("a"), Value::String("b")},
      {Value::String(""), Value::String("a")},
      {Value::String("z"), Value::String("é")},
      {Value::Bytes("\x7f"), Value::Bytes("\x80")},
      {Value::Bool(false), Value::Bool(true)},
      {Value::Timestamp(absl::FromUnixNanos(-1)), Value::Timestamp(absl::FromUnixNanos(0))},
      {Value::Duration(absl::Nanoseconds(-2)), Value::Duration(absl::Nanoseconds(-1))},
  };
  for (const auto& [low, high] : kAscending) {
    EXPECT_EQ(Compare(low, high), Order::kLess) << DebugString(low);
    EXPECT_EQ(Compare(high, low), Order::kGreater) << DebugString(low);
    EXPECT_EQ(Compare(low, low), Order::kEqual) << DebugString(low);
  }
}

TEST(EqualityTest, ListsAndMapsByContent) {
  const Value ab[] = {Value::Int(1), Value::Double(2)};
  const Value ab2[] = {Value::Uint(1), Value::Int(2)};
  const Value ba[] = {Value::Int(2), Value::Int(1)};
  const ListValue list_ab{ab}, list_ab2{ab2}, list_ba{ba};
  EXPECT_TRUE(Equal(Value::List(&list_ab), Value::List(&list_ab2)));
  EXPECT_FALSE(Equal(Value::List(&list_ab), Value::List(&list_ba)));

  const std::pair<Value, Value> forward[] = {{Value::Int(1), Value::String("x")},
                                             {Value::String("k"), Value::Bool(true)}};
  const std::pair<Value, Value> backward[] = {{Value::String("k"), Value::Bool(true)},
                                              {Value::Uint(1), Value::String("x")}};
  const std::pair<Value, Value> other[] = {{Value::String("k"), Value::Bool(true)},
                                           {Value::Uint(2), Value::String("x")}};
  const MapValue map{forward}, reversed{backward}, different{other};
  EXPECT_TRUE(Equal(Value::Map(&map), Value::Map(&reversed)));
  EXPECT_FALSE(Equal(Value::Map(&map), Value::Map(&different)));
}

TEST(EqualityTest, GivesUpWhenStepsRunOut) {
  const std::vector<Value> many(100, Value::Int(1));
  const ListValue list{many};
  int64_t steps = 50;
  EXPECT_FALSE(EqualWithin(Value::List(&list), Value::List(&list), steps));
  EXPECT_LT(steps, 0);
  steps = 101;
  EXPECT_TRUE(EqualWithin(Value::List(&list), Value::List(&list), steps));
  EXPECT_EQ(steps, 0);
}

}  // namespace
}  // namespace waymark::expression
