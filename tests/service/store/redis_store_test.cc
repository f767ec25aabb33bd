// What the Redis store promises beyond the contract: when Redis is away, slow, restarted, shared, or refuses.

#include "service/store/redis/redis_store.h"

#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/blocking_counter.h"
#include "absl/time/clock.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/slots.h"
#include "tests/service/store/contract_subjects.h"
#include "tests/support/outcome.h"
#include "tests/support/redis_server.h"
#include "tests/support/store_calls.h"

namespace waymark::store {
namespace {

using testing_support::GetNow;
using testing_support::LoadNow;
using testing_support::Outcome;
using testing_support::PutNow;
using testing_support::RedisServer;
using testing_support::ScanNow;
using testing_support::Soon;
using testing_support::StateWatch;
using testing_support::UpdateNow;
using testing_support::Write;

const CustomerKey kCustomer{"shop", "c1"};

segmentation::Profile Numbered(uint64_t number) {
  segmentation::Profile profile;
  profile.compacted = number;
  return profile;
}

absl::StatusOr<absl::optional<segmentation::Profile>> Increment(const StoredProfile& stored) {
  return absl::make_optional(Numbered(stored.profile.compacted + 1));
}

class RedisStoreTest : public testing::Test {
 protected:
  void Serve(RedisServer::Options options = {}) {
    auto server = RedisServer::Start(std::move(options));
    ASSERT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
  }

  // On the server, and connected.
  std::unique_ptr<RedisStore> Connect(RedisOptions options = {}) {
    if (options.unix_socket.empty()) options.port = server_->port();
    options.max_backoff = absl::Milliseconds(100);
    auto store = std::make_unique<RedisStore>(watch_.Watching(std::move(options)));
    EXPECT_TRUE(watch_.WaitForConnected()) << watch_.last();
    return store;
  }

  // Until Redis serves updates again, or 30 s.
  absl::Status UpdateInTheEnd(RedisStore& store) {
    absl::Status last;
    for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until;) {
      last = UpdateNow(store, kCustomer, Increment).status();
      if (last.ok()) return last;
      watch_.WaitForConnected();
    }
    return last;
  }

  std::unique_ptr<RedisServer> server_;
  StateWatch watch_;
};

TEST_F(RedisStoreTest, WaitsForARedisThatIsNotThereYet) {
  auto server = RedisServer::Reserve({});
  ASSERT_TRUE(server.ok()) << server.status();
  RedisStore store(watch_.Watching({.port = (*server)->port(), .max_backoff = absl::Milliseconds(100)}));
  EXPECT_FALSE(store.Ready());
  const absl::Status away = LoadNow(store, kCustomer, absl::InfiniteFuture()).status();
  EXPECT_EQ(away.code(), absl::StatusCode::kUnavailable) << away;
  EXPECT_EQ(UpdateNow(store, kCustomer, Increment).status().code(), absl::StatusCode::kUnavailable);
  ASSERT_TRUE((*server)->Run().ok());
  ASSERT_TRUE(watch_.WaitForConnected()) << watch_.last();
  EXPECT_TRUE(store.Ready());
  EXPECT_TRUE(UpdateNow(store, kCustomer, Increment).ok());
}

TEST_F(RedisStoreTest, SaysWhyRedisIsAway) {
  auto server = RedisServer::Reserve({});
  ASSERT_TRUE(server.ok()) << server.status();
  RedisStore store(watch_.Watching({.port = (*server)->port()}));
  ASSERT_TRUE(watch_.WaitForDisconnected());
  absl::Status status;
  do {
    status = LoadNow(store, kCustomer).status();
  } while (absl::StrContains(status.message(), "not yet"));
  EXPECT_EQ(status, absl::UnavailableError("redis cannot be reached: Connection refused"));
}

TEST_F(RedisStoreTest, AKilledRedisIsUnavailableAndThenServesAgainWhatItAcknowledged) {
  Serve({.append_only = true});
  auto store = Connect();
  ASSERT_TRUE(UpdateNow(*store, kCustomer, Write(Numbered(41))).ok());

  server_->Pause();  // so that the requests are in flight when it dies
  std::vector<Outcome<absl::StatusOr<StoredProfile>>> loads(50);
  for (auto& load : loads) store->Load(kCustomer, Soon(), load.Callback());
  server_->Kill();
  for (auto& load : loads) {
    EXPECT_EQ(load.Wait()->status().code(), absl::StatusCode::kUnavailable) << load.Wait()->status();
    EXPECT_EQ(load.calls(), 1);
  }
  EXPECT_FALSE(store->Ready());
  EXPECT_EQ(LoadNow(*store, kCustomer).status().code(), absl::StatusCode::kUnavailable);

  ASSERT_TRUE(server_->Run().ok());
  EXPECT_TRUE(UpdateInTheEnd(*store).ok());  // the script is not there either, until it is loaded
  EXPECT_TRUE(store->Ready());
  EXPECT_EQ(LoadNow(*store, kCustomer)->profile, Numbered(42));
  EXPECT_EQ(LoadNow(*store, kCustomer)->revision, 2u);
}

TEST_F(RedisStoreTest, AStalledRedisIsToldFromTheDeadlineOn) {
  Serve();
  auto store = Connect();
  ASSERT_TRUE(UpdateNow(*store, kCustomer, Write(Numbered(1))).ok());
  server_->Pause();
  std::vector<absl::Duration> late;
  for (int i = 0; i < 3; ++i) {
    const absl::Time deadline = absl::Now() + absl::Milliseconds(20);
    EXPECT_EQ(LoadNow(*store, kCustomer, deadline).status().code(), absl::StatusCode::kDeadlineExceeded);
    late.push_back(absl::Now() - deadline);
  }
  std::sort(late.begin(), late.end());
  EXPECT_GE(late[0], absl::ZeroDuration());
  EXPECT_LT(late[1], absl::Milliseconds(20)) << "the median of 3";
  // What expires has no callback left that a late answer could reach.
  Outcome<absl::StatusOr<uint64_t>> update;
  store->Update(kCustomer, absl::Now() + absl::Milliseconds(5), Increment, update.Callback());
  EXPECT_EQ(update.Wait()->status().code(), absl::StatusCode::kDeadlineExceeded);
  server_->Continue();
  EXPECT_TRUE(UpdateInTheEnd(*store).ok());
  EXPECT_EQ(update.calls(), 1);
  EXPECT_EQ(LoadNow(*store, kCustomer)->profile, Numbered(2)) << "the update that expired was not written after all";
}

TEST_F(RedisStoreTest, AConnectionThatStaysSilentIsGivenUp) {
  Serve();
  auto store = Connect({.connect_timeout = absl::Milliseconds(50),
                        .heartbeat = absl::Milliseconds(10),
                        .stall_timeout = absl::Milliseconds(50)});
  server_->Pause();
  Outcome<absl::StatusOr<StoredProfile>> load;
  store->Load(kCustomer, absl::InfiniteFuture(), load.Callback());
  const auto answer = load.Wait();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->status().code(), absl::StatusCode::kUnavailable);
  EXPECT_FALSE(store->Ready());
  server_->Continue();
  EXPECT_TRUE(UpdateInTheEnd(*store).ok());
}

TEST_F(RedisStoreTest, TwoStoresShareACustomer) {
  Serve();
  auto one = Connect();
  StateWatch other_watch;
  RedisStore two(other_watch.Watching({.port = server_->port()}));
  ASSERT_TRUE(other_watch.WaitForConnected());
  constexpr int kEach = 100;
  absl::BlockingCounter waiting(2 * kEach);
  for (int i = 0; i < kEach; ++i) {
    for (ProfileStore* store : {static_cast<ProfileStore*>(one.get()), static_cast<ProfileStore*>(&two)}) {
      store->Update(kCustomer, Soon(), Increment, [&](absl::StatusOr<uint64_t> revision) {
        EXPECT_TRUE(revision.ok()) << revision.status();
        waiting.DecrementCount();
      });
    }
  }
  waiting.Wait();
  const absl::StatusOr<StoredProfile> stored = LoadNow(two, kCustomer);
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ(stored->profile, Numbered(2 * kEach));
  EXPECT_EQ(stored->revision, uint64_t{2 * kEach});
}

TEST_F(RedisStoreTest, AConflictIsChangedAgain) {
  Serve();
  auto one = Connect();
  StateWatch other_watch;
  RedisStore two(other_watch.Watching({.port = server_->port()}));
  ASSERT_TRUE(other_watch.WaitForConnected());
  int calls = 0;
  const auto revision = UpdateNow(*one, kCustomer, [&](const StoredProfile& stored) {
    // Between the read and the write another store writes. (It has a thread of its own, so that waiting for it here
    // does no harm.)
    if (++calls <= 2) {
      EXPECT_TRUE(UpdateNow(two, kCustomer, Increment).ok());
    }
    return Increment(stored);
  });
  ASSERT_TRUE(revision.ok()) << revision.status();
  EXPECT_EQ(calls, 3);
  EXPECT_EQ(*revision, 3u);
  EXPECT_EQ(LoadNow(*one, kCustomer)->profile, Numbered(3));
}

TEST_F(RedisStoreTest, AnUpdateThatAlwaysConflictsEndsAtItsDeadline) {
  Serve();
  auto one = Connect();
  StateWatch other_watch;
  RedisStore two(other_watch.Watching({.port = server_->port()}));
  ASSERT_TRUE(other_watch.WaitForConnected());
  int calls = 0;
  const absl::Status status = UpdateNow(
                                  *one, kCustomer,
                                  [&](const StoredProfile& stored) {
                                    ++calls;
                                    EXPECT_TRUE(UpdateNow(two, kCustomer, Increment).ok());
                                    return Increment(stored);
                                  },
                                  absl::Now() + absl::Milliseconds(50))
                                  .status();
  EXPECT_EQ(status.code(), absl::StatusCode::kDeadlineExceeded);
  EXPECT_GT(calls, 1);
  EXPECT_EQ(LoadNow(*one, kCustomer)->revision, static_cast<uint64_t>(calls));
}

TEST_F(RedisStoreTest, ScriptsThatRedisForgotAreSentAgain) {
  Serve();
  auto store = Connect();
  ASSERT_TRUE(server_->Command({"SCRIPT", "FLUSH"}).ok());
  EXPECT_EQ(UpdateNow(*store, kCustomer, Increment).value_or(0), 1u);
  ASSERT_TRUE(server_->Command({"SCRIPT", "FLUSH"}).ok());
  EXPECT_EQ(PutNow(*store, "playbook/shop", "x", 0).value_or(0), 1u);
  EXPECT_EQ(GetNow(*store, "playbook/shop")->value, "x");
}

// Each process orders its keys in its own way: going on in another one's order would miss some.
TEST_F(RedisStoreTest, ACursorIsOfOneProcess) {
  Serve({.append_only = true});
  auto store = Connect();
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(UpdateNow(*store, {"shop", absl::StrCat("c", i)}, Write(Numbered(1))).ok());
  }
  const auto page = ScanNow(*store, "shop", "", "", 10);
  ASSERT_TRUE(page.ok() && !page->next_cursor.empty()) << page.status();
  EXPECT_TRUE(ScanNow(*store, "shop", page->next_cursor, "", 10).ok());
  server_->Kill();
  ASSERT_TRUE(watch_.WaitForDisconnected());
  ASSERT_TRUE(server_->Run().ok());
  ASSERT_TRUE(UpdateInTheEnd(*store).ok());
  const auto gone = absl::StatusCode::kOutOfRange;
  EXPECT_EQ(ScanNow(*store, "shop", page->next_cursor, "", 10).status().code(), gone);
  EXPECT_EQ(ScanNow(*store, "shop", "", page->next_cursor, 10).status().code(), gone);
  const auto anew = ScanNow(*store, "shop", "", "", 10);
  ASSERT_TRUE(anew.ok()) << anew.status();
  const auto next = ScanNow(*store, "shop", anew->next_cursor, "", 10);
  EXPECT_TRUE(next.ok());
  // Where Redis does not say its run id, a cursor names no process, and holds for any.
  const auto unnamed = ScanNow(*store, "shop", anew->next_cursor.substr(anew->next_cursor.find(':')), "", 10);
  ASSERT_TRUE(unnamed.ok()) << unnamed.status();
  EXPECT_EQ(unnamed->customers, next->customers);
  for (absl::string_view cursor : {"7", ":x", "x:", "x:y", "x:0"}) {
    EXPECT_EQ(ScanNow(*store, "shop", cursor, "", 10).status().code(), absl::StatusCode::kInvalidArgument) << cursor;
  }
}

TEST_F(RedisStoreTest, FullMemoryAndReadOnlyReplicasRefuseWritesOnly) {
  Serve();
  auto store = Connect();
  ASSERT_TRUE(UpdateNow(*store, kCustomer, Write(Numbered(1))).ok());

  ASSERT_TRUE(server_->Command({"CONFIG", "SET", "maxmemory", "1"}).ok());
  EXPECT_EQ(UpdateNow(*store, kCustomer, Increment).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_EQ(PutNow(*store, "playbook/shop", "x", 0).status().code(), absl::StatusCode::kResourceExhausted);
  EXPECT_TRUE(LoadNow(*store, kCustomer).ok());
  ASSERT_TRUE(server_->Command({"CONFIG", "SET", "maxmemory", "0"}).ok());

  ASSERT_TRUE(server_->Command({"REPLICAOF", "127.0.0.1", "1"}).ok());
  EXPECT_EQ(UpdateNow(*store, kCustomer, Increment).status().code(), absl::StatusCode::kUnavailable);
  EXPECT_TRUE(LoadNow(*store, kCustomer).ok());
  ASSERT_TRUE(server_->Command({"REPLICAOF", "NO", "ONE"}).ok());
  EXPECT_EQ(UpdateNow(*store, kCustomer, Increment).value_or(0), 2u);
}

TEST_F(RedisStoreTest, AKeyOfAnotherTypeIsDataLoss) {
  Serve();
  auto store = Connect();
  ASSERT_TRUE(server_->Command({"LPUSH", RedisProfileKey(kCustomer), "x"}).ok());
  EXPECT_EQ(LoadNow(*store, kCustomer).status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(UpdateNow(*store, kCustomer, Increment).status().code(), absl::StatusCode::kDataLoss);
}

TEST_F(RedisStoreTest, SignsInWithAPasswordAndSelectsADatabase) {
  Serve({.arguments = {"--requirepass", "secret"}});
  {
    auto store = Connect({.password = "secret", .database = 3});
    EXPECT_TRUE(UpdateNow(*store, kCustomer, Increment).ok());
  }
  for (const char* wrong : {"", "wrong"}) {
    StateWatch watch;
    RedisStore store(watch.Watching({.port = server_->port(), .password = wrong}));
    absl::Status status;
    do {
      status = LoadNow(store, kCustomer).status();
      EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
    } while (absl::StrContains(status.message(), "not yet"));
    EXPECT_TRUE(absl::StrContains(status.message(), "did not let us in")) << status;
    EXPECT_FALSE(store.Ready());
  }
}

TEST_F(RedisStoreTest, SpeaksThroughAUnixSocket) {
  Serve();
  auto store = Connect({.unix_socket = server_->unix_socket()});
  EXPECT_TRUE(UpdateNow(*store, kCustomer, Increment).ok());
  EXPECT_EQ(LoadNow(*store, kCustomer)->revision, 1u);
}

TEST_F(RedisStoreTest, RequestsBeyondTheBoundAreRefused) {
  Serve();
  auto store = Connect({.max_outstanding = 10});
  server_->Pause();
  std::vector<Outcome<absl::StatusOr<StoredProfile>>> loads(20);
  for (auto& load : loads) store->Load(kCustomer, Soon(), load.Callback());
  server_->Continue();
  int refused = 0;
  for (auto& load : loads) {
    const absl::Status status = load.Wait()->status();
    EXPECT_TRUE(status.ok() || absl::IsResourceExhausted(status)) << status;
    refused += status.ok() ? 0 : 1;
  }
  EXPECT_GE(refused, 10);
  EXPECT_LE(refused, 11);  // the heartbeat counts apart
}

TEST_F(RedisStoreTest, AStoreIsDestroyedWhateverItsState) {
  Serve();
  {
    auto store = Connect();
    server_->Pause();
    Outcome<absl::StatusOr<StoredProfile>> load;
    store->Load(kCustomer, absl::InfiniteFuture(), load.Callback());
    store = nullptr;
    EXPECT_EQ(load.calls(), 1);
    EXPECT_EQ(load.Wait()->status().code(), absl::StatusCode::kUnavailable);
    server_->Continue();
  }
  for (int i = 0; i < 20; ++i) RedisStore store({.port = server_->port()});  // connecting
  RedisStore away({.port = 1});
}

// A Redis of an earlier version is left alone, and nobody is told that there is nothing in it.
TEST_F(RedisStoreTest, RefusesAnotherLayout) {
  Serve();
  ASSERT_TRUE(server_->Command({"HSET", LayoutWitnessKey(), "shop", "x"}).ok());
  RedisStore store(watch_.Watching({.port = server_->port()}));
  absl::Status status;
  do {
    status = LoadNow(store, kCustomer).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kUnavailable);
  } while (absl::StrContains(status.message(), "not yet"));
  EXPECT_TRUE(absl::StrContains(status.message(), "another version of Waymark")) << status;
  EXPECT_FALSE(store.Ready());
  EXPECT_EQ(*server_->Command({"EXISTS", LayoutKey()}), "0");
  ASSERT_TRUE(server_->Command({"FLUSHALL"}).ok());
  EXPECT_TRUE(watch_.WaitForConnected());
  EXPECT_TRUE(UpdateNow(store, kCustomer, Increment).ok());
  EXPECT_EQ(*server_->Command({"GET", LayoutKey()}), kLayout);
}

TEST_F(RedisStoreTest, SeveralServersThatAreNoClusterAreRefused) {
  Serve();
  auto other = RedisServer::Start();
  ASSERT_TRUE(other.ok()) << other.status();
  RedisStore store(watch_.Watching({.port = server_->port(), .other_seeds = {{"127.0.0.1", (*other)->port()}}}));
  absl::Status status;
  do {
    status = LoadNow(store, kCustomer).status();
  } while (absl::StrContains(status.message(), "not yet"));
  EXPECT_EQ(status, absl::UnavailableError("several addresses were given, and redis is no cluster"));
}

TEST_F(RedisStoreTest, AServerThatDoesNotAnswerIsNotAskedAnyMore) {
  Serve();
  auto store = Connect({.heartbeat = absl::Milliseconds(50), .stall_timeout = absl::Seconds(30)});
  server_->Pause();
  ASSERT_TRUE(watch_.WaitForDisconnected());
  const absl::Status status = LoadNow(*store, kCustomer, absl::InfiniteFuture()).status();
  EXPECT_EQ(status, absl::UnavailableError("redis does not answer in time"));
  server_->Continue();
  ASSERT_TRUE(watch_.WaitForConnected());
  EXPECT_TRUE(LoadNow(*store, kCustomer).ok());
}

// What an update was told: the revision, or the code.
struct Told {
  ProfileStore::UpdateDone Teller(absl::BlockingCounter& left) {
    return [this, &left](const absl::StatusOr<uint64_t>& answer) {
      revision = answer.value_or(0);
      code = answer.status().code();
      left.DecrementCount();
    };
  }

  uint64_t revision = 0;
  absl::StatusCode code = absl::StatusCode::kOk;
};

// One that changes nothing, and one that fails, are told so.
TEST_F(RedisStoreTest, UpdatesOfACustomerThatAreAskedForAtOnceShareAReadAndAWrite) {
  Serve();
  auto store = Connect();
  ASSERT_EQ(*UpdateNow(*store, kCustomer, Increment), 1u);
  const auto nothing = [](const StoredProfile&) -> absl::StatusOr<absl::optional<segmentation::Profile>> {
    return absl::nullopt;
  };
  const auto fails = [](const StoredProfile&) -> absl::StatusOr<absl::optional<segmentation::Profile>> {
    return absl::AbortedError("another revision");
  };
  ASSERT_TRUE(server_->Command({"CONFIG", "RESETSTAT"}).ok());
  std::array<Told, 20> told;
  absl::BlockingCounter left(static_cast<int>(told.size()));
  server_->Pause();
  const absl::Time deadline = Soon();
  for (size_t i = 0; i < told.size(); ++i) {
    ProfileStore::Change change = Increment;
    if (i == 5) change = nothing;
    if (i == 7) change = fails;
    store->Update(kCustomer, deadline, std::move(change), told[i].Teller(left));
  }
  server_->Continue();
  left.Wait();
  uint64_t revision = 1;
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].code, i == 7 ? absl::StatusCode::kAborted : absl::StatusCode::kOk);
    if (i != 5 && i != 7) ++revision;
    EXPECT_EQ(told[i].revision, i == 7 ? 0 : revision) << i;
  }
  const absl::StatusOr<std::string> stats = server_->Command({"INFO", "commandstats"});
  EXPECT_TRUE(absl::StrContains(*stats, "cmdstat_get:calls=1,")) << *stats;
  EXPECT_TRUE(absl::StrContains(*stats, "cmdstat_evalsha:calls=1,")) << *stats;
  const absl::StatusOr<StoredProfile> stored = LoadNow(*store, kCustomer);
  EXPECT_EQ(stored->revision, 19u);
  EXPECT_EQ(stored->profile, Numbered(19));
}

TEST_F(RedisStoreTest, AnUpdateThatIsTooLargeFailsAlone) {
  Serve();
  auto store = Connect();
  const auto too_large = [](const StoredProfile& stored) {
    segmentation::Profile profile = stored.profile;
    segmentation::SetTrait(profile, segmentation::NameId{1}, std::string(kMaxProfileBytes, 'x'));
    return absl::make_optional(std::move(profile));
  };
  std::array<Told, 6> told;
  absl::BlockingCounter left(static_cast<int>(told.size()));
  server_->Pause();
  const absl::Time deadline = Soon();
  for (size_t i = 0; i < told.size(); ++i) {
    ProfileStore::Change change = Increment;
    if (i == 5) change = too_large;
    store->Update(kCustomer, deadline, std::move(change), told[i].Teller(left));
  }
  server_->Continue();
  left.Wait();
  for (size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(told[i].code, i == 5 ? absl::StatusCode::kInvalidArgument : absl::StatusCode::kOk);
  }
  EXPECT_EQ(LoadNow(*store, kCustomer)->profile, Numbered(5));
}

// The one that may take longer is not told that its time is over.
TEST_F(RedisStoreTest, AnUpdateJoinsOneThatEndsSoonerAndNoneThatEndsLater) {
  Serve();
  auto store = Connect();
  std::array<Told, 3> told;
  absl::BlockingCounter sooner(2);
  absl::BlockingCounter later(1);
  server_->Pause();
  const absl::Time soon = absl::Now() + absl::Milliseconds(100);
  store->Update(kCustomer, Soon(), Increment, told[0].Teller(later));
  store->Update(kCustomer, soon, Increment, told[1].Teller(sooner));
  store->Update(kCustomer, Soon(), Increment, told[2].Teller(sooner));
  sooner.Wait();
  EXPECT_EQ(told[1].code, absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(told[2].code, absl::StatusCode::kUnavailable);
  server_->Continue();
  later.Wait();
  EXPECT_EQ(told[0].code, absl::StatusCode::kOk);
}

TEST_F(RedisStoreTest, WhoReadsTheSamePlaceOfAFeedAtOnceReadsItOnce) {
  Serve();
  auto store = Connect();
  segmentation::Profile profile;
  profile.derived = {1, {segmentation::NameId{9}}};
  ASSERT_TRUE(UpdateNow(*store, kCustomer, Write(profile)).ok());
  ASSERT_TRUE(server_->Command({"CONFIG", "RESETSTAT"}).ok());
  server_->Pause();
  std::vector<Outcome<absl::StatusOr<ChangeFeed::Changes>>> reads(20);
  const absl::Time deadline = Soon();
  for (auto& read : reads) store->Read("shop", "0", 100, deadline, read.Callback());
  // One that may not wait as long reads by itself.
  Outcome<absl::StatusOr<ChangeFeed::Changes>> hurried;
  store->Read("shop", "0", 100, absl::Now() + absl::Milliseconds(5), hurried.Callback());
  EXPECT_EQ(hurried.Wait()->status().code(), absl::StatusCode::kDeadlineExceeded);
  server_->Continue();
  for (auto& read : reads) {
    ASSERT_TRUE(read.Wait()->ok()) << read.Wait()->status();
    EXPECT_EQ((*read.Wait())->changes.size(), 1u);
  }
  EXPECT_EQ(testing_support::ReadNow(*store, "shop", "0", 100)->changes.size(), 1u);
  const std::string stats = *server_->Command({"INFO", "commandstats"});
  EXPECT_TRUE(absl::StrContains(stats, absl::StrCat("cmdstat_xrange:calls=", 3 * kBuckets, ","))) << stats;
}

TEST_F(RedisStoreTest, RecallsWhatRedisSaidLastWhileItIsAway) {
  Serve();
  const auto store = Connect();
  RedisOptions options;
  options.recent_age = absl::ZeroDuration();
  const auto forgetful = Connect(options);
  for (const absl::Time until = Soon(); !forgetful->Ready() && absl::Now() < until;)
    absl::SleepFor(absl::Milliseconds(1));
  const auto compacted = [](RedisStore& of, const CustomerKey& key) {
    const auto recent = of.Recall(key);
    return recent.has_value() ? static_cast<int64_t>(recent->stored.profile.compacted) : -1;
  };
  EXPECT_EQ(compacted(*store, kCustomer), -1);
  ASSERT_TRUE(UpdateNow(*store, kCustomer, Increment).ok());
  ASSERT_TRUE(UpdateNow(*store, {"shop", "c2"}, Increment).ok());
  ASSERT_TRUE(LoadNow(*forgetful, kCustomer).ok());
  const absl::Time before = absl::Now();
  EXPECT_EQ(compacted(*store, kCustomer), 1) << "what it wrote";
  ASSERT_TRUE(UpdateNow(*forgetful, kCustomer, Increment).ok());
  EXPECT_EQ(compacted(*store, kCustomer), 1) << "what another wrote is not known until it is read";
  ASSERT_TRUE(LoadNow(*store, kCustomer).ok());
  ASSERT_TRUE(LoadNow(*store, {"shop", "nobody"}).ok());
  server_->Kill();
  EXPECT_EQ(compacted(*store, kCustomer), 2);
  EXPECT_EQ(store->Recall(kCustomer)->stored.revision, 2u);
  EXPECT_GE(store->Recall(kCustomer)->at, before);
  EXPECT_EQ(compacted(*store, {"shop", "nobody"}), -1);
  EXPECT_EQ(compacted(*forgetful, kCustomer), -1) << "too long ago";
}

TEST_F(RedisStoreTest, EstimatesTheCount) {
  Serve();
  auto store = Connect({.heartbeat = absl::Milliseconds(1)});
  for (int i = 0; i < 7; ++i) {
    ASSERT_TRUE(UpdateNow(*store, {"shop", absl::StrCat(i)}, Increment).ok());
  }
  const absl::Time until = absl::Now() + absl::Seconds(30);
  while (store->EstimatedCount("shop") != 8 && absl::Now() < until) {
    ASSERT_TRUE(LoadNow(*store, kCustomer).ok());
  }
  EXPECT_EQ(store->EstimatedCount("shop"), 8) << "and the layout";
}

}  // namespace
}  // namespace waymark::store
