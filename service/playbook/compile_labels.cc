#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "segmentation/event.h"
#include "service/playbook/compiler.h"

namespace waymark::playbook {
namespace {

constexpr int kMaxLabelledEvents = 1024;

}  // namespace

void Compiler::DeclareLabels() {
  const absl::flat_hash_set<std::string> channels(channels_.names().begin(), channels_.names().end());
  absl::flat_hash_set<std::string> seen;
  for (int i = 0; i < source_.labels_size() && !problems_.full(); ++i) {
    const v1::Label& label = source_.labels(i);
    const std::string field = absl::StrCat("labels[", i, "]");
    if (!segmentation::IsLabel(label.name())) {
      problems_.Add(field + ".name", "a label is 1 to 64 bytes of printable UTF-8 without '/'");
    } else if (!seen.insert(label.name()).second) {
      problems_.Add(field + ".name", absl::StrCat("there is another label `", label.name(), "`"));
    } else if (channels.contains(label.name())) {
      problems_.Add(field + ".name", "a channel has this name too, so affinity() could mean either");
    } else {
      playbook_->event_labels.push_back({label.name(), ids_.Add(field + ".name", label.name())});
      DeclareLabelledEvents(field, label);
    }
  }
  if (playbook_->labelled_events.size() > kMaxLabelledEvents) {
    problems_.Add("labels", absl::StrCat("at most ", kMaxLabelledEvents, " events of all labels together; these are ",
                                         playbook_->labelled_events.size()));
  }
}

void Compiler::DeclareLabelledEvents(const std::string& field, const v1::Label& label) {
  for (int i = 0; i < label.events_size(); ++i) {
    const std::string each = absl::StrCat(field, ".events[", i, "]");
    if (events_.Find(each, label.events(i)) < 0) continue;
    std::string name = absl::StrCat(label.events(i), "/", label.name());
    const NameId id = ids_.Add(each, name);
    if (!playbook_->labelled_events.insert({name, id}).second) {
      problems_.Add(each, absl::StrCat("`", label.events(i), "` is given twice"));
      continue;
    }
    labelled_events_.push_back(std::move(name));
  }
}

}  // namespace waymark::playbook
