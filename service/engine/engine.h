#ifndef WAYMARK_SERVICE_ENGINE_ENGINE_H_
#define WAYMARK_SERVICE_ENGINE_ENGINE_H_

#include <memory>
#include <string>

#include "absl/functional/any_invocable.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/engine/budgets.h"
#include "service/engine/decision_logger.h"
#include "service/engine/engine_metrics.h"
#include "service/engine/playbooks.h"
#include "service/engine/requests.h"
#include "service/store/store.h"

namespace waymark::engine {

// The use cases, each a straight line: take the playbook and `now` once, ask the store once, think in the pure rooms,
// answer.
//
// Every method returns at once and calls its callback exactly once, on any thread. Deadlines are of the machine's
// clock. Thread-safe. Borrows all it is given; outlives no call.
//
// Errors, beside those of each: INVALID_ARGUMENT with base::FieldViolationsOf; FAILED_PRECONDITION the tenant has no
// playbook; UNAVAILABLE and DEADLINE_EXCEEDED from the store; DATA_LOSS the stored profile cannot be decoded;
// RESOURCE_EXHAUSTED the profile would grow too large or the store is full.
class Engine {
 public:
  template <typename T>
  using Done = absl::AnyInvocable<void(absl::StatusOr<T>)>;

  // `logger`: of decisions and outcomes, where tenants keep them; nullptr: nothing is logged.
  Engine(store::ProfileStore& profiles, Playbooks& playbooks, Budgets& budgets, const base::Clock& clock,
         DecisionLogger* logger = nullptr);

  // Decides; one read, and one write where contacts are to be counted or events to be recorded. A unit of a budget
  // comes from what is leased; a round trip more where nothing is, and one where the unit is held until it is shown (or
  // for a visitor without a profile whose caller may try again). Where the store is away it decides from context alone
  // and says so. NOT_FOUND: no such placement.
  void Decide(DecideRequest request, absl::Time deadline, Done<DecideAnswer> done);

  // The same for a customer whose profile was just read: one read less, for work that reads many at once. Decides on
  // the caller's thread where nothing is to be written or leased. REQUIRES: a customer.
  void DecideFrom(DecideRequest request, store::StoredProfile read, absl::Time deadline, Done<DecideAnswer> done);

  // Whether the log of decisions has room for many more, which it is given until the deadline: of work that can wait,
  // and that would have the records of others dropped. Blocks.
  bool AwaitLogRoom(absl::Time deadline) const { return logger_ == nullptr || logger_->AwaitRoom(deadline); }

  // Records events, each by itself; events of one customer in order, with one read and one write a customer. Fails as a
  // whole only where there is no playbook.
  void Record(RecordRequest request, absl::Time deadline, Done<RecordAnswer> done);

  // NOT_FOUND: no such customer.
  void GetProfile(std::string tenant, std::string customer, absl::Time deadline, Done<ProfileAnswer> done);

  // A page of what the customer did on a journey. NOT_FOUND: no such customer, or no such journey. INVALID_ARGUMENT: a
  // page token of another request.
  void GetJourney(JourneyRequest request, absl::Time deadline, Done<JourneyAnswer> done);

  // Begins the profile where there is none. ABORTED: the revision is not the expected one.
  void UpdateProfile(const UpdateProfileRequest& request, absl::Time deadline, Done<ProfileAnswer> done);

  // How each budget of the tenant's playbook stands.
  void ListBudgets(const std::string& tenant, absl::Time deadline, Done<ListBudgetsAnswer> done);

  // NOT_FOUND: no such customer.
  void Evaluate(std::string tenant, std::string customer, absl::Time deadline, Done<EvaluateAnswer> done);

  const base::MetricSource& metrics() const { return metrics_; }

 private:
  // Loads a customer who must be there and answers what `look(playbook, stored, now)` says.
  template <typename Answer, typename Look>
  void Examine(const store::CustomerKey& key, absl::Time deadline, Done<Answer> done, Look look);

  struct DecideCall;
  void Begin(const std::shared_ptr<DecideCall>& call);
  // Leases what the call may take where nothing is, and goes on to the store.
  void Prepare(const std::shared_ptr<DecideCall>& call);
  void Load(const std::shared_ptr<DecideCall>& call);
  void DecideOn(const std::shared_ptr<DecideCall>& call, const store::StoredProfile& read);
  void DecideFromContext(const std::shared_ptr<DecideCall>& call, Knowledge knowledge);
  void DecideOnRecent(const std::shared_ptr<DecideCall>& call, const store::RecentProfile& recent);
  // Holds what must be held before it is given, and answers.
  void HoldAndAnswer(const std::shared_ptr<DecideCall>& call, Knowledge knowledge);

  store::ProfileStore& profiles_;
  Playbooks& playbooks_;
  Budgets& budgets_;
  const base::Clock& clock_;
  DecisionLogger* const logger_;
  EngineMetrics metrics_;
};

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_ENGINE_H_
