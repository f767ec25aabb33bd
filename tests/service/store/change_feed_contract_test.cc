// What every ChangeFeed promises. Each implementation runs all of it.

#include <algorithm>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
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

struct Implementation {
  const char* name;
  std::unique_ptr<ContractSubject> (*make)();
};
void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

Profile In(std::vector<NameId> segments, uint64_t version = 1) {
  Profile profile;
  profile.derived = {version, std::move(segments)};
  return profile;
}

class ChangeFeedContractTest : public testing::TestWithParam<Implementation> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }

  void Store(const std::string& customer, const Profile& profile, const std::string& tenant = "shop") {
    const absl::StatusOr<uint64_t> stored = UpdateNow(subject_->profiles(), {tenant, customer}, Write(profile));
    ASSERT_TRUE(stored.ok()) << stored.status();
  }

  // Adds `count` changes.
  void Fill(int count) {
    absl::BlockingCounter waiting(count);
    for (int i = 0; i < count; ++i) {
      subject_->profiles().Update({"shop", absl::StrCat("filler", i % 50)}, Soon(), Toggle,
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

  std::string End() { return EndNow(subject_->changes(), "shop").value_or("failed"); }

  // What a cursor has before its hash.
  static std::string NumberOf(const std::string& cursor) { return cursor.substr(0, cursor.find('.')); }

  std::unique_ptr<ContractSubject> subject_;
};

TEST_P(ChangeFeedContractTest, SaysWhoEnteredAndLeft) {
  const absl::Time before = absl::FromUnixMillis(absl::ToUnixMillis(absl::Now()));
  Store("a", In({NameId{1}, NameId{2}}, 3));
  Store("b", In({NameId{2}}, 3));
  Store("a", In({NameId{2}, NameId{5}}, 4));
  Store("other", In({NameId{7}}), "shop2");
  std::vector<MembershipChange> changes = Read("0").changes;
  ASSERT_EQ(changes.size(), 3u);
  for (MembershipChange& change : changes) {
    EXPECT_GE(change.stored_at, before);
    EXPECT_LE(change.stored_at, absl::Now());
    change.stored_at = absl::UnixEpoch();
  }
  const absl::Time epoch = absl::UnixEpoch();
  EXPECT_THAT(changes, ElementsAre(MembershipChange{"a", {NameId{1}, NameId{2}}, {}, 3, epoch},
                                   MembershipChange{"b", {NameId{2}}, {}, 3, epoch},
                                   MembershipChange{"a", {NameId{5}}, {NameId{1}}, 4, epoch}));
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
  for (int i = 0; i < 10; ++i) Store(absl::StrCat("c", i), In({NameId{1}}));
  std::vector<std::string> customers;
  std::string cursor = "0";
  for (int reads = 0; reads < 4; ++reads) {
    const ChangeFeed::Changes changes = Read(cursor, 3);
    EXPECT_EQ(changes.changes.size(), reads < 3 ? 3u : 1u);
    for (const MembershipChange& change : changes.changes) customers.push_back(change.customer);
    cursor = changes.next_cursor;
  }
  EXPECT_THAT(customers, ElementsAre("c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8", "c9"));
  EXPECT_EQ(cursor, End());
  EXPECT_THAT(Read(cursor).changes, IsEmpty());
  EXPECT_EQ(Read(cursor).next_cursor, cursor);
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", NumberOf(cursor), 10)->next_cursor, cursor) << "as they once were";
  Store("late", In({NameId{1}}));
  const std::vector<MembershipChange> late = Read(cursor).changes;
  ASSERT_EQ(late.size(), 1u);
  EXPECT_EQ(late[0].customer, "late");
}

TEST_P(ChangeFeedContractTest, EachChangeHasItsCursor) {
  for (int i = 0; i < 5; ++i) Store(absl::StrCat("c", i), In({NameId{1}}));
  const ChangeFeed::Changes all = Read("0");
  ASSERT_EQ(all.cursors.size(), 5u);
  EXPECT_EQ(all.cursors[4], all.next_cursor);
  for (size_t i = 0; i < 5; ++i) {
    const std::vector<MembershipChange> rest = Read(all.cursors[i]).changes;
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
  EXPECT_EQ(Read("0").next_cursor, empty);
  EXPECT_EQ(Read(empty).next_cursor, empty);
  Fill(3);
  EXPECT_EQ(Read(empty, 2).changes, Read("0", 2).changes);
  EXPECT_EQ(Read(empty).changes.size(), 3u);
  Fill(static_cast<int>(kSubjectMaxChanges) + 1000);
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", empty, 10).status().code(), absl::StatusCode::kOutOfRange);
}

// A store that lost its newest changes gives their numbers to others.
TEST_P(ChangeFeedContractTest, AnotherChangeAtTheCursorIsSeen) {
  Store("a", In({NameId{1}}));
  const std::string first = End();
  Store("b", In({NameId{1}}));
  const std::string second = End();
  const auto hash_of = [](const std::string& cursor) { return cursor.substr(cursor.find('.')); };
  ASSERT_NE(hash_of(first), hash_of(second));
  const std::string other = NumberOf(first) + hash_of(second);
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", other, 10).status().code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Read(first).changes.size(), 1u);
}

TEST_P(ChangeFeedContractTest, WhatWasLostIsSeen) {
  Store("first", In({NameId{1}}));
  const std::string early = End();
  Fill(100);
  const std::string later = End();
  EXPECT_EQ(Read(early, 1000).changes.size(), 100u);
  Fill(static_cast<int>(kSubjectMaxChanges) - 1);
  EXPECT_EQ(Read(later, 10'000).changes.size(), kSubjectMaxChanges - 1) << "so many are kept at least";
  Fill(1000);
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", early, 10).status().code(), absl::StatusCode::kOutOfRange);
  const size_t kept = Read("0", 10'000).changes.size();
  EXPECT_GE(kept, kSubjectMaxChanges);
  EXPECT_LE(kept, kSubjectMaxChanges + 200) << "and not many more";
}

TEST_P(ChangeFeedContractTest, ACursorOfAFeedThatIsGoneIsSeen) {
  Store("a", In({NameId{1}}));
  uint64_t number = 0;
  ASSERT_TRUE(absl::SimpleAtoi(NumberOf(End()), &number));
  const auto lost = absl::StatusCode::kOutOfRange;
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", absl::StrCat(number + 1), 10).status().code(), lost)
      << "the store came back from an older copy";
  EXPECT_EQ(ReadNow(subject_->changes(), "shop", absl::StrCat(number - (uint64_t{5} << 20)), 10).status().code(), lost)
      << "the feed began again";
  EXPECT_EQ(ReadNow(subject_->changes(), "shop2", absl::StrCat(number), 10).status().code(), lost);
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
  const std::vector<MembershipChange> changes = Read("0", 1000).changes;
  ASSERT_EQ(changes.size(), size_t{kChanges});
  for (size_t i = 0; i < changes.size(); ++i) {
    EXPECT_EQ(changes[i].entered.size(), i % 2 == 0 ? 1u : 0u);
    EXPECT_EQ(changes[i].left.size(), i % 2 == 0 ? 0u : 1u);
  }
}

TEST_P(ChangeFeedContractTest, RefusesWhatIsNoCursor) {
  for (absl::string_view cursor : {"", "x", "-1", "01", " 1", "1-1", "99999999999999999999", "5.", ".5", "5.x", "5.05",
                                   "5.6.7", "5.4294967296", "0.5", "1.5"}) {
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

INSTANTIATE_TEST_SUITE_P(AllStores, ChangeFeedContractTest,
                         testing::Values(Implementation{"Fake", testing_support::MakeFakeSubject},
                                         Implementation{"Embedded", testing_support::MakeEmbeddedSubject},
                                         Implementation{"Redis", testing_support::MakeRedisSubject}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace waymark::store
