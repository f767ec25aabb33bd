#include "service/engine/logged_decision.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <utility>

#include "segmentation/stable_hash.h"
#include "service/store/codec.h"

namespace waymark::engine {
namespace {

using segmentation::NameId;
using segmentation::Profile;

// The bytes that are hashed. Each value has its length, or a fixed one, so that no two answers have the same bytes.
class HashedBytes {
 public:
  void Add(uint64_t value) { bytes_.append(reinterpret_cast<const char*>(&value), sizeof(value)); }
  void Add(NameId id) { Add(uint64_t{static_cast<uint32_t>(id)}); }
  void Add(absl::Time time) { Add(static_cast<uint64_t>(absl::ToUnixMillis(time))); }
  void Add(double value) {
    uint64_t bits = 0;
    std::memcpy(&bits, &value, sizeof(bits));
    Add(bits);
  }
  void Add(absl::string_view text) {
    Add(uint64_t{text.size()});
    bytes_.append(text.data(), text.size());
  }

  uint64_t Hash() const { return segmentation::StableHash(bytes_); }

 private:
  std::string bytes_;
};

void AddContent(const decision::Content& content, HashedBytes& bytes) {
  bytes.Add(uint64_t{static_cast<uint32_t>(content.content_type)});
  for (const std::string* text :
       {&content.locale, &content.variant, &content.subject, &content.body, &content.image_url, &content.link_url}) {
    bytes.Add(absl::string_view(*text));
  }
}

// What was known of the playbook's budgets. A budget that another playbook has, and of which nothing is known because
// the one of then did not have it, is taken to have something left.
std::vector<int8_t> BudgetsOf(const store::LoggedDecision& logged, const playbook::Playbook& playbook) {
  const bool the_one_of_then = playbook.version == logged.playbook_version;
  const int8_t unknown = the_one_of_then || !logged.request.contacts_known ? decision::kBudgetUnknown : INT8_MAX;
  std::vector<int8_t> budgets;
  for (const playbook::Budget& budget : playbook.budgets) {
    const auto known =
        std::find_if(logged.request.budgets.begin(), logged.request.budgets.end(),
                     [id = segmentation::NameIdOf(budget.name)](const auto& each) { return each.first == id; });
    budgets.push_back(known != logged.request.budgets.end() ? known->second : unknown);
  }
  return budgets;
}

// The request again, as far as the playbook has its placements. What Decide takes is kept and given back here, and in
// ToLogged, alone.
decision::Request RequestOf(const store::LoggedDecision& logged, const playbook::Playbook& playbook) {
  decision::Request request{.locale = logged.request.locale,
                            .context = logged.request.context,
                            .decision_id = logged.decision_id,
                            .unit = logged.request.unit,
                            .max_actions = logged.request.max_actions,
                            .contacts_known = logged.request.contacts_known};
  if (logged.request.kind.has_value()) request.kind = static_cast<playbook::ActionKind>(*logged.request.kind);
  for (const store::LoggedPlacement& asked : logged.placements) {
    const auto found =
        std::find_if(playbook.placements.begin(), playbook.placements.end(),
                     [&asked](const playbook::Placement& placement) { return placement.id == asked.placement; });
    if (found != playbook.placements.end())
      request.placements.push_back(static_cast<int>(found - playbook.placements.begin()));
  }
  request.budgets = BudgetsOf(logged, playbook);
  return request;
}

store::LoggedRequest ToLogged(const decision::Request& question, const playbook::Playbook& playbook) {
  store::LoggedRequest request{.locale = question.locale,
                               .context = question.context,
                               .max_actions = question.max_actions,
                               .contacts_known = question.contacts_known,
                               .unit = question.unit};
  for (size_t i = 0; i < question.budgets.size(); ++i) {
    if (question.budgets[i] != decision::kBudgetUnknown)
      request.budgets.emplace_back(segmentation::NameIdOf(playbook.budgets[i].name), question.budgets[i]);
  }
  if (question.kind.has_value()) request.kind = static_cast<int>(*question.kind);
  return request;
}

}  // namespace

std::string ToLogged(const Profile& profile) { return store::Encode(profile, store::EventIds::kLeaveOut); }

store::LoggedDecision ToLogged(const playbook::Playbook& playbook, absl::string_view customer,
                               const decision::Request& question, absl::optional<std::string> profile, absl::Time now,
                               Knowledge knowledge, const decision::Decision& decision) {
  store::LoggedDecision logged{.decision_id = question.decision_id,
                               .customer = std::string(customer),
                               .decided_at = now,
                               .playbook_version = playbook.version,
                               .population_version = playbook.population == nullptr ? 0 : playbook.population->version,
                               .knowledge = static_cast<int>(knowledge),
                               .profile = std::move(profile),
                               .request = ToLogged(question, playbook),
                               .answer_hash = AnswerHash(playbook, decision)};
  for (const decision::PlacementDecision& decided : decision.placements) {
    store::LoggedPlacement& placement = logged.placements.emplace_back();
    placement.placement = playbook.placements[decided.placement].id;
    for (const decision::Chosen& chosen : decided.chosen) {
      placement.actions.push_back(playbook.actions[chosen.action].id);
      placement.priorities.push_back(chosen.priority);
      placement.fallback = placement.fallback || chosen.fallback;
    }
  }
  return logged;
}

absl::StatusOr<decision::Decision> DecideAgain(const store::LoggedDecision& logged, const playbook::Playbook& playbook,
                                               bool explain) {
  decision::Request request = RequestOf(logged, playbook);
  if (request.placements.empty()) return absl::NotFoundError("the playbook has no such placement");
  request.explain = explain;
  Profile profile;
  if (logged.profile.has_value()) {
    if (absl::Status status = store::Decode(*logged.profile, profile); !status.ok()) return status;
  }
  return decision::Decide(playbook, profile, request, logged.decided_at);
}

uint64_t AnswerHash(const playbook::Playbook& playbook, const decision::Decision& decision) {
  HashedBytes bytes;
  for (const decision::PlacementDecision& placement : decision.placements) {
    bytes.Add(playbook.placements[placement.placement].id);
    bytes.Add(uint64_t{placement.chosen.size()});
    for (const decision::Chosen& chosen : placement.chosen) {
      bytes.Add(playbook.actions[chosen.action].id);
      bytes.Add(chosen.priority);
      bytes.Add(uint64_t{chosen.fallback});
      bytes.Add(uint64_t{chosen.content.has_value()});
      if (chosen.content.has_value()) AddContent(*chosen.content, bytes);
    }
  }
  for (const segmentation::JourneyPosition& position : decision.positions) {
    bytes.Add(position.journey);
    bytes.Add(position.current.stage);
    bytes.Add(position.current.since);
    bytes.Add(uint64_t{position.history.size()});
    for (const segmentation::StageEntry& entry : position.history) {
      bytes.Add(entry.stage);
      bytes.Add(entry.since);
    }
  }
  for (const segmentation::Contact& contact : decision.contacts) {
    bytes.Add(contact.action);
    bytes.Add(contact.channel);
    bytes.Add(contact.at);
    bytes.Add(contact.decision);
  }
  for (const decision::InArm in : decision.arms) {
    bytes.Add(uint64_t{static_cast<uint32_t>(in.experiment)});
    bytes.Add(uint64_t{static_cast<uint32_t>(in.arm)});
  }
  for (const decision::TakenUnit& unit : decision.units) {
    bytes.Add(segmentation::NameIdOf(playbook.budgets[unit.budget].name));
    bytes.Add(playbook.actions[unit.action].id);
  }
  return bytes.Hash();
}

// The placement does not matter: what is looked at is the byte that is the decision's.
uint64_t LogKeyOf(absl::string_view decision_id) { return decision::ContactKey(decision_id, NameId{}); }

absl::optional<store::LoggedOutcome> OutcomeOf(const SentEvent& sent, const segmentation::Event& event,
                                               absl::string_view tenant, absl::string_view customer,
                                               const decision::TokenKey& token_key) {
  if (sent.decision_token.empty()) return absl::nullopt;
  const absl::optional<decision::Token> token = decision::DecodeToken(sent.decision_token, token_key);
  if (!token.has_value() || !decision::IsTokenOf(*token, tenant, customer)) return absl::nullopt;
  return store::LoggedOutcome{
      .decision = token->decision, .action = token->action, .event = event.type, .at = event.time};
}

}  // namespace waymark::engine
