#include "service/store/redis/shared_updates.h"

#include <cstddef>
#include <iterator>
#include <utility>

#include "service/base/clock.h"

namespace waymark::store {
namespace {

// One of them that is too large for a profile costs all the others a write of their own.
constexpr size_t kMaxParts = 256;

}  // namespace

absl::optional<StoredProfile> SharedUpdate::Apply(const StoredProfile& stored) {
  absl::optional<StoredProfile> made;
  for (applied_ = 0; applied_ < parts_.size();) {
    Member& member = parts_[applied_++];
    const StoredProfile& current = made.has_value() ? *made : stored;
    absl::StatusOr<absl::optional<segmentation::Profile>> changed = member.part.change(current);
    member.failure = changed.status();
    member.revision = current.revision;
    if (!changed.ok() || !changed->has_value()) continue;
    ++member.revision;
    made = StoredProfile{member.revision, **std::move(changed)};
    if (made->profile.derived.segments != stored.profile.derived.segments) break;
  }
  return made;
}

bool SharedUpdate::Stored() {
  const auto left = parts_.begin() + static_cast<std::ptrdiff_t>(std::exchange(applied_, 0));
  std::vector<Member> applied(std::make_move_iterator(parts_.begin()), std::make_move_iterator(left));
  parts_.erase(parts_.begin(), left);
  const bool others = !parts_.empty();
  for (Member& member : applied) {
    if (member.failure.ok()) {
      member.part.done(member.revision);
    } else {
      member.part.done(member.failure);
    }
  }
  return others;
}

void SharedUpdate::Fail(const absl::Status& status) {
  const absl::Time now = base::SteadyNow();
  for (Part& part : Split()) {
    const bool early = absl::IsDeadlineExceeded(status) && now < part.deadline;
    part.done(early ? absl::UnavailableError("an update that was shared took too long") : status);
  }
}

std::vector<SharedUpdate::Part> SharedUpdate::Split() {
  std::vector<Part> parts;
  for (Member& member : std::exchange(parts_, {})) parts.push_back(std::move(member.part));
  return parts;
}

std::shared_ptr<SharedUpdate> SharedUpdates::Join(const CustomerKey& key, SharedUpdate::Part part) {
  absl::MutexLock lock(&mutex_);
  std::shared_ptr<SharedUpdate>& waiting = waiting_[Key(key.tenant, key.customer)];
  // Commands have the deadline of the first.
  if (waiting != nullptr && waiting->parts_[0].part.deadline <= part.deadline && waiting->size() < kMaxParts) {
    waiting->parts_.push_back({std::move(part)});
    return nullptr;
  }
  waiting = std::make_shared<SharedUpdate>(std::move(part));
  return waiting;
}

void SharedUpdates::Close(const CustomerKey& key, const std::shared_ptr<SharedUpdate>& update) {
  absl::MutexLock lock(&mutex_);
  const auto waiting = waiting_.find(Key(key.tenant, key.customer));
  if (waiting != waiting_.end() && waiting->second == update) waiting_.erase(waiting);
}

}  // namespace waymark::store
