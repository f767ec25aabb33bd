#include "service/batch/decide_many.h"

#include <utility>

#include "service/base/clock.h"
#include "service/batch/walk.h"

namespace waymark::batch {
namespace {

// How long a cancellation may go unnoticed.
constexpr absl::Duration kLogPause = absl::Milliseconds(100);

using Answers = std::vector<absl::StatusOr<engine::DecideAnswer>>;

// Answers that come one by one, on any thread, and may come after they were given up.
struct Gathered {
  Gathered(size_t count, std::shared_ptr<Cancellation> cancellation)
      : cancellation(std::move(cancellation)),
        answers(count, absl::UnavailableError("the store does not answer in time")),
        left(count) {}

  void Set(size_t i, absl::StatusOr<engine::DecideAnswer> answer) {
    absl::MutexLock lock(&cancellation->mutex());
    if (given_up) return;
    answers[i] = std::move(answer);
    --left;
  }

  // Waits for all, for as long as the store may take.
  absl::StatusOr<Answers> Take(absl::Time deadline) {
    absl::MutexLock lock(&cancellation->mutex());
    const absl::Status status = cancellation->Await([&] { return left == 0; }, deadline + kStoreGrace);
    given_up = true;
    if (!status.ok() && !absl::IsDeadlineExceeded(status)) return status;
    return std::move(answers);
  }

  const std::shared_ptr<Cancellation> cancellation;  // whose mutex guards the rest
  Answers answers;
  size_t left;
  bool given_up = false;
};

}  // namespace

absl::StatusOr<Answers> DecideMany(const Environment& environment, engine::Engine& engine, const ManyToDecide& many,
                                   const std::shared_ptr<Cancellation>& cancellation) {
  // The log is written at the store's pace; where it stays full, its records are dropped and counted as live ones are.
  for (const absl::Time patience = base::SteadyNow() + kStoreTimeout;
       cancellation->status().ok() && base::SteadyNow() < patience &&
       !engine.AwaitLogRoom(base::SteadyNow() + kLogPause);) {
  }
  std::vector<std::string> names;
  names.reserve(many.customers.size());
  for (const ManyToDecide::Each& each : many.customers) names.push_back(each.customer);
  absl::StatusOr<store::StoredProfiles> profiles =
      BeginLoad(environment.profiles, many.common.tenant, std::move(names), cancellation).profiles.Take();
  if (absl::Status status = cancellation->status(); !status.ok()) return status;
  if (!profiles.ok()) return Answers(many.customers.size(), profiles.status());

  const absl::Time deadline = base::SteadyNow() + kStoreTimeout;
  const auto gathered = std::make_shared<Gathered>(many.customers.size(), cancellation);
  for (size_t i = 0; i < many.customers.size(); ++i) {
    const ManyToDecide::Each& each = many.customers[i];
    absl::StatusOr<store::StoredProfile> read = profiles->Decode(i);
    if (!read.ok()) {
      gathered->Set(i, read.status());
      continue;
    }
    engine::DecideRequest request = many.common;
    request.customer = each.customer;
    request.decision_id = each.decision_id;
    if (!each.locale.empty()) request.locale = each.locale;
    request.profile_required = true;
    engine.DecideFrom(
        std::move(request), *std::move(read), deadline,
        [gathered, i](absl::StatusOr<engine::DecideAnswer> answer) { gathered->Set(i, std::move(answer)); });
  }
  return gathered->Take(deadline);
}

}  // namespace waymark::batch
