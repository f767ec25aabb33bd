#include "service/rpc/status.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/field_error.h"
#include "service/rpc/error_details.pb.h"

namespace waymark::rpc {
namespace {

using testing::EndsWith;
using testing::HasSubstr;

// The details by type, as a client unpacks them.
struct Details {
  details::Status status;
  std::vector<std::string> types;
  details::ErrorInfo info;
  details::RetryInfo retry;
  details::BadRequest bad_request;
};

Details Unpack(const grpc::Status& status) {
  Details unpacked;
  EXPECT_TRUE(unpacked.status.ParseFromString(status.error_details()));
  for (const google::protobuf::Any& any : unpacked.status.details()) {
    unpacked.types.push_back(any.type_url());
    if (any.type_url() == "type.googleapis.com/google.rpc.ErrorInfo") unpacked.info.ParseFromString(any.value());
    if (any.type_url() == "type.googleapis.com/google.rpc.RetryInfo") unpacked.retry.ParseFromString(any.value());
    if (any.type_url() == "type.googleapis.com/google.rpc.BadRequest") {
      unpacked.bad_request.ParseFromString(any.value());
    }
  }
  return unpacked;
}

TEST(StatusTest, OkHasNothing) {
  const grpc::Status status = ToGrpcStatus(absl::OkStatus());
  EXPECT_TRUE(status.ok());
  EXPECT_EQ(status.error_details(), "");
}

TEST(StatusTest, EveryCodeHasItsRow) {
  struct Case {
    absl::Status status;
    grpc::StatusCode code;
    std::string reason;
    int retry_millis;
  };
  const std::vector<Case> cases = {
      {absl::InvalidArgumentError("m"), grpc::INVALID_ARGUMENT, "INVALID_REQUEST", 0},
      {absl::NotFoundError("m"), grpc::NOT_FOUND, "NOT_FOUND", 0},
      {absl::FailedPreconditionError("m"), grpc::FAILED_PRECONDITION, "NO_PLAYBOOK", 0},
      {absl::AbortedError("m"), grpc::ABORTED, "CHANGED_MEANWHILE", 0},
      {absl::OutOfRangeError("m"), grpc::OUT_OF_RANGE, "CHANGES_LOST", 0},
      {absl::ResourceExhaustedError("m"), grpc::RESOURCE_EXHAUSTED, "RESOURCE_EXHAUSTED", 1000},
      {absl::UnavailableError("m"), grpc::UNAVAILABLE, "STORE_UNAVAILABLE", 250},
      {absl::DeadlineExceededError("m"), grpc::DEADLINE_EXCEEDED, "DEADLINE_EXCEEDED", 0},
      {absl::DataLossError("m"), grpc::DATA_LOSS, "STORED_DATA_DAMAGED", 0},
      {absl::CancelledError("m"), grpc::CANCELLED, "CANCELLED", 0},
      {absl::InternalError("m"), grpc::INTERNAL, "INTERNAL", 0},
      {absl::UnknownError("m"), grpc::INTERNAL, "INTERNAL", 0},
      {absl::UnauthenticatedError("m"), grpc::INTERNAL, "INTERNAL", 0},
  };
  for (const Case& c : cases) {
    const grpc::Status status = ToGrpcStatus(c.status);
    EXPECT_EQ(status.error_code(), c.code) << c.status;
    EXPECT_EQ(status.error_message(), "m");
    const Details unpacked = Unpack(status);
    EXPECT_EQ(unpacked.status.code(), c.code);
    EXPECT_EQ(unpacked.status.message(), "m");
    EXPECT_EQ(unpacked.info.reason(), c.reason);
    EXPECT_EQ(unpacked.info.domain(), "waymark");
    EXPECT_EQ(unpacked.retry.retry_delay().seconds() * 1000 + unpacked.retry.retry_delay().nanos() / 1'000'000,
              c.retry_millis);
    EXPECT_EQ(unpacked.types.size(), c.retry_millis == 0 ? 1u : 2u) << c.status;
  }
}

TEST(StatusTest, FieldsAreABadRequest) {
  const Details unpacked =
      Unpack(ToGrpcStatus(base::FieldErrors({{"event.time", "before 1970"}, {"event.id", "empty"}})));
  ASSERT_EQ(unpacked.bad_request.field_violations_size(), 2);
  EXPECT_EQ(unpacked.bad_request.field_violations(0).field(), "event.time");
  EXPECT_EQ(unpacked.bad_request.field_violations(0).description(), "before 1970");
  EXPECT_EQ(unpacked.bad_request.field_violations(1).field(), "event.id");
}

TEST(StatusTest, StaysSmallEnoughForATrailer) {
  std::vector<base::FieldViolation> violations;
  for (int i = 0; i < 500; ++i) violations.push_back({absl::StrCat("actions[", i, "]"), "no such kind of action"});
  const grpc::Status status = ToGrpcStatus(base::FieldErrors(violations));
  EXPECT_LE(status.error_details().size(), 4500u);
  const Details unpacked = Unpack(status);
  const int shown = unpacked.bad_request.field_violations_size();
  ASSERT_GT(shown, 50);
  EXPECT_EQ(unpacked.bad_request.field_violations(shown - 2).field(), absl::StrCat("actions[", shown - 2, "]"));
  EXPECT_THAT(unpacked.bad_request.field_violations(shown - 1).description(),
              HasSubstr(absl::StrCat(500 - (shown - 1), " more")));
}

TEST(StatusTest, LongTextsAreCutBetweenCharacters) {
  std::string text;
  while (text.size() < 20'000) text += "\xC3\xA4";  // ä
  const grpc::Status status = ToGrpcStatus(base::FieldErrors({{"x", text}, {"y", text}, {"z", text}, {"w", text}}));
  EXPECT_LE(status.error_details().size(), 4500u);
  EXPECT_LE(status.error_message().size(), 1003u);
  EXPECT_THAT(status.error_message(), EndsWith("\xC3\xA4..."));
}

}  // namespace
}  // namespace waymark::rpc
