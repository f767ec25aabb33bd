#include <atomic>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "service/base/field_error.h"
#include "service/engine/admit.h"
#include "service/engine/change.h"
#include "service/engine/decision_logger.h"
#include "service/engine/engine.h"
#include "service/engine/held_outcomes.h"
#include "service/engine/logged_decision.h"

namespace waymark::engine {
namespace {

using segmentation::Profile;
using store::StoredProfile;

// One call of Record; each customer's part fills its own items, the last one answers.
struct RecordCall {
  std::string tenant;
  RecordAnswer answer;
  Engine::Done<RecordAnswer> done;
  absl::Time now;
  DecisionLogger* logger = nullptr;  // where the tenant keeps decisions
  EngineMetrics* metrics = nullptr;
  std::atomic<int> waiting{0};

  BudgetAsk Ask() const { return {tenant, *answer.playbook, now}; }
};

// A customer's events within a call, in order.
struct CustomerPart {
  std::string customer;
  std::vector<size_t> items;
  std::vector<segmentation::Event> events;
  std::vector<absl::optional<HeldOutcome>> outcomes;  // beside the events
  std::vector<Receipt> receipts;
  std::vector<absl::optional<store::LoggedOutcome>> to_log;  // beside the events, where they are outcomes

  HoldingEvents Holding(const playbook::Playbook& playbook) { return {customer, playbook, events, outcomes}; }
};

void Finish(RecordCall& call) {
  if (call.waiting.fetch_sub(1) != 1) return;
  for (const RecordAnswer::Item& item : call.answer.items) call.metrics->CountEvent(item.status, item.receipt);
  call.done(std::move(call.answer));
}

// What is withheld is answered. Of an event whose hold may or may not have been ended nothing is recorded: it is sent
// again.
void LeaveOutSettled(RecordCall& call, CustomerPart& part, std::vector<Settled> settled) {
  if (settled.empty()) return;
  CustomerPart left{.customer = part.customer};
  for (size_t i = 0; i < settled.size(); ++i) {
    RecordAnswer::Item& item = call.answer.items[part.items[i]];
    item.status = settled[i].status();
    if (settled[i].ok() && settled[i]->has_value()) item.receipt = **std::move(settled[i]);
    if (!settled[i].ok() || settled[i]->has_value()) continue;
    left.items.push_back(part.items[i]);
    left.events.push_back(std::move(part.events[i]));
    left.outcomes.push_back(std::move(part.outcomes[i]));
    left.to_log.push_back(part.to_log[i]);
  }
  part = std::move(left);
}

void RecordPart(store::ProfileStore& profiles, Budgets& budgets, const std::shared_ptr<RecordCall>& call,
                const std::shared_ptr<CustomerPart>& part, absl::Time deadline) {
  if (part->events.empty()) return Finish(*call);
  profiles.Update(
      {call->tenant, part->customer}, deadline,
      [call, part](const StoredProfile& stored) -> absl::optional<Profile> {
        Profile profile = BeginChange(stored, call->now);
        if (!FoldAll(part->events, {}, *call->answer.playbook, call->now, profile, part->receipts))
          return absl::nullopt;
        return profile;
      },
      [&budgets, call, part](const absl::StatusOr<uint64_t>& revision) {
        if (revision.ok()) WithdrawHolds(budgets, call->Ask(), part->Holding(*call->answer.playbook), part->receipts);
        for (size_t i = 0; i < part->items.size(); ++i) {
          RecordAnswer::Item& item = call->answer.items[part->items[i]];
          item.status = revision.status();
          if (!revision.ok()) continue;
          item.receipt = std::move(part->receipts[i]);
          const absl::optional<store::LoggedOutcome>& outcome = part->to_log[i];
          if (!outcome.has_value() || item.receipt.duplicate || item.receipt.withheld) continue;
          call->logger->Append(call->tenant, LogKeyOf(*outcome), *outcome);
        }
        Finish(*call);
      });
}

}  // namespace

void Engine::Record(RecordRequest request, absl::Time deadline, Done<RecordAnswer> done) {
  auto playbook = playbooks_.Current(request.tenant);
  if (!playbook.ok()) return done(playbook.status());
  auto call = std::make_shared<RecordCall>();
  call->answer.playbook = *std::move(playbook);
  call->answer.items.resize(request.items.size());
  call->tenant = request.tenant;
  call->done = std::move(done);
  call->now = clock_.Now();
  call->metrics = &metrics_;

  if (call->answer.playbook->keep_decisions > absl::ZeroDuration()) call->logger = logger_;
  const std::shared_ptr<const decision::TokenKey> token_key = playbooks_.token_key();
  std::vector<std::shared_ptr<CustomerPart>> parts;
  absl::flat_hash_map<absl::string_view, CustomerPart*> part_of;
  for (size_t i = 0; i < request.items.size(); ++i) {
    const RecordRequest::Item& item = request.items[i];
    absl::Status& status = call->answer.items[i].status;
    status = CheckCustomer(item.customer);
    if (!status.ok()) continue;
    auto event = AdmitEvent(item.event, *call->answer.playbook, request.tenant, item.customer, *token_key, call->now);
    if (!event.ok()) {
      status = base::UnderField("event", event.status());
      continue;
    }
    CustomerPart*& part = part_of[item.customer];
    if (part == nullptr) {
      parts.push_back(std::make_shared<CustomerPart>());
      part = parts.back().get();
      part->customer = item.customer;
    }
    part->items.push_back(i);
    part->to_log.push_back(call->logger == nullptr
                               ? absl::nullopt
                               : OutcomeOf(item.event, *event, request.tenant, item.customer, *token_key));
    part->events.push_back(*std::move(event));
    part->outcomes.push_back(HeldOutcomeOf(item.event, request.tenant, item.customer, *token_key));
  }

  call->waiting = static_cast<int>(parts.size()) + 1;
  for (const std::shared_ptr<CustomerPart>& part : parts) {
    SettleHolds(profiles_, budgets_, call->Ask(), part->Holding(*call->answer.playbook), deadline,
                [this, call, part, deadline](std::vector<Settled> settled) {
                  LeaveOutSettled(*call, *part, std::move(settled));
                  RecordPart(profiles_, budgets_, call, part, deadline);
                });
  }
  Finish(*call);
}

}  // namespace waymark::engine
