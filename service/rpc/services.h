#ifndef WAYMARK_SERVICE_RPC_SERVICES_H_
#define WAYMARK_SERVICE_RPC_SERVICES_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "service/batch/resegment.h"
#include "service/engine/engine.h"
#include "service/engine/playbooks.h"

namespace waymark::rpc {

class Methods;

// Begins a re-segmentation of a tenant: batch::Resegment with its stores.
using StartResegment = std::function<std::shared_ptr<batch::ResegmentRun>(
    std::string tenant, bool restart, absl::AnyInvocable<void(const batch::ResegmentProgress&)> progress,
    absl::AnyInvocable<void(absl::Status)> done)>;

// The services of waymark.v1, an adapter a service: check what came, ask the engine, convert its answer. What they are
// given must outlive the server.
void AddDecisionService(engine::Engine& engine, Methods& methods);
void AddEventService(engine::Engine& engine, Methods& methods);
void AddProfileService(engine::Engine& engine, Methods& methods);
void AddSegmentationService(engine::Engine& engine, StartResegment start_resegment, Methods& methods);
void AddPlaybookService(engine::Playbooks& playbooks, Methods& methods);

// All of them.
std::unique_ptr<Methods> AllServices(engine::Engine& engine, engine::Playbooks& playbooks,
                                     StartResegment start_resegment);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_SERVICES_H_
