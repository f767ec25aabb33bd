// How near a re-segmentation on one worker comes to merely reading the same profiles, in the same process and in rounds
// that alternate; each ratio is formed within its round, and the median of the rounds is given. One million profiles
// (--profiles N for a quick run), 50 segments: first in a Redis of its own, read by pipelined SCAN and MGET; then in
// the embedded store, read by a cursor over RocksDB's values. Then what a profile costs by the number of segments and
// of profiles.
//
// A pass that changes everyone (the first), one that changes nobody, one that changes some (days pass). "Processor
// time" is this process's, all threads: with the embedded store that is all there is.
//
// Prints one JSON line a measure. About ten minutes.

#include <sys/resource.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <fstream>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "service/batch/resegment.h"
#include "service/batch/walk.h"
#include "service/engine/await.h"
#include "service/store/codec.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_store.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_profiles.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"

namespace waymark::bench {
namespace {

constexpr int kSegments = 50;
constexpr int kRounds = 3;
constexpr double kRedisGoal = 0.7;            // of the rate of reading
constexpr double kEmbeddedGoal = 200'000;     // profiles a second of one core
constexpr double kMemoryBoundMegabytes = 32;  // that a pass may add: see batch::Resegment
constexpr int kMaxWrites = 2'000;

[[noreturn]] void Die(absl::string_view what) {
  std::fprintf(stderr, "bench_resegment: %s\n", std::string(what).c_str());
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

// A line of /proc/self/status, in MB.
double MemoryMegabytes(absl::string_view what) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    absl::string_view rest = line;
    int64_t kilobytes = 0;
    if (!absl::ConsumePrefix(&rest, what)) continue;
    rest = absl::StripSuffix(rest, " kB");
    if (absl::SimpleAtoi(rest.substr(rest.find_first_not_of(": \t")), &kilobytes)) {
      return static_cast<double>(kilobytes) / 1024;
    }
  }
  return 0;
}
void ForgetPeak() { std::ofstream("/proc/self/clear_refs") << 5; }

// What something took.
struct Cost {
  double seconds = 0;
  double cpu_seconds = 0;
  double megabytes = 0;  // more memory at its peak than before
  int64_t profiles = 0;
  int64_t changed = 0;

  double rate() const { return static_cast<double>(profiles) / seconds; }
  double rate_of_a_core() const { return static_cast<double>(profiles) / cpu_seconds; }
};

Cost Timed(const std::function<void(Cost&)>& work) {
  Cost cost;
  ForgetPeak();
  const double before = MemoryMegabytes("VmRSS");
  const double cpu = CpuSeconds();
  const absl::Time begin = absl::Now();
  work(cost);
  cost.seconds = absl::ToDoubleSeconds(absl::Now() - begin);
  cost.cpu_seconds = CpuSeconds() - cpu;
  cost.megabytes = MemoryMegabytes("VmHWM") - before;
  return cost;
}

// A replica of the service over a store.
class Replica {
 public:
  template <typename Store>
  explicit Replica(Store& store)
      : profiles_(store), playbooks_(store, clock_), environment_{store, store, playbooks_, clock_, threads_} {}

  void Apply(const std::string& tenant, int segments) {
    const auto applied = engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
      playbooks_.Apply(tenant, SegmentsPlaybook(segments), absl::nullopt, absl::Now() + absl::Seconds(20),
                       std::move(done));
    });
    Check(applied.status());
    for (const auto& problem : applied->problems) Die(problem.message);
  }

  void Fill(const std::string& tenant, int64_t profiles) {
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
          [i](const store::StoredProfile&) { return absl::make_optional(SampleProfile(static_cast<uint64_t>(i))); },
          [&](const absl::StatusOr<uint64_t>& revision) {
            Check(revision.status());
            absl::MutexLock lock(&mutex);
            --on_their_way;
          });
    }
    absl::MutexLock lock(&mutex);
    wait_for_fewer(1);
  }

  Cost Resegment(const std::string& tenant) {
    return Timed([&](Cost& cost) {
      absl::Notification done;
      batch::Resegment(
          environment_, {.tenant = tenant},
          [&](const batch::ResegmentProgress& progress) {
            cost.profiles = progress.profiles;
            cost.changed = progress.changed;
          },
          [&](const absl::Status& status) {
            Check(status);
            done.Notify();
          });
      done.WaitForNotification();
    });
  }

  // Names and values as a pass reads them, and nothing more.
  Cost Read(const std::string& tenant) {
    return Timed([&](Cost& cost) {
      const auto cancellation = std::make_shared<batch::Cancellation>();
      auto names = batch::BeginScan(profiles_, tenant, "", "", cancellation);
      absl::optional<batch::PageOnItsWay> ahead;
      const auto take = [&] {
        const auto read = ahead->profiles.Take();
        Check(read.status());
        for (size_t i = 0; i < read->size(); ++i) cost.profiles += read->value(i).empty() ? 0 : 1;
      };
      while (names.valid()) {
        auto page = names.Take();
        Check(page.status());
        if (!page->next_cursor.empty()) {
          names = batch::BeginScan(profiles_, tenant, page->next_cursor, "", cancellation);
        }
        auto next = batch::BeginLoad(profiles_, tenant, std::move(page->customers), cancellation);
        if (ahead.has_value()) take();
        ahead = std::move(next);
      }
      take();
    });
  }

  testing_support::FakeClock& clock() { return clock_; }

 private:
  store::ProfileStore& profiles_;
  testing_support::FakeClock clock_{SampleNow()};
  engine::Playbooks playbooks_;
  batch::Threads threads_;
  const batch::Environment environment_;
};

void PrintRate(const std::string& name, double value, absl::string_view unit) {
  PrintMeasure({.name = absl::StrCat("resegment/", name), .value = value, .unit = std::string(unit)});
}

void PrintPass(const std::string& name, const Cost& cost) {
  PrintRate(absl::StrCat(name, "/rate"), cost.rate(), "profiles/s");
  PrintRate(absl::StrCat(name, "/cpu"), 1e6 * cost.cpu_seconds / static_cast<double>(cost.profiles), "us/profile");
  PrintRate(absl::StrCat(name, "/changed"), static_cast<double>(cost.changed), "profiles");
}

void PrintMemory(const std::string& name, double megabytes) {
  PrintMeasure({.name = absl::StrCat("resegment/", name, "/peak_memory_growth"),
                .value = megabytes,
                .unit = "MB",
                .reference = kMemoryBoundMegabytes,
                .ratio = megabytes / kMemoryBoundMegabytes,
                .comparison = "<=",
                .goal = 1});
}

// The passes that change everyone and some, around the one that is measured.
void MeasurePasses(const std::string& store, Replica& replica, const std::function<void()>& between) {
  PrintPass(absl::StrCat(store, "/everyone_changes"), replica.Resegment("bench"));
  between();
  replica.clock().Advance(absl::Hours(24 * 2));
  PrintPass(absl::StrCat(store, "/some_change"), replica.Resegment("bench"));
}

void MeasureRedis(int64_t profiles) {
  auto server = testing_support::RedisServer::Start();
  Check(server.status());
  store::RedisStore store({.port = (*server)->port()});
  while (!store.Ready()) absl::SleepFor(absl::Milliseconds(10));
  Replica replica(store);
  replica.Apply("bench", kSegments);
  replica.Fill("bench", profiles);
  MeasurePasses("redis", replica, [&] {
    std::vector<double> ratios, rates, reading, megabytes, cpu;
    for (int round = 0; round < kRounds; ++round) {
      const Cost read = replica.Read("bench");
      const Cost pass = replica.Resegment("bench");
      if (read.profiles != profiles || pass.profiles != profiles) Die("profiles are missing");
      if (pass.changed != 0) Die("something changed");
      reading.push_back(read.rate());
      rates.push_back(pass.rate());
      ratios.push_back(pass.rate() / read.rate());
      megabytes.push_back(pass.megabytes);
      cpu.push_back(1e6 * pass.cpu_seconds / static_cast<double>(profiles));
    }
    PrintMeasure({.name = "resegment/redis/rate",
                  .value = Median(rates),
                  .unit = "profiles/s",
                  .reference = Median(reading),
                  .ratio = Median(ratios),
                  .comparison = ">=",
                  .goal = kRedisGoal});
    PrintRate("redis/cpu", Median(cpu), "us/profile");
    const Cost raw = replica.Read("bench");
    PrintRate("redis/reading/cpu", 1e6 * raw.cpu_seconds / static_cast<double>(profiles), "us/profile");
    PrintMemory("redis", *std::max_element(megabytes.begin(), megabytes.end()));
  });
}

// The cursor has the database to itself.
Cost ReadDatabase(const std::string& path) {
  auto database = store::Database::Open(path, {});
  Check(database.status());
  return Timed([&](Cost& cost) {
    size_t bytes = 0;
    Check((*database)->Walk(store::Family::kProfiles, "bench/", [&](absl::string_view key, absl::string_view value) {
      bytes += value.size();
      if (!absl::ConsumePrefix(&key, "bench/")) return false;
      ++cost.profiles;
      return true;
    }));
  });
}

class EmbeddedWorld {
 public:
  explicit EmbeddedWorld(const std::string& path) {
    auto opened = store::EmbeddedStore::Open(path);
    Check(opened.status());
    store_ = *std::move(opened);
    replica_ = std::make_unique<Replica>(*store_);
  }
  Replica& operator*() { return *replica_; }
  Replica* operator->() { return replica_.get(); }

 private:
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<Replica> replica_;
};

void MeasureEmbedded(int64_t profiles) {
  const testing_support::TempDirectory directory;
  auto world = std::make_unique<EmbeddedWorld>(directory.path());
  (*world)->Apply("bench", kSegments);
  (*world)->Fill("bench", profiles);
  PrintPass("embedded/everyone_changes", (*world)->Resegment("bench"));
  std::vector<double> rates, of_a_core, reading, ratios, megabytes;
  for (int round = 0; round < kRounds; ++round) {
    world = nullptr;
    const Cost read = ReadDatabase(directory.path());
    world = std::make_unique<EmbeddedWorld>(directory.path());
    (*world)->Apply("bench", kSegments);
    const Cost pass = (*world)->Resegment("bench");
    if (read.profiles != profiles || pass.profiles != profiles) Die("profiles are missing");
    if (pass.changed != 0) Die("something changed");
    reading.push_back(read.rate());
    rates.push_back(pass.rate());
    ratios.push_back(pass.rate() / read.rate());
    of_a_core.push_back(pass.rate_of_a_core());
    megabytes.push_back(pass.megabytes);
  }
  PrintMeasure({.name = "resegment/embedded/rate",
                .value = Median(rates),
                .unit = "profiles/s",
                .reference = Median(reading),
                .ratio = Median(ratios)});
  PrintMeasure({.name = "resegment/embedded/rate_of_a_core",
                .value = Median(of_a_core),
                .unit = "profiles/core-second",
                .reference = kEmbeddedGoal,
                .ratio = Median(of_a_core) / kEmbeddedGoal,
                .comparison = ">=",
                .goal = 1});
  const Cost raw = (*world)->Read("bench");
  PrintRate("embedded/reading/cpu", 1e6 * raw.cpu_seconds / static_cast<double>(profiles), "us/profile");
  PrintMemory("embedded", *std::max_element(megabytes.begin(), megabytes.end()));
  (*world)->clock().Advance(absl::Hours(24 * 2));
  PrintPass("embedded/some_change", (*world)->Resegment("bench"));
}

// Processor time for a profile where nothing changes, as it grows with one dimension: `reference` is the time at the
// size before; the ratio of the times must not be above that of the sizes.
void MeasureGrowth(const std::string& dimension, const std::vector<int64_t>& sizes,
                   const std::function<double(int64_t)>& microseconds, bool by_size) {
  double before = 0;
  int64_t size_before = 0;
  for (int64_t size : sizes) {
    const double now = microseconds(size);
    Measure measure{
        .name = absl::StrCat("resegment/embedded/", dimension, "/", size), .value = now, .unit = "us/profile"};
    if (before > 0) {
      measure.reference = before;
      measure.ratio = now / before;
      measure.comparison = "<=";
      // A profile's cost may grow with the segments as fast as they do, and with the profiles not at all; a busy
      // machine is allowed for.
      measure.goal = by_size ? static_cast<double>(size) / static_cast<double>(size_before) : 1.25;
    }
    PrintMeasure(measure);
    before = now;
    size_before = size;
  }
}

void MeasureGrowths(int64_t profiles) {
  const testing_support::TempDirectory directory;
  EmbeddedWorld world(directory.path());
  const auto cost = [&](const std::string& tenant) {
    world->Resegment(tenant);  // writes what is new
    std::vector<double> costs;
    for (int round = 0; round < kRounds; ++round) {
      const Cost pass = world->Resegment(tenant);
      costs.push_back(1e6 * pass.cpu_seconds / static_cast<double>(pass.profiles));
    }
    return Median(costs);
  };
  world->Apply("segments", 1);
  world->Fill("segments", profiles / 10);
  MeasureGrowth(
      "segments", {10, 50, 500},
      [&](int64_t segments) {
        world->Apply("segments", static_cast<int>(segments));
        return cost("segments");
      },
      /*by_size=*/true);
  MeasureGrowth(
      "profiles", {profiles / 100, profiles / 10, profiles},
      [&](int64_t size) {
        const std::string tenant = absl::StrCat("size", size);
        world->Apply(tenant, kSegments);
        world->Fill(tenant, size);
        return cost(tenant);
      },
      /*by_size=*/false);
}

void PrintSizes() {
  std::vector<double> sizes;
  for (uint64_t i = 0; i < 1000; ++i) sizes.push_back(static_cast<double>(store::Encode(SampleProfile(i)).size()));
  PrintRate("profile_size/median", Median(sizes), "bytes");
  PrintRate("profile_size/max", *std::max_element(sizes.begin(), sizes.end()), "bytes");
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  CLI::App app("Measures re-segmentation.");
  int64_t profiles = 1'000'000;
  std::string only;
  app.add_option("--profiles", profiles, "how many; 100,000 for a quick look")->check(CLI::Range(1'000, 100'000'000));
  app.add_option("--only", only, "redis, embedded or growth");
  CLI11_PARSE(app, argc, argv);
  waymark::bench::PrintSizes();
  if (only.empty() || only == "redis") waymark::bench::MeasureRedis(profiles);
  if (only.empty() || only == "embedded") waymark::bench::MeasureEmbedded(profiles);
  if (only.empty() || only == "growth") waymark::bench::MeasureGrowths(profiles);
  return 0;
}
