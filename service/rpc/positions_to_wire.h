#ifndef WAYMARK_SERVICE_RPC_POSITIONS_TO_WIRE_H_
#define WAYMARK_SERVICE_RPC_POSITIONS_TO_WIRE_H_

#include <vector>

#include "google/protobuf/repeated_ptr_field.h"
#include "segmentation/profile.h"
#include "service/playbook/playbook.h"
#include "waymark/v1/common.pb.h"

namespace waymark::rpc {

void PositionToWire(const segmentation::JourneyPosition& position, const playbook::Playbook& playbook,
                    v1::JourneyPosition& wire);

// In the order of the playbook's journeys, the primary one first.
void PositionsToWire(const std::vector<segmentation::JourneyPosition>& positions, const playbook::Playbook& playbook,
                     google::protobuf::RepeatedPtrField<v1::JourneyPosition>& wire);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_POSITIONS_TO_WIRE_H_
