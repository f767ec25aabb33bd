#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/base/field_error.h"
#include "service/engine/engine.h"
#include "service/journey/timeline_page.h"

namespace waymark::engine {
namespace {

// kNone: the playbook has no such journey.
int FindJourney(const playbook::Playbook& playbook, absl::string_view name) {
  const auto& journeys = playbook.journeys;
  if (name.empty()) return journeys.empty() ? playbook::kNone : 0;
  const auto it = std::find_if(journeys.begin(), journeys.end(),
                               [name](const playbook::Journey& journey) { return journey.name == name; });
  return it == journeys.end() ? playbook::kNone : static_cast<int>(it - journeys.begin());
}

absl::StatusOr<JourneyAnswer> JourneyOf(const JourneyRequest& request, ProfileAnswer of) {
  JourneyAnswer answer{.journey = FindJourney(*of.playbook, request.journey), .at = of.at};
  if (answer.journey == playbook::kNone) return absl::NotFoundError("there is no such journey");
  answer.playbook = std::move(of.playbook);
  const playbook::Journey& journey = answer.playbook->journeys[static_cast<size_t>(answer.journey)];
  // Neither has a line break, so that no two requests have the same text.
  const uint64_t asked =
      segmentation::StableHash(absl::StrCat(request.tenant, "\n", request.customer, "\n", journey.name));
  absl::optional<journey::TimelinePlace> before;
  if (!request.page_token.empty()) {
    before = journey::DecodePlace(request.page_token, asked);
    if (!before.has_value()) return base::FieldError("page_token", "this is no page token of this customer's journey");
  }
  answer.profile = std::make_shared<const segmentation::Profile>(std::move(of.profile));
  const segmentation::JourneyPosition* position = segmentation::FindPosition(*answer.profile, journey.id);
  if (position == nullptr) return absl::NotFoundError("the customer is not on this journey");
  answer.position = *position;
  journey::TimelinePage page = journey::PageOf(journey::TimelineOf(journey, *position, *answer.profile), before,
                                               static_cast<size_t>(request.page_size));
  answer.entries = std::move(page.entries);
  if (page.end.has_value()) answer.next_page_token = journey::EncodePlace(*page.end, asked);
  return answer;
}

}  // namespace

void Engine::GetJourney(JourneyRequest request, absl::Time deadline, Done<JourneyAnswer> done) {
  std::string tenant = request.tenant;
  std::string customer = request.customer;
  GetProfile(std::move(tenant), std::move(customer), deadline,
             [request = std::move(request), done = std::move(done)](absl::StatusOr<ProfileAnswer> answer) mutable {
               if (!answer.ok()) return done(answer.status());
               done(JourneyOf(request, *std::move(answer)));
             });
}

}  // namespace waymark::engine
