#include "service/batch/watches.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "tests/support/world.h"

namespace waymark::batch {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr absl::string_view kPlaybook = R"yaml(
segments:
  - {name: buyer, when: 'ever("purchase")'}
  - {name: visitor, when: 'ever("login")'}
)yaml";

// Whom a watch sends to.
class Receiver {
 public:
  struct Message {
    std::vector<NamedChange> changes;
    std::string cursor;
  };

  void Begin(Watches& watches, const WatchRequest& request) {
    handle = watches.Begin(
        request,
        [this](std::vector<NamedChange> changes, const std::string& cursor, Watches::Sent sent) {
          absl::MutexLock lock(&mutex_);
          messages_.push_back({std::move(changes), cursor});
          sent_ = std::move(sent);
        },
        [this](absl::Status status) {
          absl::MutexLock lock(&mutex_);
          status_ = std::move(status);
          ended_ = true;
        });
  }

  // The next message.
  Message Next() {
    absl::MutexLock lock(&mutex_);
    const auto arrived = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return messages_.size() > read_ || ended_; };
    mutex_.Await(absl::Condition(&arrived));
    if (ended_) {
      ADD_FAILURE() << status_;
      return {};
    }
    return messages_[read_++];
  }
  // That the last message was sent, or not.
  void Answer(bool sent) {
    Watches::Sent answer;
    {
      absl::MutexLock lock(&mutex_);
      answer = std::move(sent_);
    }
    answer(sent);
  }
  Message Take() {
    Message message = Next();
    Answer(true);
    return message;
  }
  absl::Status WaitForEnd() {
    absl::MutexLock lock(&mutex_);
    mutex_.Await(absl::Condition(&ended_));
    return status_;
  }

  std::shared_ptr<Watches::Handle> handle;

 private:
  absl::Mutex mutex_;
  std::vector<Message> messages_;
  size_t read_ = 0;
  Watches::Sent sent_;
  absl::Status status_;
  bool ended_ = false;
};

class WatchesTest : public ::testing::Test {
 protected:
  void Record(const std::string& customer, const std::string& type) {
    engine::RecordRequest request{.tenant = "shop"};
    request.items.push_back({customer, {.id = absl::StrCat(++events_), .type = type}});
    ASSERT_TRUE(world_.Record(std::move(request)).ok());
  }

  int events_ = 0;
  testing_support::World world_{kPlaybook};
  Watches watches_{world_.profiles, world_.playbooks, {.poll = absl::Milliseconds(1), .page = 3}};
};

TEST_F(WatchesTest, BeginsNowAndSaysWhatChanges) {
  Record("before", "purchase");
  Receiver receiver;
  receiver.Begin(watches_, {.tenant = "shop"});
  const Receiver::Message first = receiver.Take();
  EXPECT_THAT(first.changes, IsEmpty());
  Record("c1", "purchase");
  const Receiver::Message message = receiver.Take();
  ASSERT_EQ(message.changes.size(), 1u);
  EXPECT_EQ(message.changes[0].customer, "c1");
  EXPECT_THAT(message.changes[0].entered, ElementsAre("buyer"));
  EXPECT_THAT(message.changes[0].left, IsEmpty());
  EXPECT_EQ(message.changes[0].playbook_version, 1u);

  // From the first cursor again: the same.
  Receiver again;
  again.Begin(watches_, {.tenant = "shop", .cursor = first.cursor});
  EXPECT_EQ(again.Take().changes.size(), 1u);
  for (Receiver* each : {&receiver, &again}) {
    each->handle->Cancel();
    EXPECT_EQ(each->WaitForEnd().code(), absl::StatusCode::kCancelled);
  }
}

// Also where messages hold less than there is, and only one is on its way at a time.
TEST_F(WatchesTest, LosesNothingAndWaitsForItsClient) {
  for (int i = 0; i < 10; ++i) Record(absl::StrCat("c", i), "login");
  Receiver receiver;
  receiver.Begin(watches_, {.tenant = "shop", .cursor = "0"});
  std::vector<std::string> customers;
  while (customers.size() < 12) {
    const Receiver::Message message = receiver.Next();
    EXPECT_LE(message.changes.size(), 3u);
    for (const NamedChange& change : message.changes) customers.push_back(change.customer);
    if (customers.size() == 3) {
      for (int i = 10; i < 12; ++i) Record(absl::StrCat("c", i), "login");
    }
    receiver.Answer(true);
  }
  for (int i = 0; i < 12; ++i) EXPECT_EQ(customers[static_cast<size_t>(i)], absl::StrCat("c", i));
  receiver.handle->Cancel();
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

TEST_F(WatchesTest, SaysOnlyWhatIsAskedFor) {
  for (int i = 0; i < 10; ++i) Record(absl::StrCat("c", i), "login");
  Record("c5", "purchase");
  Receiver receiver;
  receiver.Begin(watches_, {.tenant = "shop", .cursor = "0", .segments = {"buyer"}});
  Receiver::Message message = receiver.Take();
  if (message.changes.empty()) message = receiver.Take();  // the one that comes at once
  ASSERT_EQ(message.changes.size(), 1u);
  EXPECT_EQ(message.changes[0].customer, "c5");
  EXPECT_THAT(message.changes[0].entered, ElementsAre("buyer"));
  receiver.handle->Cancel();
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

// Of a segment that a new playbook does not have, everyone leaves; a watch that knew it says so by its name.
TEST_F(WatchesTest, KnowsTheNamesOfSegmentsThatAreGone) {
  Record("c1", "login");
  Receiver receiver;
  receiver.Begin(watches_, {.tenant = "shop", .cursor = "0"});
  EXPECT_EQ(receiver.Take().changes.size(), 1u);
  ASSERT_TRUE(world_.Apply("shop", "segments: [{name: guest, when: 'ever(\"login\")'}]").ok());
  Record("c1", "login");
  const Receiver::Message message = receiver.Take();
  ASSERT_EQ(message.changes.size(), 1u);
  EXPECT_THAT(message.changes[0].entered, ElementsAre("guest"));
  EXPECT_THAT(message.changes[0].left, ElementsAre("visitor"));
  receiver.handle->Cancel();
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

// A replica that has not loaded a playbook yet does not know the names of what was stored with it.
TEST_F(WatchesTest, WaitsForThePlaybookOfAChange) {
  constexpr absl::string_view kNewer = "segments: [{name: guest, when: 'ever(\"login\")'}]";
  const auto apply = [](engine::Playbooks& playbooks, absl::string_view text) {
    return engine::Await<engine::ApplyAnswer>([&](engine::Playbooks::Done<engine::ApplyAnswer> done) {
      playbooks.Apply("shop", std::string(text), absl::nullopt, testing_support::World::Deadline(), std::move(done));
    });
  };
  testing_support::FakeRecordStore other_records;
  engine::Playbooks other(other_records, world_.clock);
  ASSERT_TRUE(apply(other, kPlaybook).ok());
  Record("c1", "login");
  ASSERT_TRUE(world_.Apply("shop", kNewer).ok());
  Record("c2", "login");
  {
    Watches hasty(world_.profiles, other, {.poll = absl::Milliseconds(1), .playbook_timeout = absl::Milliseconds(5)});
    Receiver receiver;
    receiver.Begin(hasty, {.tenant = "shop", .cursor = "0"});
    EXPECT_EQ(receiver.Take().changes.size(), 1u);
    EXPECT_EQ(receiver.WaitForEnd().code(), absl::StatusCode::kUnavailable);
  }
  Watches watches(world_.profiles, other, {.poll = absl::Milliseconds(1), .keep_alive = absl::Milliseconds(1)});
  Receiver receiver;
  receiver.Begin(watches, {.tenant = "shop", .cursor = "0"});
  const std::string cursor = receiver.Take().cursor;
  for (int i = 0; i < 3; ++i) {
    const Receiver::Message silence = receiver.Take();
    EXPECT_THAT(silence.changes, IsEmpty());
    EXPECT_EQ(silence.cursor, cursor) << "not beyond what was not said";
  }
  ASSERT_TRUE(apply(other, kNewer).ok());
  Receiver::Message message = receiver.Take();
  while (message.changes.empty()) message = receiver.Take();
  EXPECT_EQ(message.changes[0].customer, "c2");
  EXPECT_THAT(message.changes[0].entered, ElementsAre("guest"));
  receiver.Next();
  receiver.Answer(false);
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

TEST_F(WatchesTest, AMessageHasABoundInBytes) {
  for (int i = 0; i < 5; ++i) Record(absl::StrCat("c", i), "login");
  Watches watches(world_.profiles, world_.playbooks, {.poll = absl::Milliseconds(1), .message_bytes = 60});
  Receiver receiver;
  receiver.Begin(watches, {.tenant = "shop", .cursor = "0"});
  std::vector<std::string> customers;
  for (size_t expected : {2, 2, 1}) {
    const Receiver::Message message = receiver.Take();
    EXPECT_EQ(message.changes.size(), expected);
    for (const NamedChange& change : message.changes) customers.push_back(change.customer);
  }
  EXPECT_THAT(customers, ElementsAre("c0", "c1", "c2", "c3", "c4"));
  receiver.handle->Cancel();
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

TEST_F(WatchesTest, RefusesTooManyAndSegmentsThatAreNot) {
  Watches one(world_.profiles, world_.playbooks, {.poll = absl::Milliseconds(1), .max_watches = 1});
  Receiver first;
  first.Begin(one, {.tenant = "shop"});
  Receiver second;
  second.Begin(one, {.tenant = "shop"});
  EXPECT_EQ(second.WaitForEnd().code(), absl::StatusCode::kResourceExhausted);
  first.Take();
  first.handle->Cancel();
  EXPECT_EQ(first.WaitForEnd().code(), absl::StatusCode::kCancelled);

  Receiver unknown;
  unknown.Begin(one, {.tenant = "shop", .segments = {"buyer", "nobody"}});
  EXPECT_EQ(unknown.WaitForEnd().code(), absl::StatusCode::kNotFound);
  Receiver many;
  many.Begin(one, {.tenant = "shop", .segments = {"buyer", "buyer", "buyer"}});
  EXPECT_EQ(many.WaitForEnd().code(), absl::StatusCode::kInvalidArgument);
}

// The feed's thread is the store's: what a watch makes of the changes is made on another.
class FeedOnThisThread final : public store::ChangeFeed {
 public:
  void Read(absl::string_view, absl::string_view, int, absl::Time, ReadDone done) override {
    absl::MutexLock lock(&mutex_);
    done_ = std::move(done);
  }
  void End(absl::string_view, absl::Time, EndDone done) override { done(std::string("1")); }

  ReadDone NextRead() {
    absl::MutexLock lock(&mutex_);
    const auto asked = [this]() ABSL_NO_THREAD_SAFETY_ANALYSIS { return done_ != nullptr; };
    mutex_.Await(absl::Condition(&asked));
    return std::exchange(done_, nullptr);
  }

 private:
  absl::Mutex mutex_;
  ReadDone done_;
};

TEST_F(WatchesTest, DoesNotWorkOnTheFeedsThread) {
  FeedOnThisThread feed;
  Watches watches(feed, world_.playbooks, {.poll = absl::Milliseconds(1)});
  std::thread::id thread;
  absl::Notification ended;
  watches.Begin(
      {.tenant = "shop", .cursor = "0"},
      [&](const std::vector<NamedChange>&, const std::string&, Watches::Sent sent) {
        thread = std::this_thread::get_id();
        sent(false);
      },
      [&](const absl::Status&) { ended.Notify(); });
  feed.NextRead()(store::ChangeFeed::Changes{});
  ended.WaitForNotification();
  EXPECT_NE(thread, std::this_thread::get_id());
}

TEST_F(WatchesTest, SaysNowAndThenThatItIsThere) {
  Watches watches(world_.profiles, world_.playbooks,
                  {.poll = absl::Milliseconds(1), .keep_alive = absl::Milliseconds(5)});
  Receiver receiver;
  receiver.Begin(watches, {.tenant = "shop"});
  for (int i = 0; i < 5; ++i) EXPECT_THAT(receiver.Take().changes, IsEmpty());
  receiver.handle->Cancel();
  EXPECT_FALSE(receiver.WaitForEnd().ok());
}

TEST_F(WatchesTest, EndsWithItsClientTheStoreOrTheService) {
  Receiver gone;
  gone.Begin(watches_, {.tenant = "shop"});
  gone.Next();
  gone.Answer(false);
  EXPECT_EQ(gone.WaitForEnd().code(), absl::StatusCode::kCancelled);

  Receiver lost;
  lost.Begin(watches_, {.tenant = "shop", .cursor = "12345"});
  EXPECT_EQ(lost.WaitForEnd().code(), absl::StatusCode::kOutOfRange);

  Receiver away;
  away.Begin(watches_, {.tenant = "shop"});
  away.Take();
  world_.profiles.FailWith(absl::DeadlineExceededError("late"));
  EXPECT_EQ(away.WaitForEnd().code(), absl::StatusCode::kUnavailable);
  world_.profiles.FailWith(absl::OkStatus());

  Receiver stopped;
  stopped.Begin(watches_, {.tenant = "shop"});
  stopped.Take();
  watches_.Stop();
  EXPECT_EQ(stopped.WaitForEnd().code(), absl::StatusCode::kUnavailable);
  Receiver refused;
  refused.Begin(watches_, {.tenant = "shop"});
  EXPECT_EQ(refused.WaitForEnd().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(refused.handle, nullptr);
}

}  // namespace
}  // namespace waymark::batch
