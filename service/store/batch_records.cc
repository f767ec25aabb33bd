#include "service/store/batch_records.h"

#include <utility>

#include "absl/status/status.h"
#include "waymark/storage/v1/batch.pb.h"

namespace waymark::store {
namespace {

void Encode(const RunCounts& counts, storage::v1::RunCounts& message) {
  message.set_profiles(counts.profiles);
  message.set_changed(counts.changed);
  message.set_damaged(counts.damaged);
  message.mutable_members()->Add(counts.members.begin(), counts.members.end());
  message.mutable_customers()->Add(counts.customers.begin(), counts.customers.end());
  message.set_journeys(counts.journeys);
}

RunCounts Decode(const storage::v1::RunCounts& message) {
  return {.profiles = message.profiles(),
          .changed = message.changed(),
          .damaged = message.damaged(),
          .members = {message.members().begin(), message.members().end()},
          .customers = {message.customers().begin(), message.customers().end()},
          .journeys = message.journeys()};
}

}  // namespace

std::string EncodeRun(const RunState& run) {
  storage::v1::RunState message;
  message.set_id(run.id);
  message.set_playbook_version(run.playbook_version);
  message.set_population_version(run.population_version);
  message.set_of(run.of);
  message.set_as_of_ms(absl::ToUnixMillis(run.as_of));
  message.set_next(run.next);
  message.set_exhausted(run.exhausted);
  for (const RunClaim& claim : run.claims) {
    storage::v1::RunClaim& added = *message.add_claims();
    added.set_id(claim.id);
    added.set_from(claim.from);
    added.set_until(claim.until);
    added.set_worker(claim.worker);
    added.set_expires_at_ms(absl::ToUnixMillis(claim.expires_at));
  }
  message.set_last_claim(run.last_claim);
  Encode(run.counts, *message.mutable_counts());
  message.set_finished_id(run.finished_id);
  message.set_finished_as_of_ms(absl::ToUnixMillis(run.finished_as_of));
  Encode(run.finished_counts, *message.mutable_finished_counts());
  return message.SerializeAsString();
}

absl::StatusOr<RunState> DecodeRun(absl::string_view bytes) {
  storage::v1::RunState message;
  if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) {
    return absl::DataLossError("the state of a run cannot be decoded");
  }
  RunState run{.id = message.id(),
               .playbook_version = message.playbook_version(),
               .population_version = message.population_version(),
               .of = message.of(),
               .as_of = absl::FromUnixMillis(message.as_of_ms()),
               .next = message.next(),
               .exhausted = message.exhausted(),
               .last_claim = message.last_claim(),
               .counts = Decode(message.counts()),
               .finished_id = message.finished_id(),
               .finished_as_of = absl::FromUnixMillis(message.finished_as_of_ms()),
               .finished_counts = Decode(message.finished_counts())};
  for (const storage::v1::RunClaim& claim : message.claims()) {
    run.claims.push_back({.id = claim.id(),
                          .from = claim.from(),
                          .until = claim.until(),
                          .worker = claim.worker(),
                          .expires_at = absl::FromUnixMillis(claim.expires_at_ms())});
  }
  return run;
}

}  // namespace waymark::store
