// How near learning stage values and attributing conversions come to merely walking over the same profiles
// (batch::Walk, which decodes each), in the same process, from the embedded store, in rounds that alternate; each ratio
// is formed within its round, and the median of the rounds is given. 100,000 customers (--profiles N) of 400 bytes and
// of 20 touches at 12 touchpoints on a road of six stages, 20 segments.
//
// Prints one JSON line a measure. A minute or two.

#include <CLI/CLI.hpp>
#include <cstdio>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "service/batch/attribute.h"
#include "service/batch/learn_stage_values.h"
#include "service/batch/walk.h"
#include "service/engine/await.h"
#include "service/store/embedded/embedded_store.h"
#include "tests/bench/measure.h"
#include "tests/bench/sample_profiles.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_directory.h"

namespace waymark::bench {
namespace {

constexpr int kSegments = 20;
constexpr int kRounds = 5;
constexpr int kMaxWrites = 2'000;
constexpr double kGoal = 0.3;  // of the rate of a walk: learning derives each customer, which takes as long as decoding

void Check(const absl::Status& status) {
  if (status.ok()) return;
  std::fprintf(stderr, "bench_journey_worth: %s\n", status.ToString().c_str());
  std::exit(1);
}

// The sample's customer, who has been on the road: a touch every three days, an order among them now and then.
segmentation::Profile Traveller(const playbook::Playbook& playbook, uint64_t number) {
  segmentation::Profile profile = SampleProfile(number);
  uint64_t state = number * 6364136223846793005U + 1442695040888963407U;
  const auto next = [&state](uint64_t below) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    return (state >> 33) % below;
  };
  const absl::Time begin = SampleNow() - absl::Hours(24) * static_cast<int64_t>(60 + next(200));
  const playbook::Journey& journey = playbook.journeys[0];
  segmentation::JourneyPosition position{.journey = journey.id, .current = {journey.stages[0].id, begin}};
  for (int i = 0; i < 20; ++i) {
    const absl::Time at = begin + absl::Hours(72) * (i + 1);
    const bool buys = next(7) == 0;
    const std::string touchpoint = absl::StrCat(next(3) == 0 ? "email" : "web", "/place", next(6));
    profile.trail.touches.push_back({.at = at,
                                     .type = segmentation::NameIdOf(buys ? "purchase" : "view_item"),
                                     .touchpoint = segmentation::NameIdOf(touchpoint),
                                     .value_micros = buys ? 30'000'000 : 0});
    if (next(4) != 0) continue;
    position.history.push_back(position.current);
    position.current = {journey.stages[next(journey.stages.size())].id, at};
  }
  profile.positions = {std::move(position)};
  return profile;
}

class Shop {
 public:
  explicit Shop(const std::string& path) {
    auto opened = store::EmbeddedStore::Open(path);
    Check(opened.status());
    store_ = *std::move(opened);
    playbooks_ = std::make_unique<engine::Playbooks>(*store_, clock_);
    const auto applied = engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
      playbooks_->Apply("shop", SegmentsPlaybook(kSegments), absl::nullopt, absl::Now() + absl::Seconds(20),
                        std::move(done));
    });
    Check(applied.status());
  }

  void Fill(int64_t profiles) {
    const auto playbook = playbooks_->Current("shop");
    Check(playbook.status());
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
      store_->UpdateFrom(
          {"shop", absl::StrCat("customer-", i)}, {}, absl::InfiniteFuture(),
          [&playbook, i](const store::StoredProfile&) {
            return absl::make_optional(Traveller(**playbook, static_cast<uint64_t>(i)));
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

  batch::Environment environment() { return {*store_, *store_, *playbooks_, clock_, threads_}; }

 private:
  testing_support::FakeClock clock_{SampleNow()};
  std::unique_ptr<store::EmbeddedStore> store_;
  std::unique_ptr<engine::Playbooks> playbooks_;
  batch::Threads threads_;
};

// Customers a second.
double Rate(int64_t profiles, const std::function<absl::Status()>& pass) {
  const absl::Time begin = absl::Now();
  Check(pass());
  return static_cast<double>(profiles) / absl::ToDoubleSeconds(absl::Now() - begin);
}

void Run(int64_t profiles) {
  const testing_support::TempDirectory directory;
  Shop shop(directory.path());
  shop.Fill(profiles);
  const batch::Environment environment = shop.environment();
  const auto cancellation = std::make_shared<batch::Cancellation>();
  const auto ignore = [](const batch::WalkProgress&) {};
  const auto walk = [&] {
    return batch::Walk(
        environment.profiles, "shop", cancellation, [](const std::string&, const store::StoredProfile&) {},
        [](const batch::WalkProgress&) { return absl::OkStatus(); });
  };
  const std::vector<std::pair<std::string, std::function<absl::Status()>>> passes = {
      {"learn_stage_values",
       [&] { return batch::LearnStageValues(environment, "shop", {}, cancellation, ignore).status(); }},
      {"attribute/order_1",
       [&] { return batch::AttributeConversions(environment, {.tenant = "shop"}, cancellation, ignore).status(); }},
      {"attribute/order_4",
       [&] {
         return batch::AttributeConversions(environment, {.tenant = "shop", .markov_order = 4}, cancellation, ignore)
             .status();
       }},
  };
  std::vector<std::vector<double>> rates(passes.size()), ratios(passes.size());
  std::vector<double> walks;
  Rate(profiles, walk);  // fills caches
  for (int round = 0; round < kRounds; ++round) {
    for (size_t i = 0; i < passes.size(); ++i) {
      walks.push_back(Rate(profiles, walk));
      rates[i].push_back(Rate(profiles, passes[i].second));
      ratios[i].push_back(rates[i].back() / walks.back());
    }
  }
  PrintMeasure({.name = "journey_worth/walk", .value = Median(walks), .unit = "customers/s"});
  for (size_t i = 0; i < passes.size(); ++i) {
    PrintMeasure({.name = absl::StrCat("journey_worth/", passes[i].first),
                  .value = Median(rates[i]),
                  .unit = "customers/s",
                  .reference = Median(walks),
                  .ratio = Median(ratios[i]),
                  .comparison = ">=",
                  .goal = kGoal});
  }
}

}  // namespace
}  // namespace waymark::bench

int main(int argc, char** argv) {
  CLI::App app("Stage values and attribution against a walk.");
  int64_t profiles = 100'000;
  app.add_option("--profiles", profiles);
  CLI11_PARSE(app, argc, argv);
  waymark::bench::Run(profiles);
  return 0;
}
