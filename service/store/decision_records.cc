#include "service/store/decision_records.h"

#include <utility>

#include "absl/status/status.h"
#include "segmentation/stable_hash.h"
#include "service/store/codec.h"
#include "service/store/columns.h"
#include "waymark/storage/v1/decision.pb.h"

namespace waymark::store {
namespace {

using segmentation::NameId;

constexpr size_t kChecksumBytes = 4;

std::string ChecksumOf(absl::string_view body) {
  uint64_t hash = segmentation::StableHash(body);
  std::string checksum(kChecksumBytes, '\0');
  for (char& byte : checksum) {
    byte = static_cast<char>(hash);
    hash >>= 8;
  }
  return checksum;
}

absl::Status Damaged() { return absl::DataLossError("an entry of the decision log cannot be decoded"); }

void Fill(const LoggedRequest& request, storage::v1::DecisionRequest& message) {
  message.set_locale(request.locale);
  if (!request.context.empty()) message.set_context(Encode(segmentation::Profile{.traits = request.context}));
  if (request.kind.has_value()) message.set_kind(static_cast<uint32_t>(*request.kind) + 1);
  message.set_max_actions(static_cast<uint32_t>(request.max_actions));
  message.set_contacts_unknown(!request.contacts_known);
  message.set_unit(request.unit);
  for (const auto& [budget, units] : request.budgets) {
    message.add_budgets(static_cast<uint32_t>(budget));
    message.add_budget_units(static_cast<uint32_t>(units));
  }
}

absl::StatusOr<LoggedRequest> DecodeRequest(const storage::v1::DecisionRequest& message) {
  LoggedRequest request{.locale = message.locale(),
                        .max_actions = static_cast<int>(message.max_actions()),
                        .contacts_known = !message.contacts_unknown(),
                        .unit = message.unit()};
  if (message.budgets_size() != message.budget_units_size()) return Damaged();
  for (int i = 0; i < message.budgets_size(); ++i) {
    const uint32_t units = message.budget_units(i);
    if (units > INT8_MAX) return Damaged();
    request.budgets.emplace_back(segmentation::NameId{message.budgets(i)}, static_cast<int8_t>(units));
  }
  if (message.kind() != 0) request.kind = static_cast<int>(message.kind()) - 1;
  if (!message.context().empty()) {
    absl::StatusOr<segmentation::Profile> context = Decode(message.context());
    if (!context.ok()) return Damaged();
    request.context = std::move(context->traits);
  }
  return request;
}

void Fill(const LoggedDecision& decision, storage::v1::LoggedDecision& message) {
  message.set_decision_id(decision.decision_id);
  message.set_customer(decision.customer);
  message.set_decided_at_ms(MillisOf(decision.decided_at));
  message.set_playbook_version(decision.playbook_version);
  message.set_population_version(decision.population_version);
  message.set_knowledge(static_cast<uint32_t>(decision.knowledge));
  if (decision.profile.has_value()) message.set_profile(*decision.profile);
  Fill(decision.request, *message.mutable_request());
  for (const LoggedPlacement& placement : decision.placements) {
    storage::v1::LoggedPlacement& added = *message.add_placements();
    added.set_placement(static_cast<uint32_t>(placement.placement));
    for (NameId action : placement.actions) added.add_actions(static_cast<uint32_t>(action));
    added.mutable_priorities()->Add(placement.priorities.begin(), placement.priorities.end());
    added.set_fallback(placement.fallback);
  }
  message.set_answer_hash(decision.answer_hash);
}

absl::StatusOr<LogRecord> DecodeDecision(storage::v1::LoggedDecision& message) {
  absl::StatusOr<LoggedRequest> request = DecodeRequest(message.request());
  if (!request.ok()) return request.status();
  LoggedDecision decision{.decision_id = std::move(*message.mutable_decision_id()),
                          .customer = std::move(*message.mutable_customer()),
                          .decided_at = TimeOf(message.decided_at_ms()),
                          .playbook_version = message.playbook_version(),
                          .population_version = message.population_version(),
                          .knowledge = static_cast<int>(message.knowledge()),
                          .request = *std::move(request),
                          .answer_hash = message.answer_hash()};
  if (message.has_profile()) decision.profile = std::move(*message.mutable_profile());
  for (const storage::v1::LoggedPlacement& placement : message.placements()) {
    if (placement.actions_size() != placement.priorities_size()) return Damaged();
    LoggedPlacement& added = decision.placements.emplace_back();
    added.placement = NameId{placement.placement()};
    for (uint32_t action : placement.actions()) added.actions.push_back(NameId{action});
    added.priorities = {placement.priorities().begin(), placement.priorities().end()};
    added.fallback = placement.fallback();
  }
  return LogRecord(std::move(decision));
}

struct RecordEncoder {
  storage::v1::DecisionLogEntry& message;

  void operator()(const LoggedDecision& decision) const { Fill(decision, *message.mutable_decision()); }
  void operator()(const LoggedOutcome& outcome) const {
    storage::v1::LoggedOutcome& added = *message.mutable_outcome();
    added.set_decision(outcome.decision);
    added.set_action(static_cast<uint32_t>(outcome.action));
    added.set_event(static_cast<uint32_t>(outcome.event));
    added.set_at_ms(MillisOf(outcome.at));
  }
};

}  // namespace

std::string EncodeLogRecord(const LogRecord& record) {
  storage::v1::DecisionLogEntry message;
  absl::visit(RecordEncoder{message}, record);
  const std::string body = message.SerializeAsString();
  return ChecksumOf(body) + body;
}

absl::StatusOr<LogRecord> DecodeLogRecord(absl::string_view bytes) {
  if (bytes.size() < kChecksumBytes) return Damaged();
  const absl::string_view body = bytes.substr(kChecksumBytes);
  storage::v1::DecisionLogEntry message;
  if (ChecksumOf(body) != bytes.substr(0, kChecksumBytes) ||
      !message.ParseFromArray(body.data(), static_cast<int>(body.size()))) {
    return Damaged();
  }
  if (message.has_decision()) return DecodeDecision(*message.mutable_decision());
  if (!message.has_outcome()) return Damaged();  // of a newer Waymark
  const storage::v1::LoggedOutcome& outcome = message.outcome();
  return LogRecord(LoggedOutcome{.decision = outcome.decision(),
                                 .action = NameId{outcome.action()},
                                 .event = NameId{outcome.event()},
                                 .at = TimeOf(outcome.at_ms())});
}

}  // namespace waymark::store
