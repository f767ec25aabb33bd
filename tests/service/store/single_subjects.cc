// The implementations that need one process: a fake, the embedded store, one Redis.

#include <memory>
#include <utility>

#include "gtest/gtest.h"
#include "service/store/embedded/database.h"
#include "service/store/embedded/embedded_store.h"
#include "service/store/embedded/keys.h"
#include "tests/service/store/contract_subjects.h"
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

// With a server of its own.
class OneRedisSubject final : public RedisSubject {
 public:
  explicit OneRedisSubject(std::unique_ptr<RedisServer> server)
      : RedisSubject({.port = server->port()},
                     [server = server.get()](const std::string& key, const std::string& bytes) {
                       return server->Command({"SET", key, bytes}).status();
                     }),
        server_(std::move(server)) {}
  // The store goes first.
  ~OneRedisSubject() override { Close(); }

 private:
  std::unique_ptr<RedisServer> server_;
};

template <typename Subject>
std::unique_ptr<ContractSubject> Make() {
  return std::make_unique<Subject>();
}

std::unique_ptr<ContractSubject> MakeRedisSubject() {
  auto server = RedisServer::Start();
  EXPECT_TRUE(server.ok()) << server.status();
  if (!server.ok()) return nullptr;
  return std::make_unique<OneRedisSubject>(*std::move(server));
}

}  // namespace

std::vector<Implementation> Implementations() {
  return {{"Fake", Make<FakeSubject>}, {"Embedded", Make<EmbeddedSubject>}, {"Redis", MakeRedisSubject}};
}

}  // namespace waymark::testing_support
