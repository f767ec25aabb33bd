// Profiles of many customers from RedisStore, by MGET.

#include <cstddef>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/functional/any_invocable.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "service/store/names.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

constexpr size_t kMaxMget = 1'000;

absl::StatusOr<StoredProfiles> ProfilesIn(const absl::StatusOr<const redisReply*>& reply,
                                          const std::vector<std::string>& keys) {
  if (!reply.ok()) return reply.status();
  if (!IsArray(**reply) || (*reply)->elements != keys.size()) return UnexpectedReply();
  size_t bytes = 0;
  for (const redisReply* value : ElementsOf(**reply)) {
    if (!IsText(*value) && !IsNil(*value)) return UnexpectedReply();
    bytes += IsText(*value) ? TextOf(*value).size() : 0;
  }
  StoredProfiles read;
  read.Reserve(keys.size(), bytes);
  for (size_t i = 0; i < keys.size(); ++i) {
    const redisReply& value = *ElementsOf(**reply)[i];
    read.Add(IsText(value) ? TextOf(value) : "", OwnerAt(keys[i]));
  }
  return read;
}

// Each by itself, for a slot that is being moved. Answered by the last one.
class OneByOne {
 public:
  using Done = absl::AnyInvocable<void(absl::StatusOr<StoredProfiles>)>;

  OneByOne(std::vector<std::string> keys, Done done)
      : keys_(std::move(keys)), values_(keys_.size()), done_(std::move(done)) {}
  ~OneByOne() {
    StoredProfiles read;
    for (size_t i = 0; i < values_.size(); ++i) read.Add(values_[i], OwnerAt(keys_[i]));
    if (status_.ok()) {
      done_(std::move(read));
    } else {
      done_(std::move(status_));
    }
  }
  OneByOne(const OneByOne&) = delete;
  OneByOne& operator=(const OneByOne&) = delete;

  void Set(size_t i, const absl::StatusOr<const redisReply*>& reply) {
    absl::MutexLock lock(&mutex_);
    if (!reply.ok()) return status_.Update(reply.status());
    if (!IsText(**reply) && !IsNil(**reply)) return status_.Update(UnexpectedReply());
    if (IsText(**reply)) values_[i] = std::string(TextOf(**reply));
  }

 private:
  const std::vector<std::string> keys_;
  absl::Mutex mutex_;
  std::vector<std::string> values_;  // both guarded by the mutex, until the last who shares this lets go
  absl::Status status_;
  Done done_;
};

}  // namespace

// Parts of one answer, which come in any order. Of one server a part is a run of the customers; of a cluster, those of
// a slot, because MGET's keys have to share one.
struct RedisStore::LoadManyInProgress {
  struct Part {
    std::vector<std::string> keys;
    StoredProfiles read;
  };

  // The keys into parts of at most kMaxMget.
  void Divide(std::vector<std::string> keys, bool by_slot) {
    absl::flat_hash_map<uint16_t, size_t> part_of_slot;
    for (std::string& key : keys) {
      size_t& part = part_of_slot.try_emplace(by_slot ? SlotOf(key) : uint16_t{0}, parts.size()).first->second;
      if (part < parts.size() && parts[part].keys.size() == kMaxMget) part = parts.size();
      if (part == parts.size()) parts.emplace_back();
      places.emplace_back(part, parts[part].keys.size());
      parts[part].keys.push_back(std::move(key));
    }
    waiting = parts.size();
    in_order = !by_slot;
  }

  void Set(size_t part, absl::StatusOr<StoredProfiles> read) {
    {
      absl::MutexLock lock(&mutex);
      status.Update(read.status());
      if (read.ok()) parts[part].read = *std::move(read);
      if (--waiting > 0) return;
    }
    Finish();
  }

  void Finish() {
    if (!status.ok()) return done(std::move(status));
    size_t bytes = 0;
    for (const Part& part : parts) bytes += part.read.bytes();
    StoredProfiles all;
    if (in_order) all = std::move(parts[0].read);
    all.Reserve(places.size(), bytes);
    for (size_t i = 1; in_order && i < parts.size(); ++i) all.Append(parts[i].read);
    for (size_t i = 0; !in_order && i < places.size(); ++i) {
      const StoredProfiles& part = parts[places[i].first].read;
      all.Add(part.value(places[i].second), part.owner(places[i].second));
    }
    done(std::move(all));
  }

  absl::Mutex mutex;
  size_t waiting = 0;
  absl::Status status;  // the first problem
  std::vector<Part> parts;
  std::vector<std::pair<size_t, size_t>> places;  // of each customer: the part, and where in it
  bool in_order = true;
  LoadManyDone done;
};

void RedisStore::LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                          LoadManyDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  if (customers.empty()) return done(StoredProfiles());
  for (std::string& customer : customers) customer = RedisProfileKey({std::string(tenant), std::move(customer)});
  auto load = std::make_shared<LoadManyInProgress>();
  load->Divide(std::move(customers), connection_.topology()->clustered);
  load->done = std::move(done);
  for (size_t part = 0, parts = load->parts.size(); part < parts; ++part) {
    const std::vector<std::string>& keys = load->parts[part].keys;
    std::vector<absl::string_view> command = {"MGET"};
    command.insert(command.end(), keys.begin(), keys.end());
    Route route = Route::Of(keys.front());
    route.abort_if_split = true;
    connection_.Send(route, FormatCommand(command), deadline,
                     [this, load, part, deadline](const absl::StatusOr<const redisReply*>& reply) {
                       const std::vector<std::string>& keys = load->parts[part].keys;
                       if (!absl::IsAborted(reply.status())) return load->Set(part, ProfilesIn(reply, keys));
                       LoadOneByOne(keys, deadline, [load, part](absl::StatusOr<StoredProfiles> read) {
                         load->Set(part, std::move(read));
                       });
                     });
  }
}

void RedisStore::LoadOneByOne(const std::vector<std::string>& keys, absl::Time deadline, LoadManyDone done) {
  const auto load = std::make_shared<OneByOne>(keys, std::move(done));
  for (size_t i = 0; i < keys.size(); ++i) {
    connection_.Send(Route::Of(keys[i]), FormatCommand({"GET", keys[i]}), deadline,
                     [load, i](const absl::StatusOr<const redisReply*>& reply) { load->Set(i, reply); });
  }
}

}  // namespace waymark::store
