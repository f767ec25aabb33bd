#include "service/rpc/journey_wire.h"

#include <string>

#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/timeline_wire.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

constexpr size_t kMaxNameBytes = 64;

}  // namespace

absl::StatusOr<batch::ExportJourneysRequest> FromWire(const v1::ExportJourneysRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  WAYMARK_RETURN_IF_ERROR(CheckText("journey", wire.journey(), 0, kMaxNameBytes));
  const v1::MapSelection& selection = wire.selection();
  WAYMARK_RETURN_IF_ERROR(CheckText("selection.segment", selection.segment(), 0, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("selection.persona", selection.persona(), 0, kMaxNameBytes));
  batch::ExportJourneysRequest request{.tenant = wire.tenant(),
                                       .journey = wire.journey(),
                                       .whom = {.segment = selection.segment(), .persona = selection.persona()},
                                       .with_customer_ids = wire.with_customer_ids()};
  if (selection.has_from()) {
    const absl::StatusOr<absl::Time> from = TimeFromWire("selection.from", selection.from());
    if (!from.ok()) return from.status();
    request.from = *from;
  }
  if (selection.has_until()) {
    const absl::StatusOr<absl::Time> until = TimeFromWire("selection.until", selection.until());
    if (!until.ok()) return until.status();
    request.until = *until;
  }
  if (request.from >= request.until) return base::FieldError("selection.until", "has to come after `from`");
  return request;
}

void ToWire(const batch::JourneyTrace& trace, v1::CustomerTrace& wire) {
  wire.set_customer(std::string(trace.customer));
  wire.mutable_entries()->Reserve(static_cast<int>(trace.entries.size()));
  for (const journey::TimelineEntry& entry : trace.entries)
    ToWire(entry, trace.playbook, trace.journey, trace.trail, *wire.add_entries());
  for (segmentation::NameId segment : trace.segments)
    wire.add_segments(std::string(playbook::NameOf(trace.playbook, segment)));
}

}  // namespace waymark::rpc
