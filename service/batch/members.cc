#include "service/batch/members.h"

#include <utility>

#include "service/engine/derive.h"
#include "service/playbook/evaluation.h"

namespace waymark::batch {
namespace {

// The segment's index; kNone where there is none.
int SegmentIn(const playbook::Playbook& playbook, const std::string& name) {
  for (size_t i = 0; i < playbook.segments.size(); ++i) {
    if (playbook.segments[i].name == name) return static_cast<int>(i);
  }
  return playbook::kNone;
}

absl::Status WalkMembers(const Environment& environment, const std::string& tenant, const playbook::Playbook& playbook,
                         int segment, const std::shared_ptr<Cancellation>& cancellation,
                         absl::AnyInvocable<bool(MembersPage)>& page) {
  MembersPage next;
  return Walk(
      environment.profiles, tenant, cancellation,
      [&](const std::string& customer, const store::StoredProfile& stored) {
        const segmentation::Context no_context;
        playbook::Evaluation evaluation(playbook, stored.profile, no_context, environment.clock.Now());
        const auto positions = engine::ResolveStages(evaluation);
        if (evaluation.frame().InSegment(segment)) next.customers.push_back(customer);
      },
      [&](const WalkProgress& progress) {
        next.progress = progress;
        return page(std::exchange(next, {})) ? absl::OkStatus() : absl::CancelledError("no more is wanted");
      });
}

// Names alone, so that nobody's profile is read.
absl::Status WalkEveryone(const Environment& environment, const std::string& tenant,
                          const std::shared_ptr<Cancellation>& cancellation,
                          absl::AnyInvocable<bool(MembersPage)>& page) {
  WalkProgress progress;
  std::string cursor;
  do {
    auto names = BeginScan(environment.profiles, tenant, cursor, "", cancellation).Take();
    if (!names.ok()) return names.status();
    progress.profiles += static_cast<int64_t>(names->customers.size());
    progress.estimated_total = environment.profiles.EstimatedCount(tenant);
    cursor = std::move(names->next_cursor);
    if (!page({std::move(names->customers), progress})) return absl::CancelledError("no more is wanted");
  } while (!cursor.empty());
  return absl::OkStatus();
}

}  // namespace

std::shared_ptr<Cancellation> ListMembers(const Environment& environment, const std::string& tenant,
                                          const std::string& segment, absl::AnyInvocable<bool(MembersPage)> page,
                                          absl::AnyInvocable<void(absl::Status)> done) {
  auto playbook = environment.playbooks.Current(tenant);
  absl::Status refused = playbook.status();
  int index = playbook::kNone;
  if (playbook.ok() && !segment.empty()) {
    index = SegmentIn(**playbook, segment);
    if (index == playbook::kNone) refused = absl::NotFoundError("there is no such segment");
  }
  // Called in any case: by the thread, or here where there is none for it.
  auto shared_done = std::make_shared<absl::AnyInvocable<void(absl::Status)>>(std::move(done));
  if (refused.ok()) {
    auto started = environment.threads.Start(
        tenant, 1,
        [environment, tenant, index, playbook = *std::move(playbook), page = std::move(page),
         shared_done](const std::shared_ptr<Cancellation>& cancellation) mutable {
          (*shared_done)(index == playbook::kNone
                             ? WalkEveryone(environment, tenant, cancellation, page)
                             : WalkMembers(environment, tenant, *playbook, index, cancellation, page));
        });
    if (started.ok()) return *std::move(started);
    refused = started.status();
  }
  (*shared_done)(std::move(refused));
  return nullptr;
}

}  // namespace waymark::batch
