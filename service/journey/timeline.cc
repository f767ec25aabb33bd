#include "service/journey/timeline.h"

#include <algorithm>
#include <utility>

#include "service/journey/visits.h"

namespace waymark::journey {
namespace {

using segmentation::Contact;
using segmentation::NameId;
using segmentation::Touch;
using segmentation::Trail;

// Hands out what customers wrote, to the touches in their order.
class Comments {
 public:
  explicit Comments(const Trail& trail) : next_(trail.comments.begin()), end_(trail.comments.end()) {}

  // REQUIRES: touches by time.
  absl::string_view TextOf(const Touch& touch) {
    while (next_ != end_ && next_->at < touch.at) ++next_;
    for (auto it = next_; it != end_ && it->at == touch.at; ++it) {
      if (it->type != touch.type) continue;
      // Of one moment there are few.
      if (std::find(taken_.begin(), taken_.end(), &*it) != taken_.end()) continue;
      taken_.push_back(&*it);
      return it->text;
    }
    return {};
  }

 private:
  std::vector<Trail::Comment>::const_iterator next_;
  const std::vector<Trail::Comment>::const_iterator end_;
  std::vector<const Trail::Comment*> taken_;
};

}  // namespace

std::vector<TimelineEntry> TimelineOf(const playbook::Journey& journey, const segmentation::JourneyPosition& position,
                                      const segmentation::Profile& profile) {
  const std::vector<Visit> visits = VisitsOf(journey, position, profile.trail);
  std::vector<TimelineEntry> entries;
  entries.reserve(visits.size() + profile.contacts.size() + profile.trail.touches.size());
  Comments comments(profile.trail);
  auto contact = profile.contacts.begin();
  bool began = visits.empty() || !position.forgotten.empty();
  const auto begin_by = [&](absl::Time time) {
    if (began || time < visits[0].entered) return;
    began = true;
    entries.push_back({.time = visits[0].entered, .move = StageMove{.begins = true, .to = visits[0].stage}});
  };
  const auto show_until = [&](absl::Time until, int stage) {
    for (; contact != profile.contacts.end() && contact->at <= until; ++contact) {
      if (contact->channel == NameId{}) continue;  // stands beside others, for retries alone
      begin_by(contact->at);
      entries.push_back({.time = contact->at, .stage = stage, .shown = &*contact});
    }
  };
  for (size_t i = 0; i < visits.size(); ++i) {
    const Visit& visit = visits[i];
    for (const Touch& touch : visit.touches) {
      show_until(touch.at, visit.stage);
      begin_by(touch.at);
      entries.push_back({.time = touch.at, .stage = visit.stage, .touch = &touch, .text = comments.TextOf(touch)});
    }
    show_until(visit.left, visit.stage);
    begin_by(visit.left);
    if (i + 1 == visits.size()) break;
    entries.push_back(
        {.time = visit.left,
         .stage = visit.stage,
         .move = StageMove{.from = visit.stage, .to = visits[i + 1].stage, .dwelt = visit.left - visit.entered}});
  }
  return entries;
}

}  // namespace waymark::journey
