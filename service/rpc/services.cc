#include "service/rpc/services.h"

#include "service/rpc/methods.h"

namespace waymark::rpc {

std::unique_ptr<Methods> AllServices(engine::Engine& engine, const batch::Environment& batch, batch::Watches& watches,
                                     const batch::LogEnvironment& log) {
  auto methods = std::make_unique<Methods>();
  AddDecisionService(engine, batch, log, *methods);
  AddEventService(engine, *methods);
  AddProfileService(engine, *methods);
  AddSegmentationService(engine, batch, watches, *methods);
  AddJourneyService(engine, batch, *methods);
  AddPlaybookService(batch.playbooks, engine, *methods);
  return methods;
}

}  // namespace waymark::rpc
