#include "service/rpc/wire_values.h"

#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/field_error.h"

namespace waymark::rpc {
namespace {

using segmentation::TraitValue;

std::string FieldOf(const absl::Status& status) {
  const std::vector<base::FieldViolation> violations = base::FieldViolationsOf(status);
  return violations.empty() ? "" : violations[0].field;
}

TEST(ValueTest, EveryKindComesBackAsItWent) {
  const std::vector<TraitValue> values = {
      true,
      false,
      int64_t{-7},
      0.25,
      std::string("Wien"),
      std::string(),
      absl::FromUnixMillis(1'700'000'000'123),
      absl::FromUnixMillis(-1),
      std::vector<std::string>{"a", "b"},
      std::vector<std::string>{},
  };
  for (const TraitValue& value : values) {
    v1::Value wire;
    ValueToWire(value, wire);
    const absl::StatusOr<TraitValue> back = ValueFromWire("x", wire);
    ASSERT_TRUE(back.ok()) << back.status();
    EXPECT_EQ(*back, value) << wire.ShortDebugString();
  }
}

TEST(ValueTest, RefusesWhatTheContractDoesNotAllow) {
  std::vector<v1::Value> refused(8);
  // refused[0]: nothing is set.
  refused[1].set_double_value(std::numeric_limits<double>::quiet_NaN());
  refused[2].set_double_value(std::numeric_limits<double>::infinity());
  refused[3].set_string_value(std::string(257, 'x'));
  refused[4].set_string_value("\xC3\x28");
  refused[5].mutable_timestamp_value()->set_nanos(-1);
  for (int i = 0; i < 65; ++i) refused[6].mutable_string_list_value()->add_values("x");
  refused[7].mutable_string_list_value()->add_values(std::string(257, 'x'));
  for (size_t i = 0; i < refused.size(); ++i) {
    const absl::Status status = ValueFromWire("context.x", refused[i]).status();
    EXPECT_TRUE(absl::IsInvalidArgument(status)) << i;
    EXPECT_EQ(FieldOf(status), "context.x") << i;
  }
}

TEST(TimeTest, KeepsWholeMillisecondsAndTheRange) {
  struct Case {
    int64_t seconds;
    int32_t nanos;
    absl::optional<int64_t> millis;
  };
  const std::vector<Case> cases = {
      {0, 0, 0},
      {1, 999'999'999, 1999},
      {-1, 1'999'999, -999},
      {-62'135'596'800, 0, -62'135'596'800'000},
      {-62'135'596'801, 0, absl::nullopt},
      {253'402'300'799, 999'999'999, 253'402'300'799'999},
      {253'402'300'800, 0, absl::nullopt},
      {0, 1'000'000'000, absl::nullopt},
      {0, -1, absl::nullopt},
  };
  for (const Case& c : cases) {
    google::protobuf::Timestamp wire;
    wire.set_seconds(c.seconds);
    wire.set_nanos(c.nanos);
    const absl::StatusOr<absl::Time> time = TimeFromWire("t", wire);
    ASSERT_EQ(time.ok(), c.millis.has_value()) << wire.ShortDebugString();
    if (!c.millis.has_value()) continue;
    EXPECT_EQ(*time, absl::FromUnixMillis(*c.millis)) << wire.ShortDebugString();
    google::protobuf::Timestamp back;
    TimeToWire(*time, back);
    EXPECT_EQ(back.seconds(), c.seconds);
    EXPECT_EQ(back.nanos(), c.nanos / 1'000'000 * 1'000'000);
  }
}

TEST(TimeTest, WhatNoTimestampHoldsBecomesTheNearest) {
  google::protobuf::Timestamp wire;
  TimeToWire(absl::InfiniteFuture(), wire);
  EXPECT_EQ(wire.seconds(), 253'402'300'799);
  TimeToWire(absl::InfinitePast(), wire);
  EXPECT_EQ(wire.seconds(), -62'135'596'800);
}

TEST(EtagTest, IsTheRevision) {
  for (uint64_t revision : {uint64_t{0}, uint64_t{1}, uint64_t{0xABCDEF}, std::numeric_limits<uint64_t>::max()}) {
    const std::string etag = EtagOf(revision);
    EXPECT_EQ(etag.size(), 16u);
    const absl::StatusOr<uint64_t> back = RevisionOf(etag);
    ASSERT_TRUE(back.ok()) << etag;
    EXPECT_EQ(*back, revision);
  }
  for (absl::string_view other : {"", "1", "000000000000000g", "0x00000000000001", "00000000000000001"}) {
    EXPECT_TRUE(absl::IsAborted(RevisionOf(other).status())) << other;
  }
}

TEST(EntryFieldTest, RepeatsOnlyNames) {
  EXPECT_EQ(EntryField("profile.traits", "age"), "profile.traits[\"age\"]");
  EXPECT_EQ(EntryField("profile.traits", "anna@example.com"), "profile.traits");
}

}  // namespace
}  // namespace waymark::rpc
