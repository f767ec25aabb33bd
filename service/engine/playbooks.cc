#include "service/engine/playbooks.h"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/base/clock.h"
#include "service/base/field_error.h"
#include "service/base/ids.h"
#include "service/base/log.h"
#include "service/base/time_zones.h"
#include "service/engine/await.h"
#include "service/playbook/compile.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::engine {
namespace {

using store::PlaybookHead;
using store::PlaybookVersion;
using store::Record;

constexpr absl::string_view kHeadClass = "playbook_head";
constexpr absl::string_view kTokenKey = "secret/token_key";
constexpr absl::Duration kPollPeriod = absl::Milliseconds(500);
constexpr absl::Duration kFirstPollPeriod = absl::Milliseconds(50);  // until it worked once
constexpr absl::Duration kPollDeadline = absl::Seconds(2);
constexpr size_t kMaxTenantsInMetrics = 100;

constexpr base::MetricName kTenants = {"waymark_tenants", "Tenants that have a playbook."};
constexpr base::MetricName kVersion = {"waymark_playbook_version",
                                       "The version of a tenant's playbook that is served here."};
constexpr base::MetricName kPopulation = {"waymark_population_version",
                                          "The version of a tenant's population that is used here."};
constexpr base::MetricName kUnusable = {"waymark_playbooks_unusable",
                                        "Tenants whose newest playbook cannot be read or compiled here."};

std::string HeadName(absl::string_view tenant) { return absl::StrCat(kHeadClass, "/", tenant); }

// A text never changes once it is written, and has a name of its own: so one that lost a race harms nothing.
std::string TextName(absl::string_view text_id) { return absl::StrCat("playbook_text/", text_id); }

absl::Status CheckTenant(absl::string_view tenant) {
  const bool shaped = !tenant.empty() && tenant.size() <= 64 && absl::ascii_islower(tenant[0]) &&
                      std::all_of(tenant.begin(), tenant.end(), [](char c) {
                        return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-';
                      });
  if (shaped) return absl::OkStatus();
  return base::FieldError("tenant", "1 to 64 of a-z, 0-9, _ and -, beginning with a letter");
}

absl::Status NoPlaybook() { return absl::FailedPreconditionError("the tenant has no playbook: apply one"); }

}  // namespace

Playbooks::Playbooks(store::RecordStore& records, const base::Clock& clock)
    : records_(records), clock_(clock), current_(std::make_shared<ByTenant>()), token_key_(nullptr), worker_([this] {
        return Poll();
      }) {}

Playbooks::~Playbooks() = default;

absl::StatusOr<std::shared_ptr<const playbook::Playbook>> Playbooks::Current(absl::string_view tenant) const {
  const std::shared_ptr<const ByTenant> current = current_.Get();
  if (!Ready()) return absl::UnavailableError("the playbooks were not read from the store yet");
  auto it = current->find(tenant);
  if (it == current->end()) return NoPlaybook();
  return it->second;
}

std::vector<std::string> Playbooks::Tenants() const {
  const std::shared_ptr<const ByTenant> current = current_.Get();  // held while it is walked
  std::vector<std::string> tenants;
  for (const auto& [tenant, playbook] : *current) tenants.push_back(tenant);
  return tenants;
}

void Playbooks::Collect(base::MetricWriter& writer) const {
  const std::shared_ptr<const ByTenant> current = current_.Get();
  std::map<absl::string_view, const playbook::Playbook*> by_name;
  for (const auto& [tenant, playbook] : *current) by_name.emplace(tenant, playbook.get());
  writer.WriteGauge(kTenants, {}, static_cast<double>(by_name.size()));
  writer.WriteGauge(kUnusable, {}, static_cast<double>(unusable_.load(std::memory_order_relaxed)));
  size_t written = 0;
  for (const auto& [tenant, playbook] : by_name) {
    if (++written > kMaxTenantsInMetrics) break;
    writer.WriteGauge(kVersion, {{"tenant", tenant}}, static_cast<double>(playbook->version));
    if (playbook->population == nullptr) continue;
    writer.WriteGauge(kPopulation, {{"tenant", tenant}}, static_cast<double>(playbook->population->version));
  }
}

uint64_t Playbooks::ServedVersion(absl::string_view tenant) const {
  const std::shared_ptr<const ByTenant> current = current_.Get();
  auto it = current->find(tenant);
  return it == current->end() ? 0 : it->second->version;
}

void Playbooks::Serve(const std::string& tenant, const std::shared_ptr<const playbook::Playbook>& playbook) {
  uncompilable_.erase(tenant);
  auto next = std::make_shared<ByTenant>(*current_.Get());
  auto population = populations_.find(tenant);
  (*next)[tenant] =
      playbook::WithPopulation(*playbook, population == populations_.end() ? nullptr : population->second);
  current_.Set(std::move(next));
}

absl::Duration Playbooks::Poll() {
  if (ReadAll()) ready_.store(true, std::memory_order_release);
  return Ready() ? kPollPeriod : kFirstPollPeriod;
}

bool Playbooks::ReadAll() {
  const absl::Time deadline = base::SteadyNow() + kPollDeadline;
  if (token_key() == nullptr) ReadTokenKey();
  auto heads = Await<std::vector<Record>>(
      [&](store::RecordStore::ListDone done) { records_.List(kHeadClass, deadline, std::move(done)); });
  if (!heads.ok()) {
    if (!complaining_)
      base::LogWarning("playbooks cannot be read from the store", {{"error", heads.status().message()}});
    complaining_ = true;
    return false;
  }
  complaining_ = false;
  for (const Record& record : *heads) {
    const std::string tenant = record.name.substr(kHeadClass.size() + 1);
    const absl::StatusOr<PlaybookHead> head = store::DecodePlaybookHead(record.value);
    if (!head.ok() || head->empty()) {
      // What is served stays; the other tenants are not held up. Said once.
      if (damaged_.insert(tenant).second) base::LogError("a list of playbooks is damaged", {{"tenant", tenant}});
      continue;
    }
    damaged_.erase(tenant);
    const uint64_t newest = head->back().version;
    if (ServedVersion(tenant) == newest) continue;
    if (auto it = uncompilable_.find(tenant); it != uncompilable_.end() && it->second == newest) continue;
    Load(tenant, head->back());
  }
  unusable_.store(damaged_.size() + uncompilable_.size(), std::memory_order_relaxed);
  return ReadPopulations(deadline) && token_key() != nullptr;
}

void Playbooks::ReadTokenKey() {
  const absl::Time deadline = base::SteadyNow() + kPollDeadline;
  absl::StatusOr<Record> record = GetRecord(records_, kTokenKey, deadline);
  if (!record.ok()) return;
  if (record->revision == 0) {
    // Whoever writes first decides; the others read it with the next poll.
    const std::string key = base::NewKey(32);
    if (!PutRecord(records_, kTokenKey, key, 0, deadline).ok()) return;
    record->value = key;
  }
  token_key_.Set(std::make_shared<decision::TokenKey>(record->value));
}

void Playbooks::Load(const std::string& tenant, const PlaybookVersion& version) {
  absl::StatusOr<Record> text = GetRecord(records_, TextName(version.text_id), base::SteadyNow() + kPollDeadline);
  if (!text.ok()) return;
  playbook::CompileResult compiled = playbook::CompilePlaybook(text->value, version.version, base::TimeZones());
  if (compiled.playbook == nullptr) {
    uncompilable_[tenant] = version.version;
    // Applied by a newer Waymark, or damaged: the version that is served stays.
    base::LogError("a playbook does not compile here",
                   {{"tenant", tenant}, {"version", version.version}, {"error", compiled.problems[0].message}});
    return;
  }
  base::LogInfo("serving a playbook", {{"tenant", tenant}, {"version", version.version}});
  Serve(tenant, compiled.playbook);
}

void Playbooks::Apply(std::string tenant, std::string text, absl::optional<uint64_t> expected_version,
                      absl::Time deadline, Done<ApplyAnswer> done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  if (text.size() > playbook::kMaxYamlBytes) return done(base::FieldError("text", "a playbook is at most 1.75 MiB"));
  worker_.Post([this, tenant = std::move(tenant), text = std::move(text), expected_version, deadline,
                done = std::move(done)]() mutable { done(StoreAndServe(tenant, text, expected_version, deadline)); });
}

absl::StatusOr<ApplyAnswer> Playbooks::StoreAndServe(const std::string& tenant, const std::string& text,
                                                     absl::optional<uint64_t> expected_version, absl::Time deadline) {
  absl::StatusOr<Record> record = GetRecord(records_, HeadName(tenant), deadline);
  if (!record.ok()) return record.status();
  absl::StatusOr<PlaybookHead> head = store::DecodePlaybookHead(record->value);
  if (!head.ok()) return head.status();
  const uint64_t current = head->empty() ? 0 : head->back().version;
  if (expected_version.has_value() && *expected_version != current) {
    return absl::AbortedError(absl::StrCat("the current version is ", current));
  }
  playbook::CompileResult compiled = playbook::CompilePlaybook(text, current + 1, base::TimeZones());
  if (!compiled.problems.empty()) return ApplyAnswer{.problems = std::move(compiled.problems)};
  if (current != 0) {
    absl::StatusOr<Record> previous = GetRecord(records_, TextName(head->back().text_id), deadline);
    if (!previous.ok()) return previous.status();
    if (previous->value == text) return ApplyAnswer{.version = current, .unchanged = true};
  }
  const std::string text_id = base::NewId();
  if (auto put = PutRecord(records_, TextName(text_id), text, 0, deadline); !put.ok()) return put.status();
  head->push_back({current + 1, clock_.Now(), text_id});
  auto put = PutRecord(records_, HeadName(tenant), store::EncodePlaybookHead(*head), record->revision, deadline);
  if (absl::IsAborted(put.status())) return absl::AbortedError("another playbook was applied meanwhile");
  if (!put.ok()) return put.status();
  Serve(tenant, compiled.playbook);
  base::LogInfo("applied a playbook", {{"tenant", tenant}, {"version", current + 1}});
  return ApplyAnswer{.version = current + 1};
}

void Playbooks::Validate(std::string text, absl::AnyInvocable<void(std::vector<playbook::Problem>)> done) {
  worker_.Post([text = std::move(text), done = std::move(done)]() mutable {
    done(playbook::CompilePlaybook(text, 0, base::TimeZones()).problems);
  });
}

void Playbooks::Get(std::string tenant, absl::optional<uint64_t> version, absl::Time deadline,
                    Done<PlaybookText> done) {
  worker_.Post([this, tenant = std::move(tenant), version, deadline, done = std::move(done)]() mutable {
    done(ReadVersion(tenant, version, deadline));
  });
}

absl::StatusOr<PlaybookText> Playbooks::ReadVersion(const std::string& tenant, absl::optional<uint64_t> version,
                                                    absl::Time deadline) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return status;
  absl::StatusOr<Record> record = GetRecord(records_, HeadName(tenant), deadline);
  if (!record.ok()) return record.status();
  absl::StatusOr<PlaybookHead> head = store::DecodePlaybookHead(record->value);
  if (!head.ok()) return head.status();
  if (head->empty()) return absl::NotFoundError("the tenant has no playbook");
  auto it = std::find_if(head->begin(), head->end(), [&](const PlaybookVersion& known) {
    return known.version == version.value_or(head->back().version);
  });
  if (it == head->end()) return absl::NotFoundError("the tenant's playbook has no such version");
  absl::StatusOr<Record> text = GetRecord(records_, TextName(it->text_id), deadline);
  if (!text.ok()) return text.status();
  return PlaybookText{it->version, it->applied_at, std::move(text->value)};
}

}  // namespace waymark::engine
