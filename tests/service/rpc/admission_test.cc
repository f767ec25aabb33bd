#include "service/rpc/admission.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "service/rpc/turns.h"

namespace waymark::rpc {
namespace {

constexpr absl::Time kBegin = absl::FromUnixSeconds(1'700'000'000);

absl::Duration P99(std::vector<absl::Duration>& durations) {
  if (durations.empty()) return absl::ZeroDuration();
  std::sort(durations.begin(), durations.end());
  return durations[durations.size() * 99 / 100];
}

// One thread that answers a call in 30 us, and refuses one in 8, as the server's does: it takes what has come, and then
// answers for half a millisecond. Clients come by a plan, whatever becomes of them.
struct Shop {
  struct Outcome {
    int64_t answered = 0;
    int64_t refused = 0;
    absl::Duration p99;  // of those that were answered, from when they came
    absl::Duration refused_p99;
  };

  // `gap(now)`: until the next one comes.
  Outcome Serve(absl::Duration duration, const std::function<absl::Duration(absl::Time)>& gap) {
    Outcome outcome;
    std::vector<absl::Duration> waits;
    std::vector<absl::Duration> refusals;
    absl::Time next = now;
    for (const absl::Time end = now + duration; now < end;) {
      const absl::Time asked = now;
      if (waiting.empty()) now = std::max(now, next);
      const absl::Duration idle = now - asked;
      for (const absl::Time until = now + absl::Milliseconds(2); next <= now && now < until; next += gap(next)) {
        if (admission.Begin(CallClass::kDecide)) {
          waiting.push_back(next);
          continue;
        }
        now += refusing;
        refusals.push_back(now - next);
      }
      for (const absl::Time until = now + absl::Microseconds(500); !waiting.empty() && now < until;) {
        now += answering;
        waits.push_back(now - waiting.front());
        waiting.pop_front();
        admission.End(CallClass::kDecide);
        ++outcome.answered;
      }
      admission.Turned(now, idle);
    }
    outcome.refused = static_cast<int64_t>(refusals.size());
    outcome.p99 = P99(waits);
    outcome.refused_p99 = P99(refusals);
    return outcome;
  }

  absl::Duration answering = absl::Microseconds(30);
  absl::Duration refusing = absl::Microseconds(8);
  Admission admission;
  absl::Time now = kBegin;
  std::deque<absl::Time> waiting;  // when they came
};

TEST(AdmissionTest, WhatCanBeAnsweredIsNotRefused) {
  for (const double load : {0.1, 0.5, 0.95}) {
    Shop shop;
    const auto outcome = shop.Serve(absl::Seconds(5), [&](absl::Time) { return shop.answering / load; });
    EXPECT_EQ(outcome.refused, 0) << load;
  }
}

TEST(AdmissionTest, OfTooMuchAsManyAreAnsweredAsCanBeAndTheOthersRefusedAtOnce) {
  for (const double load : {1.2, 1.5, 2.0}) {
    Shop shop;
    const absl::Duration duration = absl::Seconds(30);
    const auto outcome = shop.Serve(duration, [&](absl::Time) { return shop.answering / load; });
    // What refusing takes cannot be spent on answers.
    const double left = 1 - absl::FDivDuration(outcome.refused * shop.refusing, duration);
    EXPECT_GE(outcome.answered * shop.answering, 0.98 * left * duration) << load;
    EXPECT_LE(outcome.p99, absl::Milliseconds(8)) << load << ", with the moment before it was known";
    EXPECT_LE(outcome.refused_p99, absl::Milliseconds(2)) << load;
  }
}

TEST(AdmissionTest, OfTooMuchThatIsDearToo) {
  for (const double load : {2.0, 4.0}) {
    Shop shop;
    shop.answering = absl::Microseconds(130);
    shop.refusing = absl::Microseconds(20);
    const absl::Duration duration = absl::Seconds(30);
    const auto gap = [&](absl::Time) { return shop.answering / load; };
    shop.Serve(absl::Seconds(1), gap);  // until it is known
    const auto outcome = shop.Serve(duration, gap);
    const double left = 1 - absl::FDivDuration(outcome.refused * shop.refusing, duration);
    EXPECT_GE(outcome.answered * shop.answering, 0.95 * left * duration) << load;
    EXPECT_LE(outcome.p99, absl::Milliseconds(10)) << load;
    EXPECT_LE(outcome.refused_p99, absl::Milliseconds(3)) << load;
  }
}

// However dear the calls are.
TEST(AdmissionTest, WhoWaitsForTheAnswerBeforeAskingAgainIsNotRefused) {
  Admission admission;
  absl::Time now = kBegin;
  for (int i = 0; i < 250; ++i) ASSERT_TRUE(admission.Begin(CallClass::kDecide));
  for (int i = 0; i < 100'000; ++i) {
    now += absl::Microseconds(130);
    admission.End(CallClass::kDecide);
    admission.Turned(now, absl::ZeroDuration());
    ASSERT_TRUE(admission.Begin(CallClass::kDecide)) << i;
  }
}

TEST(AdmissionTest, ABurstIsWorkedOff) {
  Shop shop;
  int calls = 0;
  const auto outcome = shop.Serve(absl::Seconds(10), [&](absl::Time) {
    return ++calls % 1200 == 0 ? absl::Milliseconds(200) : absl::ZeroDuration();  // 36 ms of work, five times a second
  });
  EXPECT_EQ(outcome.refused, 0);
}

TEST(AdmissionTest, ItIsOverAsSoonAsThereIsTime) {
  Shop shop;
  shop.Serve(absl::Seconds(5), [&](absl::Time) { return shop.answering / 2; });
  EXPECT_LT(shop.admission.limit(), 100);
  int calls = 0;
  const auto bursts = [&](absl::Time) { return ++calls % 700 == 0 ? absl::Milliseconds(200) : absl::ZeroDuration(); };
  shop.Serve(absl::Seconds(2), bursts);
  EXPECT_EQ(shop.Serve(absl::Seconds(10), bursts).refused, 0);
}

// The store's calls last, and the threads have nothing to do.
TEST(AdmissionTest, ASlowStoreIsNoReasonToRefuse) {
  absl::Duration idle;
  Admission admission([&] { return idle; });
  for (int i = 0; i < 4000; ++i) ASSERT_TRUE(admission.Begin(CallClass::kDecide)) << i;
  for (absl::Time now = kBegin; now < kBegin + absl::Seconds(5); now += absl::Milliseconds(10)) {
    idle += absl::Milliseconds(9);
    admission.Turned(now, absl::Milliseconds(9));
  }
  EXPECT_TRUE(admission.Begin(CallClass::kDecide));
}

TEST(AdmissionTest, ABusyStoreIs) {
  absl::Duration idle;
  Admission admission([&] { return idle; });
  for (int i = 0; i < 1000; ++i) ASSERT_TRUE(admission.Begin(CallClass::kDecide)) << i;
  for (absl::Time now = kBegin; now < kBegin + absl::Seconds(1); now += absl::Milliseconds(1)) {
    for (int i = 0; i < 120; ++i) {
      admission.End(CallClass::kDecide);
      admission.Begin(CallClass::kDecide);
    }
    admission.Turned(now, absl::Milliseconds(1));
  }
  EXPECT_LE(admission.limit(), 260);
  EXPECT_GE(admission.limit(), 230) << "120,000 a second, 2 ms each";
}

TEST(AdmissionTest, DecisionsAreRefusedLast) {
  Admission admission;
  const auto begun = [&](CallClass of) {
    int calls = 0;
    while (calls < 2 * ConcurrencyLimit::kMax && admission.Begin(of)) ++calls;
    return calls;
  };
  EXPECT_TRUE(admission.MayBegin(CallClass::kBatch));
  EXPECT_EQ(begun(CallClass::kBatch), 512);
  EXPECT_FALSE(admission.MayBegin(CallClass::kBatch));
  EXPECT_EQ(begun(CallClass::kRecord), 1024);
  EXPECT_EQ(begun(CallClass::kDecide), 4096) << "whatever the others have";
  EXPECT_TRUE(admission.Begin(CallClass::kAlways));
  EXPECT_TRUE(admission.MayBegin(CallClass::kAlways));
  for (int i = 0; i < 512; ++i) {
    admission.End(CallClass::kBatch);
    admission.End(CallClass::kRecord);
  }
  EXPECT_FALSE(admission.Begin(CallClass::kRecord)) << "for the decisions that are under way";
}

TEST(AdmissionTest, WorkHasRoomByItsClassAndDecisionsHaveAlways) {
  Admission admission;
  EXPECT_EQ(admission.WorkRoom(CallClass::kRecord), ConcurrencyLimit::kMax / 4);
  EXPECT_EQ(admission.WorkRoom(CallClass::kBatch), ConcurrencyLimit::kMax / 8);
  EXPECT_GT(admission.WorkRoom(CallClass::kDecide), 1'000'000);
  for (absl::Time now = kBegin; now < kBegin + absl::Seconds(1); now += absl::Milliseconds(1)) {
    admission.Turned(now, absl::ZeroDuration());
  }
  ASSERT_EQ(admission.limit(), ConcurrencyLimit::kMin) << "a thread that never rests";
  EXPECT_EQ(admission.WorkRoom(CallClass::kRecord), ConcurrencyLimit::kMin);
  EXPECT_EQ(admission.WorkRoom(CallClass::kBatch), ConcurrencyLimit::kMin);
  EXPECT_GT(admission.WorkRoom(CallClass::kDecide), 1'000'000);
}

class Call final : public WaitingCall {
 public:
  Call(char name, std::string& order, int work = 1) : work(work), name_(name), order_(order) {}
  void TakeTurn() override { order_ += name_; }

  const int work;

 private:
  const char name_;
  std::string& order_;
};

// Gives turns until nobody who waits may go on.
void GiveAll(
    Turns& turns, const std::function<bool(CallClass)>& open = [](CallClass) { return true; }) {
  while (WaitingCall* const next = turns.Next(open)) {
    next->TakeTurn();
    turns.Took(static_cast<Call*>(next)->work);
  }
}

TEST(TurnsTest, DecisionsFirstAndATwentiethForTheOthers) {
  std::string order;
  Call decide('d', order);
  Call record('r', order);
  Call batch('b', order);
  Turns turns;
  EXPECT_TRUE(turns.empty());
  turns.Wait(CallClass::kBatch, batch);
  for (int i = 0; i < 3; ++i) turns.Wait(CallClass::kRecord, record);
  for (int i = 0; i < 40; ++i) turns.Wait(CallClass::kDecide, decide);
  GiveAll(turns);
  EXPECT_TRUE(turns.empty());
  EXPECT_EQ(order, std::string(19, 'd') + "b" + std::string(19, 'd') + "r" + "dd" + "rr");
}

TEST(TurnsTest, ATwentiethOfTheWorkAndNotOfTheCalls) {
  std::string order;
  Call decide('d', order);
  Call two_decisions('2', order, 2);
  Call record('r', order, 10);
  Turns turns;
  for (int i = 0; i < 3; ++i) turns.Wait(CallClass::kRecord, record);
  for (int i = 0; i < 19; ++i) turns.Wait(CallClass::kDecide, decide);
  for (int i = 0; i < 100; ++i) turns.Wait(CallClass::kDecide, two_decisions);
  GiveAll(turns);
  const std::string hundred_ninety(95, '2');
  EXPECT_EQ(order, std::string(19, 'd') + "r" + hundred_ninety + "r" + std::string(5, '2') + "r");
}

TEST(TurnsTest, AClassThatIsClosedWaits) {
  std::string order;
  Call decide('d', order);
  Call record('r', order);
  Turns turns;
  turns.Wait(CallClass::kRecord, record);
  for (int i = 0; i < 50; ++i) turns.Wait(CallClass::kDecide, decide);
  const auto decisions_alone = [](CallClass of) { return of == CallClass::kDecide; };
  EXPECT_TRUE(turns.MayGoOn(decisions_alone));
  GiveAll(turns, decisions_alone);
  EXPECT_EQ(order, std::string(50, 'd'));
  EXPECT_FALSE(turns.MayGoOn(decisions_alone));
  EXPECT_FALSE(turns.empty());
  GiveAll(turns);
  EXPECT_EQ(order, std::string(50, 'd') + "r");
  EXPECT_TRUE(turns.empty());
}

}  // namespace
}  // namespace waymark::rpc
