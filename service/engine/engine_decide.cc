#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "segmentation/compact.h"
#include "segmentation/fold.h"
#include "service/base/clock.h"
#include "service/base/field_error.h"
#include "service/base/ids.h"
#include "service/base/status_macros.h"
#include "service/decision/token.h"
#include "service/engine/admit.h"
#include "service/engine/change.h"
#include "service/engine/decision_logger.h"
#include "service/engine/engine.h"
#include "service/engine/held_outcomes.h"
#include "service/engine/logged_decision.h"
#include "service/engine/tokens.h"

namespace waymark::engine {
namespace {

using segmentation::Profile;
using store::StoredProfile;

// What is known when the store gave no profile.
Knowledge KnowledgeAfter(const absl::Status& status) {
  const bool unusable = absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
  return unusable ? Knowledge::kProfileUnusable : Knowledge::kStoreUnavailable;
}

// Leaves time for an answer when the store takes all that it is given. (gRPC tells the server up to 1 % more than the
// client has: it rounds a second and more up to two digits.)
absl::Time StoreDeadline(absl::Time deadline) {
  const absl::Duration left = deadline - base::SteadyNow();
  return deadline - std::max(std::min(absl::Milliseconds(10), left / 5), left / 50);
}

// Whether a write with this error was not done; with any other it may have been.
bool WasRefused(const absl::Status& status) {
  return absl::IsResourceExhausted(status) || absl::IsInvalidArgument(status) || absl::IsDataLoss(status);
}

// How often a call asks for units that others take before it does.
constexpr int kMaxFetches = 100;

}  // namespace

struct Engine::DecideCall {
  DecideCall(Budgets& budgets, EngineMetrics& metrics) : budgets(budgets), metrics(metrics) {}

  DecideRequest request;
  absl::Time deadline;
  Done<DecideAnswer> done;
  absl::optional<StoredProfile> read;  // before the call began; used once
  std::shared_ptr<const playbook::Playbook> playbook;
  std::shared_ptr<const decision::TokenKey> token_key;
  absl::Time now;
  decision::Request question;
  std::vector<segmentation::Event> events;
  DecisionLogger* logger = nullptr;                          // where the tenant keeps decisions
  std::vector<absl::optional<store::LoggedOutcome>> to_log;  // beside the events, where they are outcomes
  // What the last run over the stored profile said.
  decision::Decision decision;
  std::vector<Receipt> receipts;
  absl::optional<std::string> seen;  // of the profile, to be logged
  bool known = false;
  absl::Time profile_at = absl::InfinitePast();  // when a stale one was read
  Budgets& budgets;
  EngineMetrics& metrics;
  std::vector<NeededBudget> needed;
  std::vector<LeasedUnit> taken;                      // what the last run took
  std::vector<absl::optional<HeldOutcome>> outcomes;  // beside the events
  std::vector<absl::optional<Receipt>> settled;       // likewise, where they are withheld before they are recorded
  bool ids_by_caller = false;                         // the decision's id is the caller's, who may try again with it
  bool must_fetch = false;                            // what ended the last run: nothing is leased
  int fetches = 0;

  absl::Status Admit();
  // What the placements' candidates may take from budgets.
  void AddNeeded();
  BudgetAsk Ask() const { return {request.tenant, *playbook, now}; }
  HoldingEvents Holding() { return {request.customer, *playbook, events, outcomes}; }
  // Folds and decides; says what is to be stored, if anything. ABORTED, and must_fetch, where a lease is to be fetched.
  absl::StatusOr<absl::optional<Profile>> Run(const StoredProfile& stored);
  // Decides and takes what this needs from budgets. False where a lease is to be fetched first.
  bool DecideAndTake(const Profile& profile);
  // What the decision saw of the profile, to be logged.
  std::string Seen(const Profile& profile) const {
    return ToLogged(decision.from_context ? decision::WhatBinds(*playbook, profile) : profile);
  }
  void PutBack();
  std::vector<UnitToHold> UnitsToHold() const;
  Knowledge KnowledgeNow() const;
  void Answer(Knowledge knowledge);
  void Log(Knowledge knowledge);
  void Count(Knowledge knowledge) const;
};

absl::Status Engine::DecideCall::Admit() {
  if (!request.customer.empty()) WAYMARK_RETURN_IF_ERROR(CheckCustomer(request.customer));
  if (request.customer.empty() && !request.events.empty()) {
    return base::FieldError("context.events", "events need a customer");
  }
  for (const std::string& name : request.placements) {
    auto placement = playbook->placement_by_name.find(name);
    if (placement == playbook->placement_by_name.end())
      return absl::NotFoundError("the playbook has no such placement");
    if (std::count(question.placements.begin(), question.placements.end(), placement->second) > 0) {
      return base::FieldError("placements", "a placement is asked for twice");
    }
    question.placements.push_back(placement->second);
  }
  absl::StatusOr<segmentation::Context> context = AdmitContext(request.context, *playbook);
  if (!context.ok()) return context.status();
  for (size_t i = 0; i < request.events.size(); ++i) {
    auto event = AdmitEvent(request.events[i], *playbook, request.tenant, request.customer, *token_key, now);
    if (!event.ok()) return base::UnderField(absl::StrCat("context.events[", i, "]"), event.status());
    to_log.push_back(logger == nullptr
                         ? absl::nullopt
                         : OutcomeOf(request.events[i], *event, request.tenant, request.customer, *token_key));
    events.push_back(*std::move(event));
    outcomes.push_back(HeldOutcomeOf(request.events[i], request.tenant, request.customer, *token_key));
  }
  ids_by_caller = !request.decision_id.empty();
  if (request.decision_id.empty()) request.decision_id = base::NewId();
  question.context = *std::move(context);
  question.locale = absl::AsciiStrToLower(request.locale);
  question.decision_id = request.decision_id;
  question.unit = segmentation::StableHash(request.customer.empty() ? request.decision_id : request.customer);
  question.kind = request.kind;
  question.max_actions = request.max_actions;
  question.explain = request.explain;
  AddNeeded();
  return absl::OkStatus();
}

void Engine::DecideCall::AddNeeded() {
  std::map<int, int> most;
  for (int index : question.placements) {
    const playbook::Placement& placement = playbook->placements[index];
    const int slots = question.max_actions > 0 ? question.max_actions : placement.slots;
    for (const playbook::PlacementBudget& each : placement.budgets) most[each.budget] += std::min(slots, each.actions);
  }
  for (const auto& [budget, units] : most) needed.push_back({budget, units});
}

void Engine::DecideCall::PutBack() {
  if (!taken.empty()) budgets.PutBack(taken);
  taken.clear();
}

bool Engine::DecideCall::DecideAndTake(const Profile& profile) {
  PutBack();
  must_fetch = false;
  while (true) {
    must_fetch = !needed.empty() && !budgets.Look(Ask(), needed, question.budgets) && fetches < kMaxFetches;
    if (must_fetch) return false;
    decision = decision::Decide(*playbook, profile, question, now);
    if (decision.units.empty()) return true;
    absl::optional<std::vector<LeasedUnit>> units = budgets.Take(Ask(), decision.units);
    if (!units.has_value()) continue;  // another decision was faster
    taken = *std::move(units);
    return true;
  }
}

absl::StatusOr<absl::optional<Profile>> Engine::DecideCall::Run(const StoredProfile& stored) {
  const absl::Status not_leased = absl::AbortedError("nothing of a budget is leased");
  known = stored.revision != 0;
  if (events.empty()) {
    receipts.clear();
    if (!DecideAndTake(stored.profile)) return not_leased;
    if (logger != nullptr) seen = Seen(stored.profile);
    if (decision.contacts.empty()) return absl::optional<Profile>();
  }
  Profile profile = BeginChange(stored, now);
  bool changed = false;
  if (!events.empty()) {
    changed = FoldAll(events, settled, *playbook, now, profile, receipts);
    known = known || changed;
    if (!DecideAndTake(profile)) return not_leased;
    if (logger != nullptr) seen = Seen(profile);
  }
  for (const segmentation::Contact& contact : decision.contacts) segmentation::AddContact(profile, contact, now);
  changed = changed || profile.contacts != stored.profile.contacts;
  if (!changed) return absl::optional<Profile>();
  segmentation::Compact(profile, store::kMaxProfileBytes);
  return absl::make_optional(std::move(profile));
}

// What is given when it is shown is held until then. Of a visitor without a profile nothing else tells that another try
// of the same decision has its unit already.
std::vector<UnitToHold> Engine::DecideCall::UnitsToHold() const {
  const uint64_t customer = decision::CustomerFingerprint(request.tenant, request.customer);
  std::vector<UnitToHold> units;
  for (const LeasedUnit& each : taken) {
    const playbook::Placement& placement = playbook->placements[each.unit.placement];
    const bool shown = placement.count_on_decision;
    if (shown && (!request.customer.empty() || !ids_by_caller)) continue;
    const uint64_t key = decision::ContactKey(request.decision_id, placement.id);
    units.push_back({each, HoldKeyOf(customer, key, playbook->actions[each.unit.action].id), shown});
  }
  return units;
}

// Where the store answered.
Knowledge Engine::DecideCall::KnowledgeNow() const {
  if (!known) return Knowledge::kUnknownCustomer;
  return decision.from_context ? Knowledge::kNoConsent : Knowledge::kProfile;
}

void Engine::DecideCall::Log(Knowledge knowledge) {
  // Events of a call that could not be recorded have no receipts; one that was recorded before is logged once.
  for (size_t i = 0; i < receipts.size(); ++i) {
    if (receipts[i].duplicate || receipts[i].withheld || !to_log[i].has_value()) continue;
    logger->Append(request.tenant, LogKeyOf(*to_log[i]), *to_log[i]);
  }
  logger->Append(request.tenant, LogKeyOf(request.decision_id),
                 ToLogged(*playbook, request.customer, question, std::move(seen), now, knowledge, decision));
}

void Engine::DecideCall::Count(Knowledge knowledge) const {
  metrics.CountDecision(decision, knowledge);
  for (const Receipt& receipt : receipts) metrics.CountEvent(absl::OkStatus(), receipt);
  const absl::Status not_recorded = absl::UnavailableError("");
  for (size_t i = receipts.size(); i < events.size(); ++i) metrics.CountEvent(not_recorded, {});
}

std::vector<std::vector<std::string>> TokensOf(const DecideRequest& request, const playbook::Playbook* playbook,
                                               const decision::Decision& decision,
                                               const decision::TokenKey* token_key) {
  std::vector<std::vector<std::string>> all;
  const uint64_t customer = decision::CustomerFingerprint(request.tenant, request.customer);
  for (const decision::PlacementDecision& placement : decision.placements) {
    const playbook::Placement& at = playbook->placements[placement.placement];
    std::vector<std::string>& tokens = all.emplace_back();
    for (const decision::Chosen& chosen : placement.chosen) {
      tokens.push_back(decision::EncodeToken(
          {.customer = customer,
           .decision = decision::ContactKey(request.decision_id, at.id),
           .action = playbook->actions[chosen.action].id,
           .channel = playbook->channels[at.channel].id,
           .count_on_impression = !at.count_on_decision && !chosen.fallback &&
                                  playbook->actions[chosen.action].kind != playbook::ActionKind::kNone,
           .holds = !at.count_on_decision && !chosen.fallback && !playbook->actions[chosen.action].budgets.empty()},
          *token_key));
    }
  }
  return all;
}

void Engine::DecideCall::Answer(Knowledge knowledge) {
  Count(knowledge);
  if (logger != nullptr) Log(knowledge);
  DecideAnswer answer{.playbook = playbook,
                      .decision_id = request.decision_id,
                      .decided_at = now,
                      .knowledge = knowledge,
                      .profile_at = profile_at,
                      .decision = std::move(decision),
                      .receipts = std::move(receipts)};
  answer.tokens = TokensOf(request, playbook.get(), answer.decision, token_key.get());
  done(std::move(answer));
}

void Engine::HoldAndAnswer(const std::shared_ptr<DecideCall>& call, Knowledge knowledge) {
  if (!call->taken.empty()) budgets_.Renew(call->Ask(), call->taken);
  const std::vector<UnitToHold> units = call->UnitsToHold();
  if (units.empty()) return call->Answer(knowledge);
  budgets_.Hold(call->Ask(), units, StoreDeadline(call->deadline), [this, call, knowledge](const absl::Status& status) {
    if (status.ok()) return call->Answer(knowledge);
    call->taken.clear();
    DecideFromContext(call, Knowledge::kStoreUnavailable);
  });
}

void Engine::DecideFromContext(const std::shared_ptr<DecideCall>& call, Knowledge knowledge) {
  if (call->request.profile_required && knowledge != Knowledge::kUnknownCustomer) {
    call->PutBack();
    return call->done(knowledge == Knowledge::kProfileUnusable
                          ? absl::DataLossError("the stored profile cannot be used")
                          : absl::UnavailableError("the store does not answer"));
  }
  call->question.contacts_known = knowledge == Knowledge::kUnknownCustomer;
  if (knowledge != Knowledge::kUnknownCustomer) {
    call->needed.clear();
    call->question.budgets.clear();  // nothing is known of them
  }
  call->seen.reset();
  if (knowledge == Knowledge::kStoreUnavailable) {
    const auto recent = profiles_.Recall({call->request.tenant, call->request.customer});
    if (recent.has_value()) return DecideOnRecent(call, *recent);
  }
  if (!call->DecideAndTake(Profile())) return Prepare(call);
  HoldAndAnswer(call, knowledge);
}

// Without contacts and budgets, as from context: what happened since is not known, and limits are exact.
void Engine::DecideOnRecent(const std::shared_ptr<DecideCall>& call, const store::RecentProfile& recent) {
  call->DecideAndTake(recent.stored.profile);
  if (call->logger != nullptr) call->seen = call->Seen(recent.stored.profile);
  call->profile_at = recent.at;
  HoldAndAnswer(call, call->decision.from_context ? Knowledge::kStoreUnavailable : Knowledge::kStaleProfile);
}

void Engine::Decide(DecideRequest request, absl::Time deadline, Done<DecideAnswer> done) {
  auto call = std::make_shared<DecideCall>(budgets_, metrics_);
  call->request = std::move(request);
  call->deadline = deadline;
  call->done = std::move(done);
  Begin(call);
}

void Engine::DecideFrom(DecideRequest request, StoredProfile read, absl::Time deadline, Done<DecideAnswer> done) {
  auto call = std::make_shared<DecideCall>(budgets_, metrics_);
  call->request = std::move(request);
  call->deadline = deadline;
  call->done = std::move(done);
  call->read = std::move(read);
  Begin(call);
}

void Engine::Begin(const std::shared_ptr<DecideCall>& call) {
  auto playbook = playbooks_.Current(call->request.tenant);
  if (!playbook.ok()) return call->done(playbook.status());
  call->playbook = *std::move(playbook);
  call->token_key = playbooks_.token_key();
  call->now = clock_.Now();
  if (call->playbook->keep_decisions > absl::ZeroDuration()) call->logger = logger_;
  if (absl::Status status = call->Admit(); !status.ok()) return call->done(std::move(status));
  SettleHolds(profiles_, budgets_, call->Ask(), call->Holding(), StoreDeadline(call->deadline),
              [this, call](std::vector<Settled> settled) {
                for (Settled& each : settled) {
                  if (!each.ok()) return DecideFromContext(call, KnowledgeAfter(each.status()));
                  call->settled.push_back(*std::move(each));
                }
                Prepare(call);
              });
}

void Engine::Prepare(const std::shared_ptr<DecideCall>& call) {
  if (call->needed.empty() || call->fetches == kMaxFetches ||
      budgets_.Look(call->Ask(), call->needed, call->question.budgets)) {
    return Load(call);
  }
  ++call->fetches;
  const absl::Time until = StoreDeadline(call->deadline);
  budgets_.Fetch(call->Ask(), call->needed, until, [this, call, until] {
    if (base::SteadyNow() >= until) call->fetches = kMaxFetches;  // there is no time to ask again
    Load(call);
  });
}

void Engine::Load(const std::shared_ptr<DecideCall>& call) {
  if (call->request.customer.empty()) return DecideFromContext(call, Knowledge::kUnknownCustomer);
  if (call->read.has_value()) return DecideOn(call, *std::exchange(call->read, absl::nullopt));
  const store::CustomerKey key{call->request.tenant, call->request.customer};
  profiles_.Load(key, StoreDeadline(call->deadline), [this, call](const absl::StatusOr<StoredProfile>& stored) {
    if (!stored.ok()) return DecideFromContext(call, KnowledgeAfter(stored.status()));
    DecideOn(call, *stored);
  });
}

void Engine::DecideOn(const std::shared_ptr<DecideCall>& call, const StoredProfile& read) {
  const bool may_write =
      !call->events.empty() ||
      std::any_of(call->question.placements.begin(), call->question.placements.end(),
                  [&](int placement) { return call->playbook->placements[placement].count_on_decision; });
  call->must_fetch = false;  // the store may fail before it runs the call
  if (!may_write) {
    if (!call->Run(read).ok()) return Prepare(call);
    return HoldAndAnswer(call, call->KnowledgeNow());
  }
  const auto run = [call](const StoredProfile& stored) { return call->Run(stored); };
  const auto written = [this, call](const absl::StatusOr<uint64_t>& revision) {
    if (revision.ok()) {
      WithdrawHolds(budgets_, call->Ask(), call->Holding(), call->receipts);
      return HoldAndAnswer(call, call->KnowledgeNow());
    }
    if (call->must_fetch) return Prepare(call);
    // A write that may stand has the contact that gives another try of this decision the unit: then it is spent.
    if (!WasRefused(revision.status())) call->taken.clear();
    call->receipts.clear();  // nothing was recorded
    // Whether or not the write arrived, nothing that is limited is given: so no limit is exceeded.
    DecideFromContext(call, KnowledgeAfter(revision.status()));
  };
  const store::CustomerKey key{call->request.tenant, call->request.customer};
  profiles_.UpdateFrom(key, read, StoreDeadline(call->deadline), run, written);
}

}  // namespace waymark::engine
