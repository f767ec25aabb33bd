#include "service/store/redis/cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "segmentation/stable_hash.h"
#include "service/base/clock.h"
#include "service/store/redis/keys.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/scripts.h"

namespace waymark::store {
namespace {

// How often the slots are asked for: while all is well, and while it is not.
constexpr absl::Duration kCalmPeriod = absl::Seconds(5);
constexpr absl::Duration kHurriedPeriod = absl::Milliseconds(100);
constexpr absl::Duration kSlotsTimeout = absl::Seconds(1);
// For how long a server that has no slots is remembered.
constexpr absl::Duration kForgetAfter = absl::Minutes(1);

// A redirected command is sent again at once so many times; after that, and while its slot is being moved, after a
// delay that doubles.
constexpr int kPromptRepeats = 5;
constexpr int kMaxRepeats = 100;
// Repeats beyond a request's first are so many of the requests at most, and so many at once. (The first follows what
// Redis said: all that goes to a slot that is being moved is sent on once.)
constexpr double kRepeatShare = 0.2;
constexpr double kMaxRepeatsInStock = 1'000;
constexpr absl::Duration kMinDelay = absl::Milliseconds(5);
constexpr absl::Duration kMaxDelay = absl::Milliseconds(100);

absl::Duration DelayBefore(int repeat) { return std::min(kMaxDelay, kMinDelay * (1 << std::min(repeat, 10))); }

absl::Status SentToAndFro() { return absl::UnavailableError("redis is moving what was asked for"); }

// Whether it was connected before; until then the other one serves. (Not whenever it is down: where it does not answer
// because WAIT takes long, WAIT must not hold up the other one.)
bool WasUp(const Link* link) { return link != nullptr && link->was_up(); }

absl::Status ReplicasIn(const absl::StatusOr<const redisReply*>& reply) {
  if (!reply.ok()) return reply.status();
  if (!IsInteger(**reply)) return UnexpectedReply();
  if ((*reply)->integer > 0) return absl::OkStatus();
  return absl::UnavailableError("redis has replicas, and none of them answered in time");
}

bool StartsWithWord(absl::string_view error, absl::string_view word) {
  return error.substr(0, error.find(' ')) == word;
}

}  // namespace

Cluster::Cluster(uv_loop_t* loop, const RedisOptions& options, std::vector<std::string> greeting, Events events)
    : loop_(loop),
      options_(options),
      greeting_(std::move(greeting)),
      events_(std::move(events)),
      why_not_(absl::UnavailableError("redis is not yet connected")),
      delayed_(loop, [this](std::unique_ptr<Request> request) { Send(std::move(request)); }),
      repeats_(kRepeatShare, kMaxRepeatsInStock, kMaxRepeatsInStock),
      hedged_(
          loop, [this](uint16_t slot, const Link* but) { return AnotherOf(ShardOf(slot), but); }, repeats_,
          *options_.metrics) {
  uv_timer_init(loop, &tick_);
  tick_.data = this;
}

void Cluster::Start() {
  std::vector<Endpoint> seeds = options_.other_seeds;
  seeds.insert(seeds.begin(), options_.unix_socket.empty() ? Endpoint{options_.host, options_.port}
                                                           : Endpoint{options_.unix_socket, 0});
  for (const Endpoint& seed : seeds) NodeAt(seed).seed = true;
}

std::unique_ptr<Link> Cluster::MakeLink(const Endpoint& endpoint) {
  auto link = std::make_unique<Link>(loop_, options_, endpoint, greeting_, *this);
  link->Start();
  return link;
}

Cluster::Node& Cluster::NodeAt(const Endpoint& endpoint) {
  std::unique_ptr<Node>& node = nodes_[endpoint];
  if (node == nullptr) {
    node = std::make_unique<Node>();
    node->link = MakeLink(endpoint);
  }
  node->wanted = base::SteadyNow();
  return *node;
}

// ---- Sending ----

void Cluster::Send(std::unique_ptr<Request> request) {
  if (shards_.empty() || !layout_ok_) return request->Answer(why_not_);
  if (request->repeats == 0) repeats_.Earn();
  Link& link = LinkFor(request->route);
  if (request->route.to == Route::To::kReplica && !ShardOf(request->route.slot).replicas.empty()) {
    return hedged_.Send(std::move(request), link);
  }
  link.Send(std::move(request));
}

Link& Cluster::LinkFor(const Route& route) {
  const ServedShard& shard = ShardOf(route.slot);
  switch (route.to) {
    case Route::To::kAnswerer:
      return *answerer_;
    case Route::To::kReplica:
      return ReplicaOf(shard);
    case Route::To::kWaited:
      return WasUp(shard.master->waited.get()) ? *shard.master->waited : *shard.master->link;
    case Route::To::kMaster:
      break;
  }
  return *shard.master->link;
}

Link& Cluster::ReplicaOf(const ServedShard& shard) {
  Link& master = *shard.master->link;
  const bool only_without_master = options_.replica_reads == ReplicaReads::kMasterAway;
  if (shard.replicas.empty() || (only_without_master && master.state().ok())) return master;
  const size_t choices = shard.replicas.size() + (only_without_master ? 0 : 1);
  for (size_t i = 0; i < choices; ++i) {
    const size_t choice = turn_++ % choices;
    Link& link = choice < shard.replicas.size() ? *shard.replicas[choice]->link : master;
    if (link.state().ok()) return link;
  }
  return master;
}

Link* Cluster::AnotherOf(const ServedShard& shard, const Link* but) {
  const size_t choices = shard.replicas.size() + 1;
  for (size_t i = 0; i < choices; ++i) {
    const size_t choice = turn_++ % choices;
    Link* link = choice < shard.replicas.size() ? shard.replicas[choice]->link.get() : shard.master->link.get();
    if (link != but && link->state().ok()) return link;
  }
  return nullptr;
}

void Cluster::Flush() {
  for (auto& [endpoint, node] : nodes_) {
    node->link->Flush();
    if (node->waited != nullptr) node->waited->Flush();
  }
}

bool Cluster::AnswererHasReplicas() const {
  return clustered_ && std::any_of(shards_.begin(), shards_.end(), [&](const ServedShard& shard) {
           return shard.replica_count > 0 &&
                  (shard.master->link.get() == answerer_ || shard.master->waited.get() == answerer_);
         });
}

void Cluster::WaitForReplica(absl::Duration patience, absl::Time deadline, Waited done) {
  std::shared_ptr<Wait>& wait = waits_[answerer_];
  if (wait != nullptr && wait->until <= deadline) return wait->waiting.push_back(std::move(done));
  wait = std::make_shared<Wait>();
  wait->until = std::min(base::SteadyNow() + patience, deadline);
  wait->waiting.push_back(std::move(done));
  const int64_t millis = std::max<int64_t>(absl::ToInt64Milliseconds(wait->until - base::SteadyNow()), 1);
  answerer_->Send(std::make_unique<Request>(
      Route::ToAnswerer(), FormatCommand({"WAIT", "1", absl::StrCat(millis)}), deadline,
      [this, link = answerer_, wait](const absl::StatusOr<const redisReply*>& reply) {
        if (const auto it = waits_.find(link); it != waits_.end() && it->second == wait) waits_.erase(it);
        const absl::Status status = ReplicasIn(reply);
        for (Waited& told : wait->waiting) told(status);
      },
      own_));
}

// ---- Redirections ----

void Cluster::OnError(Link& link, const redisReply& error, std::unique_ptr<Request>& request) {
  if (!clustered_) return;
  const absl::string_view text = TextOf(error);
  if (const absl::optional<Redirect> redirect = RedirectIn(text, link.endpoint()); redirect.has_value()) {
    return Redirected(*redirect, std::move(request));
  }
  if (StartsWithWord(text, "TRYAGAIN") && !request->route.abort_if_split) {
    if (!MayRepeat(request)) return;
    const absl::Duration delay = DelayBefore(request->repeats++);
    return delayed_.Add(std::move(request), delay);
  }
  // It is about to lose its slots, or to get them.
  if (StartsWithWord(text, "CLUSTERDOWN") || StartsWithWord(text, "READONLY")) Hurry();
}

bool Cluster::MayRepeat(std::unique_ptr<Request>& request) {
  const bool may = request->repeats < kMaxRepeats && (request->repeats == 0 || repeats_.TryTake());
  options_.metrics->Add(may ? RedisMetrics::kRepeated : RedisMetrics::kRepeatsRefused);
  if (!may) std::exchange(request, nullptr)->Answer(SentToAndFro());
  return may;
}

void Cluster::Redirected(const Redirect& redirect, std::unique_ptr<Request> request) {
  if (!MayRepeat(request)) return;
  const int repeat = request->repeats++;
  Node& node = NodeAt(redirect.to);
  if (!redirect.ask) {
    auto shard =
        std::find_if(shards_.begin(), shards_.end(), [&](const ServedShard& known) { return known.master == &node; });
    if (shard == shards_.end()) shard = shards_.insert(shard, {.master = &node});
    shard_of_slot_[redirect.slot] = static_cast<uint16_t>(shard - shards_.begin());
    Hurry();
  }
  // One that we have just heard of is waited for; one that is away is told of at once.
  if (repeat >= kPromptRepeats || !node.link->was_up()) {
    return delayed_.Add(std::move(request), DelayBefore(std::max(0, repeat - kPromptRepeats)));
  }
  if (redirect.ask) return node.link->SendAsking(std::move(request));
  // The master itself: a replica whose master we do not know would send us to and fro.
  LinkFor({.slot = request->route.slot,
           .to = request->route.to == Route::To::kWaited ? Route::To::kWaited : Route::To::kMaster})
      .Send(std::move(request));
}

// ---- Who serves what ----

void Cluster::OnState(Link& link, const absl::Status& state) {
  if (closed_) return;
  if (state.ok()) {
    Serve(link);
  } else {
    if (shards_.empty() || !layout_ok_) why_not_ = state;
    if (clustered_) Hurry();
  }
  Judge();
}

void Cluster::Serve(Link& link) {
  if (link.clustered()) {
    if (!clustered_ || shards_.empty()) Hurry();
    clustered_ = true;
  } else if (nodes_.size() > 1) {
    why_not_ = absl::UnavailableError("several addresses were given, and redis is no cluster");
    return;
  } else if (shards_.empty()) {
    shards_ = {{.master = nodes_.begin()->second.get(), .slots = {{0, kSlots - 1}}}};
    covered_ = true;
  }
  CheckLayout();
}

void Cluster::CheckLayout() {
  if (layout_ok_ || asking_layout_ || shards_.empty() || !ShardOf(SlotOf(LayoutKey())).master->link->state().ok())
    return;
  asking_layout_ = true;
  const std::string layout_key = LayoutKey();
  auto request = std::make_unique<Request>(
      Route::Of(layout_key), FormatCommand({"EVAL", LayoutScript().text, "2", layout_key, LayoutWitnessKey(), kLayout}),
      base::SteadyNow() + options_.connect_timeout,
      [this](absl::StatusOr<const redisReply*> reply) {
        asking_layout_ = false;
        if (closed_) return;
        layout_ok_ = reply.ok() && IsText(**reply) && TextOf(**reply) == kLayout;
        if (!layout_ok_) {
          why_not_ = reply.ok() ? absl::UnavailableError(
                                      "redis holds what another version of Waymark stored: see "
                                      "\"Upgrading\" in README.md")
                                : reply.status();
          TickIn(kHurriedPeriod);
        }
        Judge();
      },
      own_);
  Link& link = LinkFor(request->route);
  link.Send(std::move(request));
}

void Cluster::TickIn(absl::Duration delay) {
  const absl::Time at = base::SteadyNow() + delay;
  if (closed_ || at >= tick_at_) return;
  tick_at_ = at;
  uv_update_time(loop_);
  uv_timer_start(
      &tick_, [](uv_timer_t* timer) { static_cast<Cluster*>(timer->data)->Tick(); },
      static_cast<uint64_t>(std::max<int64_t>(absl::ToInt64Milliseconds(delay), 0)) + 1, /*repeat=*/0);
}

void Cluster::Hurry() { TickIn(std::max(absl::ZeroDuration(), asked_slots_ + kHurriedPeriod - base::SteadyNow())); }

void Cluster::Tick() {
  tick_at_ = absl::InfiniteFuture();
  CheckLayout();
  if (!clustered_) return;
  AskForSlots();
  ForgetNodes();
  TickIn(StateOfShards().ok() ? kCalmPeriod : kHurriedPeriod);
}

void Cluster::AskForSlots() {
  if (asking_slots_) return;
  std::vector<Link*> links;
  for (const auto& [endpoint, node] : nodes_) {
    if (node->link->state().ok() && node->link->clustered()) links.push_back(node->link.get());
  }
  if (links.empty()) return;
  Link& link = *links[turn_++ % links.size()];
  asking_slots_ = true;
  asked_slots_ = base::SteadyNow();
  link.Send(std::make_unique<Request>(
      Route(), FormatCommand({"CLUSTER", "SLOTS"}), asked_slots_ + kSlotsTimeout,
      [this, asked = link.endpoint()](absl::StatusOr<const redisReply*> reply) {
        asking_slots_ = false;
        if (closed_ || !reply.ok()) return;
        absl::StatusOr<std::vector<Shard>> shards = ShardsIn(**reply, asked);
        if (shards.ok() && !shards->empty()) Take(*std::move(shards));
      },
      own_));
}

void Cluster::Take(std::vector<Shard> shards) {
  std::vector<ServedShard> served;
  size_t slots = 0;
  for (Shard& shard : shards) {
    Node& master = NodeAt(shard.master);
    if (options_.wait_for_replica && !shard.replicas.empty() && master.waited == nullptr) {
      master.waited = MakeLink(shard.master);
    }
    ServedShard& added = served.emplace_back();
    added.master = &master;
    added.replica_count = shard.replicas.size();
    if (options_.replica_reads != ReplicaReads::kNever) {
      for (const Endpoint& replica : shard.replicas) added.replicas.push_back(&NodeAt(replica));
    }
    for (const SlotRange& range : shard.slots) {
      slots += static_cast<size_t>(range.last - range.first) + 1;
      std::fill(shard_of_slot_.begin() + range.first, shard_of_slot_.begin() + range.last + 1,
                static_cast<uint16_t>(served.size() - 1));
    }
    added.slots = std::move(shard.slots);
  }
  shards_ = std::move(served);
  covered_ = slots == kSlots;
  CheckLayout();
  Judge();
}

void Cluster::ForgetNodes() {
  const absl::Time before = base::SteadyNow() - kForgetAfter;
  for (auto it = nodes_.begin(); it != nodes_.end();) {
    Node* node = it->second.get();
    const bool serves = std::any_of(shards_.begin(), shards_.end(), [&](const ServedShard& shard) {
      return shard.master == node || std::count(shard.replicas.begin(), shard.replicas.end(), node) > 0;
    });
    const auto at = it++;
    if (node->seed || serves || node->wanted > before) continue;
    gone_.push_back(std::move(at->second));
    nodes_.erase(at);
    node->link->Close();
    if (node->waited != nullptr) node->waited->Close();
  }
}

// ---- What is told of it ----

absl::Status Cluster::StateOfShards() const {
  if (shards_.empty() || !layout_ok_) return why_not_;
  for (const ServedShard& shard : shards_) {
    for (const Link* link : {shard.master->link.get(), shard.master->waited.get()}) {
      const bool needed = link == shard.master->link.get() || WasUp(link);
      if (needed && !link->state().ok()) return link->state();
    }
  }
  return covered_ ? absl::OkStatus() : absl::UnavailableError("redis is a cluster with slots that nobody serves");
}

void Cluster::Judge() {
  if (closed_) return;
  Publish();
  int64_t keys = 0;
  for (const ServedShard& shard : shards_) keys += shard.master->link->keys();
  events_.on_size(keys);
  events_.on_state(StateOfShards());
}

void Cluster::Publish() {
  auto topology = std::make_shared<Topology>();
  topology->clustered = clustered_;
  std::string order;
  for (const ServedShard& shard : shards_) {
    if (shard.slots.empty()) continue;
    topology->parts.push_back({.server = shard.master->link->server()});
    absl::StrAppend(&order, topology->parts.back().server);
    if (!clustered_) break;
    if (topology->parts.back().server.empty()) return;  // not yet known: as before, and nobody answers there
    topology->parts.back().slots = shard.slots;
    for (const SlotRange& range : shard.slots) absl::StrAppend(&order, " ", range.first, "-", range.last);
    absl::StrAppend(&order, ";");
  }
  topology->order = clustered_ ? absl::StrCat(absl::Hex(segmentation::StableHash(order), absl::kZeroPad16)) : order;
  if (topology->parts.empty() || (topology->order == order_ && published_)) return;
  published_ = true;
  order_ = topology->order;
  events_.on_topology(std::move(topology));
}

void Cluster::Close() {
  closed_ = true;
  why_not_ = absl::UnavailableError("the store is closing");
  for (auto& [endpoint, node] : nodes_) {
    node->link->Close();
    if (node->waited != nullptr) node->waited->Close();
  }
  delayed_.Close();
  hedged_.Close();
  uv_close(reinterpret_cast<uv_handle_t*>(&tick_), nullptr);
}

}  // namespace waymark::store
