// What every ProfileStore and RecordStore promises. Each implementation runs all of it.

#include <algorithm>
#include <functional>
#include <memory>
#include <ostream>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/store/codec.h"
#include "service/store/names.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/service/store/sample_profiles.h"
#include "tests/support/outcome.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::Profile;
using testing::ElementsAre;
using testing::UnorderedElementsAreArray;
using testing_support::ContractSubject;
using testing_support::GetNow;
using testing_support::ListNow;
using testing_support::LoadManyNow;
using testing_support::LoadNow;
using testing_support::Outcome;
using testing_support::PutNow;
using testing_support::ScanNow;
using testing_support::Soon;
using testing_support::TypicalProfile;
using testing_support::UpdateFromNow;
using testing_support::UpdateNow;
using testing_support::Write;

constexpr NameId kCounter{1};

int64_t CounterOf(const Profile& profile) {
  const segmentation::Trait* trait = segmentation::FindTrait(profile, kCounter);
  return trait == nullptr ? 0 : absl::get<int64_t>(trait->value);
}

// Adds one to the counter.
absl::StatusOr<absl::optional<Profile>> Increment(const StoredProfile& stored) {
  Profile profile = stored.profile;
  segmentation::SetTrait(profile, kCounter, CounterOf(profile) + 1);
  return absl::make_optional(std::move(profile));
}

Profile Numbered(int64_t number) {
  Profile profile;
  profile.traits = {{kCounter, number}};
  return profile;
}

class StoreContractTest : public testing::TestWithParam<testing_support::Implementation> {
 protected:
  void SetUp() override {
    subject_ = GetParam().make();
    ASSERT_NE(subject_, nullptr);
  }

  ProfileStore& profiles() { return subject_->profiles(); }
  RecordStore& records() { return subject_->records(); }

  // The names that a walk from one cursor until another shows, in pages of `limit`; where each page ended goes into
  // `ends`.
  std::vector<std::string> Names(absl::string_view tenant, std::string cursor, absl::string_view until, int limit,
                                 std::vector<std::string>* ends = nullptr) {
    std::vector<std::string> names;
    do {
      const absl::StatusOr<ProfileStore::Page> page = ScanNow(profiles(), tenant, cursor, until, limit);
      if (!page.ok()) {
        ADD_FAILURE() << page.status();
        return names;
      }
      names.insert(names.end(), page->customers.begin(), page->customers.end());
      cursor = page->next_cursor;
      if (ends != nullptr) ends->push_back(cursor);
    } while (!cursor.empty());
    return names;
  }

  // Creates customers of the shop, "c<i>" for i from `first` to below `last`.
  void Create(int first, int last) {
    absl::BlockingCounter waiting(last - first);
    for (int i = first; i < last; ++i) {
      profiles().Update({"shop", absl::StrCat("c", i)}, Soon(), Write(Numbered(i)), [&](absl::StatusOr<uint64_t> done) {
        EXPECT_TRUE(done.ok()) << done.status();
        waiting.DecrementCount();
      });
    }
    waiting.Wait();
  }

  // All of a tenant, page by page; fails where a customer has no profile.
  std::vector<std::pair<std::string, Profile>> ScanAll(absl::string_view tenant, int limit) {
    std::vector<std::pair<std::string, Profile>> all;
    for (const std::string& customer : Names(tenant, "", "", limit)) {
      const absl::StatusOr<StoredProfile> stored = LoadNow(profiles(), {std::string(tenant), customer});
      EXPECT_TRUE(stored.ok()) << stored.status();
      if (stored.ok()) all.emplace_back(customer, stored->profile);
    }
    return all;
  }

  std::unique_ptr<ContractSubject> subject_;
};

TEST_P(StoreContractTest, AnUnknownCustomerHasRevisionZeroAndAnEmptyProfile) {
  const absl::StatusOr<StoredProfile> stored = LoadNow(profiles(), {"shop", "nobody"});
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->revision, 0u);
  EXPECT_EQ(stored->profile, Profile());
}

TEST_P(StoreContractTest, AnUpdateCreatesAndTheRevisionRises) {
  const CustomerKey key{"shop", "c1"};
  for (uint64_t expected = 1; expected <= 3; ++expected) {
    Profile profile = TypicalProfile();
    profile.compacted = expected;
    const absl::StatusOr<uint64_t> revision = UpdateNow(profiles(), key, Write(profile));
    ASSERT_TRUE(revision.ok()) << revision.status();
    EXPECT_EQ(*revision, expected);
    const absl::StatusOr<StoredProfile> stored = LoadNow(profiles(), key);
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->revision, expected);
    EXPECT_EQ(stored->profile, profile);
  }
}

TEST_P(StoreContractTest, AChangeSeesWhatIsStored) {
  const CustomerKey key{"shop", "c1"};
  ASSERT_TRUE(UpdateNow(profiles(), key, Write(TypicalProfile())).ok());
  StoredProfile seen;
  ASSERT_TRUE(UpdateNow(profiles(), key, [&](const StoredProfile& stored) -> absl::StatusOr<absl::optional<Profile>> {
                seen = stored;
                return absl::optional<Profile>();
              }).ok());
  EXPECT_EQ(seen.revision, 1u);
  EXPECT_EQ(seen.profile, TypicalProfile());
}

TEST_P(StoreContractTest, AChangeThatSaysNothingWritesNothing) {
  const auto nothing = [](const StoredProfile&) -> absl::StatusOr<absl::optional<Profile>> { return absl::nullopt; };
  absl::StatusOr<uint64_t> revision = UpdateNow(profiles(), {"shop", "c1"}, nothing);
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ(*revision, 0u);
  EXPECT_EQ(ScanAll("shop", 10).size(), 0u);

  ASSERT_TRUE(UpdateNow(profiles(), {"shop", "c1"}, Increment).ok());
  revision = UpdateNow(profiles(), {"shop", "c1"}, nothing);
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ(*revision, 1u);
  EXPECT_EQ(CounterOf(LoadNow(profiles(), {"shop", "c1"})->profile), 1);
}

TEST_P(StoreContractTest, AnUpdateMayBeginWithWhatWasReadBefore) {
  const CustomerKey key{"shop", "c1"};
  ASSERT_EQ(UpdateNow(profiles(), key, Increment).value_or(0), 1u);
  const absl::StatusOr<StoredProfile> seen = LoadNow(profiles(), key);
  ASSERT_TRUE(seen.ok()) << seen.status();
  EXPECT_EQ(UpdateFromNow(profiles(), key, *seen, Increment).value_or(0), 2u);
  int calls = 0;
  const auto increment = [&](const StoredProfile& stored) {
    ++calls;
    EXPECT_EQ(CounterOf(stored.profile), static_cast<int64_t>(stored.revision));
    return Increment(stored);
  };
  EXPECT_EQ(UpdateFromNow(profiles(), key, *seen, increment).value_or(0), 3u) << "what was read is not there any more";
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(CounterOf(LoadNow(profiles(), key)->profile), 3);
  const auto nothing = [](const StoredProfile&) -> absl::StatusOr<absl::optional<Profile>> { return absl::nullopt; };
  EXPECT_EQ(UpdateFromNow(profiles(), key, {3, Numbered(3)}, nothing).value_or(0), 3u);
  EXPECT_EQ(UpdateFromNow(profiles(), key, *seen, Increment, absl::Now() - absl::Milliseconds(1)).status().code(),
            absl::StatusCode::kDeadlineExceeded);
}

TEST_P(StoreContractTest, AChangesErrorIsPassedOnAndNothingWritten) {
  const auto refuse = [](const StoredProfile&) -> absl::StatusOr<absl::optional<Profile>> {
    return absl::AbortedError("the etag is another");
  };
  EXPECT_EQ(UpdateNow(profiles(), {"shop", "c1"}, refuse).status(), absl::AbortedError("the etag is another"));
  EXPECT_EQ(LoadNow(profiles(), {"shop", "c1"})->revision, 0u);
}

TEST_P(StoreContractTest, AProfileThatIsTooLargeIsRefused) {
  Profile profile;
  profile.traits = {{kCounter, std::string(kMaxProfileBytes, 'x')}};
  EXPECT_EQ(UpdateNow(profiles(), {"shop", "c1"}, Write(profile)).status().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(LoadNow(profiles(), {"shop", "c1"})->revision, 0u);
  EXPECT_TRUE(UpdateNow(profiles(), {"shop", "c1"}, Write(testing_support::FullProfile())).ok());
}

TEST_P(StoreContractTest, ConcurrentUpdatesOfOneCustomerAreEachAppliedOnce) {
  constexpr int kThreads = 8;
  constexpr int kUpdatesEach = 25;
  absl::BlockingCounter waiting(kThreads * kUpdatesEach);
  absl::Mutex mutex;
  std::vector<uint64_t> revisions;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      for (int j = 0; j < kUpdatesEach; ++j) {
        profiles().Update({"shop", "c1"}, Soon(), Increment, [&](absl::StatusOr<uint64_t> revision) {
          EXPECT_TRUE(revision.ok()) << revision.status();
          {
            absl::MutexLock lock(&mutex);
            revisions.push_back(revision.value_or(0));
          }
          waiting.DecrementCount();
        });
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  waiting.Wait();
  std::sort(revisions.begin(), revisions.end());
  for (size_t i = 0; i < revisions.size(); ++i) ASSERT_EQ(revisions[i], i + 1);
  EXPECT_EQ(CounterOf(LoadNow(profiles(), {"shop", "c1"})->profile), kThreads * kUpdatesEach);
}

TEST_P(StoreContractTest, NothingIsDoneAfterTheDeadline) {
  const absl::Time past = absl::Now() - absl::Milliseconds(1);
  const CustomerKey key{"shop", "c1"};
  const auto late = absl::StatusCode::kDeadlineExceeded;
  bool changed = false;
  const auto change = [&](const StoredProfile& stored) {
    changed = true;
    return Increment(stored);
  };
  EXPECT_EQ(LoadNow(profiles(), key, past).status().code(), late);
  EXPECT_EQ(UpdateNow(profiles(), key, change, past).status().code(), late);
  EXPECT_EQ(ScanNow(profiles(), "shop", "", "", 10, past).status().code(), late);
  EXPECT_EQ(LoadManyNow(profiles(), "shop", {"c1"}, past).status().code(), late);
  EXPECT_EQ(GetNow(records(), "playbook/shop", past).status().code(), late);
  EXPECT_EQ(PutNow(records(), "playbook/shop", "x", 0, past).status().code(), late);
  EXPECT_EQ(ListNow(records(), "playbook", past).status().code(), late);
  EXPECT_FALSE(changed);
  EXPECT_EQ(LoadNow(profiles(), key)->revision, 0u);
  EXPECT_EQ(GetNow(records(), "playbook/shop")->revision, 0u);
}

TEST_P(StoreContractTest, NoDeadlineIsNoDeadline) {
  EXPECT_TRUE(UpdateNow(profiles(), {"shop", "c1"}, Increment, absl::InfiniteFuture()).ok());
  EXPECT_TRUE(LoadNow(profiles(), {"shop", "c1"}, absl::InfiniteFuture()).ok());
}

// Ids of all kinds: what Redis's patterns, its hash tags and our own separators treat specially, and the longest.
std::vector<std::string> OddIds() {
  std::vector<std::string> ids = {"*",
                                  "?",
                                  "[a-z]",
                                  "{",
                                  "}",
                                  "{}",
                                  "a}:p",
                                  "%",
                                  "%2A",
                                  "%7D",
                                  "\\",
                                  "\\*",
                                  "/",
                                  "a/b",
                                  "//",
                                  " ",
                                  "a b",
                                  "\n",
                                  "\r\n",
                                  "^",
                                  "-",
                                  "Zoë",
                                  "客户",
                                  "\xf0\x9f\x9b\x92",
                                  "\xff\xfe",
                                  std::string("\0", 1),
                                  std::string("a\0b", 3),
                                  std::string(128, '*'),
                                  std::string(128, '}'),
                                  std::string(128, '\xff')};
  for (int i = 0; ids.size() < 1000; ++i) ids.push_back(absl::StrCat("customer-", i));
  return ids;
}

TEST_P(StoreContractTest, AScanSeesAllOfItsTenantAndNothingElse) {
  const std::vector<std::string> ids = OddIds();
  // Names that are prefixes and patterns of each other.
  const std::string tenants[] = {"shop", "shop2", "sho*", "s{h}o[p]"};
  absl::BlockingCounter waiting(static_cast<int>(ids.size()) + 3);
  const auto create = [&](const std::string& tenant, const std::string& customer, int64_t number) {
    profiles().Update({tenant, customer}, Soon(), Write(Numbered(number)), [&](absl::StatusOr<uint64_t> revision) {
      EXPECT_EQ(revision.value_or(0), 1u) << revision.status();
      waiting.DecrementCount();
    });
  };
  for (size_t i = 0; i < ids.size(); ++i) create(tenants[0], ids[i], static_cast<int64_t>(i));
  for (int t = 1; t < 4; ++t) create(tenants[t], "*", -t);
  waiting.Wait();

  for (int limit : {7, 100, 5000}) {
    std::set<std::string> seen;
    for (const auto& [customer, profile] : ScanAll(tenants[0], limit)) {
      ASSERT_EQ(ids.at(static_cast<size_t>(CounterOf(profile))), customer);
      seen.insert(customer);
    }
    EXPECT_EQ(seen.size(), ids.size()) << "pages of " << limit;
  }
  for (int t = 1; t < 4; ++t) {
    const auto all = ScanAll(tenants[t], 10);
    ASSERT_EQ(all.size(), 1u) << tenants[t];
    EXPECT_EQ(all[0].first, "*");
    EXPECT_EQ(CounterOf(all[0].second), -t);
  }
  EXPECT_EQ(ScanAll("nobody", 10).size(), 0u);
}

TEST_P(StoreContractTest, AProfileThatCannotBeReadIsLostAlone) {
  for (const char* customer : {"c1", "c2", "c3"}) {
    ASSERT_TRUE(UpdateNow(profiles(), {"shop", customer}, Increment).ok());
  }
  subject_->SetBytes({"shop", "c2"}, "\x01garbage that is long enough");
  EXPECT_EQ(LoadNow(profiles(), {"shop", "c2"}).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(UpdateNow(profiles(), {"shop", "c2"}, Increment).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_TRUE(LoadNow(profiles(), {"shop", "c1"}).ok());
  EXPECT_EQ(Names("shop", "", "", 1000).size(), 3u);
  const absl::StatusOr<StoredProfiles> read = LoadManyNow(profiles(), "shop", {"c1", "c2", "c3"});
  ASSERT_TRUE(read.ok()) << read.status();
  ASSERT_EQ(read->size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(read->Decode(i).status().code(), i == 1 ? absl::StatusCode::kDataLoss : absl::StatusCode::kOk);
  }
}

TEST_P(StoreContractTest, ManyAreLoadedInTheirOrder) {
  Create(0, 2500);
  std::vector<std::string> customers;
  for (int i = 0; i < 2500; ++i) customers.push_back(absl::StrCat("c", (i * 7919) % 2500));
  customers.insert(customers.begin() + 10, "nobody");
  customers.push_back(customers.front());
  for (bool ascending : {false, true}) {
    if (ascending) std::sort(customers.begin(), customers.end());
    const absl::StatusOr<StoredProfiles> read = LoadManyNow(profiles(), "shop", customers);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_EQ(read->size(), customers.size());
    for (size_t i = 0; i < customers.size(); ++i) {
      const absl::StatusOr<StoredProfile> stored = read->Decode(i);
      ASSERT_TRUE(stored.ok()) << stored.status();
      if (customers[i] == "nobody") {
        EXPECT_EQ(stored->revision, 0u);
        EXPECT_EQ(stored->profile, Profile());
      } else {
        EXPECT_EQ(stored->revision, 1u);
        EXPECT_EQ(absl::StrCat("c", CounterOf(stored->profile)), customers[i]);
      }
    }
  }
  EXPECT_EQ(LoadManyNow(profiles(), "shop", {})->size(), 0u);
  EXPECT_EQ(LoadManyNow(profiles(), "other", {"c1"})->Decode(0)->revision, 0u);
}

// What was written between naming and loading is seen; also where the store kept what it walked over.
TEST_P(StoreContractTest, ManyAreLoadedAsTheyAreNow) {
  Create(0, 20);
  const auto counters = [&](const std::vector<std::string>& customers) {
    std::vector<int64_t> found;
    const absl::StatusOr<StoredProfiles> read = LoadManyNow(profiles(), "shop", customers);
    for (size_t i = 0; i < read->size(); ++i) found.push_back(CounterOf(read->Decode(i)->profile));
    return found;
  };
  for (int round = 0; round < 3; ++round) {
    const std::vector<std::string> customers = Names("shop", "", "", 1000);
    ASSERT_EQ(customers.size(), 20u);
    const std::vector<int64_t> before = counters(customers);
    EXPECT_EQ(counters(customers), before);
    ASSERT_THAT(Names("shop", "", "", 1000), UnorderedElementsAreArray(customers));
    ASSERT_TRUE(UpdateNow(profiles(), {"shop", customers[7]}, Increment).ok());
    std::vector<int64_t> after = before;
    ++after[7];
    EXPECT_EQ(counters(customers), after);
    ASSERT_THAT(Names("shop", "", "", 1000), UnorderedElementsAreArray(customers));
    EXPECT_EQ(counters({customers[8], customers[7]}), (std::vector<int64_t>{after[8], after[7]}));
    EXPECT_EQ(counters(customers), after);
  }
}

// Every part of a walk, done again in pages of another size, shows whom it showed the first time, and nobody else: also
// when many customers came in between (Redis's table of keys grows).
TEST_P(StoreContractTest, APartOfAWalkCanBeDoneAgain) {
  Create(0, 700);
  std::vector<std::vector<std::string>> parts;
  std::vector<std::string> cursors = {""};
  do {
    const absl::StatusOr<ProfileStore::Page> page = ScanNow(profiles(), "shop", cursors.back(), "", 60);
    ASSERT_TRUE(page.ok()) << page.status();
    parts.push_back(page->customers);
    cursors.push_back(page->next_cursor);
  } while (!cursors.back().empty());
  ASSERT_GE(parts.size(), 5u);

  for (const bool grown : {false, true}) {
    if (grown) Create(700, 6000);
    for (int limit : {1, 7, 60, 5000}) {
      std::multiset<std::string> all;
      for (size_t i = 0; i < parts.size(); ++i) {
        std::multiset<std::string> again;
        for (const std::string& name : Names("shop", cursors[i], cursors[i + 1], limit)) {
          all.insert(name);
          if (std::stoi(name.substr(1)) < 700) again.insert(name);
        }
        ASSERT_EQ(again, std::multiset<std::string>(parts[i].begin(), parts[i].end())) << "pages of " << limit;
      }
      EXPECT_EQ(all.size(), grown ? 6000u : 700u);
      EXPECT_EQ(std::set<std::string>(all.begin(), all.end()).size(), all.size()) << "nobody in two parts";
    }
  }
}

TEST_P(StoreContractTest, NamesBeyondTheLimitsAreRefused) {
  const auto invalid = absl::StatusCode::kInvalidArgument;
  for (const CustomerKey& key : {CustomerKey{"", "c"}, CustomerKey{"shop", ""}, CustomerKey{"a/b", "c"}}) {
    EXPECT_EQ(LoadNow(profiles(), key).status().code(), invalid);
    EXPECT_EQ(UpdateNow(profiles(), key, Increment).status().code(), invalid);
  }
  EXPECT_EQ(ScanNow(profiles(), "a/b", "", "", 10).status().code(), invalid);
  EXPECT_EQ(LoadManyNow(profiles(), "a/b", {"c"}).status().code(), invalid);
  EXPECT_EQ(GetNow(records(), "no class").status().code(), invalid);
  EXPECT_EQ(PutNow(records(), "no class", "", 0).status().code(), invalid);
  EXPECT_EQ(PutNow(records(), "a/b", std::string(kMaxRecordBytes + 1, 'x'), 0).status().code(), invalid);
  EXPECT_EQ(ListNow(records(), "a/b").status().code(), invalid);
}

TEST_P(StoreContractTest, AStoreThatWorksIsReady) {
  ASSERT_TRUE(UpdateNow(profiles(), {"shop", "c1"}, Increment).ok());
  EXPECT_TRUE(profiles().Ready());
  EXPECT_GE(profiles().EstimatedCount("shop"), 0);
}

TEST_P(StoreContractTest, RecordsAreWrittenWhereTheRevisionIsTheExpectedOne) {
  const std::string name = "playbook/shop";
  absl::StatusOr<Record> record = GetNow(records(), name);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->name, name);
  EXPECT_EQ(record->revision, 0u);
  EXPECT_EQ(record->value, "");

  EXPECT_EQ(PutNow(records(), name, "one", 1).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(PutNow(records(), name, "one", 0).value_or(0), 1u);
  EXPECT_EQ(PutNow(records(), name, "again", 0).status().code(), absl::StatusCode::kAborted);
  EXPECT_EQ(PutNow(records(), name, std::string("two\0\xff", 5), 1).value_or(0), 2u);
  record = GetNow(records(), name);
  ASSERT_TRUE(record.ok()) << record.status();
  EXPECT_EQ(record->revision, 2u);
  EXPECT_EQ(record->value, std::string("two\0\xff", 5));
}

TEST_P(StoreContractTest, ALargeRecordAndAnEmptyOne) {
  const std::string large(kMaxRecordBytes, 'x');
  EXPECT_EQ(PutNow(records(), "playbook/large", large, 0).value_or(0), 1u);
  EXPECT_EQ(PutNow(records(), "playbook/empty", "", 0).value_or(0), 1u);
  EXPECT_EQ(GetNow(records(), "playbook/large")->value, large);
  EXPECT_EQ(GetNow(records(), "playbook/empty")->revision, 1u);
}

TEST_P(StoreContractTest, AListHasTheClassInOrder) {
  const std::string odd = std::string("playbook/\0*{}/\xff", 15);
  for (const std::string& name : {std::string("playbook/b"), std::string("playbook/a"), odd, std::string("play/c"),
                                  std::string("playbook_old/d"), std::string("playbook/")}) {
    ASSERT_EQ(PutNow(records(), name, "value of " + name, 0).value_or(0), 1u);
  }
  const absl::StatusOr<std::vector<Record>> list = ListNow(records(), "playbook");
  ASSERT_TRUE(list.ok()) << list.status();
  std::vector<std::string> names;
  for (const Record& record : *list) {
    names.push_back(record.name);
    EXPECT_EQ(record.revision, 1u);
    EXPECT_EQ(record.value, "value of " + record.name);
  }
  EXPECT_THAT(names, ElementsAre("playbook/", odd, "playbook/a", "playbook/b"));
  EXPECT_EQ(ListNow(records(), "nothing")->size(), 0u);
}

TEST_P(StoreContractTest, OfCompetingPutsOneSucceeds) {
  constexpr int kPuts = 20;
  absl::BlockingCounter waiting(kPuts);
  std::atomic<int> succeeded{0};
  for (int i = 0; i < kPuts; ++i) {
    records().Put("model/shop", absl::StrCat(i), 0, Soon(), [&](absl::StatusOr<uint64_t> revision) {
      if (revision.ok()) {
        ++succeeded;
      } else {
        EXPECT_EQ(revision.status().code(), absl::StatusCode::kAborted);
      }
      waiting.DecrementCount();
    });
  }
  waiting.Wait();
  EXPECT_EQ(succeeded.load(), 1);
}

TEST_P(StoreContractTest, EveryCallIsAnsweredOnceWhenTheStoreIsDestroyed) {
  std::vector<Outcome<absl::StatusOr<uint64_t>>> updates(500);
  std::vector<Outcome<absl::StatusOr<StoredProfile>>> loads(500);
  std::vector<Outcome<absl::StatusOr<ProfileStore::Page>>> scans(50);
  for (size_t i = 0; i < updates.size(); ++i) {
    const CustomerKey key{"shop", absl::StrCat("c", i % 10)};
    profiles().Update(key, Soon(), Increment, updates[i].Callback());
    profiles().Load(key, absl::InfiniteFuture(), loads[i].Callback());
    if (i % 10 == 0) profiles().Scan("shop", "", "", 10, Soon(), scans[i / 10].Callback());
  }
  subject_->Close();
  const auto check = [](const auto& outcomes) {
    for (const auto& outcome : outcomes) {
      ASSERT_EQ(outcome.calls(), 1);
      const absl::Status status = outcome.Wait()->status();
      EXPECT_TRUE(status.ok() || absl::IsUnavailable(status)) << status;
    }
  };
  check(updates);
  check(loads);
  check(scans);
}

TEST_P(StoreContractTest, ACallbackMayCallTheStore) {
  Outcome<absl::StatusOr<StoredProfile>> outcome;
  auto last = outcome.Callback();
  profiles().Update({"shop", "c1"}, Soon(), Increment, [&](absl::StatusOr<uint64_t>) {
    profiles().Update({"shop", "c1"}, Soon(), Increment, [&](absl::StatusOr<uint64_t>) {
      profiles().Load({"shop", "c1"}, Soon(), last);
    });
  });
  const auto stored = outcome.Wait();
  ASSERT_TRUE(stored.has_value() && stored->ok());
  EXPECT_EQ((*stored)->revision, 2u);
}

INSTANTIATE_TEST_SUITE_P(AllStores, StoreContractTest, testing::ValuesIn(testing_support::Implementations()),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace waymark::store
