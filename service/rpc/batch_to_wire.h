#ifndef WAYMARK_SERVICE_RPC_BATCH_TO_WIRE_H_
#define WAYMARK_SERVICE_RPC_BATCH_TO_WIRE_H_

#include "segmentation/population.h"
#include "segmentation/separation.h"
#include "service/batch/impact.h"
#include "service/batch/walk.h"
#include "service/playbook/playbook.h"
#include "waymark/v1/segmentation.pb.h"

namespace waymark::rpc {

// What batch found out about everyone, as the contract has it. `wire` is empty before. Pure.

void ToWire(const batch::SegmentImpact& impact, v1::SegmentImpact& wire);
void ToWire(const batch::StageImpact& impact, v1::StageImpact& wire);
void ToWire(const segmentation::Separation& separation, v1::SuggestSegmentsResponse& wire);
// Money is in the playbook's currency.
void ToWire(const segmentation::Population& population, const playbook::Playbook& playbook,
            v1::PopulationSummary& wire);

// The fields that every answer of a walk has.
template <typename Response>
void ToWire(const batch::WalkProgress& progress, Response& wire) {
  wire.set_profiles(progress.profiles);
  wire.set_damaged(progress.damaged);
  wire.set_estimated_total(progress.estimated_total);
}

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_BATCH_TO_WIRE_H_
