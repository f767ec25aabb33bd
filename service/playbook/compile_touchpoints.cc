#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "segmentation/event.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {

void Compiler::CompileTouchpoints() {
  for (const std::string& channel : channels_.names()) DeclareTouchpoint("channels", channel);
  absl::flat_hash_set<std::string> listed;
  for (int i = 0; i < source_.touchpoints_size() && !problems_.full(); ++i) {
    const v1::Touchpoint& source = source_.touchpoints(i);
    const std::string field = absl::StrCat("touchpoints[", i, "]");
    Touchpoint* const touchpoint = DeclareTouchpoint(field + ".name", source.name());
    if (touchpoint == nullptr) continue;
    if (!listed.insert(source.name()).second) {
      problems_.Add(field + ".name", absl::StrCat("there is another touchpoint `", source.name(), "`"));
    }
    touchpoint->labels = CompileLabels(source.labels());
  }
  for (int i = 0; i < source_.placements_size() && !problems_.full(); ++i) {
    // What is wrong with it was said with the placement.
    if (playbook_->placements[i].channel == kNone) continue;
    DeclareTouchpoint(absl::StrCat("placements[", i, "].touchpoint"), source_.placements(i).touchpoint());
  }
}

Touchpoint* Compiler::DeclareTouchpoint(const std::string& field, const std::string& name) {
  if (!segmentation::IsTouchpoint(name)) {
    problems_.Add(field, "a touchpoint is channel/place, such as web/cart: at most 64 bytes of printable UTF-8");
    return nullptr;
  }
  const int channel = channels_.Find(field, segmentation::ChannelOfTouchpoint(name));
  if (channel == kNone) return nullptr;
  const NameId id = ids_.Add(field, name);
  return &playbook_->touchpoints.try_emplace(id, Touchpoint{.name = name, .channel = channel}).first->second;
}

void Compiler::CompileKeepText() {
  for (int i = 0; i < source_.keep_text_size() && !problems_.full(); ++i) {
    const std::string field = absl::StrCat("keep_text[", i, "]");
    if (events_.Find(field, source_.keep_text(i)) == kNone) continue;
    if (!playbook_->keep_text.insert(segmentation::NameIdOf(source_.keep_text(i))).second) {
      problems_.Add(field, absl::StrCat("`", source_.keep_text(i), "` is given twice"));
    }
  }
}

}  // namespace waymark::playbook
