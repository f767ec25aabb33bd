#include "service/batch/members.h"

#include <algorithm>
#include <utility>

#include "absl/types/optional.h"
#include "segmentation/stable_hash.h"
#include "service/engine/derive.h"

namespace waymark::batch {
namespace {

using segmentation::NameId;

absl::optional<NameId> SegmentIn(const playbook::Playbook& playbook, const std::string& name) {
  for (const playbook::Segment& segment : playbook.segments) {
    if (segment.name == name) return segment.id;
  }
  return absl::nullopt;
}

absl::Status WalkMembers(const Environment& environment, const std::string& tenant, const playbook::Playbook& playbook,
                         NameId segment, const std::shared_ptr<Cancellation>& cancellation,
                         absl::AnyInvocable<bool(MembersPage)>& page) {
  MembersPage next;
  return Walk(
      environment.profiles, tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) {
        const engine::Derivation derived = engine::Derive(playbook, stored.profile, environment.clock.Now());
        if (std::binary_search(derived.segments.begin(), derived.segments.end(), segment)) {
          next.customers.push_back(customer);
        }
      },
      [&](const WalkProgress& progress) {
        next.progress = progress;
        return page(std::exchange(next, {})) ? absl::OkStatus() : absl::CancelledError("no more is wanted");
      });
}

}  // namespace

std::shared_ptr<Cancellation> ListMembers(const Environment& environment, const std::string& tenant,
                                          const std::string& segment, absl::AnyInvocable<bool(MembersPage)> page,
                                          absl::AnyInvocable<void(absl::Status)> done) {
  auto playbook = environment.playbooks.Current(tenant);
  absl::Status refused = playbook.status();
  absl::optional<NameId> id;
  if (playbook.ok()) {
    id = SegmentIn(**playbook, segment);
    if (!id.has_value()) refused = absl::NotFoundError("there is no such segment");
  }
  // Called in any case: by the thread, or here where there is none for it.
  auto shared_done = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
  if (refused.ok()) {
    auto started = environment.threads.Start(
        tenant, 1,
        [environment, tenant, id = *id, playbook = *std::move(playbook), page = std::move(page),
         shared_done](const std::shared_ptr<Cancellation>& cancellation) mutable {
          (*shared_done)(WalkMembers(environment, tenant, *playbook, id, cancellation, page));
        });
    if (started.ok()) return *std::move(started);
    refused = started.status();
  }
  (*shared_done)(std::move(refused));
  return nullptr;
}

}  // namespace waymark::batch
