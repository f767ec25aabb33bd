#include "service/engine/engine.h"

namespace waymark::engine {

Engine::Engine(store::ProfileStore& profiles, Playbooks& playbooks, const base::Clock& clock)
    : profiles_(profiles), playbooks_(playbooks), clock_(clock) {}

}  // namespace waymark::engine
