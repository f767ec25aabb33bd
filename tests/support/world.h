#ifndef WAYMARK_TESTS_SUPPORT_WORLD_H_
#define WAYMARK_TESTS_SUPPORT_WORLD_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/engine/await.h"
#include "service/engine/budgets.h"
#include "service/engine/decision_logger.h"
#include "service/engine/engine.h"
#include "service/engine/playbooks.h"
#include "tests/support/fake_budget_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_decision_log.h"
#include "tests/support/fake_store.h"

namespace waymark::testing_support {

// The engine over fakes, with a playbook applied for the tenant "shop".
class World {
 public:
  explicit World(absl::string_view playbook) {
    const absl::StatusOr<engine::ApplyAnswer> applied = Apply("shop", playbook);
    EXPECT_TRUE(applied.ok()) << applied.status();
    if (applied.ok()) {
      for (const auto& problem : applied->problems) ADD_FAILURE() << problem.line << ": " << problem.message;
    }
  }

  absl::StatusOr<engine::ApplyAnswer> Apply(std::string tenant, absl::string_view text,
                                            absl::optional<uint64_t> expected = absl::nullopt) {
    return engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
      playbooks.Apply(std::move(tenant), std::string(text), expected, Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::DecideAnswer> Decide(engine::DecideRequest request) {
    return engine::Await<engine::DecideAnswer>([&](engine::Engine::Done<engine::DecideAnswer> done) {
      engine.Decide(std::move(request), Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::RecordAnswer> Record(engine::RecordRequest request) {
    return engine::Await<engine::RecordAnswer>([&](engine::Engine::Done<engine::RecordAnswer> done) {
      engine.Record(std::move(request), Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::ProfileAnswer> GetProfile(std::string customer) {
    return engine::Await<engine::ProfileAnswer>([&](engine::Engine::Done<engine::ProfileAnswer> done) {
      engine.GetProfile("shop", std::move(customer), Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::JourneyAnswer> GetJourney(engine::JourneyRequest request) {
    return engine::Await<engine::JourneyAnswer>([&](engine::Engine::Done<engine::JourneyAnswer> done) {
      engine.GetJourney(std::move(request), Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::ProfileAnswer> UpdateProfile(const engine::UpdateProfileRequest& request) {
    return engine::Await<engine::ProfileAnswer>([&](engine::Engine::Done<engine::ProfileAnswer> done) {
      engine.UpdateProfile(request, Deadline(), std::move(done));
    });
  }

  absl::StatusOr<engine::EvaluateAnswer> Evaluate(std::string customer) {
    return engine::Await<engine::EvaluateAnswer>([&](engine::Engine::Done<engine::EvaluateAnswer> done) {
      engine.Evaluate("shop", std::move(customer), Deadline(), std::move(done));
    });
  }

  static absl::Time Deadline() { return absl::Now() + absl::Seconds(20); }

  FakeClock clock;
  FakeProfileStore profiles;
  FakeRecordStore records;
  engine::Playbooks playbooks{records, clock};
  FakeBudgetStore budget_store{clock};
  engine::Budgets budgets{budget_store, clock};
  FakeDecisionLog decisions;
  engine::DecisionLogger logger{decisions, playbooks};
  engine::Engine engine{profiles, playbooks, budgets, clock, &logger};
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SUPPORT_WORLD_H_
