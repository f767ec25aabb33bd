// What every ChangeFeed promises. Each implementation runs all of it.

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/store/changes.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/outcome.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::Profile;
using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::ContractSubject;
using testing_support::EndNow;
using testing_support::kSubjectMaxChanges;
using testing_support::ReadNow;
using testing_support::Soon;
using testing_support::UpdateNow;
using testing_support::Write;

Profile In(std::vector<NameId> segments, uint64_t version = 1) {
  Profile profile;
  profile.derived = {version, std::move(segments)};
  return profile;
}

class ChangeFeedContractTest : public testing::TestWithParam<testing_support::Implementation> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }

  void Store(const std::string& customer, const Profile& profile, const std::string& tenant = "shop") {
    const absl::StatusOr<uint64_t> stored = UpdateNow(subject_->profiles(), {tenant, customer}, Write(profile));
    ASSERT_TRUE(stored.ok()) << stored.status();
  }

  // Adds `count` changes, all to one part of the feed.
  void Fill(int count) {
    absl::BlockingCounter waiting(count);
    for (int i = 0; i < count; ++i) {
      subject_->profiles().Update({"shop", subject_->Neighbour(100 + i % 50)}, Soon(), Toggle,
                                  [&](const absl::StatusOr<uint64_t>& done) {
                                    EXPECT_TRUE(done.ok()) << done.status();
                                    waiting.DecrementCount();
                                  });
    }
    waiting.Wait();
  }

  static absl::StatusOr<absl::optional<Profile>> Toggle(const StoredProfile& stored) {
    return absl::make_optional(
        In(stored.profile.derived.segments.empty() ? std::vector<NameId>{NameId{9}} : std::vector<NameId>{}));
  }

  ChangeFeed::Changes Read(const std::string& cursor, int limit = 100) {
    absl::StatusOr<ChangeFeed::Changes> changes = ReadNow(subject_->changes(), "shop", cursor, limit);
    EXPECT_TRUE(changes.ok()) << changes.status();
    return changes.ok() ? *std::move(changes) : ChangeFeed::Changes{};
  }

  // All after a cursor, by as many reads as it takes.
  std::vector<MembershipChange> ReadAll(std::string cursor, int limit = 10'000) {
    std::vector<MembershipChange> all;
    for (bool more = true; more;) {
      const ChangeFeed::Changes read = Read(cursor, limit);
      EXPECT_LE(read.changes.size(), static_cast<size_t>(limit));
      all.insert(all.end(), read.changes.begin(), read.changes.end());
      cursor = read.NextCursor();
      more = read.more;
    }
    return all;
  }

  absl::StatusCode CodeOfRead(const std::string& cursor, const std::string& tenant = "shop") {
    return ReadNow(subject_->changes(), tenant, cursor, 10).status().code();
  }

  // The cursor, with its one part that is after a change changed.
  std::string Altered(const std::string& text, const std::function<void(ChangeCursor&)>& alter) {
    absl::StatusOr<FeedCursor> cursor = ParseFeedCursor(text, subject_->feed_parts());
    EXPECT_TRUE(cursor.ok()) << cursor.status();
    if (!cursor.ok()) return "";
    for (ChangeCursor& part : *cursor) {
      if (part.IsAfterAChange()) alter(part);
    }
    return FormatFeedCursor(*cursor);
  }

  std::string End() { return EndNow(subject_->changes(), "shop").value_or("failed"); }

  std::unique_ptr<ContractSubject> subject_;
};

TEST_P(ChangeFeedContractTest, SaysWhoEnteredAndLeft) {
  const absl::Time before = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  const std::string a = subject_->Neighbour(0);
  const std::string b = subject_->Neighbour(1);
  Store(a, In({NameId{1}, NameId{2}}, 3));
  Store(b, In({NameId{2}}, 3));
  Store(a, In({NameId{2}, NameId{5}}, 4));
  Store(a, In({NameId{7}}), "shop2");
  std::vector<MembershipChange> changes = ReadAll("0");
  ASSERT_EQ(changes.size(), 3u);
  for (MembershipChange& change : changes) {
    EXPECT_GE(change.stored_at, before);
    EXPECT_LE(change.stored_at, absl::Now());
    change.stored_at = absl::UnixEpoch();
  }
  const absl::Time epoch = absl::UnixEpoch();
  EXPECT_THAT(changes, ElementsAre(MembershipChange{a, {NameId{1}, NameId{2}}, {}, 3, epoch},
                                   MembershipChange{b, {NameId{2}}, {}, 3, epoch},
                                   MembershipChange{a, {NameId{5}}, {NameId{1}}, 4, epoch}));
}

TEST_P(ChangeFeedContractTest, SaysNothingWhereTheSegmentsAreTheSame) {
  Store("a", In({NameId{1}}, 3));
  const std::string end = End();
  Profile profile = In({NameId{1}}, 4);
  profile.compacted = 1;
  Store("a", profile);
  Store("b", In({}));
  EXPECT_THAT(Read(end).changes, IsEmpty());
  EXPECT_EQ(End(), end);
}

TEST_P(ChangeFeedContractTest, GoesOnFromACursor) {
  std::vector<std::string> stored;
  for (int i = 0; i < 10; ++i) stored.push_back(subject_->Neighbour(i));
  for (const std::string& customer : stored) Store(customer, In({NameId{1}}));
  std::vector<std::string> customers;
  for (const MembershipChange& change : ReadAll("0", 3)) customers.push_back(change.customer);
  EXPECT_EQ(customers, stored);
  const std::string cursor = End();
  EXPECT_THAT(Read(cursor).changes, IsEmpty());
  EXPECT_FALSE(Read(cursor).more);
  EXPECT_EQ(Read(cursor).NextCursor(), cursor);
  if (subject_->feed_parts() == 1) {
    EXPECT_EQ(Read(Altered(cursor, [](ChangeCursor& part) { part.hash.reset(); })).NextCursor(), cursor)
        << "as they once were";
  }
  Store("late", In({NameId{1}}));
  const std::vector<MembershipChange> late = Read(cursor).changes;
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].customer, "late");
}

// Whatever parts they are in, each is read once, whatever the pages are.
TEST_P(ChangeFeedContractTest, ChangesOfManyAreReadOnceEach) {
  std::vector<std::string> stored;
  for (int i = 0; i < 600; ++i) stored.push_back(absl::StrCat("c", i));
  absl::BlockingCounter waiting(600);
  for (const std::string& customer : stored) {
    subject_->profiles().Update({"shop", customer}, Soon(), Write(In({NameId{1}})),
                                [&](const absl::StatusOr<uint64_t>& done) {
                                  EXPECT_TRUE(done.ok()) << done.status();
                                  waiting.DecrementCount();
                                });
  }
  waiting.Wait();
  std::sort(stored.begin(), stored.end());
  for (const int limit : {1, 7, 256, 10'000}) {
    std::vector<std::string> customers;
    for (const MembershipChange& change : ReadAll("0", limit)) customers.push_back(change.customer);
    std::sort(customers.begin(), customers.end());
    EXPECT_EQ(customers, stored) << limit;
  }
}

TEST_P(ChangeFeedContractTest, EachChangeHasItsCursor) {
  for (int i = 0; i < 5; ++i) Store(absl::StrCat("c", i), In({NameId{1}}));
  const ChangeFeed::Changes all = Read("0");
  ASSERT_EQ(all.changes.size(), 5u);
  EXPECT_EQ(all.NextCursor(), End());
  for (size_t i = 0; i < 5; ++i) {
    const std::vector<MembershipChange> rest = Read(all.CursorAfter(i + 1)).changes;
    ASSERT_EQ(rest.size(), 4 - i);
    if (!rest.empty()) {
      EXPECT_EQ(rest[0], all.changes[i + 1]);
    }
  }
}

// The end of an empty feed is not the oldest that is kept: what is lost after it is seen.
TEST_P(ChangeFeedContractTest, AnEmptyFeedHasAnEnd) {
  const std::string empty = End();
  EXPECT_NE(empty, "0");
  EXPECT_EQ(Read("0").NextCursor(), empty);
  EXPECT_EQ(Read(empty).NextCursor(), empty);
  Fill(3);
  EXPECT_EQ(Read(empty, 2).changes, Read("0", 2).changes);
  EXPECT_EQ(ReadAll(empty).size(), 3u);
  Fill(static_cast<int>(kSubjectMaxChanges) + 1000);
  EXPECT_EQ(CodeOfRead(empty), absl::StatusCode::kOutOfRange);
}

// A store that lost its newest changes gives their numbers to others.
TEST_P(ChangeFeedContractTest, AnotherChangeAtTheCursorIsSeen) {
  Store(subject_->Neighbour(0), In({NameId{1}}));
  const std::string first = End();
  Store(subject_->Neighbour(1), In({NameId{1}}));
  ChangeCursor second;
  const std::string end = Altered(End(), [&](ChangeCursor& part) { second = part; });
  ASSERT_EQ(end, End());
  const std::string other = Altered(first, [&](ChangeCursor& part) { part.hash = second.hash; });
  ASSERT_NE(other, first);
  EXPECT_EQ(CodeOfRead(other), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Read(first).changes.size(), 1u);
}

TEST_P(ChangeFeedContractTest, WhatWasLostIsSeen) {
  Store(subject_->Neighbour(0), In({NameId{1}}));
  const std::string early = End();
  Fill(100);
  const std::string later = End();
  EXPECT_EQ(ReadAll(early, 1000).size(), 100u);
  Fill(static_cast<int>(kSubjectMaxChanges) - 1);
  EXPECT_EQ(ReadAll(later).size(), kSubjectMaxChanges - 1) << "so many are kept at least";
  Fill(1000);
  EXPECT_EQ(CodeOfRead(early), absl::StatusCode::kOutOfRange);
  const size_t kept = ReadAll("0").size();
  EXPECT_GE(kept, kSubjectMaxChanges);
  EXPECT_LE(kept, kSubjectMaxChanges + 200) << "and not many more";
}

TEST_P(ChangeFeedContractTest, ACursorOfAFeedThatIsGoneIsSeen) {
  Store("a", In({NameId{1}}));
  const auto lost = absl::StatusCode::kOutOfRange;
  EXPECT_EQ(CodeOfRead(Altered(End(), [](ChangeCursor& part) { part = {.number = part.number + 1}; })), lost)
      << "the store came back from an older copy";
  EXPECT_EQ(
      CodeOfRead(Altered(End(), [](ChangeCursor& part) { part = {.number = part.number - (uint64_t{5} << 20)}; })),
      lost)
      << "the feed began again";
  EXPECT_EQ(CodeOfRead(End(), "shop2"), lost);
  EXPECT_EQ(CodeOfRead(FormatFeedCursor(FeedCursor(7, {.number = uint64_t{5} << 20}))), lost)
      << "a feed of another number of parts";
}

// Whoever changes one customer at once: the changes are a chain, each from the state that the one before left.
TEST_P(ChangeFeedContractTest, ACustomersChangesAreInOrder) {
  constexpr int kChanges = 300;
  absl::BlockingCounter waiting(kChanges);
  for (int i = 0; i < kChanges; ++i) {
    subject_->profiles().Update({"shop", "one"}, Soon(), Toggle, [&](const absl::StatusOr<uint64_t>& done) {
      EXPECT_TRUE(done.ok()) << done.status();
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  const std::vector<MembershipChange> changes = ReadAll("0", 1000);
  ASSERT_EQ(changes.size(), size_t{kChanges});
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].entered.size(), i % 2 == 0 ? 1u : 0u);
    EXPECT_EQ(changes[i].left.size(), i % 2 == 0 ? 0u : 1u);
  }
}

TEST_P(ChangeFeedContractTest, RefusesWhatIsNoCursor) {
  for (absl::string_view cursor : {"", "x", "-1", "01", " 1", "1-1", "99999999999999999999", "5.", ".5", "5.x", "5.05",
                                   "5.6.7", "5.4294967296", "0.5", "1.5", "p", "p!", "pCAE=x", "pEgQAAAAA"}) {
    EXPECT_EQ(ReadNow(subject_->changes(), "shop", cursor, 10).status().code(), absl::StatusCode::kInvalidArgument)
        << cursor;
  }
  EXPECT_EQ(ReadNow(subject_->changes(), "a/b", "0", 10).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(EndNow(subject_->changes(), "").status().code(), absl::StatusCode::kInvalidArgument);
  const absl::Time past = absl::Now() - absl::Milliseconds(1);
  const auto late = absl::StatusCode::kDeadlineExceeded;
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", "0", 10, past).status().code(), late);
  EXPECT_EQ(EndNow(subject_->changes(), "shop", past).status().code(), late);
}

INSTANTIATE_TEST_SUITE_P(AllStores, ChangeFeedContractTest, testing::ValuesIn(testing_support::Implementations()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace waymark::store
