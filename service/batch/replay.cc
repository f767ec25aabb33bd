#include "service/batch/replay.h"

#include <algorithm>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/engine/logged_decision.h"

namespace waymark::batch {
namespace {

using segmentation::NameId;
using store::LoggedDecision;

constexpr size_t kMaxDifferences = 20;

// One replay under way.
class Replayer {
 public:
  Replayer(const LogEnvironment& environment, const ReplayRequest& request,
           const std::shared_ptr<Cancellation>& cancellation)
      : environment_(environment), request_(request), cancellation_(cancellation) {
    const auto current = environment.playbooks.Current(request.tenant);
    if (current.ok()) current_ = *current;
  }

  void Add(const LoggedDecision& logged);
  void Refuse(const absl::Status& status) {
    if (replay_.not_replayed++ == 0) replay_.first_refusal = std::string(status.message());
  }
  Replay& replay() { return replay_; }

 private:
  absl::StatusOr<PlaybookPointer> PlaybookFor(const LoggedDecision& logged);
  void Compare(const LoggedDecision& logged, const playbook::Playbook& playbook, const decision::Decision& again);
  std::string NameOf(const playbook::Playbook& playbook, NameId id) const;
  std::vector<std::string> NamesOf(const playbook::Playbook& playbook, const std::vector<NameId>& ids) const;

  const LogEnvironment& environment_;
  const ReplayRequest& request_;
  const std::shared_ptr<Cancellation>& cancellation_;
  PlaybookPointer current_;  // nullptr: there is none
  // The other playbook with the populations of then, by version.
  std::map<uint64_t, absl::StatusOr<PlaybookPointer>> others_;
  Replay replay_;
};

absl::StatusOr<PlaybookPointer> Replayer::PlaybookFor(const LoggedDecision& logged) {
  if (request_.playbook == nullptr) {
    return environment_.past.Get(request_.tenant, logged.playbook_version, logged.population_version, cancellation_);
  }
  const auto found = others_.find(logged.population_version);
  if (found != others_.end()) return found->second;
  auto playbook =
      environment_.past.WithPopulation(request_.tenant, request_.playbook, logged.population_version, cancellation_);
  others_.insert({logged.population_version, playbook});
  return playbook;
}

void Replayer::Add(const LoggedDecision& logged) {
  const absl::StatusOr<PlaybookPointer> playbook = PlaybookFor(logged);
  if (!playbook.ok()) return Refuse(playbook.status());
  const absl::StatusOr<decision::Decision> again = engine::DecideAgain(logged, **playbook, /*explain=*/false);
  if (!again.ok()) return Refuse(again.status());
  ++replay_.replayed;
  Compare(logged, **playbook, *again);
}

void Replayer::Compare(const LoggedDecision& logged, const playbook::Playbook& playbook,
                       const decision::Decision& again) {
  bool same_actions = true;
  std::vector<ReplayDifference> differences;
  for (const store::LoggedPlacement& before : logged.placements) {
    std::vector<NameId> after;
    for (const decision::PlacementDecision& placement : again.placements) {
      if (playbook.placements[placement.placement].id != before.placement) continue;
      for (const decision::Chosen& chosen : placement.chosen) after.push_back(playbook.actions[chosen.action].id);
    }
    const std::string placement = NameOf(playbook, before.placement);
    const auto has = [](const std::vector<NameId>& ids, NameId id) {
      return std::find(ids.begin(), ids.end(), id) != ids.end();
    };
    for (NameId action : before.actions) {
      ActionCounts& counts = replay_.actions[{placement, NameOf(playbook, action)}];
      ++(has(after, action) ? counts.same : counts.lost);
    }
    for (NameId action : after) {
      if (!has(before.actions, action)) ++replay_.actions[{placement, NameOf(playbook, action)}].gained;
    }
    if (after == before.actions) continue;
    same_actions = false;
    differences.push_back({logged.decision_id, placement, NamesOf(playbook, before.actions), NamesOf(playbook, after)});
  }
  const bool equal =
      request_.playbook != nullptr ? same_actions : engine::AnswerHash(playbook, again) == logged.answer_hash;
  replay_.equal += equal ? 1 : 0;
  // The same actions, and something else of the answer is another.
  if (!equal && same_actions) differences.push_back({.decision_id = logged.decision_id});
  for (ReplayDifference& difference : differences) {
    if (replay_.differences.size() < kMaxDifferences) replay_.differences.push_back(std::move(difference));
  }
}

std::string Replayer::NameOf(const playbook::Playbook& playbook, NameId id) const {
  for (const playbook::Playbook* known : {&playbook, current_.get()}) {
    if (known == nullptr) continue;
    if (auto found = known->names.find(id); found != known->names.end()) return found->second;
  }
  return absl::StrCat("unknown_", absl::Hex(static_cast<uint32_t>(id), absl::kZeroPad8));
}

std::vector<std::string> Replayer::NamesOf(const playbook::Playbook& playbook, const std::vector<NameId>& ids) const {
  std::vector<std::string> names;
  names.reserve(ids.size());
  for (NameId id : ids) names.push_back(NameOf(playbook, id));
  return names;
}

absl::Status ReplayRecords(const ReplayRequest& request, const std::shared_ptr<Cancellation>& cancellation,
                           Replayer& replayer) {
  LogProgress& progress = replayer.replay().progress;
  progress.estimated_total = static_cast<int64_t>(request.records.size());
  for (size_t i = 0; i < request.records.size(); ++i) {
    WAYMARK_RETURN_IF_ERROR(cancellation->status());
    const absl::StatusOr<store::LogRecord> record = store::DecodeLogRecord(request.records[i]);
    const auto* logged = record.ok() ? absl::get_if<LoggedDecision>(&*record) : nullptr;
    if (logged == nullptr) return base::FieldError(absl::StrCat("records[", i, "]"), "this is no record of a decision");
    ++progress.decisions;
    replayer.Add(*logged);
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Replay> ReplayDecisions(const LogEnvironment& environment, const ReplayRequest& request,
                                       const std::shared_ptr<Cancellation>& cancellation,
                                       absl::FunctionRef<void(const Replay&)> progress) {
  Replayer replayer(environment, request, cancellation);
  if (!request.records.empty()) {
    WAYMARK_RETURN_IF_ERROR(ReplayRecords(request, cancellation, replayer));
    return std::move(replayer.replay());
  }
  const absl::flat_hash_set<std::string> ids(request.decision_ids.begin(), request.decision_ids.end());
  absl::flat_hash_set<int> shards;
  for (const std::string& id : ids) shards.insert(store::LogShardOf(engine::LogKeyOf(id)));
  const auto look = [&](int, store::LogRecord&& record) {
    const auto* logged = absl::get_if<LoggedDecision>(&record);
    if (logged == nullptr || !request.range.Contains(logged->decided_at)) return;
    if (ids.empty() || ids.contains(logged->decision_id)) replayer.Add(*logged);
  };
  int64_t damaged = 0;
  const auto after_page = [&](const LogProgress& at) {
    for (; damaged < at.damaged; ++damaged) replayer.Refuse(absl::DataLossError("an entry of the log is damaged"));
    replayer.replay().progress = at;
    progress(replayer.replay());
    return absl::OkStatus();
  };
  if (ids.empty()) {
    WAYMARK_RETURN_IF_ERROR(WalkLog(environment, request.tenant, request.range.since, cancellation, look, after_page));
  }
  for (int shard : shards) {
    WAYMARK_RETURN_IF_ERROR(WalkLogShard(environment, request.tenant, shard, cancellation, look));
  }
  return std::move(replayer.replay());
}

absl::Status ExportDecisions(const LogEnvironment& environment, const std::string& tenant, const TimeRange& range,
                             const std::shared_ptr<Cancellation>& cancellation,
                             absl::FunctionRef<bool(std::vector<ExportedDecision>, const LogProgress&)> page) {
  std::vector<ExportedDecision> decisions;
  return WalkLog(
      environment, tenant, range.since, cancellation,
      [&](int, store::LogRecord&& record) {
        const auto* logged = absl::get_if<LoggedDecision>(&record);
        if (logged == nullptr || !range.Contains(logged->decided_at)) return;
        auto playbook = environment.past.Get(tenant, logged->playbook_version, 0, cancellation);
        decisions.push_back({*logged, playbook.ok() ? *std::move(playbook) : nullptr, store::EncodeLogRecord(record)});
      },
      [&](const LogProgress& at) {
        return page(std::exchange(decisions, {}), at) ? absl::OkStatus() : absl::CancelledError("no more is wanted");
      });
}

}  // namespace waymark::batch
