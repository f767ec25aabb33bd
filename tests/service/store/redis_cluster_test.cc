// What the stores on a Redis Cluster promise beyond the contract: finding who has what, slots that move, masters that
// die, replicas.

#include <algorithm>
#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/store/redis/breaker.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_budget_store.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/slots.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/service/store/shared_cluster.h"
#include "tests/support/outcome.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using segmentation::NameId;
using segmentation::Profile;
using testing_support::LoadManyNow;
using testing_support::LoadNow;
using testing_support::OptionsFor;
using testing_support::Outcome;
using testing_support::PutNow;
using testing_support::ReadNow;
using testing_support::RedisCluster;
using testing_support::ScanNow;
using testing_support::SharedCluster;
using testing_support::Soon;
using testing_support::StateWatch;
using testing_support::UpdateNow;
using testing_support::Write;

// A customer's profile counts its updates; every other one enters or leaves a segment, where `announces` says so.
Profile Counted(uint64_t count, bool announces) {
  Profile profile;
  profile.compacted = count;
  if (announces && count % 2 == 1) profile.derived = {1, {NameId{9}}};
  return profile;
}

ProfileStore::Change Count(bool announces) {
  return [announces](const StoredProfile& stored) -> absl::StatusOr<absl::optional<Profile>> {
    return absl::make_optional(Counted(stored.profile.compacted + 1, announces));
  };
}

uint16_t SlotOfCustomer(const std::string& customer) { return SlotOf(RedisProfileKey({"shop", customer})); }

// So many customers, of one bucket where that is not negative.
std::vector<std::string> Customers(size_t count, int bucket = -1) {
  std::vector<std::string> customers;
  for (int i = 0; customers.size() < count; ++i) {
    std::string customer = absl::StrCat("c", i);
    if (bucket < 0 || BucketOf(customer) == bucket) customers.push_back(std::move(customer));
  }
  return customers;
}

// Updates customers without end, one after the other on each of some threads, and remembers what was acknowledged.
class Load {
 public:
  struct Tally {
    uint64_t acknowledged = 0;
    uint64_t unknown = 0;  // refused, or whose answer was lost
  };

  Load(ProfileStore& store, std::vector<std::string> customers, bool announces, absl::Duration timeout)
      : customers_(std::move(customers)), tallies_(customers_.size()) {
    for (size_t t = 0; t < kThreads; ++t) {
      threads_.emplace_back([this, t, &store, announces, timeout] {
        for (size_t i = t; !stopping_.load(); i = i + kThreads < customers_.size() ? i + kThreads : t) {
          const absl::StatusOr<uint64_t> revision =
              UpdateNow(store, {"shop", customers_[i]}, Count(announces), absl::Now() + timeout);
          (revision.ok() ? tallies_[i].acknowledged : tallies_[i].unknown) += 1;
          (revision.ok() ? acknowledged_ : unknown_).fetch_add(1);
          if (!revision.ok()) {
            absl::MutexLock lock(&mutex_);
            last_problem_ = revision.status();
          }
        }
      });
    }
  }
  ~Load() { Stop(); }

  void Stop() {
    stopping_.store(true);
    for (std::thread& thread : threads_) thread.join();
    threads_.clear();
  }

  uint64_t acknowledged() const { return acknowledged_.load(); }
  uint64_t unknown() const { return unknown_.load(); }

  absl::Status last_problem() const {
    absl::MutexLock lock(&mutex_);
    return last_problem_;
  }

  // Until so many more were acknowledged; false after a minute.
  bool WaitForMore(uint64_t count) const {
    const uint64_t begin = acknowledged();
    for (const absl::Time until = Soon(); acknowledged() < begin + count;) {
      if (absl::Now() > until) return false;
      absl::SleepFor(absl::Milliseconds(1));
    }
    return true;
  }

  // After Stop: what was acknowledged is there, once, and nothing else but what may stand.
  void ExpectAllThere(ProfileStore& store) const {
    for (size_t i = 0; i < customers_.size(); ++i) {
      const absl::StatusOr<StoredProfile> stored = LoadNow(store, {"shop", customers_[i]});
      ASSERT_TRUE(stored.ok()) << stored.status();
      EXPECT_GE(stored->profile.compacted, tallies_[i].acknowledged) << customers_[i];
      EXPECT_LE(stored->profile.compacted, tallies_[i].acknowledged + tallies_[i].unknown) << customers_[i];
      EXPECT_EQ(stored->revision, stored->profile.compacted);
    }
  }

 private:
  static constexpr size_t kThreads = 8;

  const std::vector<std::string> customers_;
  std::vector<Tally> tallies_;  // each written by one thread, and read after Stop
  std::atomic<uint64_t> acknowledged_{0};
  std::atomic<uint64_t> unknown_{0};
  std::atomic<bool> stopping_{false};
  mutable absl::Mutex mutex_;
  absl::Status last_problem_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> threads_;  // last: they use all of the above
};

class RedisClusterTest : public testing::Test {
 protected:
  void SetUp() override {
    cluster_ = SharedCluster();
    ASSERT_NE(cluster_, nullptr);
  }

  std::unique_ptr<RedisStore> Connect(RedisOptions options) {
    auto store = std::make_unique<RedisStore>(watch_.Watching(std::move(options)));
    EXPECT_TRUE(watch_.WaitForConnected()) << watch_.last();
    return store;
  }
  std::unique_ptr<RedisStore> Connect() { return Connect(OptionsFor(*cluster_)); }

  void Create(RedisStore& store, const std::vector<std::string>& customers) {
    absl::BlockingCounter waiting(static_cast<int>(customers.size()));
    for (const std::string& customer : customers) {
      store.Update({"shop", customer}, Soon(), Count(false), [&](const absl::StatusOr<uint64_t>& done) {
        EXPECT_TRUE(done.ok()) << done.status();
        waiting.DecrementCount();
      });
    }
    waiting.Wait();
  }

  // Until the store serves the customer again; how long that took.
  absl::Duration UntilServed(RedisStore& store, const std::string& customer) {
    const absl::Time begin = absl::Now();
    while (!UpdateNow(store, {"shop", customer}, Count(false), absl::Now() + absl::Milliseconds(200)).ok()) {
      if (absl::Now() - begin > absl::Minutes(1)) ADD_FAILURE() << "not served any more";
      if (absl::Now() - begin > absl::Minutes(1)) break;
      absl::SleepFor(absl::Milliseconds(5));
    }
    return absl::Now() - begin;
  }

  absl::StatusOr<std::vector<std::string>> Walk(RedisStore& store) {
    std::vector<std::string> seen;
    std::string cursor;
    do {
      absl::StatusOr<ProfileStore::Page> page = ScanNow(store, "shop", cursor, "", 100);
      if (!page.ok()) return page.status();
      seen.insert(seen.end(), page->customers.begin(), page->customers.end());
      cursor = page->next_cursor;
    } while (!cursor.empty());
    std::sort(seen.begin(), seen.end());
    return seen;
  }

  // How often a server was asked for a command.
  int64_t Calls(size_t server, absl::string_view command) {
    const std::string stats = cluster_->server(server).Command({"INFO", "commandstats"}).value_or("");
    const std::string name = absl::StrCat("cmdstat_", command, ":calls=");
    const size_t at = stats.find(name);
    int64_t calls = 0;
    if (at != std::string::npos) {
      const std::string rest = stats.substr(at + name.size());
      EXPECT_TRUE(absl::SimpleAtoi(rest.substr(0, rest.find(',')), &calls));
    }
    return calls;
  }

  std::vector<size_t> Masters() { return cluster_->Masters().value_or(std::vector<size_t>()); }

  size_t MasterOf(const std::string& customer) { return cluster_->MasterOf(SlotOfCustomer(customer)).value_or(0); }

  RedisCluster* cluster_ = nullptr;
  StateWatch watch_;
};

TEST_F(RedisClusterTest, LearnsTheClusterFromAnyServer) {
  for (size_t i = 0; i < RedisCluster::kServers; ++i) {
    StateWatch watch;
    RedisStore store(watch.Watching({.port = cluster_->server(i).port()}));
    ASSERT_TRUE(watch.WaitForConnected()) << watch.last();
    for (const std::string& customer : Customers(20)) {
      EXPECT_TRUE(UpdateNow(store, {"shop", customer}, Count(false)).ok());
    }
  }
}

TEST_F(RedisClusterTest, SpreadsCustomersOverTheMasters) {
  auto store = Connect();
  Create(*store, Customers(600));
  int64_t all = 0;
  for (size_t master : Masters()) {
    int64_t keys = 0;
    ASSERT_TRUE(absl::SimpleAtoi(*cluster_->server(master).Command({"DBSIZE"}), &keys));
    EXPECT_GT(keys, 100);
    all += keys;
  }
  EXPECT_EQ(all, 601) << "and the layout";
}

TEST_F(RedisClusterTest, ScriptsThatAServerForgotAreSentAgain) {
  auto store = Connect();
  for (size_t i = 0; i < RedisCluster::kServers; ++i) {
    ASSERT_TRUE(cluster_->server(i).Command({"SCRIPT", "FLUSH"}).ok());
  }
  for (const std::string& customer : Customers(20)) {
    EXPECT_TRUE(UpdateNow(*store, {"shop", customer}, Count(true)).ok());
  }
  EXPECT_TRUE(PutNow(*store, "playbook/shop", "x", 0).ok());
}

// A slot changes hands, key by key, under load: nothing is lost and nothing done twice, and who changes no segment
// waits for nothing.
TEST_F(RedisClusterTest, ASlotMovesUnderLoad) {
  constexpr int kBucket = 100;
  RedisOptions options = OptionsFor(*cluster_);
  options.max_changes = uint64_t{1'000'000} * kBuckets;  // all that the load makes
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(300, kBucket);
  const uint16_t slot = SlotOfCustomer(customers[0]);
  const size_t from = *cluster_->MasterOf(slot);
  const std::vector<size_t> masters = Masters();
  const size_t to = masters[0] == from ? masters[1] : masters[0];
  const std::string feed_begin = *testing_support::EndNow(*store, "shop");

  const size_t half = customers.size() / 2;
  Load plain(*store, {customers.begin(), customers.begin() + half}, false, absl::Seconds(30));
  Load announcing(*store, {customers.begin() + half, customers.end()}, true, absl::Seconds(30));
  ASSERT_TRUE(plain.WaitForMore(300) && announcing.WaitForMore(300));
  ASSERT_TRUE(cluster_->BeginMove(slot, from, to).ok());
  for (int moved = 1; moved > 0;) {
    const absl::StatusOr<int> keys = cluster_->MoveKeys(slot, from, to, 10);
    ASSERT_TRUE(keys.ok()) << keys.status();
    moved = *keys;
    if (moved == 0) break;
    // One half here and one there, and what is asked for together is got all the same.
    ASSERT_TRUE(plain.WaitForMore(20));
    const absl::StatusOr<StoredProfiles> read = LoadManyNow(*store, "shop", customers);
    ASSERT_TRUE(read.ok()) << read.status();
    for (size_t i = 0; i < half; ++i) EXPECT_GT(read->Decode(i)->revision, 0u);
  }
  ASSERT_TRUE(plain.WaitForMore(300));
  ASSERT_TRUE(cluster_->EndMove(slot, from, to).ok());
  ASSERT_TRUE(plain.WaitForMore(300) && announcing.WaitForMore(300));
  plain.Stop();
  announcing.Stop();
  EXPECT_EQ(plain.unknown(), 0u) << plain.last_problem();
  EXPECT_EQ(announcing.unknown(), 0u) << announcing.last_problem();
  plain.ExpectAllThere(*store);
  announcing.ExpectAllThere(*store);

  // Each change was announced once: as many as there were updates, and each customer's in turn.
  std::map<std::string, bool> inside;
  uint64_t announced = 0;
  std::string cursor = feed_begin;
  for (bool more = true; more;) {
    const absl::StatusOr<ChangeFeed::Changes> read = ReadNow(*store, "shop", cursor, 10'000);
    ASSERT_TRUE(read.ok()) << read.status();
    for (const MembershipChange& change : read->changes) {
      EXPECT_EQ(change.entered.empty(), inside[change.customer]);
      inside[change.customer] = !change.entered.empty();
      ++announced;
    }
    cursor = read->NextCursor();
    more = read->more;
  }
  EXPECT_EQ(announced, announcing.acknowledged());
}

// A server that was not there before gets a slot, and gives it back: who is redirected to it had not heard of it.
TEST_F(RedisClusterTest, AServerComesAndGoes) {
  auto store = Connect();
  const std::vector<std::string> customers = Customers(60, 100);
  const uint16_t slot = SlotOfCustomer(customers[0]);
  const size_t from = *cluster_->MasterOf(slot);
  const absl::StatusOr<size_t> added = cluster_->AddServer();
  ASSERT_TRUE(added.ok()) << added.status();
  Create(*store, customers);
  Load load(*store, customers, false, absl::Seconds(30));
  for (const auto& [giver, taker] : {std::make_pair(from, *added), std::make_pair(*added, from)}) {
    ASSERT_TRUE(cluster_->BeginMove(slot, giver, taker).ok());
    for (bool moving = true; moving;) {
      const absl::StatusOr<int> moved = cluster_->MoveKeys(slot, giver, taker, 20);
      ASSERT_TRUE(moved.ok()) << moved.status();
      moving = *moved > 0;
      ASSERT_TRUE(load.WaitForMore(20));
    }
    const absl::Status ended = cluster_->EndMove(slot, giver, taker);
    ASSERT_TRUE(ended.ok()) << ended;
    ASSERT_TRUE(load.WaitForMore(100));
  }
  ASSERT_TRUE(cluster_->RemoveServer(*added).ok());
  ASSERT_TRUE(load.WaitForMore(100));
  load.Stop();
  EXPECT_EQ(load.unknown(), 0u) << load.last_problem();
  for (const std::string& customer : customers) EXPECT_GT(LoadNow(*store, {"shop", customer})->revision, 1u);
}

TEST_F(RedisClusterTest, AWalkNoticesThatSlotsMove) {
  auto store = Connect();
  std::vector<std::string> customers = Customers(500);
  Create(*store, customers);
  std::sort(customers.begin(), customers.end());
  ASSERT_EQ(*Walk(*store), customers);

  const absl::StatusOr<ProfileStore::Page> first = ScanNow(*store, "shop", "", "", 50);
  ASSERT_TRUE(first.ok()) << first.status();
  const uint16_t slot = SlotOfCustomer(customers[0]);
  const size_t from = *cluster_->MasterOf(slot);
  const std::vector<size_t> masters = Masters();
  const size_t to = masters[0] == from ? masters[1] : masters[0];
  ASSERT_TRUE(cluster_->BeginMove(slot, from, to).ok());
  EXPECT_EQ(Walk(*store).status().code(), absl::StatusCode::kUnavailable);
  while (*cluster_->MoveKeys(slot, from, to, 100) > 0) {
  }
  ASSERT_TRUE(cluster_->EndMove(slot, from, to).ok());
  // Whether it was heard of yet or not.
  EXPECT_EQ(Walk(*store).status().code(), absl::StatusCode::kOutOfRange);
  ASSERT_TRUE(LoadNow(*store, {"shop", customers[0]}).ok());
  absl::StatusOr<std::vector<std::string>> walked = Walk(*store);
  for (const absl::Time until = Soon(); !walked.ok() && absl::Now() < until;) walked = Walk(*store);
  ASSERT_TRUE(walked.ok()) << walked.status();
  EXPECT_EQ(*walked, customers);
  EXPECT_EQ(ScanNow(*store, "shop", first->next_cursor, "", 50).status().code(), absl::StatusCode::kOutOfRange);
}

// A master dies under load: who is elsewhere notices nothing, its customers are served again once a replica took over,
// and what was acknowledged is there.
TEST_F(RedisClusterTest, AMasterDiesUnderLoad) {
  auto store = Connect();
  const std::vector<std::string> customers = Customers(400);
  const std::string victim = customers[0];
  const uint16_t slot = SlotOfCustomer(victim);
  const size_t dying = MasterOf(victim);
  std::vector<std::string> safe;
  std::vector<std::string> concerned;
  for (const std::string& customer : customers) (MasterOf(customer) == dying ? concerned : safe).push_back(customer);
  ASSERT_GT(concerned.size(), 50u);
  const absl::StatusOr<ProfileStore::Page> page = ScanNow(*store, "shop", "", "", 10);
  ASSERT_TRUE(page.ok()) << page.status();

  Load elsewhere(*store, safe, true, absl::Seconds(10));
  Load here(*store, concerned, true, absl::Milliseconds(200));
  ASSERT_TRUE(elsewhere.WaitForMore(500) && here.WaitForMore(500));
  cluster_->server(dying).Kill();
  ASSERT_TRUE(watch_.WaitForDisconnected());
  // At once, and not after a timeout.
  const absl::Time asked = absl::Now();
  EXPECT_EQ(LoadNow(*store, {"shop", victim}).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_LT(absl::Now() - asked, absl::Milliseconds(100));
  ASSERT_TRUE(elsewhere.WaitForMore(100));

  ASSERT_TRUE(cluster_->WaitForPromotion(slot, dying).ok());
  const absl::Duration stale = UntilServed(*store, "another one of the same slot: " + victim);
  EXPECT_LT(stale, absl::Seconds(2));
  EXPECT_LT(UntilServed(*store, victim), absl::Seconds(2));
  ASSERT_TRUE(here.WaitForMore(500) && elsewhere.WaitForMore(100));
  elsewhere.Stop();
  here.Stop();
  EXPECT_EQ(elsewhere.unknown(), 0u) << elsewhere.last_problem();
  EXPECT_GT(here.unknown(), 0u);
  elsewhere.ExpectAllThere(*store);
  EXPECT_TRUE(watch_.WaitForConnected());
}

// Roles change without anybody's death: nobody is told so but who asks the wrong one.
TEST_F(RedisClusterTest, AFailoverByHandIsFollowed) {
  auto store = Connect();
  const std::vector<std::string> customers = Customers(200);
  Create(*store, customers);
  const size_t old = MasterOf(customers[0]);
  Load load(*store, customers, true, absl::Seconds(30));
  ASSERT_TRUE(load.WaitForMore(200));
  ASSERT_TRUE(cluster_->server(*cluster_->ReplicaOf(old)).Command({"CLUSTER", "FAILOVER"}).ok());
  ASSERT_TRUE(cluster_->WaitForPromotion(SlotOfCustomer(customers[0]), old).ok());
  ASSERT_TRUE(load.WaitForMore(1000));
  load.Stop();
  for (const std::string& customer : customers) {
    const auto stored = LoadNow(*store, {"shop", customer});
    ASSERT_TRUE(stored.ok()) << stored.status();
  }
}

TEST_F(RedisClusterTest, ReplicasAreReadWhileTheMasterIsAway) {
  RedisOptions options = OptionsFor(*cluster_);
  options.replica_reads = ReplicaReads::kMasterAway;
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(50);
  Create(*store, customers);
  for (size_t i = 0; i < RedisCluster::kServers; ++i)
    ASSERT_TRUE(cluster_->server(i).Command({"CONFIG", "RESETSTAT"}).ok());
  for (const std::string& customer : customers) ASSERT_TRUE(LoadNow(*store, {"shop", customer}).ok());
  const std::vector<size_t> masters = Masters();
  const RedisMetrics& metrics = *options.metrics;
  for (size_t i = 0; i < RedisCluster::kServers; ++i) {
    const bool is_master = std::count(masters.begin(), masters.end(), i) > 0;
    EXPECT_EQ(Calls(i, "get") > static_cast<int64_t>(metrics.value(RedisMetrics::kHedged)), is_master) << i;
  }
  const size_t dying = MasterOf(customers[0]);
  cluster_->server(dying).Kill();
  ASSERT_TRUE(watch_.WaitForDisconnected());
  // Long before anybody takes over, and at once where the replica is connected, which nobody tells.
  const auto first = [&] { return LoadNow(*store, {"shop", customers[0]}).status(); };
  for (const absl::Time until = absl::Now() + absl::Milliseconds(300); !first().ok() && absl::Now() < until;) {
  }
  for (const std::string& customer : customers) {
    const absl::StatusOr<StoredProfile> stored = LoadNow(*store, {"shop", customer});
    ASSERT_TRUE(stored.ok()) << stored.status();
    EXPECT_EQ(stored->revision, 1u);
  }
  EXPECT_EQ(UpdateNow(*store, {"shop", customers[0]}, Count(false)).status().code(), absl::StatusCode::kUnavailable);
}

TEST_F(RedisClusterTest, ReadsAreSpreadOverReplicas) {
  RedisOptions options = OptionsFor(*cluster_);
  options.replica_reads = ReplicaReads::kSpread;
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(300);
  Create(*store, customers);
  for (size_t i = 0; i < RedisCluster::kServers; ++i)
    ASSERT_TRUE(cluster_->server(i).Command({"CONFIG", "RESETSTAT"}).ok());
  for (const std::string& customer : customers) EXPECT_EQ(LoadNow(*store, {"shop", customer})->revision, 1u);
  for (size_t i = 0; i < RedisCluster::kServers; ++i) EXPECT_GT(Calls(i, "get"), 20) << i;
}

// A master that takes longer than it usually does is not waited for, but no more often than is allowed.
TEST_F(RedisClusterTest, SlowReadsAreHedged) {
  RedisOptions options = OptionsFor(*cluster_);
  options.replica_reads = ReplicaReads::kMasterAway;
  options.heartbeat = absl::Seconds(60);  // it is the reads that are to find out
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(50);
  Create(*store, customers);
  const RedisMetrics& metrics = *options.metrics;
  for (int i = 0; i < 40; ++i) {
    for (const std::string& customer : customers) ASSERT_TRUE(LoadNow(*store, {"shop", customer}).ok());
  }
  EXPECT_LE(metrics.value(RedisMetrics::kHedged), 100u) << "of 2,000 reads";
  const std::string& slow = customers[0];
  cluster_->server(MasterOf(slow)).Pause();
  const uint64_t won = metrics.value(RedisMetrics::kHedgeWon);
  uint64_t fresh = 0;
  while (metrics.value(RedisMetrics::kBreakerOpened) == 0 && fresh < 1'000) {
    absl::SleepFor(absl::Milliseconds(10));  // so that the first ones time out before all repeats are spent
    const absl::StatusOr<StoredProfile> read = LoadNow(*store, {"shop", slow}, absl::Now() + absl::Milliseconds(200));
    ASSERT_TRUE(read.ok()) << read.status() << " after " << fresh;
    ++fresh;
  }
  // What the master left unanswered has opened its breaker: from now on the replica is asked alone.
  ASSERT_TRUE(LoadNow(*store, {"shop", slow}, absl::Now() + absl::Milliseconds(300)).ok());
  cluster_->server(MasterOf(slow)).Continue();
  EXPECT_GE(metrics.value(RedisMetrics::kHedgeWon) - won, uint64_t{Breaker::kFailures});
  EXPECT_LE(metrics.value(RedisMetrics::kHedged), (2'000 + fresh) / 20) << "5 % of the reads";
}

// A read whose connection is lost is asked of the replica; a write may have been done, and is the caller's.
TEST_F(RedisClusterTest, ReadsThatAreLostAreRepeated) {
  RedisOptions options = OptionsFor(*cluster_);
  options.replica_reads = ReplicaReads::kMasterAway;
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(1);
  Create(*store, customers);
  const size_t dying = MasterOf(customers[0]);
  cluster_->server(dying).Pause();
  std::vector<Outcome<absl::StatusOr<StoredProfile>>> reads(15);
  for (auto& read : reads) store->Load({"shop", customers[0]}, Soon(), read.Callback());
  Outcome<absl::StatusOr<uint64_t>> update;
  store->Update({"shop", customers[0]}, Soon(), Count(false), update.Callback());
  cluster_->server(dying).Kill();
  for (auto& read : reads) {
    ASSERT_TRUE(read.Wait()->ok()) << read.Wait()->status();
    EXPECT_EQ((*read.Wait())->revision, 1u);
  }
  EXPECT_EQ(update.Wait()->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_EQ(options.metrics->value(RedisMetrics::kRepeated), reads.size());
}

TEST_F(RedisClusterTest, AWriteCountsOnceAReplicaHasIt) {
  RedisOptions options = OptionsFor(*cluster_);
  options.replica_timeout = absl::Milliseconds(100);
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(50);
  Create(*store, customers);
  const size_t replica = *cluster_->ReplicaOf(MasterOf(customers[0]));
  cluster_->server(replica).Pause();
  EXPECT_EQ(UpdateNow(*store, {"shop", customers[0]}, Count(false)).status(),
            absl::UnavailableError("redis has replicas, and none of them answered in time"));
  EXPECT_EQ(LoadNow(*store, {"shop", customers[0]})->revision, 2u) << "it stands all the same";
  for (const std::string& customer : customers) {
    if (MasterOf(customer) == MasterOf(customers[0])) continue;
    EXPECT_TRUE(UpdateNow(*store, {"shop", customer}, Count(false)).ok());
  }
  // Once the cluster knows that there is none, it is not waited for.
  EXPECT_LT(UntilServed(*store, customers[0]), absl::Seconds(20));
  cluster_->server(replica).Continue();
}

// One that neither answers nor goes away holds up nobody who asks another one.
TEST_F(RedisClusterTest, AMasterThatStallsHoldsUpNobodyElse) {
  RedisOptions options = OptionsFor(*cluster_);
  options.heartbeat = absl::Milliseconds(100);
  auto store = Connect(options);
  const std::vector<std::string> customers = Customers(50);
  Create(*store, customers);
  const size_t stalled = MasterOf(customers[0]);
  const uint16_t slot = SlotOfCustomer(customers[0]);
  std::vector<std::string> others;
  for (const std::string& customer : customers) {
    if (MasterOf(customer) != stalled) others.push_back(customer);
  }
  cluster_->server(stalled).Pause();
  for (const std::string& customer : others) {
    EXPECT_TRUE(UpdateNow(*store, {"shop", customer}, Count(false), absl::Now() + absl::Seconds(1)).ok());
  }
  ASSERT_TRUE(watch_.WaitForDisconnected());
  const absl::Status status = LoadNow(*store, {"shop", customers[0]}, absl::InfiniteFuture()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable) << status;
  ASSERT_TRUE(cluster_->WaitForPromotion(slot, stalled).ok());
  EXPECT_LT(UntilServed(*store, customers[0]), absl::Seconds(2));
  cluster_->server(stalled).Continue();
}

// What a replica confirmed with WAIT is known to whoever takes over.
TEST_F(RedisClusterTest, ALeaseOutlivesItsMaster) {
  RedisBudgetStore budgets(watch_.Watching(OptionsFor(*cluster_)), {.settle = absl::Milliseconds(300)});
  ASSERT_TRUE(watch_.WaitForConnected()) << watch_.last();
  const BudgetKey key{"shop", "stock", 0};
  const auto take = [&](const LeaseRequest& request) {
    Outcome<absl::StatusOr<Lease>> outcome;
    budgets.Lease(key, request, Soon(), outcome.Callback());
    return outcome.Wait().value_or(absl::InternalError("never answered"));
  };
  int64_t given = 0;
  for (int64_t number = 1; number <= 20; ++number) {
    const absl::StatusOr<Lease> lease =
        take({.holder = "a", .number = number, .amount = 1000, .granted = given, .wanted = 10});
    ASSERT_TRUE(lease.ok()) << lease.status();
    given += lease->granted;
  }
  const uint16_t slot = SlotOf(BudgetAccountKey(key));
  const size_t dying = *cluster_->MasterOf(slot);
  cluster_->server(dying).Kill();
  ASSERT_TRUE(cluster_->WaitForPromotion(slot, dying).ok());
  absl::StatusOr<Lease> lease;
  int64_t number = 0;
  do {
    lease = take({.holder = "b", .number = ++number, .amount = 1000, .wanted = 1});
  } while (!lease.ok() && absl::Now() < Soon() && number < 100'000);
  ASSERT_TRUE(lease.ok()) << lease.status();
  EXPECT_EQ(lease->granted + lease->left, 1000 - given);
}

}  // namespace
}  // namespace waymark::store
