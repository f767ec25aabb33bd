#include "segmentation/expression/value.h"

#include <limits>
#include <utility>

#include "gtest/gtest.h"
#include "segmentation/expression/type.h"

namespace waymark::expression {
namespace {

TEST(ValueTest, ScalarsReadBack) {
  EXPECT_EQ(Value().kind(), Kind::kNull);
  EXPECT_TRUE(Value::Bool(true).bool_value());
  EXPECT_EQ(Value::Int(-5).int_value(), -5);
  EXPECT_EQ(Value::Uint(std::numeric_limits<uint64_t>::max()).uint_value(), std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(Value::Double(0.25).double_value(), 0.25);
  EXPECT_EQ(Value::String("text").string_value(), "text");
  EXPECT_EQ(Value::Bytes(absl::string_view("\0x", 2)).string_value().size(), 2u);
  EXPECT_EQ(Value::Type(Kind::kMap).type_value(), Kind::kMap);
}

TEST(ValueTest, OnlyTrueHolds) {
  EXPECT_TRUE(Value::Bool(true).holds());
  EXPECT_FALSE(Value::Bool(false).holds());
  EXPECT_FALSE(Value::Int(1).holds());
  EXPECT_FALSE(Value::Error(ErrorCode::kMissing, "x").holds());
}

TEST(ValueTest, ErrorsKeepCodeAndMessage) {
  const Value error = Value::Error(ErrorCode::kStepLimit, "too long");
  EXPECT_TRUE(error.is_error());
  EXPECT_EQ(error.error_code(), ErrorCode::kStepLimit);
  EXPECT_EQ(error.string_value(), "too long");
}

TEST(ValueTest, TimesKeepNanosecondsOnBothSidesOf1970) {
  for (int64_t nanoseconds : {0L, 1L, -1L, 1709208000123456789L, -1709208000123456789L}) {
    const absl::Time time = absl::FromUnixNanos(nanoseconds);
    EXPECT_EQ(Value::Timestamp(time).timestamp_value(), time);
    EXPECT_EQ(Value::Duration(absl::Nanoseconds(nanoseconds)).duration_value(), absl::Nanoseconds(nanoseconds));
  }
}

TEST(ValueTest, TimesOutsideTheirRangeAreErrors) {
  const absl::Time first = absl::FromUnixSeconds(-62135596800);
  const absl::Time last = absl::FromUnixSeconds(253402300799) + absl::Nanoseconds(999999999);
  EXPECT_EQ(Value::Timestamp(first).timestamp_value(), first);
  EXPECT_EQ(Value::Timestamp(last).timestamp_value(), last);
  EXPECT_EQ(Value::Timestamp(first - absl::Nanoseconds(1)).error_code(), ErrorCode::kOverflow);
  EXPECT_EQ(Value::Timestamp(last + absl::Nanoseconds(1)).error_code(), ErrorCode::kOverflow);
  EXPECT_EQ(Value::Timestamp(absl::InfiniteFuture()).error_code(), ErrorCode::kOverflow);
  EXPECT_EQ(Value::Timestamp(absl::InfinitePast()).error_code(), ErrorCode::kOverflow);
  const absl::Duration longest = absl::Seconds(315576000000);
  EXPECT_EQ(Value::Duration(-longest).duration_value(), -longest);
  EXPECT_EQ(Value::Duration(longest + absl::Nanoseconds(1)).error_code(), ErrorCode::kOverflow);
  EXPECT_EQ(Value::Duration(absl::InfiniteDuration()).error_code(), ErrorCode::kOverflow);
}

TEST(ValueTest, DebugStrings) {
  const Value elements[] = {Value::Int(1), Value::String("it's"), Value::Double(2)};
  const ListValue list{elements};
  const std::pair<Value, Value> entries[] = {{Value::String("k"), Value::List(&list)}};
  const MapValue map{entries};
  EXPECT_EQ(DebugString(Value::Map(&map)), R"({'k': [1, 'it\'s', 2.0]})");
  EXPECT_EQ(DebugString(Value::Uint(7)), "7u");
  EXPECT_EQ(DebugString(Value::Double(1e30)), "1e+30");
  EXPECT_EQ(DebugString(Value::Bytes("a\xff")), R"(b'a\xff')");
  EXPECT_EQ(DebugString(Value::Duration(absl::Milliseconds(-1500))), "duration('-1.5s')");
  EXPECT_EQ(DebugString(Value::Timestamp(absl::UnixEpoch())), "timestamp('1970-01-01T00:00:00Z')");
  EXPECT_EQ(DebugString(Value::Type(Kind::kDuration)), "google.protobuf.Duration");
  EXPECT_EQ(DebugString(Value::Error(ErrorCode::kMissing, "gone")), "error: gone");
  EXPECT_EQ(DebugString(Value()), "null");
}

TEST(TypeTest, Names) {
  EXPECT_EQ(Type::Dyn().ToString(), "dyn");
  EXPECT_EQ(Type::Of(Kind::kTimestamp).ToString(), "timestamp");
  EXPECT_EQ(Type::MapOf(Type::Of(Kind::kString), Type::ListOf(Type::Dyn())).ToString(), "map(string, list(dyn))");
}

}  // namespace
}  // namespace waymark::expression
