// The walks of RedisStore: names by SCAN.

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/store/names.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/redis_store.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scan_cursor.h"
#include "service/store/redis/slot_map.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

constexpr int kMaxPage = 10'000;
// How many steps are looked at to learn how fine Redis's table is, where that matters. A step tells with a chance of a
// half at least.
constexpr int kMaxProbes = 32;

absl::Status NotOurs() { return absl::InvalidArgumentError("the cursor is not ours"); }
absl::Status OrderIsGone() {
  return absl::OutOfRangeError("redis was restarted, or its slots moved: the walk has to begin again");
}

// A cursor of ours: "<order>:<n>" of one server, "<order>/<part>:<n>" of a cluster, whose masters are walked one after
// the other. The order is that of Topology: each process hashes its keys in its own way.
struct OurCursor {
  std::string order;  // empty: of any, as where Redis does not say its run id
  size_t part = 0;
  std::string redis = "0";  // as SCAN takes it
  ScanCursor place;
};

std::string FormatOurs(absl::string_view order, bool clustered, size_t part, absl::string_view redis) {
  return clustered ? absl::StrCat(order, "/", part, ":", redis) : absl::StrCat(order, ":", redis);
}

absl::optional<OurCursor> ParseOurs(absl::string_view text) {
  if (text.empty()) return OurCursor();
  const size_t colon = text.find(':');
  if (colon == absl::string_view::npos) return absl::nullopt;
  OurCursor cursor;
  const std::pair<absl::string_view, absl::string_view> order = absl::StrSplit(text.substr(0, colon), '/');
  if (!order.second.empty() && !absl::SimpleAtoi(order.second, &cursor.part)) return absl::nullopt;
  const absl::optional<ScanCursor> place = ScanCursor::Parse(text.substr(colon + 1));
  if (!place.has_value() || colon + 1 == text.size() || (place->AtEnd() && cursor.part == 0)) return absl::nullopt;
  cursor.order = std::string(order.first);
  cursor.redis = std::string(text.substr(colon + 1));
  cursor.place = *place;
  return cursor;
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
    if (!ends) Next(step);
    return absl::nullopt;
  }

  // Where the walk goes on.
  void Next(const Step& step) {
    if (!step.end.AtEnd()) {
      page.next_cursor = FormatOurs(order, topology->clustered, part, step.cursor);
      return;
    }
    part_ends = true;
    const bool last = part + 1 >= topology->parts.size() || (part + 1 == until.part && until.place.AtEnd());
    if (!last) page.next_cursor = FormatOurs(order, topology->clustered, part + 1, "0");
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

  Route ToPart() const {
    const bool known = part < topology->parts.size() && !topology->parts[part].slots.empty();
    return {.slot = known ? topology->parts[part].slots.front().first : uint16_t{0}};
  }

  // Whether the cursors are in the order of the process that answers.
  bool IsOf(std::shared_ptr<const Topology> now, const std::string& answering) {
    topology = std::move(now);
    if (order.empty()) order = topology->order;
    return order == topology->order && part < topology->parts.size() && topology->parts[part].server == answering;
  }

  std::string tenant;
  std::shared_ptr<const Topology> topology;
  std::string order;  // that the walk is in; empty: not yet known
  size_t part = 0;
  std::string cursor;      // where the next step begins
  OurCursor until;         // where the walk ends
  ScanCursor end;          // ... in this part
  bool part_ends = false;  // after this page
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
  if (!from->order.empty() && !to->order.empty() && from->order != to->order) return done(OrderIsGone());
  const bool ends = !until.empty();
  if (ends && (to->part < from->part || (to->part == from->part && to->place.AtEnd()))) return done(Page());
  auto scan = std::make_unique<ScanInProgress>();
  scan->tenant = std::string(tenant);
  scan->topology = connection_.topology();
  scan->order = from->order.empty() ? to->order : from->order;
  scan->part = from->part;
  scan->cursor = std::move(from->redis);
  if (to->part == from->part) scan->end = to->place;
  scan->until = *std::move(to);
  scan->count = std::clamp(limit, 1, kMaxPage);
  scan->deadline = deadline;
  scan->done = std::move(done);
  ScanOn(std::move(scan));
}

void RedisStore::ScanOn(std::unique_ptr<ScanInProgress> scan) {
  std::string command =
      FormatCommand({"SCAN", scan->cursor, "MATCH", ProfilePattern(scan->tenant), "COUNT", absl::StrCat(scan->count)});
  const absl::Time deadline = scan->deadline;
  const Route route = scan->ToPart();
  connection_.Send(route, std::move(command), deadline,
                   [this, scan = std::move(scan)](absl::StatusOr<const redisReply*> reply) mutable {
                     if (!reply.ok()) return scan->done(reply.status());
                     if (!scan->IsOf(connection_.topology(), connection_.server())) return scan->done(OrderIsGone());
                     const absl::StatusOr<Step> step = StepIn(**reply);
                     if (!step.ok()) return scan->done(step.status());
                     absl::optional<std::string> next = scan->Take(*step);
                     if (!next.has_value()) return EndPage(std::move(scan));
                     scan->cursor = *std::move(next);
                     ScanOn(std::move(scan));
                   });
}

// A key that was moved to another master meanwhile may be where the walk has been already. So before a master is left,
// it says that it has the slots that it had, and is giving none away; those that come to it were seen where they were,
// or are looked for there later.
void RedisStore::EndPage(std::unique_ptr<ScanInProgress> scan) {
  if (!scan->part_ends || !scan->topology->clustered) return scan->done(std::move(scan->page));
  const absl::Time deadline = scan->deadline;
  connection_.Send(Route::ToAnswerer(), FormatCommand({"CLUSTER", "NODES"}), deadline,
                   [scan = std::move(scan)](absl::StatusOr<const redisReply*> reply) {
                     if (!reply.ok()) return scan->done(reply.status());
                     const absl::optional<OwnSlots> own = OwnSlotsIn(IsText(**reply) ? TextOf(**reply) : "");
                     if (!own.has_value()) return scan->done(UnexpectedReply());
                     if (own->slots != scan->topology->parts[scan->part].slots) return scan->done(OrderIsGone());
                     if (own->leaving) {
                       return scan->done(absl::UnavailableError(
                           "redis is moving slots: a walk could miss somebody; try again when it has"));
                     }
                     scan->done(std::move(scan->page));
                   });
}

}  // namespace waymark::store
