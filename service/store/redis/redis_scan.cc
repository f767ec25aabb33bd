// The walks of RedisStore: names by SCAN, profiles by MGET.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "service/store/names.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scan_cursor.h"

namespace waymark::store {
namespace {

constexpr int kMaxPage = 10'000;
// How many steps are looked at to learn how fine Redis's table is, where that matters. A step tells with a chance of a
// half at least.
constexpr int kMaxProbes = 32;
constexpr size_t kMaxMget = 1'000;

absl::Status NotOurs() { return absl::InvalidArgumentError("the cursor is not ours"); }
absl::Status OrderIsGone() { return absl::OutOfRangeError("redis was restarted: the walk has to begin again"); }

// A cursor of ours: Redis's own, and the process that it is of, for each hashes its keys in its own way.
// "<server>:<n>".
struct OurCursor {
  std::string server;  // empty: of any, as where Redis does not say its run id
  std::string redis;   // as SCAN takes it
  ScanCursor place;
};

absl::optional<OurCursor> ParseOurs(absl::string_view text) {
  if (text.empty()) return OurCursor{"", "0", {}};
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return absl::nullopt;
  const absl::optional<ScanCursor> place = ScanCursor::Parse(text.substr(colon + 1));
  if (!place.has_value() || place->AtEnd()) return absl::nullopt;
  return OurCursor{std::string(text.substr(0, colon)), std::string(text.substr(colon + 1)), *place};
}

struct Step {
  absl::string_view cursor;
  ScanCursor end;
  absl::Span<redisReply* const> keys;
};

absl::StatusOr<Step> StepIn(const redisReply& reply) {
  if (!IsArray(reply) || reply.elements != 2 || !IsText(*reply.element[0]) || !IsArray(*reply.element[1])) {
    return UnexpectedReply();
  }
  const absl::string_view cursor = TextOf(*reply.element[0]);
  const absl::optional<ScanCursor> end = ScanCursor::Parse(cursor);
  if (!end.has_value()) return UnexpectedReply();
  return Step{cursor, *end, ElementsOf(*reply.element[1])};
}

}  // namespace

// A page. Redis decides where a step ends. One that ends beyond `until` is thrown away and made again from the same
// place, shorter and shorter, down to the shortest there is, which visits one bucket that has keys. When even that one
// ends beyond `until`, then either the bucket begins at `until` or after it, and nothing is left to show; or the table
// shrank, and the bucket holds keys from both sides of `until`: shown, rather than missed. Which of them it is, further
// steps tell.
struct RedisStore::ScanInProgress {
  // Takes a step; nullopt: the page is complete.
  absl::optional<std::string> Take(const Step& step) {
    if (probing) return Probe(step);
    const bool ends = !end.AtEnd() && step.end.Reaches(end);
    if (ends && step.end != end) {
      if (count > 1) return Again();
      page.customers = CustomersIn(step);
      if (page.customers.empty()) return absl::nullopt;
      probing = true;
      return Probe(step);
    }
    page.customers = CustomersIn(step);
    if (!ends && !step.end.AtEnd()) page.next_cursor = absl::StrCat(server, ":", step.cursor);
    return absl::nullopt;
  }

  absl::optional<std::string> Again() {
    count /= 2;
    return cursor;
  }

  // Whether the page, one bucket that ended beyond `until`, is to be shown.
  absl::optional<std::string> Probe(const Step& step) {
    if (step.end.AtLeastAsFineAs(end)) {
      page.customers.clear();
      return absl::nullopt;
    }
    if (++probes > kMaxProbes) return absl::nullopt;
    return std::string(step.cursor);
  }

  std::vector<std::string> CustomersIn(const Step& step) const {
    std::vector<std::string> customers;
    customers.reserve(step.keys.size());
    for (const redisReply* key : step.keys) {
      const absl::optional<absl::string_view> customer = CustomerOf(tenant, TextOf(*key));
      if (customer.has_value()) customers.emplace_back(*customer);  // else it is not one of ours
    }
    return customers;
  }

  // Whether the cursors are those of the process that answers.
  bool IsOf(const std::string& answering) {
    if (server.empty()) server = answering;
    return server == answering;
  }

  std::string tenant;
  std::string server;  // that the walk is in; empty: not yet known
  std::string cursor;  // where the next step begins
  ScanCursor end;      // of the walk
  int count = 1;
  absl::Time deadline;
  ScanDone done;
  Page page;
  bool probing = false;
  int probes = 0;
};

void RedisStore::Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit,
                      absl::Time deadline, ScanDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  absl::optional<OurCursor> from = ParseOurs(cursor);
  absl::optional<OurCursor> to = ParseOurs(until);
  if (!from.has_value() || !to.has_value()) return done(NotOurs());
  if (!from->server.empty() && !to->server.empty() && from->server != to->server) return done(OrderIsGone());
  auto scan = std::make_unique<ScanInProgress>();
  scan->tenant = std::string(tenant);
  scan->server = std::move(from->server.empty() ? to->server : from->server);
  scan->cursor = std::move(from->redis);
  scan->end = to->place;
  scan->count = std::clamp(limit, 1, kMaxPage);
  scan->deadline = deadline;
  scan->done = std::move(done);
  ScanOn(std::move(scan));
}

void RedisStore::ScanOn(std::unique_ptr<ScanInProgress> scan) {
  std::string command =
      FormatCommand({"SCAN", scan->cursor, "MATCH", ProfilePattern(scan->tenant), "COUNT", absl::StrCat(scan->count)});
  const absl::Time deadline = scan->deadline;
  connection_.Send(std::move(command), deadline,
                   [this, scan = std::move(scan)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return scan->done(reply.status());
                     if (!scan->IsOf(connection_.server())) return scan->done(OrderIsGone());
                     const absl::StatusOr<Step> step = StepIn(**reply);
                     if (!step.ok()) return scan->done(step.status());
                     absl::optional<std::string> next = scan->Take(*step);
                     if (!next.has_value()) return scan->done(std::move(scan->page));
                     scan->cursor = *std::move(next);
                     ScanOn(std::move(scan));
                   });
}

// Parts of one answer, which come in any order.
struct RedisStore::LoadManyInProgress {
  void Set(size_t part, absl::StatusOr<const redisReply*> reply, size_t expected) {
    absl::StatusOr<StoredProfiles> read = ProfilesIn(std::move(reply), expected);
    {
      absl::MutexLock lock(&mutex);
      status.Update(read.status());
      if (read.ok()) parts[part] = *std::move(read);
      if (--waiting > 0) return;
    }
    Finish();
  }

  static absl::StatusOr<StoredProfiles> ProfilesIn(absl::StatusOr<const redisReply*> reply, size_t expected) {
    if (!reply.ok()) return reply.status();
    if (!IsArray(**reply) || (*reply)->elements != expected) return UnexpectedReply();
    size_t bytes = 0;
    for (const redisReply* value : ElementsOf(**reply)) {
      if (!IsText(*value) && !IsNil(*value)) return UnexpectedReply();
      bytes += IsText(*value) ? TextOf(*value).size() : 0;
    }
    StoredProfiles read;
    read.Reserve(expected, bytes);
    for (const redisReply* value : ElementsOf(**reply)) {
      read.Add(IsText(*value) ? TextOf(*value) : "");
    }
    return read;
  }

  void Finish() {
    if (!status.ok()) return done(std::move(status));
    size_t profiles = 0;
    size_t bytes = 0;
    for (const StoredProfiles& part : parts) {
      profiles += part.size();
      bytes += part.bytes();
    }
    parts[0].Reserve(profiles, bytes);
    for (size_t i = 1; i < parts.size(); ++i) parts[0].Append(parts[i]);
    done(std::move(parts[0]));
  }

  absl::Mutex mutex;
  size_t waiting = 0;
  absl::Status status;  // the first problem
  std::vector<StoredProfiles> parts;
  LoadManyDone done;
};

void RedisStore::LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                          LoadManyDone done) {
  if (absl::Status status = CheckTenant(tenant); !status.ok()) return done(std::move(status));
  if (customers.empty()) return done(StoredProfiles());
  auto load = std::make_shared<LoadManyInProgress>();
  load->waiting = (customers.size() + kMaxMget - 1) / kMaxMget;
  load->parts.resize(load->waiting);
  load->done = std::move(done);
  for (size_t begin = 0, part = 0; begin < customers.size(); begin += kMaxMget, ++part) {
    const size_t end = std::min(begin + kMaxMget, customers.size());
    std::vector<std::string> keys;
    for (size_t i = begin; i < end; ++i)
      keys.push_back(RedisProfileKey({std::string(tenant), std::move(customers[i])}));
    std::vector<absl::string_view> command = {"MGET"};
    command.insert(command.end(), keys.begin(), keys.end());
    connection_.Send(FormatCommand(command), deadline,
                     [load, part, expected = end - begin](absl::StatusOr<const redisReply*> reply) {
                       load->Set(part, std::move(reply), expected);
                     });
  }
}

}  // namespace waymark::store
