// What every DecisionLog promises. Each implementation runs all of it.

#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/store/decision_log.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing_support::AppendNow;
using testing_support::ContractSubject;
using testing_support::ReadShardNow;
using testing_support::TrimNow;

constexpr size_t kAnyBytes = 1 << 30;

// A key of the shard.
uint64_t KeyOf(int shard) { return static_cast<uint64_t>(shard) << 56 | 0x123456; }

class DecisionLogContractTest : public testing::TestWithParam<testing_support::Implementation> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }

  void Append(std::vector<DecisionLog::Entry> entries, const std::string& tenant = "shop") {
    const DecisionLog::Appended appended = AppendNow(subject_->decisions(), tenant, std::move(entries));
    EXPECT_TRUE(appended.status.ok()) << appended.status;
    EXPECT_TRUE(appended.unwritten.empty());
  }

  // All pages of the shard.
  std::vector<std::string> Read(int shard, const std::string& tenant = "shop",
                                absl::Time since = absl::InfinitePast()) {
    std::vector<std::string> entries;
    std::string cursor;
    do {
      auto page = ReadShardNow(subject_->decisions(), tenant, shard, cursor, since);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (std::string& entry : page->entries) entries.push_back(std::move(entry));
      cursor = page->next_cursor;
    } while (!cursor.empty());
    return entries;
  }

  void Trim(absl::Time not_before, size_t max_bytes = kAnyBytes) {
    const absl::Status status = TrimNow(subject_->decisions(), "shop", not_before, max_bytes);
    EXPECT_TRUE(status.ok()) << status;
  }

  std::unique_ptr<ContractSubject> subject_;
};

TEST_P(DecisionLogContractTest, GivesAShardsEntriesInTheirOrder) {
  Append({{KeyOf(7), "a"}, {KeyOf(255), "x"}, {KeyOf(7), "b"}});
  Append({{KeyOf(7), "c"}, {KeyOf(0), ""}});
  EXPECT_THAT(Read(7), ElementsAre("a", "b", "c"));
  EXPECT_THAT(Read(255), ElementsAre("x"));
  EXPECT_THAT(Read(0), ElementsAre(""));
  EXPECT_THAT(Read(8), IsEmpty());
}

TEST_P(DecisionLogContractTest, TenantsAreApart) {
  Append({{KeyOf(1), "ours"}});
  Append({{KeyOf(1), "theirs"}}, "shop2");
  EXPECT_THAT(Read(1), ElementsAre("ours"));
  EXPECT_THAT(Read(1, "shop2"), ElementsAre("theirs"));
  Trim(absl::Now() + absl::Hours(1));
  EXPECT_THAT(Read(1), IsEmpty());
  EXPECT_THAT(Read(1, "shop2"), ElementsAre("theirs"));
}

TEST_P(DecisionLogContractTest, TakesAnyBytes) {
  const std::string bytes("\0\r\n$*\xff\x80", 7);
  Append({{KeyOf(2), bytes}, {KeyOf(2), std::string(kMaxLogEntryBytes, 'z')}});
  EXPECT_THAT(Read(2), ElementsAre(bytes, std::string(kMaxLogEntryBytes, 'z')));
}

TEST_P(DecisionLogContractTest, GivesManyInPages) {
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    std::vector<DecisionLog::Entry> entries;
    for (int j = 0; j < 10; ++j) {
      expected.push_back(absl::StrCat(i, ".", j, std::string(400, 'x')));
      entries.push_back({KeyOf(3), expected.back()});
    }
    Append(std::move(entries));
  }
  auto page = ReadShardNow(subject_->decisions(), "shop", 3, "", absl::InfinitePast());
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_LT(page->entries.size(), expected.size());
  EXPECT_EQ(Read(3), expected);
}

TEST_P(DecisionLogContractTest, ReadsFromATimeOn) {
  Append({{KeyOf(4), "a"}});
  EXPECT_THAT(Read(4, "shop", absl::Now() - absl::Minutes(1)), ElementsAre("a"));
  EXPECT_THAT(Read(4, "shop", absl::Now() + absl::Minutes(1)), IsEmpty());
}

TEST_P(DecisionLogContractTest, DropsWhatIsTooOld) {
  Append({{KeyOf(5), "a"}, {KeyOf(6), "b"}});
  Trim(absl::Now() - absl::Minutes(1));
  EXPECT_THAT(Read(5), ElementsAre("a"));
  Trim(absl::Now() + absl::Minutes(1));
  EXPECT_THAT(Read(5), IsEmpty());
  EXPECT_THAT(Read(6), IsEmpty());
  Append({{KeyOf(5), "c"}});
  EXPECT_THAT(Read(5), ElementsAre("c"));
}

TEST_P(DecisionLogContractTest, DropsTheOldestOfAShardThatTakesTooMuch) {
  constexpr size_t kShardBytes = 100'000;
  for (int i = 0; i < 100; ++i) {
    std::vector<DecisionLog::Entry> entries;
    for (int j = 0; j < 5; ++j) entries.push_back({KeyOf(9), absl::StrCat(i * 5 + j, "/", std::string(1000, 'x'))});
    Append(std::move(entries));
  }
  Append({{KeyOf(10), "small"}});
  Trim(absl::InfinitePast(), kShardBytes * kLogShards);
  const std::vector<std::string> left = Read(9);
  // Implementations count what keeps an entry in their own way.
  EXPECT_LE(left.size(), kShardBytes / 1000);
  EXPECT_GE(left.size(), kShardBytes / 1000 / 2);
  EXPECT_EQ(left.back(), absl::StrCat(499, "/", std::string(1000, 'x')));
  EXPECT_EQ(left.front(), absl::StrCat(500 - left.size(), "/", std::string(1000, 'x')));
  EXPECT_THAT(Read(10), ElementsAre("small"));
  // Once more: it takes less than it may now.
  Trim(absl::InfinitePast(), kShardBytes * kLogShards);
  EXPECT_EQ(Read(9).size(), left.size());
}

TEST_P(DecisionLogContractTest, OutlivesItsProcess) {
  Append({{KeyOf(11), "a"}, {KeyOf(11), std::string(3000, 'b')}});
  subject_->Reopen();
  Append({{KeyOf(11), "c"}});
  EXPECT_THAT(Read(11), ElementsAre("a", std::string(3000, 'b'), "c"));
  // What it takes is known again: 3 of its 4 KB are the oldest two's.
  Trim(absl::InfinitePast(), 2000 * kLogShards);
  EXPECT_THAT(Read(11).size(), testing::Le(1u));
}

TEST_P(DecisionLogContractTest, SaysWhatWasNotWritten) {
  const auto late =
      AppendNow(subject_->decisions(), "shop", {{KeyOf(1), "a"}, {KeyOf(2), "b"}}, absl::Now() - absl::Seconds(1));
  EXPECT_EQ(late.status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(late.unwritten.size(), 2u);
  const auto nameless = AppendNow(subject_->decisions(), "a/b", {{KeyOf(1), "a"}});
  EXPECT_EQ(nameless.status.code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(nameless.unwritten.size(), 1u);
  EXPECT_THAT(Read(1), IsEmpty());
  EXPECT_EQ(ReadShardNow(subject_->decisions(), "", 1, "", absl::InfinitePast()).status().code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(TrimNow(subject_->decisions(), "a/b", absl::InfinitePast(), 1).code(), absl::StatusCode::kInvalidArgument);
}

INSTANTIATE_TEST_SUITE_P(AllStores, DecisionLogContractTest, testing::ValuesIn(testing_support::Implementations()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace waymark::store
