#include "service/rpc/services.h"

#include <utility>

#include "service/rpc/methods.h"

namespace waymark::rpc {

std::unique_ptr<Methods> AllServices(engine::Engine& engine, engine::Playbooks& playbooks,
                                     StartResegment start_resegment) {
  auto methods = std::make_unique<Methods>();
  AddDecisionService(engine, *methods);
  AddEventService(engine, *methods);
  AddProfileService(engine, *methods);
  AddSegmentationService(engine, std::move(start_resegment), *methods);
  AddPlaybookService(playbooks, *methods);
  return methods;
}

}  // namespace waymark::rpc
