#include "service/store/measured_store.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/collected_metrics.h"
#include "tests/support/fake_budget_store.h"
#include "tests/support/fake_clock.h"
#include "tests/support/fake_decision_log.h"
#include "tests/support/fake_store.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using ::testing::Contains;
using ::testing::Not;
using ::testing::Pair;
using testing_support::Collect;

const CustomerKey kAnna = {"shop", "anna"};

// Keeps what it is asked for, unanswered until it goes.
class SlowRecords final : public RecordStore {
 public:
  ~SlowRecords() override {
    for (GetDone& done : waiting_) done(absl::UnavailableError("closing"));
  }
  void Get(absl::string_view, absl::Time, GetDone done) override { waiting_.push_back(std::move(done)); }
  void Put(absl::string_view, absl::string_view, uint64_t, absl::Time, PutDone) override {}
  void List(absl::string_view, absl::Time, ListDone) override {}

 private:
  std::vector<GetDone> waiting_;
};

class MeasuredStoreTest : public ::testing::Test {
 protected:
  MeasuredStoreTest() {
    auto profiles = std::make_shared<testing_support::FakeProfileStore>();
    profiles_ = profiles.get();
    store_ = std::make_unique<MeasuredStore>(StoreParts{profiles, std::make_shared<SlowRecords>(), profiles,
                                                        std::make_shared<testing_support::FakeDecisionLog>(),
                                                        std::make_shared<testing_support::FakeBudgetStore>(clock_)});
  }

  double Count(const std::string& command, const std::string& code) {
    return Collect(*store_)["waymark_store_call_duration_seconds{command=" + command + ",code=" + code + "}"];
  }

  testing_support::FakeClock clock_;
  testing_support::FakeProfileStore* profiles_;
  std::unique_ptr<MeasuredStore> store_;
};

TEST_F(MeasuredStoreTest, AnswersAsTheStoreDoesAndCountsByCommandAndCode) {
  segmentation::Profile profile;
  profile.created = absl::FromUnixSeconds(1'700'000'000);
  EXPECT_EQ(testing_support::UpdateNow(*store_, kAnna, testing_support::Write(profile)).value(), 1);
  EXPECT_EQ(testing_support::LoadNow(*store_, kAnna)->profile, profile);
  EXPECT_EQ(testing_support::LoadNow(*store_, {"shop", "nobody"})->revision, 0);
  profiles_->SetBytes(kAnna, "damaged");
  EXPECT_TRUE(absl::IsDataLoss(testing_support::LoadNow(*store_, kAnna).status()));
  EXPECT_EQ(testing_support::LoadManyNow(*store_, "shop", {"anna", "nobody", "bert"})->size(), 3);
  EXPECT_TRUE(testing_support::AppendNow(*store_, "shop", {{1, "entry"}}).status.ok());

  EXPECT_EQ(Count("update", "OK"), 1);
  EXPECT_EQ(Count("load", "OK"), 2);
  EXPECT_EQ(Count("load", "DATA_LOSS"), 1);
  EXPECT_EQ(Count("append_decisions", "OK"), 1);
  const auto collected = Collect(*store_);
  EXPECT_THAT(collected, Contains(Pair("waymark_store_profiles_read_total{}", 3)));
  EXPECT_THAT(collected, Contains(Pair("waymark_store_ready{}", 1)));
  EXPECT_THAT(collected, Contains(Pair("waymark_store_calls_in_flight{command=load}", 0)));
  EXPECT_THAT(collected, Not(Contains(Pair("waymark_store_calls_in_flight{command=scan}", testing::_))));
}

TEST_F(MeasuredStoreTest, WhatIsNotAnsweredIsInFlightUntilTheStoreGoes) {
  std::vector<absl::Status> answers;
  for (int i = 0; i < 3; ++i) {
    store_->Get("class/name", absl::InfiniteFuture(),
                [&](const absl::StatusOr<Record>& record) { answers.push_back(record.status()); });
  }
  EXPECT_THAT(Collect(*store_), Contains(Pair("waymark_store_calls_in_flight{command=get_record}", 3)));
  store_ = nullptr;
  ASSERT_EQ(answers.size(), 3);
  EXPECT_TRUE(absl::IsUnavailable(answers[0]));
}

}  // namespace
}  // namespace waymark::store
