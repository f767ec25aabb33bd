#include "service/rpc/status.h"

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "google/protobuf/message_lite.h"
#include "service/base/field_error.h"
#include "service/rpc/error_details.pb.h"

namespace waymark::rpc {
namespace {

constexpr absl::string_view kDomain = "waymark";
constexpr size_t kMaxMessageBytes = 1000;
constexpr size_t kMaxDetailBytes = 4500;
// What the last violation may take, which counts those that were left out.
constexpr size_t kRemainderBytes = 120;

// What a client may do with a code. absl's codes are gRPC's, number by number.
struct Row {
  absl::StatusCode code;
  absl::string_view reason;
  int32_t retry_after_millis;  // 0: repeating the call as it is does not help
};

constexpr Row kTable[] = {
    {absl::StatusCode::kCancelled, "CANCELLED", 0},
    {absl::StatusCode::kInvalidArgument, "INVALID_REQUEST", 0},
    {absl::StatusCode::kDeadlineExceeded, "DEADLINE_EXCEEDED", 0},
    {absl::StatusCode::kNotFound, "NOT_FOUND", 0},
    {absl::StatusCode::kAborted, "CHANGED_MEANWHILE", 0},
    {absl::StatusCode::kOutOfRange, "CHANGES_LOST", 0},
    {absl::StatusCode::kFailedPrecondition, "NO_PLAYBOOK", 0},
    {absl::StatusCode::kResourceExhausted, "RESOURCE_EXHAUSTED", 1000},
    {absl::StatusCode::kUnavailable, "STORE_UNAVAILABLE", 250},
    {absl::StatusCode::kDataLoss, "STORED_DATA_DAMAGED", 0},
    {absl::StatusCode::kUnimplemented, "UNIMPLEMENTED", 0},
};
// Every other code is our bug.
constexpr Row kInternal = {absl::StatusCode::kInternal, "INTERNAL", 0};

const Row& RowOf(absl::StatusCode code) {
  for (const Row& row : kTable) {
    if (row.code == code) return row;
  }
  return kInternal;
}

// At most `limit` bytes of the text, cut before a character.
std::string Cut(absl::string_view text, size_t limit) {
  if (text.size() <= limit) return std::string(text);
  size_t end = limit;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0) == 0x80) --end;
  return absl::StrCat(text.substr(0, end), "...");
}

void Add(absl::string_view name, const google::protobuf::MessageLite& detail, details::Status& status) {
  google::protobuf::Any& any = *status.add_details();
  any.set_type_url(absl::StrCat("type.googleapis.com/google.rpc.", name));
  detail.SerializeToString(any.mutable_value());
}

// As many of the violations as fit into `room` bytes.
details::BadRequest BadRequestOf(const std::vector<base::FieldViolation>& violations, size_t room) {
  details::BadRequest bad_request;
  for (size_t i = 0; i < violations.size(); ++i) {
    details::BadRequest::FieldViolation& next = *bad_request.add_field_violations();
    next.set_field(Cut(violations[i].field, 500));
    next.set_description(Cut(violations[i].description, 1000));
    const size_t needed = bad_request.ByteSizeLong() + (i + 1 < violations.size() ? kRemainderBytes : 0);
    if (needed <= room) continue;
    next.clear_field();
    next.set_description(absl::StrCat(violations.size() - i, " more are not listed: a status has room for no more"));
    break;
  }
  return bad_request;
}

}  // namespace

grpc::Status ToGrpcStatus(const absl::Status& status) {
  if (status.ok()) return grpc::Status::OK;
  const Row& row = RowOf(status.code());
  details::Status detailed;
  detailed.set_code(static_cast<int32_t>(row.code));
  detailed.set_message(Cut(status.message(), kMaxMessageBytes));
  details::ErrorInfo info;
  info.set_reason(std::string(row.reason));
  info.set_domain(std::string(kDomain));
  Add("ErrorInfo", info, detailed);
  if (row.retry_after_millis != 0) {
    details::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(row.retry_after_millis / 1000);
    retry.mutable_retry_delay()->set_nanos(row.retry_after_millis % 1000 * 1'000'000);
    Add("RetryInfo", retry, detailed);
  }
  const std::vector<base::FieldViolation> violations = base::FieldViolationsOf(status);
  if (!violations.empty()) {
    const size_t room = kMaxDetailBytes - 100 - detailed.ByteSizeLong();
    Add("BadRequest", BadRequestOf(violations, room), detailed);
  }
  return grpc::Status(static_cast<grpc::StatusCode>(row.code), detailed.message(), detailed.SerializeAsString());
}

}  // namespace waymark::rpc
