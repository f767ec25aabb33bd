#ifndef WAYMARK_SERVICE_RPC_SEGMENTATION_STUDIES_H_
#define WAYMARK_SERVICE_RPC_SEGMENTATION_STUDIES_H_

#include "service/batch/environment.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::rpc {

class Methods;

// The methods of SegmentationService that look at everyone and change no profile: previews, the population,
// suggestions. Each works on a batch thread of its own, which stops when the client goes.
void AddSegmentationStudies(const batch::Environment& batch, v1::SegmentationService::AsyncService& service,
                            Methods& methods);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_SEGMENTATION_STUDIES_H_
