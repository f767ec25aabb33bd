// Who turns a connection's loop, and that what was asked for is done whoever should.

#include "service/store/redis/loop_thread.h"

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <deque>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/base/clock.h"

namespace waymark::store {
namespace {

// Asked for something, and answered: by whom.
struct Ask {
  explicit Ask(std::atomic<size_t>& count) : counted(count) { counted.fetch_add(1); }

  std::atomic<size_t>& counted;
  int number = 0;
  std::thread::id by;
  absl::Notification answered;
};

// What is asked over a loop, and answered by a byte in a pipe: all that was asked until AnswerAll.
class Subject {
 public:
  explicit Subject(bool answers_at_once = false) : answers_at_once_(answers_at_once) {
    EXPECT_EQ(pipe2(pipe_, O_NONBLOCK | O_CLOEXEC), 0);
    uv_poll_init(loop_.loop(), &poll_, pipe_[0]);
    poll_.data = this;
    uv_poll_start(&poll_, UV_READABLE, [](uv_poll_t* poll, int, int) { static_cast<Subject*>(poll->data)->Read(); });
    loop_.Start([this] { return Work(); });
  }
  ~Subject() {
    {
      absl::MutexLock lock(&mutex_);
      stopping_ = true;
    }
    loop_.Wake();
    loop_.Join();
    close(pipe_[0]);
    close(pipe_[1]);
  }

  LoopThread& loop() { return loop_; }

  std::shared_ptr<Ask> AskNow() {
    auto ask = std::make_shared<Ask>(loop_.asked_here());
    {
      absl::MutexLock lock(&mutex_);
      ask->number = ++asked_;
      queue_.push_back(ask);
    }
    loop_.Wake();
    return ask;
  }
  void AnswerAll() {
    {
      absl::MutexLock lock(&mutex_);
      answered_ = asked_;
    }
    EXPECT_EQ(write(pipe_[1], "x", 1), 1);
  }

 private:
  bool Work() {
    absl::MutexLock lock(&mutex_);
    for (auto& ask : std::exchange(queue_, {})) sent_.push_back(std::move(ask));
    AnswerSent();
    if (stopping_ && !std::exchange(closed_, true)) uv_close(reinterpret_cast<uv_handle_t*>(&poll_), nullptr);
    return !stopping_;
  }
  void Read() {
    char byte = 0;
    while (read(pipe_[0], &byte, 1) == 1) {
    }
    absl::MutexLock lock(&mutex_);
    AnswerSent();
  }
  void AnswerSent() ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_) {
    while (!sent_.empty() && (answers_at_once_ || sent_.front()->number <= answered_)) {
      Ask& ask = *sent_.front();
      ask.by = std::this_thread::get_id();
      ask.counted.fetch_sub(1);
      ask.answered.Notify();
      sent_.pop_front();
    }
  }

  const bool answers_at_once_;
  int pipe_[2] = {-1, -1};
  uv_poll_t poll_{};
  std::deque<std::shared_ptr<Ask>> sent_;  // with closed_, of who turns the loop
  bool closed_ = false;
  absl::Mutex mutex_;
  std::vector<std::shared_ptr<Ask>> queue_ ABSL_GUARDED_BY(mutex_);
  int asked_ ABSL_GUARDED_BY(mutex_) = 0;
  int answered_ ABSL_GUARDED_BY(mutex_) = 0;  // the number up to which all is
  bool stopping_ ABSL_GUARDED_BY(mutex_) = false;
  LoopThread loop_;
};

const std::thread::id kHere = std::this_thread::get_id();
constexpr absl::Duration kSoon = absl::Seconds(30);

TEST(LoopThreadTest, ItsOwnThreadTurnsIt) {
  Subject subject;
  const auto ask = subject.AskNow();
  EXPECT_FALSE(subject.loop().IsGuests());
  subject.AnswerAll();
  ASSERT_TRUE(ask->answered.WaitForNotificationWithTimeout(kSoon));
  EXPECT_NE(ask->by, kHere);
}

// The guest may be held up for longer than it may keep the loop; then what it asked for comes from the loop's own
// thread.
TEST(LoopThreadTest, TheGuestTurnsIt) {
  Subject subject;
  subject.loop().SetGuest(kHere);
  bool here = false;
  for (int i = 0; i < 1'000 && !here; ++i) {
    const auto ask = subject.AskNow();
    subject.loop().Turn(absl::ZeroDuration());
    subject.AnswerAll();
    while (subject.loop().IsGuests()) subject.loop().Turn(absl::Milliseconds(1));
    ASSERT_TRUE(ask->answered.WaitForNotificationWithTimeout(kSoon));
    here = ask->by == kHere;
    EXPECT_EQ(subject.loop().asked(), 0u);
    EXPECT_FALSE(subject.loop().IsGuests()) << "nothing is asked for";
  }
  EXPECT_TRUE(here);
}

TEST(LoopThreadTest, WhatAGuestAskedForIsDoneThoughItStays) {
  Subject subject;
  subject.loop().SetGuest(kHere);
  for (int i = 0; i < 3; ++i) {
    const auto ask = subject.AskNow();
    subject.AnswerAll();
    ASSERT_TRUE(ask->answered.WaitForNotificationWithTimeout(kSoon));
    EXPECT_NE(ask->by, kHere);
  }
}

TEST(LoopThreadTest, TheGuestLeaves) {
  Subject subject;
  subject.loop().SetGuest(kHere);
  const auto ask = subject.AskNow();
  subject.loop().Leave();
  EXPECT_FALSE(subject.loop().IsGuests());
  EXPECT_EQ(subject.loop().Turn(absl::Hours(1)), absl::ZeroDuration());
  subject.AnswerAll();
  ASSERT_TRUE(ask->answered.WaitForNotificationWithTimeout(kSoon));
  EXPECT_NE(ask->by, kHere);
}

TEST(LoopThreadTest, ThereIsNoGuestWhileOthersWait) {
  Subject subject;
  subject.loop().SetGuest(kHere);
  std::shared_ptr<Ask> others;
  std::thread([&] { others = subject.AskNow(); }).join();
  const auto ask = subject.AskNow();
  EXPECT_FALSE(subject.loop().IsGuests());
  subject.AnswerAll();
  for (const auto& each : {others, ask}) {
    ASSERT_TRUE(each->answered.WaitForNotificationWithTimeout(kSoon));
    EXPECT_NE(each->by, kHere);
  }
}

TEST(LoopThreadTest, AGuestDoesNotWaitLongForWhatDoesNotCome) {
  Subject subject;
  subject.loop().SetGuest(kHere);
  const auto ask = subject.AskNow();
  for (int i = 0; i < 100 && subject.loop().IsGuests(); ++i) subject.loop().Turn(absl::Microseconds(100));
  EXPECT_FALSE(subject.loop().IsGuests());
  subject.AnswerAll();
  ASSERT_TRUE(ask->answered.WaitForNotificationWithTimeout(kSoon));
  EXPECT_NE(ask->by, kHere);
}

TEST(LoopThreadTest, EverybodyIsAnswered) {
  Subject subject(true);
  std::atomic<bool> over{false};
  const auto ask_on = [&] {
    for (int i = 0; i < 2'000; ++i) {
      if (!subject.AskNow()->answered.WaitForNotificationWithTimeout(kSoon)) return ADD_FAILURE() << "not answered";
    }
  };
  std::thread guest([&] {
    subject.loop().SetGuest(std::this_thread::get_id());
    for (int i = 0; !over || i < 2'000; ++i) {
      const auto ask = subject.AskNow();
      if (i % 3 != 0) subject.loop().Turn(absl::Microseconds(i % 50));
      if (i % 5 == 0) subject.loop().Leave();
      if (i % 7 != 0) continue;  // is asked for and forgotten
      if (!ask->answered.WaitForNotificationWithTimeout(kSoon)) ADD_FAILURE() << "not answered";
    }
  });
  std::thread another(ask_on);
  ask_on();
  another.join();
  over = true;
  guest.join();
  for (int i = 0; i < 3'000 && subject.loop().asked() > 0; ++i) absl::SleepFor(absl::Milliseconds(10));
  EXPECT_EQ(subject.loop().asked(), 0u);
}

TEST(LoopThreadTest, ItsIdleTimeIsWhatItWaits) {
  const absl::Time begun = base::SteadyNow();
  Subject subject;
  const absl::Duration before = subject.loop().idle_time();
  while (subject.loop().idle_time() < before + absl::Milliseconds(2)) {
    ASSERT_LT(base::SteadyNow() - begun, kSoon);
    absl::SleepFor(absl::Milliseconds(1));
  }
  EXPECT_LE(subject.loop().idle_time(), base::SteadyNow() - begun);
}

}  // namespace
}  // namespace waymark::store
