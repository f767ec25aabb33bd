#include "service/batch/audit.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/variant.h"
#include "segmentation/stable_hash.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/batch/value_bins.h"
#include "service/decision/decision.h"
#include "service/store/codec.h"

namespace waymark::batch {
namespace {

using segmentation::NameId;
using store::LoggedDecision;
using store::LoggedOutcome;

constexpr size_t kMaxValues = 1'000;
// Of numbers, that stand each by itself.
constexpr size_t kMaxNumbers = 10;

struct ValueText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(int64_t value) const { return absl::StrCat(value); }
  std::string operator()(double value) const { return absl::StrCat(value); }
  std::string operator()(absl::Time value) const { return absl::FormatTime(value, absl::UTCTimeZone()); }
  std::string operator()(const std::string& value) const { return value; }
  std::string operator()(const std::vector<std::string>&) const { return ""; }  // not asked for
};

// A value of the trait as groups have it: the number, or its bin, where it is one. None: not known.
struct ValueKey {
  double number = 0;
  std::string text;

  friend bool operator<(const ValueKey& a, const ValueKey& b) {
    return std::tie(a.number, a.text) < std::tie(b.number, b.text);
  }
};

// The request with ids, where the playbook has its names.
struct Question {
  NameId trait{};
  bool is_number = false;
  bool is_whole = false;
  absl::optional<ValueBins> deciles;  // of a number, where the population has them
  absl::optional<NameId> placement;
  absl::optional<NameId> action;
  std::vector<NameId> accepted_by;
};

absl::StatusOr<Question> QuestionOf(const playbook::Playbook& playbook, const AuditRequest& request) {
  Question question{.trait = segmentation::NameIdOf(request.trait)};
  const auto trait = playbook.traits.find(request.trait);
  if (trait == playbook.traits.end()) return base::FieldError("trait", "the playbook declares no such trait");
  if (trait->second.kind() == expression::Kind::kList) return base::FieldError("trait", "a list is not one value");
  question.is_whole = trait->second.kind() == expression::Kind::kInt;
  question.is_number = question.is_whole || trait->second.kind() == expression::Kind::kDouble;
  if (question.is_number && playbook.population != nullptr) {
    for (const segmentation::FeatureBins& bins : playbook.population->bins) {
      if (bins.trait == request.trait && !bins.boundaries.empty())
        question.deciles.emplace(bins.boundaries, question.is_whole);
    }
  }
  if (!request.placement.empty()) {
    const auto placement = playbook.placement_by_name.find(request.placement);
    if (placement == playbook.placement_by_name.end())
      return base::FieldError("placement", "the playbook has no such placement");
    question.placement = playbook.placements[placement->second].id;
  }
  if (!request.action.empty()) {
    const auto named = [&](const playbook::Action& action) { return action.name == request.action; };
    if (std::none_of(playbook.actions.begin(), playbook.actions.end(), named))
      return base::FieldError("action", "the playbook has no such action");
    question.action = segmentation::NameIdOf(request.action);
  }
  std::vector<std::string> events = request.accepted_by;
  if (events.empty()) events = {"select_promotion", "purchase"};
  for (size_t i = 0; i < events.size(); ++i) {
    const auto event = playbook.event_ids.find(events[i]);
    if (event == playbook.event_ids.end()) {
      return base::FieldError(absl::StrCat("accepted_by[", i, "]"), "no such event type is built in or declared");
    }
    question.accepted_by.push_back(event->second);
  }
  return question;
}

// One audit under way.
class Auditor {
 public:
  Auditor(const LogEnvironment& environment, const AuditRequest& request, const Question& question,
          const std::shared_ptr<Cancellation>& cancellation)
      : environment_(environment), request_(request), question_(question), cancellation_(cancellation) {}

  void Look(int shard, const store::LogRecord& record) {
    if (shard != shard_) EndShard();
    shard_ = shard;
    if (const auto* logged = absl::get_if<LoggedDecision>(&record); logged != nullptr) {
      Add(*logged);
    } else {
      Add(absl::get<LoggedOutcome>(record));
    }
  }
  bool TooManyValues() const { return groups_.size() > kMaxValues; }
  Audit Finish();

 private:
  struct Counts {
    absl::flat_hash_set<uint64_t> customers;
    AuditGroup group;
  };
  // What one placement of a decision was offered, of the shard that is looked at.
  struct Offer {
    Counts* counts = nullptr;
    std::vector<NameId> actions;
    bool accepted = false;
  };

  void Add(const LoggedDecision& logged);
  void Add(const LoggedOutcome& outcome);
  absl::optional<ValueKey> ValueIn(const LoggedDecision& logged) const;
  void PutNumbersIntoQuartiles();
  std::vector<NameId> OffersIn(const playbook::Playbook* playbook, const store::LoggedPlacement& placement) const;
  // All entries that speak of one decision are in one shard.
  void EndShard() { offers_.clear(); }

  const LogEnvironment& environment_;
  const AuditRequest& request_;
  const Question& question_;
  const std::shared_ptr<Cancellation>& cancellation_;
  std::map<absl::optional<ValueKey>, Counts> groups_;  // nullopt: not known
  absl::flat_hash_map<uint64_t, Offer> offers_;        // by what the token names
  int shard_ = 0;
  Audit audit_;
};

absl::optional<ValueKey> Auditor::ValueIn(const LoggedDecision& logged) const {
  if (!logged.profile.has_value()) return absl::nullopt;
  const absl::StatusOr<segmentation::Profile> profile = store::Decode(*logged.profile);
  const segmentation::Trait* trait = profile.ok() ? segmentation::FindTrait(*profile, question_.trait) : nullptr;
  if (trait == nullptr) return absl::nullopt;
  const auto* whole = absl::get_if<int64_t>(&trait->value);
  const auto* real = absl::get_if<double>(&trait->value);
  ValueKey key;
  if (whole != nullptr) key.number = static_cast<double>(*whole);
  if (real != nullptr) key.number = *real;
  if (!question_.deciles.has_value() || (whole == nullptr && real == nullptr)) {
    key.text = absl::visit(ValueText(), trait->value);
    return key;
  }
  const size_t bin = question_.deciles->Of(key.number);
  return ValueKey{static_cast<double>(bin), question_.deciles->Label(bin)};
}

std::vector<NameId> Auditor::OffersIn(const playbook::Playbook* playbook,
                                      const store::LoggedPlacement& placement) const {
  std::vector<NameId> offers;
  if (placement.fallback) return offers;
  for (NameId id : placement.actions) {
    bool counts = question_.action == id;
    if (playbook != nullptr) {
      const auto action = std::find_if(playbook->actions.begin(), playbook->actions.end(),
                                       [id](const playbook::Action& each) { return each.id == id; });
      counts = action != playbook->actions.end() && action->kind == playbook::ActionKind::kOffer;
    }
    if (counts) offers.push_back(id);
  }
  return offers;
}

void Auditor::Add(const LoggedDecision& logged) {
  if (!request_.range.Contains(logged.decided_at)) return;
  if (logged.customer.empty()) {
    ++audit_.anonymous;
    return;
  }
  PlaybookPointer playbook;
  if (!question_.action.has_value()) {  // then the kinds of the actions of then are asked for
    auto past = environment_.past.Get(request_.tenant, logged.playbook_version, 0, cancellation_);
    if (!past.ok()) {
      ++audit_.not_counted;
      return;
    }
    playbook = *std::move(past);
  }
  Counts& counts = groups_[ValueIn(logged)];
  for (const store::LoggedPlacement& placement : logged.placements) {
    if (question_.placement.has_value() && placement.placement != *question_.placement) continue;
    const auto [at, is_new] = offers_.try_emplace(decision::ContactKey(logged.decision_id, placement.placement));
    if (!is_new) continue;
    at->second = {&counts, OffersIn(playbook.get(), placement)};
    counts.customers.insert(segmentation::StableHash(logged.customer));
    ++counts.group.offered.total;
    counts.group.offered.hits += at->second.actions.empty() ? 0 : 1;
  }
}

void Auditor::Add(const LoggedOutcome& outcome) {
  const auto found = offers_.find(outcome.decision);
  if (found == offers_.end() || found->second.accepted) return;
  const auto has = [](const std::vector<NameId>& ids, NameId id) {
    return std::find(ids.begin(), ids.end(), id) != ids.end();
  };
  if (!has(question_.accepted_by, outcome.event) || !has(found->second.actions, outcome.action)) return;
  found->second.accepted = true;
  ++found->second.counts->group.accepted.hits;
}

void Auditor::PutNumbersIntoQuartiles() {
  std::vector<std::pair<double, int64_t>> values;
  for (const auto& [value, counts] : groups_) {
    if (value.has_value()) values.emplace_back(value->number, static_cast<int64_t>(counts.customers.size()));
  }
  if (values.size() <= kMaxNumbers) return;
  const ValueBins quartiles(QuartilesOf(values), question_.is_whole);
  std::map<absl::optional<ValueKey>, Counts> merged;
  for (auto& [value, counts] : groups_) {
    absl::optional<ValueKey> key;
    if (value.has_value()) {
      const size_t bin = quartiles.Of(value->number);
      key = ValueKey{static_cast<double>(bin), quartiles.Label(bin)};
    }
    Counts& into = merged[key];
    into.customers.merge(counts.customers);
    into.group.offered.hits += counts.group.offered.hits;
    into.group.offered.total += counts.group.offered.total;
    into.group.accepted.hits += counts.group.accepted.hits;
  }
  groups_ = std::move(merged);
}

Audit Auditor::Finish() {
  EndShard();  // its offers point to what is merged
  if (question_.is_number && !question_.deciles.has_value()) PutNumbersIntoQuartiles();
  for (auto& [value, counts] : groups_) {
    AuditGroup group = counts.group;
    if (group.offered.total == 0) continue;
    if (value.has_value()) {
      group.value = value->text;
      group.order = value->number;
    }
    group.not_known = !value.has_value();
    group.customers = static_cast<int64_t>(counts.customers.size());
    group.accepted.total = group.offered.hits;
    audit_.groups.push_back(std::move(group));
  }
  audit_.groups = PoolSmallGroups(std::move(audit_.groups));
  return std::move(audit_);
}

}  // namespace

std::vector<AuditGroup> PoolSmallGroups(std::vector<AuditGroup> groups) {
  // The largest first, so that what is pooled is taken from the end.
  std::stable_sort(groups.begin(), groups.end(),
                   [](const AuditGroup& a, const AuditGroup& b) { return a.customers > b.customers; });
  AuditGroup other{.other = true};
  while (!groups.empty() && (groups.back().customers < AuditGroup::kMinCustomers ||
                             (other.customers > 0 && other.customers < AuditGroup::kMinCustomers))) {
    const AuditGroup& small = groups.back();
    other.customers += small.customers;
    other.offered.hits += small.offered.hits;
    other.offered.total += small.offered.total;
    other.accepted.hits += small.accepted.hits;
    other.accepted.total += small.accepted.total;
    groups.pop_back();
  }
  if (other.customers > 0) groups.push_back(std::move(other));
  std::sort(groups.begin(), groups.end(), [](const AuditGroup& a, const AuditGroup& b) {
    return std::tie(a.other, a.not_known, a.order, a.value) < std::tie(b.other, b.not_known, b.order, b.value);
  });
  return groups;
}

absl::StatusOr<Audit> AuditDecisions(const LogEnvironment& environment, const AuditRequest& request,
                                     const std::shared_ptr<Cancellation>& cancellation,
                                     absl::FunctionRef<void(const LogProgress&)> progress) {
  const auto playbook = environment.playbooks.Current(request.tenant);
  if (!playbook.ok()) return playbook.status();
  const absl::StatusOr<Question> question = QuestionOf(**playbook, request);
  if (!question.ok()) return question.status();
  Auditor auditor(environment, request, *question, cancellation);
  LogProgress last;
  WAYMARK_RETURN_IF_ERROR(WalkLog(
      environment, request.tenant, request.range.since, cancellation,
      [&](int shard, store::LogRecord&& record) { auditor.Look(shard, record); },
      [&](const LogProgress& at) {
        if (auditor.TooManyValues()) {
          return base::FieldError("trait",
                                  "more than 1,000 values: choose a trait that divides customers into fewer, or, of "
                                  "numbers, fit a population, whose deciles divide them");
        }
        last = at;
        progress(at);
        return absl::OkStatus();
      }));
  Audit audit = auditor.Finish();
  audit.progress = last;
  audit.not_counted += last.damaged;
  int64_t customers = 0;
  for (const AuditGroup& group : audit.groups) customers += group.customers;
  if (customers < AuditGroup::kMinCustomers) {
    return absl::FailedPreconditionError("the log has decisions for fewer than 5 customers: too few to compare");
  }
  return audit;
}

}  // namespace waymark::batch
