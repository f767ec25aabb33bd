#ifndef WAYMARK_SERVICE_RPC_TO_WIRE_H_
#define WAYMARK_SERVICE_RPC_TO_WIRE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "google/protobuf/repeated_ptr_field.h"
#include "service/batch/members.h"
#include "service/batch/replay.h"
#include "service/batch/resegment.h"
#include "service/batch/watches.h"
#include "service/engine/requests.h"
#include "service/playbook/problem.h"
#include "service/rpc/from_wire.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/playbook.pb.h"
#include "waymark/v1/profile.pb.h"
#include "waymark/v1/segmentation.pb.h"

namespace waymark::rpc {

// The engine's answers as the contract has them. `wire` is empty before. Ids become the names of the answer's playbook.
// Pure.

void ToWire(const engine::DecideAnswer& answer, v1::NextBestActionResponse& wire);
void ToWire(const engine::DecideAnswer& answer, v1::GetOffersResponse& wire);
void ToWire(const engine::DecideAnswer& answer, v1::GetContentResponse& wire);

v1::ReasonCode ToWire(decision::Reason reason);
// Those of the call.
void ToWire(const engine::DecideAnswer& answer, google::protobuf::RepeatedPtrField<v1::Decision>& wire);
void ToWire(const batch::ExportedDecision& exported, v1::LoggedDecision& wire);

void ToWire(const engine::Receipt& receipt, const playbook::Playbook& playbook, v1::EventReceipt& wire);

// Whether a call with this error may succeed when it is made again.
bool MayHelpToRepeat(const absl::Status& status);

// What is wrong with an element of a batch ("events[2]"); the fields of `status` are relative to it.
void RefusalToWire(absl::string_view element, const absl::Status& status, v1::Problem& wire);
// The same of one that was not recorded.
void RefusalToWire(int index, const absl::Status& status, v1::RefusedEvent& wire);
// What became of a batch; `items` are the engine's answers, beside `batch.indexes`.
void ToWire(const RecordBatch& batch, absl::Span<const engine::RecordAnswer::Item> items,
            v1::RecordEventsResponse& wire);

// The profile does not hold the customer's id, so it is given.
void ToWire(const engine::ProfileAnswer& answer, absl::string_view customer, v1::Profile& wire);

void ToWire(const engine::EvaluateAnswer& answer, v1::EvaluateCustomerResponse& wire);
void ToWire(const batch::ResegmentProgress& progress, v1::ResegmentResponse& wire);
void ToWire(const batch::MembersPage& page, v1::ListMembersResponse& wire);
void ToWire(const batch::NamedChange& change, v1::MembershipChange& wire);

void ToWire(const playbook::Problem& problem, v1::Problem& wire);
void ToWire(const engine::ApplyAnswer& answer, v1::ApplyPlaybookResponse& wire);
void ToWire(const engine::PlaybookText& text, v1::GetPlaybookResponse& wire);
void ToWire(const engine::BudgetStatus& budget, v1::BudgetStatus& wire);

// INVALID_ARGUMENT with each problem as a violation "LINE:COLUMN: message". REQUIRES: at least one.
absl::Status ProblemsToStatus(const std::vector<playbook::Problem>& problems);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_TO_WIRE_H_
