// make_storage_corpus FOLDER: writes a seed of each kind that fuzz_storage.cc knows, as the codecs encode it.

#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/store/batch_records.h"
#include "service/store/budget_account.h"
#include "service/store/changes.h"
#include "service/store/codec.h"
#include "service/store/decision_records.h"
#include "service/store/playbook_records.h"
#include "service/store/population_records.h"
#include "service/store/sealed.h"
#include "tests/bench/sample_profiles.h"

namespace waymark::store {
namespace {

using segmentation::NameId;

class Seeds {
 public:
  explicit Seeds(std::string folder) : folder_(std::move(folder)) { std::filesystem::create_directories(folder_); }

  void Add(int kind, const std::string& bytes) {
    std::ofstream(absl::StrCat(folder_, "/", count_++), std::ios::binary) << static_cast<char>(kind) << bytes;
  }

 private:
  std::string folder_;
  int count_ = 0;
};

void AddProfiles(Seeds& seeds) {
  for (uint64_t number = 0; number < 20; ++number) {
    segmentation::Profile profile = bench::SampleProfile(number);
    seeds.Add(0, Encode(profile));
    seeds.Add(1, Seal(number + 1, Encode(profile)));
  }
}

LoggedDecision SampleDecision() {
  LoggedDecision decision{.decision_id = "d-1",
                          .customer = "anna",
                          .decided_at = bench::SampleNow(),
                          .playbook_version = 3,
                          .population_version = 2,
                          .knowledge = 1,
                          .profile = Encode(bench::SampleProfile(1), EventIds::kLeaveOut),
                          .answer_hash = 99};
  decision.request = {.locale = "de-AT", .kind = 1, .max_actions = 2, .unit = 77, .budgets = {{NameId{5}, int8_t{1}}}};
  decision.placements = {{.placement = NameId{1}, .actions = {NameId{2}, NameId{3}}, .priorities = {1.5, 0.5}}};
  return decision;
}

void AddRecords(Seeds& seeds) {
  RunState run{.id = 4, .playbook_version = 3, .next = "cursor", .last_claim = 9, .finished_id = 3};
  run.claims = {{.id = 8, .from = "a", .until = "b", .worker = 17, .expires_at = bench::SampleNow()}};
  run.counts = {.profiles = 10, .changed = 2, .damaged = 1, .members = {4, 5}, .customers = {1, 2, 3}};
  seeds.Add(2, EncodeRun(run));
  // Without the checksum, which the target puts before it.
  seeds.Add(3, EncodeLogRecord(SampleDecision()).substr(4));
  seeds.Add(3, EncodeLogRecord(
                   LoggedOutcome{.decision = 1, .action = NameId{2}, .event = NameId{3}, .at = bench::SampleNow()})
                   .substr(4));
  seeds.Add(4, EncodePlaybookHead({{1, bench::SampleNow(), "text-1"}, {2, bench::SampleNow(), "text-2"}}));
  seeds.Add(5, EncodePopulationHead(12));
  seeds.Add(6, EncodePopulation(segmentation::Population{}));
  BudgetAccount account{.taken = 12};
  account.holders["replica"] = {.number = 3, .granted = 64, .delivered = 12, .answer = 32, .heard = bench::SampleNow()};
  account.held[bench::SampleNow()] = 4;
  seeds.Add(7, EncodeBudgetAccount(account));
  DecisionHolds holds{.kept_until = bench::SampleNow()};
  holds.by_budget["vouchers"] = {.period = 1, .until = bench::SampleNow(), .confirmed = 1};
  seeds.Add(8, EncodeDecisionHolds(holds));
  segmentation::Profile after = bench::SampleProfile(2);
  after.derived.segments = {NameId{1}, NameId{7}};
  if (auto change = AnnouncementOf("anna", bench::SampleProfile(2), after, bench::SampleNow())) seeds.Add(9, *change);
  for (const size_t parts : {1, 3, 256}) {
    seeds.Add(10, FormatFeedCursor(FeedCursor(parts, ChangeCursor{.number = 77, .hash = 12345})));
  }
}

}  // namespace
}  // namespace waymark::store

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  waymark::store::Seeds seeds(argv[1]);
  waymark::store::AddProfiles(seeds);
  waymark::store::AddRecords(seeds);
  return 0;
}
