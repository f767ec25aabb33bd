#ifndef WAYMARK_SERVICE_PLAYBOOK_PRESETS_H_
#define WAYMARK_SERVICE_PLAYBOOK_PRESETS_H_

#include <string>
#include <vector>

#include "service/playbook/problems.h"
#include "waymark/playbook/v1/playbook.pb.h"

namespace waymark::playbook {

// A journey's stages with where each came from, for problems.
struct ExpandedStage {
  v1::Stage stage;
  std::string field;  // "journeys[0].stages[2]", or "journeys[0].preset"
};

// The preset's stages with what the journey says instead of it; without a preset, the journey's own. Adds a problem for
// a stage that the preset does not have.
std::vector<ExpandedStage> ExpandStages(const v1::Journey& journey, const std::string& field, Problems& problems);

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_PRESETS_H_
