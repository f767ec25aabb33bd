#ifndef WAYMARK_SERVICE_ENGINE_TOKENS_H_
#define WAYMARK_SERVICE_ENGINE_TOKENS_H_

#include <string>
#include <vector>

#include "service/decision/decision.h"
#include "service/decision/token.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"

namespace waymark::engine {

// The tokens of an answer, beside decision.placements[i].chosen; of the request its tenant, customer and decision id.
// The same for the same decision. Pure.
std::vector<std::vector<std::string>> TokensOf(const DecideRequest& request, const playbook::Playbook* playbook,
                                               const decision::Decision& decision, const decision::TokenKey* token_key);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_TOKENS_H_
