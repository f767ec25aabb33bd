#ifndef WAYMARK_SERVICE_RPC_JOURNEY_WORTH_WIRE_H_
#define WAYMARK_SERVICE_RPC_JOURNEY_WORTH_WIRE_H_

#include "absl/status/statusor.h"
#include "segmentation/population.h"
#include "segmentation/stage_values.h"
#include "service/batch/attribute.h"
#include "service/playbook/playbook.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::rpc {

// What the road is worth, from and to the contract. `wire` is empty before. Pure.

// INVALID_ARGUMENT names the field.
absl::StatusOr<segmentation::StageValueOptions> FromWire(const v1::LearnStageValuesRequest& wire);
absl::StatusOr<batch::AttributionRequest> FromWire(const v1::AttributeConversionsRequest& wire);

// With the journeys, segments and stages that the playbook still has. Money is in its currency.
void StageValuesToWire(const segmentation::Population& population, const playbook::Playbook& playbook,
                       v1::StageValues& wire);
void ToWire(const batch::AttributionAnswer& answer, v1::Attribution& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_JOURNEY_WORTH_WIRE_H_
