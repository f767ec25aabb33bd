// How near the counting of a journey map on one worker comes to merely walking over the same profiles (reading and
// decoding them), in the embedded store, in the same process and in rounds that alternate; each ratio is formed within
// its round, and the median of the rounds is given. Then what a profile costs by the number of profiles and of touches.
//
// Prints one JSON line a measure. About three minutes; --profiles N for a quick run.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "service/batch/map_journeys.h"
#include "service/batch/resegment.h"
#include "service/batch/walk.h"
#include "service/engine/await.h"
#include "service/store/codec.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/journey_records.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_profiles.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_directory.h"

namespace waymark::bench {
namespace {

constexpr int kSegments = 50;
constexpr int kRounds = 3;
constexpr int kTouches = 24;  // what a customer of The Complete Journey has in half a year, about
constexpr int kMaxWrites = 2'000;

[[noreturn]] void Die(absl::string_view what) {
  std::fprintf(stderr, "bench_journey_map: %s\n", std::string(what).c_str());
  std::exit(1);
}
void Check(const absl::Status& status) {
  if (!status.ok()) Die(status.ToString());
}

double CpuSeconds() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
         static_cast<double>(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) * 1e-6;
}

struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
  int64_t profiles = 0;

  double rate() const { return static_cast<double>(profiles) / seconds; }
  double cpu_micros() const { return 1e6 * cpu_seconds / static_cast<double>(profiles); }
};

Cost Timed(const std::function<int64_t()>& work) {
  Cost cost;
  const double cpu = CpuSeconds();
  const absl::Time begin = absl::Now();
  cost.profiles = work();
  cost.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  cost.cpu_seconds = CpuSeconds() - cpu;
  return cost;
}

segmentation::Profile WithTouches(uint64_t number, int touches) {
  static constexpr std::array<const char*, 5> kTypes = {"login", "view_item", "search", "add_to_cart", "purchase"};
  static constexpr std::array<const char*, 6> kPlaces = {"web/home",   "web/product_page", "web/cart",
                                                         "email/news", "app/start",        "store/till"};
  segmentation::Profile profile = SampleProfile(number);
  std::mt19937_64 random(number + 1);
  for (int i = 0; i < touches; ++i) {
    profile.trail.touches.push_back({.at = SampleNow() - absl::Minutes(static_cast<int64_t>(random() % 250'000)),
                                     .type = segmentation::NameIdOf(kTypes[random() % kTypes.size()]),
                                     .touchpoint = segmentation::NameIdOf(kPlaces[random() % kPlaces.size()])});
  }
  std::sort(profile.trail.touches.begin(), profile.trail.touches.end(),
            [](const auto& a, const auto& b) { return a.at < b.at; });
  return profile;
}

// A replica of the service over an embedded store.
class Replica {
 public:
  explicit Replica(store::EmbeddedStore& store)
      : profiles_(store), playbooks_(store, clock_), environment_{store, store, playbooks_, clock_, threads_} {}

  // Customers whose stages are stored.
  void Fill(const std::string& tenant, int64_t profiles, int touches) {
    const auto applied = engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
      playbooks_.Apply(tenant, SegmentsPlaybook(kSegments), absl::nullopt, absl::Now() + absl::Seconds(20),
                       std::move(done));
    });
    Check(applied.status());
    for (const auto& problem : applied->problems) Die(problem.message);
    Write(tenant, profiles, touches);
    absl::Notification done;
    batch::Resegment(
        environment_, {.tenant = tenant}, [](const batch::ResegmentProgress&) {},
        [&](const absl::Status& status) {
          Check(status);
          done.Notify();
        });
    done.WaitForNotification();
  }

  Cost Walk(const std::string& tenant) {
    return Timed([&] {
      int64_t seen = 0;
      Check(batch::Walk(
          profiles_, tenant, std::make_shared<batch::Cancellation>(),
          [&](const std::string&, const store::StoredProfile&) { ++seen; },
          [](const batch::WalkProgress&) { return absl::OkStatus(); }));
      return seen;
    });
  }

  Cost Map(const std::string& tenant) {
    clock_.Advance(absl::Milliseconds(1));
    return Timed([&] {
      const auto counted = batch::CountMap(environment_, {.tenant = tenant, .max_age = absl::ZeroDuration()}, {},
                                           std::make_shared<batch::Cancellation>(), [](const batch::WalkProgress&) {});
      Check(counted.status());
      bytes_ = store::EncodeJourneyCounts(counted->counts).size();
      return counted->look.profiles;
    });
  }
  Cost KeptMap(const std::string& tenant) {
    return Timed([&] {
      Check(batch::CountMap(environment_, {.tenant = tenant}, {}, std::make_shared<batch::Cancellation>(),
                            [](const batch::WalkProgress&) {})
                .status());
      return int64_t{1};
    });
  }

  // Of the counts of the last map.
  size_t bytes() const { return bytes_; }

 private:
  void Write(const std::string& tenant, int64_t profiles, int touches) {
    absl::Mutex mutex;
    int on_their_way = 0;
    const auto wait_for_fewer = [&](int limit) {
      const auto fewer = [&] { return on_their_way < limit; };
      mutex.Await(absl::Condition(&fewer));
    };
    for (int64_t i = 0; i < profiles; ++i) {
      {
        absl::MutexLock lock(&mutex);
        wait_for_fewer(kMaxWrites);
        ++on_their_way;
      }
      profiles_.UpdateFrom(
          {tenant, absl::StrCat("customer-", i)}, {}, absl::InfiniteFuture(),
          [i, touches](const store::StoredProfile&) {
            return absl::make_optional(WithTouches(static_cast<uint64_t>(i), touches));
          },
          [&](const absl::StatusOr<uint64_t>& revision) {
            Check(revision.status());
            absl::MutexLock lock(&mutex);
            --on_their_way;
          });
    }
    absl::MutexLock lock(&mutex);
    wait_for_fewer(1);
  }

  store::ProfileStore& profiles_;
  testing_support::FakeClock clock_{SampleNow()};
  engine::Playbooks playbooks_;
  batch::Threads threads_;
  const batch::Environment environment_;
  size_t bytes_ = 0;
};

// The medians of rounds.
struct Rounds {
  double map_rate = 0;
  double walk_rate = 0;
  double ratio = 0;
  double map_micros = 0;
  double walk_micros = 0;
};

Rounds Measured(Replica& replica, const std::string& tenant) {
  std::vector<double> maps, walks, ratios, map_micros, walk_micros;
  for (int round = 0; round < kRounds; ++round) {
    const Cost walk = replica.Walk(tenant);
    const Cost map = replica.Map(tenant);
    if (map.profiles != walk.profiles) Die("profiles are missing");
    maps.push_back(map.rate());
    walks.push_back(walk.rate());
    ratios.push_back(map.rate() / walk.rate());
    map_micros.push_back(map.cpu_micros());
    walk_micros.push_back(walk.cpu_micros());
  }
  return {Median(maps), Median(walks), Median(ratios), Median(map_micros), Median(walk_micros)};
}

void Print(const std::string& name, double value, absl::string_view unit) {
  PrintMeasure({.name = absl::StrCat("journey_map/", name), .value = value, .unit = std::string(unit)});
}

void MeasureAll(int64_t profiles) {
  const testing_support::TempDirectory directory;
  auto store = store::EmbeddedStore::Open(directory.path());
  Check(store.status());
  Replica replica(**store);
  replica.Fill("bench", profiles, kTouches);
  const Rounds rounds = Measured(replica, "bench");
  PrintMeasure({.name = "journey_map/rate",
                .value = rounds.map_rate,
                .unit = "profiles/s",
                .reference = rounds.walk_rate,
                .ratio = rounds.ratio});
  Print("cpu", rounds.map_micros, "us/profile");
  Print("walking/cpu", rounds.walk_micros, "us/profile");
  Print("counts", static_cast<double>(replica.bytes()), "bytes");
  Print("kept", 1e3 * replica.KeptMap("bench").seconds, "ms");

  double before = 0;
  for (const int64_t size : {profiles / 100, profiles / 10, profiles}) {
    const std::string tenant = absl::StrCat("size", size);
    if (size != profiles) replica.Fill(tenant, size, kTouches);
    const double micros = size == profiles ? rounds.map_micros : Measured(replica, tenant).map_micros;
    Measure measure{.name = absl::StrCat("journey_map/profiles/", size), .value = micros, .unit = "us/profile"};
    if (before > 0) {
      measure.reference = before;
      measure.ratio = micros / before;
      measure.comparison = "<=";
      measure.goal = 1.25;
    }
    PrintMeasure(measure);
    before = micros;
  }
  for (const int touches : {0, 16, 64, 256}) {
    const std::string tenant = absl::StrCat("touches", touches);
    replica.Fill(tenant, std::max<int64_t>(profiles / 10, 1'000), touches);
    const Rounds grown = Measured(replica, tenant);
    PrintMeasure({.name = absl::StrCat("journey_map/touches/", touches),
                  .value = grown.map_micros,
                  .unit = "us/profile",
                  .reference = grown.walk_micros,
                  .ratio = grown.map_micros / grown.walk_micros});
  }
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  CLI::App app("Measures the counting of journey maps.");
  int64_t profiles = 300'000;
  app.add_option("--profiles", profiles, "how many; 30,000 for a quick look")->check(CLI::Range(1'000, 100'000'000));
  CLI11_PARSE(app, argc, argv);
  waymark::bench::MeasureAll(profiles);
  return 0;
}
