#include "service/playbook/presets.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "segmentation/expression/suggestions.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::playbook {
namespace {

// The presets are written as playbooks are. A stage's rule looks back as far as its kind of behaviour usually matters;
// a playbook may say otherwise, stage by stage.

constexpr absl::string_view kSixStages = R"yaml(
name: six_stages
stages:
  - name: awareness
    goal: Be known
    labels: {en: Awareness, de: Bewusstsein}
  - name: interest
    enter_when: >-
      count("view_item", days(30)) >= 2 || count("search", days(30)) >= 1 || count("view_item_list", days(30)) >= 3
      || count("sign_up", days(30)) >= 1
    timeout: 60d
    goal: Look closer
    labels: {en: Interest, de: Interesse}
  - name: consideration
    enter_when: >-
      count("add_to_cart", days(14)) + count("add_to_wishlist", days(14)) + count("begin_checkout", days(14))
      + count("view_cart", days(14)) >= 1
    timeout: 21d
    goal: Decide
    labels: {en: Consideration, de: Abwägung}
  - name: purchase
    enter_when: count("purchase", days(30)) >= 1
    timeout: 90d
    goal: Buy, and buy without trouble
    labels: {en: Purchase, de: Kauf}
  - name: usage
    enter_when: >-
      ever("purchase") && (count("use_product", days(90)) >= 1 || count("contact_support", days(30)) >= 1
      || count("purchase", days(180)) >= 2)
    timeout: 180d
    goal: Get the most out of it
    labels: {en: Usage, de: Nutzung}
  - name: advocacy
    enter_when: >-
      ever("purchase") && count("share", days(365)) + count("refer_friend", days(365))
      + count("rate_product", days(365)) >= 1
    timeout: 365d
    goal: Tell others
    labels: {en: Advocacy, de: Empfehlung}
)yaml";

constexpr absl::string_view kFiveStages = R"yaml(
name: five_stages
stages:
  - name: awareness
    goal: Be known
    labels: {en: Awareness, de: Bewusstsein}
  - name: consideration
    enter_when: count("view_item", days(30)) >= 2 || count("search", days(30)) >= 1 || count("sign_up", days(30)) >= 1
    timeout: 60d
    goal: Look closer
    labels: {en: Consideration, de: Abwägung}
  - name: decision
    enter_when: >-
      count("add_to_cart", days(14)) + count("begin_checkout", days(14)) + count("view_cart", days(14)) >= 1
    timeout: 21d
    goal: Decide
    labels: {en: Decision, de: Entscheidung}
  - name: purchase
    enter_when: count("purchase", days(30)) >= 1
    timeout: 90d
    goal: Buy, and buy without trouble
    labels: {en: Purchase, de: Kauf}
  - name: post_purchase
    enter_when: >-
      ever("purchase") && (count("use_product", days(90)) + count("contact_support", days(90))
      + count("rate_product", days(365)) + count("refer_friend", days(365)) >= 1 || count("purchase", days(180)) >= 2)
    timeout: 365d
    goal: Stay, and tell others
    labels: {en: Post-purchase, de: Nach dem Kauf}
)yaml";

v1::Journey Preset(v1::JourneyPreset preset) {
  v1::Journey journey;
  if (preset == v1::JOURNEY_PRESET_SIX_STAGES) ReadYaml(kSixStages, journey);
  if (preset == v1::JOURNEY_PRESET_FIVE_STAGES) ReadYaml(kFiveStages, journey);
  return journey;
}

}  // namespace

std::vector<ExpandedStage> ExpandStages(const v1::Journey& journey, const std::string& field, Problems& problems) {
  std::vector<ExpandedStage> stages;
  std::vector<std::string> names;
  const v1::Journey preset = Preset(journey.preset());
  for (const v1::Stage& stage : preset.stages()) {
    stages.push_back({stage, absl::StrCat(field, ".preset")});
    names.push_back(stage.name());
  }
  for (int i = 0; i < journey.stages_size(); ++i) {
    const v1::Stage& own = journey.stages(i);
    const std::string own_field = absl::StrCat(field, ".stages[", i, "]");
    if (journey.preset() == v1::JOURNEY_PRESET_UNSPECIFIED) {
      stages.push_back({own, own_field});
      continue;
    }
    auto it = std::find_if(stages.begin(), stages.end(),
                           [&own](const ExpandedStage& other) { return other.stage.name() == own.name(); });
    if (it == stages.end()) {
      problems.Add(own_field + ".name", absl::StrCat("the preset has no stage `", own.name(), "`",
                                                     expression::DidYouMean(own.name(), names)));
      continue;
    }
    it->stage.MergeFrom(own);  // what is set replaces; labels join, locale by locale
    it->field = own_field;
  }
  return stages;
}

}  // namespace waymark::playbook
