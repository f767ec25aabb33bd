#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "service/base/log.h"
#include "service/engine/await.h"
#include "service/engine/playbooks.h"
#include "service/store/population_records.h"

// What Playbooks does about populations. A tenant's is one record; beside it a small one says its version, so that
// asking each half second costs little.
namespace waymark::engine {
namespace {

using store::Record;

constexpr absl::string_view kHeadClass = "population_head";

std::string HeadName(absl::string_view tenant) { return absl::StrCat(kHeadClass, "/", tenant); }
std::string BodyName(absl::string_view tenant) { return absl::StrCat("population/", tenant); }

// Populations that another one has followed, each in the place of the one that is so many versions older.
constexpr uint64_t kPastPopulations = 64;
std::string PastName(absl::string_view tenant, uint64_t version) {
  return absl::StrCat("population_past/", tenant, "/", version % kPastPopulations);
}

}  // namespace

bool Playbooks::ReadPopulations(absl::Time deadline) {
  auto heads = Await<std::vector<Record>>(
      [&](store::RecordStore::ListDone done) { records_.List(kHeadClass, deadline, std::move(done)); });
  if (!heads.ok()) return false;
  bool all = true;
  for (const Record& record : *heads) {
    const std::string tenant = record.name.substr(kHeadClass.size() + 1);
    const absl::StatusOr<uint64_t> version = store::DecodePopulationHead(record.value);
    if (!version.ok()) continue;
    // Also where it went back: a store that was restored is followed.
    auto followed = population_heads_.find(tenant);
    if (followed != population_heads_.end() && followed->second == *version) continue;
    all = LoadPopulation(tenant, *version, deadline) && all;
  }
  return all;
}

bool Playbooks::LoadPopulation(const std::string& tenant, uint64_t head, absl::Time deadline) {
  const absl::StatusOr<Record> record = GetRecord(records_, BodyName(tenant), deadline);
  if (!record.ok()) return false;
  population_heads_[tenant] = head;
  absl::StatusOr<segmentation::Population> population = store::DecodePopulation(record->value);
  if (!population.ok()) {
    // Written by a newer Waymark, or damaged: what is served stays. Said once.
    base::LogError("a population cannot be read here", {{"tenant", tenant}, {"version", head}});
    return true;
  }
  base::LogInfo("using a population", {{"tenant", tenant}, {"version", population->version}});
  ServePopulation(tenant, std::make_shared<segmentation::Population>(*std::move(population)));
  return true;
}

void Playbooks::ServePopulation(const std::string& tenant, PopulationPointer population) {
  populations_[tenant] = std::move(population);
  const std::shared_ptr<const ByTenant> current = current_.Get();
  if (auto it = current->find(tenant); it != current->end()) Serve(tenant, it->second);
}

void Playbooks::StorePopulation(std::string tenant, segmentation::Population population, absl::Time deadline,
                                Done<PopulationPointer> done) {
  worker_.Post(
      [this, tenant = std::move(tenant), population = std::move(population), deadline,
       done = std::move(done)]() mutable { done(StoreAndServePopulation(tenant, std::move(population), deadline)); });
}

// What is stored is stored whether or not the others hear of it now: the next fit tells them where
// this did not.
void Playbooks::TellOfPopulation(const std::string& tenant, uint64_t version, const Record& head, absl::Time deadline) {
  const absl::StatusOr<uint64_t> told = store::DecodePopulationHead(head.value);
  if (head.revision != 0 && told.ok() && *told == version) return;
  PutRecord(records_, HeadName(tenant), store::EncodePopulationHead(version), head.revision, deadline).IgnoreError();
}

void Playbooks::GetPopulation(std::string tenant, uint64_t version, absl::Time deadline, Done<PopulationPointer> done) {
  worker_.Post([this, tenant = std::move(tenant), version, deadline, done = std::move(done)]() mutable {
    done(ReadPopulation(tenant, version, deadline));
  });
}

absl::StatusOr<Playbooks::PopulationPointer> Playbooks::ReadPopulation(const std::string& tenant, uint64_t version,
                                                                       absl::Time deadline) {
  for (const std::string& name : {BodyName(tenant), PastName(tenant, version)}) {
    const absl::StatusOr<Record> record = GetRecord(records_, name, deadline);
    if (!record.ok()) return record.status();
    if (record->revision == 0) continue;
    absl::StatusOr<segmentation::Population> population = store::DecodePopulation(record->value);
    if (population.ok() && population->version == version)
      return PopulationPointer(std::make_shared<segmentation::Population>(*std::move(population)));
  }
  return absl::NotFoundError(absl::StrCat("population ", version, " is not kept any more"));
}

// Before another one takes its place, so that whoever fits at the same time keeps the same.
absl::Status Playbooks::KeepPastPopulation(const std::string& tenant, uint64_t version, absl::string_view value,
                                           absl::Time deadline) {
  const std::string name = PastName(tenant, version);
  const absl::StatusOr<Record> past = GetRecord(records_, name, deadline);
  if (!past.ok()) return past.status();
  const absl::Status put = PutRecord(records_, name, value, past->revision, deadline).status();
  return absl::IsAborted(put) ? absl::OkStatus() : put;
}

absl::StatusOr<Playbooks::PopulationPointer> Playbooks::StoreAndServePopulation(const std::string& tenant,
                                                                                segmentation::Population population,
                                                                                absl::Time deadline) {
  const absl::StatusOr<Record> body = GetRecord(records_, BodyName(tenant), deadline);
  if (!body.ok()) return body.status();
  const absl::StatusOr<Record> head = GetRecord(records_, HeadName(tenant), deadline);
  if (!head.ok()) return head.status();
  if (body->revision != 0) {
    const absl::StatusOr<segmentation::Population> stored = store::DecodePopulation(body->value);
    // One that cannot be read is replaced.
    if (stored.ok() && stored->version + 1 != population.version) {
      TellOfPopulation(tenant, stored->version, *head, deadline);
      return absl::AbortedError(absl::StrCat("population ", stored->version, " was stored meanwhile"));
    }
  }
  if (body->revision != 0) {
    const absl::Status kept = KeepPastPopulation(tenant, population.version - 1, body->value, deadline);
    if (!kept.ok()) return kept;
  }
  const auto put = PutRecord(records_, BodyName(tenant), store::EncodePopulation(population), body->revision, deadline);
  if (absl::IsAborted(put.status())) return absl::AbortedError("another population was stored meanwhile");
  if (!put.ok()) return put.status();
  TellOfPopulation(tenant, population.version, *head, deadline);
  population_heads_[tenant] = population.version;
  base::LogInfo("stored a population", {{"tenant", tenant}, {"version", population.version}});
  auto served = std::make_shared<segmentation::Population>(std::move(population));
  ServePopulation(tenant, served);
  return PopulationPointer(std::move(served));
}

}  // namespace waymark::engine
