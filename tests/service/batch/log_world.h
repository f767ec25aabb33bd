#ifndef WAYMARK_TESTS_SERVICE_BATCH_LOG_WORLD_H_
#define WAYMARK_TESTS_SERVICE_BATCH_LOG_WORLD_H_

#include <memory>
#include <string>
#include <utility>

#include "service/batch/log_walk.h"
#include "tests/support/world.h"

namespace waymark::testing_support {

// A world whose decisions are logged, and what reads the log.
struct LogWorld : World {
  explicit LogWorld(absl::string_view playbook) : World(playbook) {}

  // The decision, logged.
  engine::DecideAnswer Decided(engine::DecideRequest request) {
    auto answer = Decide(std::move(request));
    EXPECT_TRUE(answer.ok()) << answer.status();
    logger.Flush();
    return answer.ok() ? *std::move(answer) : engine::DecideAnswer();
  }
  void Outcome(std::string customer, std::string type, std::string token) {
    engine::RecordRequest request{.tenant = "shop"};
    request.items.push_back(
        {std::move(customer),
         {.id = absl::StrCat("outcome", ++outcomes), .type = std::move(type), .decision_token = std::move(token)}});
    const auto answer = Record(std::move(request));
    EXPECT_TRUE(answer.ok() && answer->items[0].status.ok());
    logger.Flush();
  }

  batch::Threads threads;
  batch::PastPlaybooks past{playbooks};
  batch::LogEnvironment log{decisions, playbooks, past, clock, threads};
  std::shared_ptr<batch::Cancellation> cancellation = std::make_shared<batch::Cancellation>();
  int outcomes = 0;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_BATCH_LOG_WORLD_H_
