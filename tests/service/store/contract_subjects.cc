#include "tests/service/store/contract_subjects.h"

#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/slots.h"

namespace waymark::testing_support {
namespace {

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

}  // namespace

std::string ContractSubject::Neighbour(int i) const { return absl::StrCat("n", i); }

void PrintTo(const Implementation& implementation, std::ostream* out) { *out << implementation.name; }

RedisSubject::RedisSubject(store::RedisOptions options,
                           std::function<absl::Status(const std::string&, const std::string&)> set)
    : options_(std::move(options)), set_(std::move(set)) {
  Open();
}

store::ProfileStore& RedisSubject::profiles() { return *store_; }
store::RecordStore& RedisSubject::records() { return *store_; }
store::ChangeFeed& RedisSubject::changes() { return *store_; }
store::DecisionLog& RedisSubject::decisions() { return *store_; }
size_t RedisSubject::feed_parts() const { return store::kBuckets; }
std::string RedisSubject::Neighbour(int i) const { return NeighbourInRedis(i); }

void RedisSubject::SetBytes(const store::CustomerKey& key, const std::string& bytes) {
  const absl::Status status = set_(store::RedisProfileKey(key), bytes);
  ASSERT_TRUE(status.ok()) << status;
}

void RedisSubject::Reopen() {
  Close();
  Open();
}

void RedisSubject::Open() {
  store::RedisOptions options = options_;
  options.max_changes = kSubjectMaxChanges * store::kBuckets;
  watch_ = std::make_unique<StateWatch>();
  store_ = std::make_unique<store::RedisStore>(watch_->Watching(std::move(options)));
  EXPECT_TRUE(watch_->WaitForConnected()) << watch_->last();
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
