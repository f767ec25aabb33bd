#include "tests/service/store/budget_subjects.h"

#include <utility>

#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/redis/redis_budget_store.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/fake_budget_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"

namespace waymark::testing_support {
namespace {

class FakeBudgetSubject final : public BudgetSubject {
 public:
  store::BudgetStore& budgets() override { return budgets_; }
  void PassASecond() override { clock_.Advance(absl::Milliseconds(1001)); }

 private:
  FakeClock clock_;
  FakeBudgetStore budgets_{clock_};
};

class EmbeddedBudgetSubject final : public BudgetSubject {
 public:
  EmbeddedBudgetSubject() {
    auto store = store::EmbeddedStore::Open(directory_.path());
    EXPECT_TRUE(store.ok()) << store.status();
    if (store.ok()) store_ = *std::move(store);
  }

  store::BudgetStore& budgets() override { return store_->budgets(); }
  // The store goes by the machine's clock, which no test can move.
  void PassASecond() override { absl::SleepFor(absl::Milliseconds(1010)); }

 private:
  TempDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
};

class RedisBudgetSubject final : public BudgetSubject {
 public:
  explicit RedisBudgetSubject(std::unique_ptr<RedisServer> server) : server_(std::move(server)) {
    store_ = std::make_unique<store::RedisBudgetStore>(watch_.Watching({.port = server_->port()}));
    EXPECT_TRUE(watch_.WaitForConnected()) << watch_.last();
  }

  store::BudgetStore& budgets() override { return *store_; }
  // Likewise.
  void PassASecond() override { absl::SleepFor(absl::Milliseconds(1010)); }

 private:
  std::unique_ptr<RedisServer> server_;
  StateWatch watch_;
  std::unique_ptr<store::RedisBudgetStore> store_;
};

template <typename Subject>
std::unique_ptr<BudgetSubject> Make() {
  return std::make_unique<Subject>();
}

std::unique_ptr<BudgetSubject> MakeRedisBudgetSubject() {
  auto server = RedisServer::Start();
  EXPECT_TRUE(server.ok()) << server.status();
  if (!server.ok()) return nullptr;
  return std::make_unique<RedisBudgetSubject>(*std::move(server));
}

}  // namespace

std::vector<BudgetImplementation> BudgetImplementations() {
  return {
      {"Fake", Make<FakeBudgetSubject>}, {"Embedded", Make<EmbeddedBudgetSubject>}, {"Redis", MakeRedisBudgetSubject}};
}

}  // namespace waymark::testing_support
