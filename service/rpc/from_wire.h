#ifndef WAYMARK_SERVICE_RPC_FROM_WIRE_H_
#define WAYMARK_SERVICE_RPC_FROM_WIRE_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "service/batch/decide_many.h"
#include "service/batch/suggest.h"
#include "service/engine/requests.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/playbook.pb.h"
#include "waymark/v1/profile.pb.h"
#include "waymark/v1/segmentation.pb.h"

namespace waymark::rpc {

// What clients sent, as the engine takes it. Here every size and range that the contract states is checked; whether
// names are declared and values fit is the engine's to say, which knows the playbook. Pure.
//
// Errors: INVALID_ARGUMENT naming the field by its path in the request (base::FieldError); never with a customer's id
// or a value.

absl::Status CheckTenant(absl::string_view tenant);
// `field` is where the id stands.
absl::Status CheckCustomerId(absl::string_view field, absl::string_view customer);

absl::StatusOr<engine::DecideRequest> FromWire(const v1::NextBestActionRequest& wire);
absl::StatusOr<engine::DecideRequest> FromWire(const v1::GetOffersRequest& wire);
absl::StatusOr<engine::DecideRequest> FromWire(const v1::GetContentRequest& wire);

// The customers of a message that are sound, and those that are not. Together they are all.
struct DecideBatch {
  batch::ManyToDecide sound;
  std::vector<int> indexes;                           // beside sound.customers: which elements of the message they are
  std::vector<std::pair<int, absl::Status>> refused;  // ascending
};
absl::StatusOr<DecideBatch> FromWire(const v1::DecideStreamRequest& wire);

// One item.
absl::StatusOr<engine::RecordRequest> FromWire(const v1::RecordEventRequest& wire);

// The elements of a batch that are sound, and those that are not. Together they are all.
struct RecordBatch {
  engine::RecordRequest sound;
  std::vector<int> indexes;                           // beside sound.items: which elements of the request they are
  std::vector<std::pair<int, absl::Status>> refused;  // ascending; fields are relative to the element
};
absl::StatusOr<RecordBatch> FromWire(const v1::RecordEventsRequest& wire);

// Without a mask: what the profile names. An etag that is none is ABORTED, as one that is not the current one.
absl::StatusOr<engine::UpdateProfileRequest> FromWire(const v1::UpdateProfileRequest& wire);

absl::StatusOr<batch::SuggestRequest> FromWire(const v1::SuggestSegmentsRequest& wire);

absl::Status Check(const v1::ApplyPlaybookRequest& wire);
absl::Status Check(const v1::ValidatePlaybookRequest& wire);
absl::Status Check(const v1::PreviewSegmentRequest& wire);
absl::Status Check(const v1::PreviewPlaybookRequest& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_FROM_WIRE_H_
