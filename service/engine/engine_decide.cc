#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "segmentation/compact.h"
#include "segmentation/fold.h"
#include "service/base/field_error.h"
#include "service/base/ids.h"
#include "service/base/status_macros.h"
#include "service/decision/token.h"
#include "service/engine/admit.h"
#include "service/engine/change.h"
#include "service/engine/engine.h"

namespace waymark::engine {
namespace {

using segmentation::Profile;
using store::StoredProfile;

// What is known when the store gave no profile.
Knowledge KnowledgeAfter(const absl::Status& status) {
  const bool unusable = absl::IsDataLoss(status) || absl::IsInvalidArgument(status);
  return unusable ? Knowledge::kProfileUnusable : Knowledge::kStoreUnavailable;
}

// Leaves time for an answer when the store takes all that it is given.
absl::Time StoreDeadline(absl::Time deadline) {
  const absl::Duration left = deadline - absl::Now();
  return deadline - std::min(absl::Milliseconds(10), left / 5);
}

}  // namespace

struct Engine::DecideCall {
  DecideRequest request;
  Done<DecideAnswer> done;
  std::shared_ptr<const playbook::Playbook> playbook;
  std::shared_ptr<const decision::TokenKey> token_key;
  absl::Time now;
  decision::Request question;
  std::vector<segmentation::Event> events;
  // What the last run over the stored profile said.
  decision::Decision decision;
  std::vector<Receipt> receipts;
  bool known = false;

  absl::Status Admit();
  // Folds and decides; says what is to be stored, if anything.
  absl::optional<Profile> Run(const StoredProfile& stored);
  Knowledge KnowledgeNow() const;
  void Answer(Knowledge knowledge);
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
    events.push_back(*std::move(event));
  }
  if (request.decision_id.empty()) request.decision_id = base::NewId();
  question.context = *std::move(context);
  question.locale = absl::AsciiStrToLower(request.locale);
  question.decision_id = request.decision_id;
  question.unit = segmentation::StableHash(request.customer.empty() ? request.decision_id : request.customer);
  question.kind = request.kind;
  question.max_actions = request.max_actions;
  question.explain = request.explain;
  return absl::OkStatus();
}

absl::optional<Profile> Engine::DecideCall::Run(const StoredProfile& stored) {
  known = stored.revision != 0;
  if (events.empty()) {
    receipts.clear();
    decision = decision::Decide(*playbook, stored.profile, question, now);
    if (decision.contacts.empty()) return absl::nullopt;
  }
  Profile profile = BeginChange(stored, now);
  bool changed = false;
  if (!events.empty()) {
    changed = FoldAll(events, *playbook, now, profile, receipts);
    known = known || changed;
    decision = decision::Decide(*playbook, profile, question, now);
  }
  for (const segmentation::Contact& contact : decision.contacts) segmentation::AddContact(profile, contact, now);
  changed = changed || profile.contacts != stored.profile.contacts;
  if (!changed) return absl::nullopt;
  segmentation::Compact(profile, store::kMaxProfileBytes);
  return profile;
}

// Where the store answered.
Knowledge Engine::DecideCall::KnowledgeNow() const {
  if (!known) return Knowledge::kUnknownCustomer;
  return decision.from_context ? Knowledge::kNoConsent : Knowledge::kProfile;
}

void Engine::DecideCall::Answer(Knowledge knowledge) {
  DecideAnswer answer{.playbook = playbook,
                      .decision_id = request.decision_id,
                      .decided_at = now,
                      .knowledge = knowledge,
                      .decision = std::move(decision),
                      .receipts = std::move(receipts)};
  const uint64_t customer = decision::CustomerFingerprint(request.tenant, request.customer);
  for (const decision::PlacementDecision& placement : answer.decision.placements) {
    const playbook::Placement& at = playbook->placements[placement.placement];
    std::vector<std::string>& tokens = answer.tokens.emplace_back();
    for (const decision::Chosen& chosen : placement.chosen) {
      tokens.push_back(decision::EncodeToken(
          {.customer = customer,
           .decision = decision::ContactKey(request.decision_id, at.id),
           .action = playbook->actions[chosen.action].id,
           .channel = playbook->channels[at.channel].id,
           .count_on_impression =
               !at.count_on_decision && !chosen.fallback && playbook->CountsContacts(chosen.action, at.channel)},
          *token_key));
    }
  }
  done(std::move(answer));
}

void Engine::DecideFromContext(const std::shared_ptr<DecideCall>& call, Knowledge knowledge) {
  call->question.contacts_known = knowledge == Knowledge::kUnknownCustomer;
  call->receipts.clear();
  call->decision = decision::Decide(*call->playbook, Profile(), call->question, call->now);
  call->Answer(knowledge);
}

void Engine::Decide(DecideRequest request, absl::Time deadline, Done<DecideAnswer> done) {
  auto playbook = playbooks_.Current(request.tenant);
  if (!playbook.ok()) return done(playbook.status());
  auto call = std::make_shared<DecideCall>();
  call->request = std::move(request);
  call->done = std::move(done);
  call->playbook = *std::move(playbook);
  call->token_key = playbooks_.token_key();
  call->now = clock_.Now();
  if (absl::Status status = call->Admit(); !status.ok()) return call->done(std::move(status));
  if (call->request.customer.empty()) return DecideFromContext(call, Knowledge::kUnknownCustomer);

  const store::CustomerKey key{call->request.tenant, call->request.customer};
  const bool may_write =
      !call->events.empty() ||
      std::any_of(call->question.placements.begin(), call->question.placements.end(),
                  [&](int placement) { return call->playbook->placements[placement].count_on_decision; });
  if (!may_write) {
    profiles_.Load(key, StoreDeadline(deadline), [this, call](absl::StatusOr<StoredProfile> stored) {
      if (!stored.ok()) return DecideFromContext(call, KnowledgeAfter(stored.status()));
      call->Run(*stored);
      call->Answer(call->KnowledgeNow());
    });
    return;
  }
  profiles_.Update(
      key, StoreDeadline(deadline), [call](const StoredProfile& stored) { return call->Run(stored); },
      [this, call](const absl::StatusOr<uint64_t>& revision) {
        // Whether or not the write arrived, nothing that is limited is given: so no limit is exceeded.
        if (!revision.ok()) return DecideFromContext(call, KnowledgeAfter(revision.status()));
        call->Answer(call->KnowledgeNow());
      });
}

}  // namespace waymark::engine
