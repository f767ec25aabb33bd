#include "tests/service/store/contract_subjects.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/embedded/keys.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/slots.h"
#include "tests/support/fake_decision_log.h"
#include "tests/support/fake_store.h"
#include "tests/support/redis_server.h"
#include "tests/support/temp_directory.h"

namespace waymark::testing_support {
namespace {

class FakeSubject final : public ContractSubject {
 public:
  store::ProfileStore& profiles() override { return *profiles_; }
  store::RecordStore& records() override { return *records_; }
  store::ChangeFeed& changes() override { return *profiles_; }
  store::DecisionLog& decisions() override { return decisions_; }
  void SetBytes(const store::CustomerKey& key, const std::string& bytes) override { profiles_->SetBytes(key, bytes); }
  void Close() override {
    profiles_ = nullptr;
    records_ = nullptr;
  }

 private:
  std::unique_ptr<FakeProfileStore> profiles_ = std::make_unique<FakeProfileStore>(kSubjectMaxChanges);
  std::unique_ptr<FakeRecordStore> records_ = std::make_unique<FakeRecordStore>();
  FakeDecisionLog decisions_;
};

class EmbeddedSubject final : public ContractSubject {
 public:
  EmbeddedSubject() { Open(); }

  store::ProfileStore& profiles() override { return *store_; }
  store::RecordStore& records() override { return *store_; }
  store::ChangeFeed& changes() override { return *store_; }
  store::DecisionLog& decisions() override { return *store_; }
  void SetBytes(const store::CustomerKey& key, const std::string& bytes) override {
    Close();
    {
      auto database = store::Database::Open(directory_.path(), {});
      ASSERT_TRUE(database.ok()) << database.status();
      rocksdb::WriteBatchWithIndex batch;
      (*database)->Put(batch, store::Family::kProfiles, store::ProfileKey(key), bytes);
      ASSERT_TRUE((*database)->Write(batch).ok());
    }
    Open();
  }
  void Reopen() override {
    Close();
    Open();
  }
  void Close() override { store_ = nullptr; }

 private:
  void Open() {
    auto store = store::EmbeddedStore::Open(directory_.path(), {.max_changes = kSubjectMaxChanges});
    ASSERT_TRUE(store.ok()) << store.status();
    store_ = *std::move(store);
  }

  TempDirectory directory_;
  std::unique_ptr<store::EmbeddedStore> store_;
};

// Those of bucket 7.
std::string NeighbourInRedis(int i) {
  static const auto& names = *[] {
    auto names = std::make_unique<std::vector<std::string>>();
    for (int number = 0; names->size() < 200; ++number) {
      std::string name = absl::StrCat("n", number);
      if (store::BucketOf(name) == 7) names->push_back(std::move(name));
    }
    return names.release();
  }();
  return names.at(static_cast<size_t>(i));
}

class RedisSubject final : public ContractSubject {
 public:
  explicit RedisSubject(std::unique_ptr<RedisServer> server) : server_(std::move(server)) { Open(); }

  store::ProfileStore& profiles() override { return *store_; }
  store::RecordStore& records() override { return *store_; }
  store::ChangeFeed& changes() override { return *store_; }
  store::DecisionLog& decisions() override { return *store_; }
  size_t feed_parts() const override { return store::kBuckets; }
  std::string Neighbour(int i) const override { return NeighbourInRedis(i); }
  void SetBytes(const store::CustomerKey& key, const std::string& bytes) override {
    ASSERT_TRUE(server_->Command({"SET", store::RedisProfileKey(key), bytes}).ok());
  }
  void Reopen() override {
    Close();
    Open();
  }
  void Close() override { store_ = nullptr; }

 private:
  void Open() {
    watch_ = std::make_unique<StateWatch>();
    store_ = std::make_unique<store::RedisStore>(
        watch_->Watching({.port = server_->port(), .max_changes = kSubjectMaxChanges * store::kBuckets}));
    EXPECT_TRUE(watch_->WaitForConnected()) << watch_->last();
  }

  std::unique_ptr<RedisServer> server_;
  std::unique_ptr<StateWatch> watch_;
  std::unique_ptr<store::RedisStore> store_;
};

}  // namespace

std::string ContractSubject::Neighbour(int i) const { return absl::StrCat("n", i); }

std::unique_ptr<ContractSubject> MakeFakeSubject() { return std::make_unique<FakeSubject>(); }

std::unique_ptr<ContractSubject> MakeEmbeddedSubject() { return std::make_unique<EmbeddedSubject>(); }

std::unique_ptr<ContractSubject> MakeRedisSubject() {
  auto server = RedisServer::Start();
  EXPECT_TRUE(server.ok()) << server.status();
  if (!server.ok()) return nullptr;
  return std::make_unique<RedisSubject>(*std::move(server));
}

store::RedisOptions StateWatch::Watching(store::RedisOptions options) {
  options.on_state = [this](const absl::Status& state) {
    absl::MutexLock lock(&mutex_);
    state_ = state;
  };
  return options;
}

bool StateWatch::WaitForConnected() {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &StateWatch::Ok), absl::Seconds(30));
}

bool StateWatch::WaitForDisconnected() {
  absl::MutexLock lock(&mutex_);
  return mutex_.AwaitWithTimeout(absl::Condition(this, &StateWatch::NotOk), absl::Seconds(30));
}

absl::Status StateWatch::last() const {
  absl::MutexLock lock(&mutex_);
  return state_;
}

}  // namespace waymark::testing_support
