#ifndef WAYMARK_SERVICE_RPC_SERVICES_H_
#define WAYMARK_SERVICE_RPC_SERVICES_H_

#include <memory>

#include "service/batch/environment.h"
#include "service/batch/log_walk.h"
#include "service/batch/watches.h"
#include "service/engine/engine.h"
#include "service/engine/playbooks.h"

namespace waymark::rpc {

class Methods;

// The services of waymark.v1, an adapter a service: check what came, ask the engine, convert its answer. What they are
// given must outlive the server.
void AddDecisionService(engine::Engine& engine, const batch::Environment& batch, const batch::LogEnvironment& log,
                        Methods& methods);
void AddEventService(engine::Engine& engine, Methods& methods);
void AddProfileService(engine::Engine& engine, Methods& methods);
void AddSegmentationService(engine::Engine& engine, const batch::Environment& batch, batch::Watches& watches,
                            Methods& methods);
void AddJourneyService(engine::Engine& engine, const batch::Environment& batch, Methods& methods);
void AddPlaybookService(engine::Playbooks& playbooks, engine::Engine& engine, Methods& methods);

// All of them.
std::unique_ptr<Methods> AllServices(engine::Engine& engine, const batch::Environment& batch, batch::Watches& watches,
                                     const batch::LogEnvironment& log);

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_SERVICES_H_
