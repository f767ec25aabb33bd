// How many bytes a profile takes at rest: real data through the real service into the embedded store, with the
// playbooks and mappings of examples/. The goals are of this service's design: typically below 600 bytes, and never
// more than 16 KiB.
//
// Twice: as imported, when the ids of the whole history's events are remembered, and as it is once these are forgotten,
// at the first event of the week after the next.

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "segmentation/fold.h"
#include "service/store/codec.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/sealed.h"
#include "tests/bench/child_process.h"
#include "tests/bench/measure.h"
#include "tests/support/store_calls.h"
#include "tests/support/temp_directory.h"

namespace waymark::bench {
namespace {

using segmentation::Profile;

struct DataSet {
  const char* name;         // of the example, the folder of the data and the tenant
  const char* clock_start;  // where the data ends
};

constexpr DataSet kDataSets[] = {{"complete_journey", "2018-01-01T12:00:00Z"},
                                 {"online_retail", "2011-12-10T00:00:00Z"}};
constexpr double kGoalMedianBytes = 600;
constexpr double kGoalMaxBytes = store::kMaxProfileBytes;

std::string DataFolder(const DataSet& data) {
  const char* given = std::getenv("WAYMARK_DATA");
  return absl::StrCat(given != nullptr ? given : WAYMARK_SOURCE_DIR "/../shared/data", "/", data.name);
}

absl::Status RunCommand(const std::string& command) {
  return std::system(command.c_str()) == 0 ? absl::OkStatus() : absl::InternalError(absl::StrCat("failed: ", command));
}

// Imports the data into a store in `folder`, re-segments, and stops.
absl::Status Load(const DataSet& data, const std::string& folder) {
  const std::string port_file = absl::StrCat(folder, "/", data.name, ".port");
  auto service = ChildProcess::Start(
      {WAYMARKD, "--listen", "127.0.0.1:0", "--store", absl::StrCat("embedded:", folder, "/", data.name), "--port-file",
       port_file, "--clock-start", data.clock_start},
      absl::StrCat(folder, "/", data.name, ".log"));
  if (!service.ok()) return service.status();
  const absl::StatusOr<int> port = service->WaitForPort(port_file);
  if (!port.ok()) return port.status();
  const std::string waymark = absl::StrCat(WAYMARK, " --address 127.0.0.1:", *port, " --tenant ", data.name, " ");
  const std::string example = absl::StrCat(WAYMARK_SOURCE_DIR, "/examples/", data.name);
  for (const std::string& command :
       {absl::StrCat("apply ", example, "/playbook.yaml"),
        absl::StrCat("import --strict ", example, "/import.yaml --data ", DataFolder(data)),
        std::string("resegment")}) {
    absl::Status status = RunCommand(absl::StrCat(waymark, command, " >/dev/null 2>&1"));
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Profile>> ReadAll(const DataSet& data, const std::string& folder) {
  auto store = store::EmbeddedStore::Open(absl::StrCat(folder, "/", data.name));
  if (!store.ok()) return store.status();
  std::vector<Profile> profiles;
  std::string cursor;
  do {
    const auto page = testing_support::ScanNow(**store, data.name, cursor, "", 1000);
    if (!page.ok()) return page.status();
    const auto read = testing_support::LoadManyNow(**store, data.name, page->customers);
    if (!read.ok()) return read.status();
    for (size_t i = 0; i < read->size(); ++i) {
      auto stored = read->Decode(i);
      if (!stored.ok()) return stored.status();
      profiles.push_back(std::move(stored->profile));
    }
    cursor = page->next_cursor;
  } while (!cursor.empty());
  if (profiles.empty()) return absl::InternalError("nobody was imported");
  return profiles;
}

std::vector<size_t> Sorted(std::vector<size_t> sizes) {
  std::sort(sizes.begin(), sizes.end());
  return sizes;
}

// The value that the store keeps: revision, checksum and profile.
size_t BytesAtRest(const Profile& profile) { return store::Seal(1, store::Encode(profile)).size(); }

// What each part of the profiles takes: the mean of what goes with it.
void PrintParts(const DataSet& data, const std::vector<Profile>& profiles) {
  const struct {
    const char* name;
    void (*drop)(Profile&);
  } kParts[] = {
      {"ledger", [](Profile& p) { p.ledger = {}; }},
      {"event ids", [](Profile& p) { p.seen.clear(); }},
      {"affinities", [](Profile& p) { p.affinities.clear(); }},
      {"traits", [](Profile& p) { p.traits.clear(); }},
      {"consents", [](Profile& p) { p.consents.clear(); }},
      {"positions", [](Profile& p) { p.positions.clear(); }},
      {"contacts", [](Profile& p) { p.contacts.clear(); }},
      {"segments", [](Profile& p) { p.derived.segments.clear(); }},
  };
  double all = 0;
  for (const Profile& profile : profiles) all += static_cast<double>(BytesAtRest(profile));
  const auto count = static_cast<double>(profiles.size());
  std::string text = absl::StrFormat("%s: mean %.0f bytes:", data.name, all / count);
  for (const auto& part : kParts) {
    double without = 0;
    for (Profile profile : profiles) {
      part.drop(profile);
      without += static_cast<double>(BytesAtRest(profile));
    }
    absl::StrAppendFormat(&text, " %s %.0f", part.name, (all - without) / count);
  }
  std::fprintf(stderr, "%s\n", text.c_str());
}

void PrintSizes(const DataSet& data, absl::string_view when, const std::vector<Profile>& profiles) {
  std::vector<size_t> unsorted;
  for (const Profile& profile : profiles) unsorted.push_back(BytesAtRest(profile));
  const std::vector<size_t> sizes = Sorted(std::move(unsorted));
  const auto print = [&](const char* name, double quantile, absl::optional<double> goal) {
    const auto value =
        static_cast<double>(sizes[static_cast<size_t>(quantile * static_cast<double>(sizes.size() - 1))]);
    Measure measure{
        .name = absl::StrCat("profile_size/", data.name, "/", when, "/", name), .value = value, .unit = "bytes"};
    if (goal.has_value()) {
      measure.reference = goal;
      measure.ratio = value / *goal;
      measure.comparison = "<=";
      measure.goal = 1;
    }
    PrintMeasure(measure);
  };
  PrintMeasure({.name = absl::StrCat("profile_size/", data.name, "/", when, "/profiles"),
                .value = static_cast<double>(sizes.size()),
                .unit = "profiles"});
  print("min", 0, absl::nullopt);
  print("median", 0.5, kGoalMedianBytes);
  print("p90", 0.9, absl::nullopt);
  print("p99", 0.99, absl::nullopt);
  print("max", 1, kGoalMaxBytes);
}

absl::Status MeasureAll() {
  const testing_support::TempDirectory folder;
  for (const DataSet& data : kDataSets) {
    if (!std::filesystem::is_directory(DataFolder(data))) {
      std::fprintf(stderr, "SKIPPED: the data set %s is not here (set WAYMARK_DATA)\n", data.name);
      continue;
    }
    if (absl::Status status = Load(data, folder.path()); !status.ok()) return status;
    auto profiles = ReadAll(data, folder.path());
    if (!profiles.ok()) return profiles.status();
    PrintSizes(data, "imported", *profiles);
    PrintParts(data, *profiles);
    for (Profile& profile : *profiles) segmentation::ForgetExpired(profile, profile.updated + absl::Hours(24 * 9));
    PrintSizes(data, "later", *profiles);
  }
  return absl::OkStatus();
}

}  // namespace
}  // namespace waymark::bench

int main() {
  const absl::Status status = waymark::bench::MeasureAll();
  if (status.ok()) return 0;
  std::fprintf(stderr, "bench_profile_size: %s\n", std::string(status.message()).c_str());
  return 1;
}
