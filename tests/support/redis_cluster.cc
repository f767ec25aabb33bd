#include "tests/support/redis_cluster.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace waymark::testing_support {
namespace {

constexpr absl::Duration kPatience = absl::Seconds(60);
constexpr int kSlots = 16384;

template <typename Condition>
absl::Status WaitUntil(const char* what, const Condition& condition) {
  for (const absl::Time until = absl::Now() + kPatience; absl::Now() < until; absl::SleepFor(absl::Milliseconds(5))) {
    if (condition()) return absl::OkStatus();
  }
  return absl::DeadlineExceededError(absl::StrCat(what, " took too long"));
}

// A line of CLUSTER NODES: who serves what.
struct NodeLine {
  std::string id;
  absl::string_view flags;
  std::string master;  // of a replica
  std::vector<std::pair<int, int>> slots;
};

std::vector<NodeLine> ParseNodes(absl::string_view text) {
  std::vector<NodeLine> nodes;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ', absl::SkipEmpty());
    if (words.size() < 8) continue;
    NodeLine node{.id = std::string(words[0]), .flags = words[2], .master = std::string(words[3])};
    for (size_t i = 8; i < words.size(); ++i) {
      if (words[i].front() == '[') continue;
      const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(words[i], absl::MaxSplits('-', 1));
      int first = 0;
      int last = 0;
      if (!absl::SimpleAtoi(ends.first, &first)) continue;
      if (!absl::SimpleAtoi(ends.second, &last)) last = first;
      node.slots.emplace_back(first, last);
    }
    nodes.push_back(std::move(node));
  }
  return nodes;
}

bool IsWell(absl::string_view flags) { return !absl::StrContains(flags, "fail") && !absl::StrContains(flags, "hand"); }

}  // namespace

absl::StatusOr<std::unique_ptr<RedisCluster>> RedisCluster::Start() {
  auto cluster = absl::WrapUnique(new RedisCluster);
  for (auto step : {&RedisCluster::StartServers, &RedisCluster::Introduce, &RedisCluster::Replicate}) {
    if (absl::Status status = (cluster.get()->*step)(); !status.ok()) return status;
  }
  if (absl::Status status = cluster->WaitUntilWhole(); !status.ok()) return status;
  return cluster;
}

absl::Status RedisCluster::StartServers() {
  for (size_t i = 0; i < kServers; ++i) {
    if (absl::Status status = StartServer(); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status RedisCluster::StartServer() {
  const absl::StatusOr<int> bus = RedisServer::FreePort();
  if (!bus.ok()) return bus.status();
  bus_ports_.push_back(*bus);
  auto server = RedisServer::Start(
      {.append_only = true,
       .arguments = {"--cluster-enabled", "yes", "--cluster-port", absl::StrCat(*bus), "--cluster-node-timeout", "1000",
                     "--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0",
                     "--repl-diskless-sync-delay", "0", "--repl-ping-replica-period", "1",
                     "--cluster-allow-replica-migration", "no", "--appendfsync", "no"}});
  if (!server.ok()) return server.status();
  const absl::StatusOr<std::string> id = (*server)->Command({"CLUSTER", "MYID"});
  if (!id.ok()) return id.status();
  servers_.push_back(*std::move(server));
  ids_.push_back(*id);
  return absl::OkStatus();
}

absl::StatusOr<size_t> RedisCluster::AddServer() {
  if (absl::Status status = StartServer(); !status.ok()) return status;
  const size_t added = servers_.size() - 1;
  for (size_t i = 0; i < added; ++i) {
    const absl::Status met =
        server(added)
            .Command({"CLUSTER", "MEET", "127.0.0.1", absl::StrCat(server(i).port()), absl::StrCat(bus_ports_[i])})
            .status();
    if (!met.ok()) return met;
  }
  const absl::Status known = WaitUntil("meeting the others", [&] {
    for (size_t i = 0; i < added; ++i) {
      const std::string there = server(i).Command({"CLUSTER", "NODES"}).value_or("");
      const std::string here = server(added).Command({"CLUSTER", "NODES"}).value_or("");
      if (!absl::StrContains(there, ids_[added]) || !absl::StrContains(here, ids_[i])) return false;
    }
    return absl::StrContains(server(added).Command({"CLUSTER", "INFO"}).value_or(""), "cluster_state:ok");
  });
  if (!known.ok()) return known;
  return added;
}

absl::Status RedisCluster::RemoveServer(size_t added) {
  server(added).Kill();
  absl::Status status;
  for (size_t i = 0; i < added; ++i) status.Update(server(i).Command({"CLUSTER", "FORGET", ids_[added]}).status());
  servers_.resize(added);
  bus_ports_.resize(added);
  ids_.resize(added);
  return status;
}

absl::Status RedisCluster::Introduce() {
  absl::Status status;
  for (size_t i = 0; i < kServers; ++i) {
    status.Update(server(i).Command({"CLUSTER", "SET-CONFIG-EPOCH", absl::StrCat(i + 1)}).status());
    if (i < kMasters) {
      status.Update(server(i)
                        .Command({"CLUSTER", "ADDSLOTSRANGE", absl::StrCat(i * kSlots / kMasters),
                                  absl::StrCat((i + 1) * kSlots / kMasters - 1)})
                        .status());
    }
  }
  for (size_t i = 0; i < kServers; ++i) {
    for (size_t j = 0; j < kServers; ++j) {  // all with all, so that nobody has to hear of anybody by gossip
      if (i == j) continue;
      status.Update(
          server(i)
              .Command({"CLUSTER", "MEET", "127.0.0.1", absl::StrCat(server(j).port()), absl::StrCat(bus_ports_[j])})
              .status());
    }
  }
  return status;
}

absl::Status RedisCluster::Replicate() {
  for (size_t i = kMasters; i < kServers; ++i) {
    const absl::Status status = WaitUntil("becoming a replica", [&] {
      return server(i).Command({"CLUSTER", "REPLICATE", ids_[i - kMasters]}).ok();
    });
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

bool RedisCluster::IsWhole(size_t i) const {
  const absl::StatusOr<std::string> text = servers_[i]->Command({"CLUSTER", "NODES"});
  const absl::StatusOr<std::string> info = servers_[i]->Command({"CLUSTER", "INFO"});
  if (!text.ok() || !info.ok() || !absl::StrContains(*info, "cluster_state:ok")) return false;
  const std::vector<NodeLine> nodes = ParseNodes(*text);
  const auto masters = std::count_if(nodes.begin(), nodes.end(), [](const NodeLine& it) { return !it.slots.empty(); });
  if (nodes.size() != kServers || masters != kMasters) return false;
  if (!std::all_of(nodes.begin(), nodes.end(), [](const NodeLine& it) { return IsWell(it.flags); })) return false;
  // A replica is no one's to read from before it has copied something.
  const absl::StatusOr<std::string> slots = servers_[i]->Command({"CLUSTER", "SLOTS"});
  if (!slots.ok()) return false;
  std::set<absl::string_view> listed;
  for (absl::string_view word : absl::StrSplit(*slots, ' ')) {
    if (std::find(ids_.begin(), ids_.end(), word) != ids_.end()) listed.insert(word);
  }
  if (listed.size() != kServers) return false;
  const absl::StatusOr<std::string> role = servers_[i]->Command({"INFO", "replication"});
  if (!role.ok()) return false;
  return absl::StrContains(*role, "role:master") ? absl::StrContains(*role, "state=online,")
                                                 : absl::StrContains(*role, "master_link_status:up");
}

absl::Status RedisCluster::WaitUntilWhole() const {
  return WaitUntil("forming the cluster", [&] {
    for (size_t i = 0; i < kServers; ++i) {
      if (!IsWhole(i)) return false;
    }
    return true;
  });
}

std::vector<int> RedisCluster::ports() const {
  std::vector<int> ports;
  for (const auto& server : servers_) ports.push_back(server->port());
  return ports;
}

absl::StatusOr<std::string> RedisCluster::Nodes() const {
  absl::StatusOr<std::string> text = absl::UnavailableError("no server runs");
  for (size_t i = 0; i < kServers && !text.ok(); ++i) text = servers_[i]->Command({"CLUSTER", "NODES"});
  return text;
}

absl::StatusOr<size_t> RedisCluster::MasterOf(uint16_t slot) const {
  const absl::StatusOr<std::string> text = Nodes();
  if (!text.ok()) return text.status();
  for (const NodeLine& node : ParseNodes(*text)) {
    for (const auto& [first, last] : node.slots) {
      if (slot < first || slot > last) continue;
      return static_cast<size_t>(std::find(ids_.begin(), ids_.end(), node.id) - ids_.begin());
    }
  }
  return absl::NotFoundError("nobody has the slot");
}

absl::StatusOr<std::vector<size_t>> RedisCluster::Masters() const {
  const absl::StatusOr<std::string> text = Nodes();
  if (!text.ok()) return text.status();
  std::vector<size_t> masters;
  for (const NodeLine& node : ParseNodes(*text)) {
    if (node.slots.empty()) continue;
    masters.push_back(static_cast<size_t>(std::find(ids_.begin(), ids_.end(), node.id) - ids_.begin()));
  }
  return masters;
}

absl::StatusOr<size_t> RedisCluster::ReplicaOf(size_t master) const {
  const absl::StatusOr<std::string> text = Nodes();
  if (!text.ok()) return text.status();
  for (const NodeLine& node : ParseNodes(*text)) {
    if (node.master != ids_[master]) continue;
    return static_cast<size_t>(std::find(ids_.begin(), ids_.end(), node.id) - ids_.begin());
  }
  return absl::NotFoundError("the master has no replica");
}

absl::Status RedisCluster::Mend() {
  for (size_t i = 0; i < kServers; ++i) {
    if (servers_[i]->running()) continue;
    if (absl::Status status = servers_[i]->Run(); !status.ok()) return status;
  }
  return WaitUntilWhole();
}

absl::Status RedisCluster::Clear() {
  const absl::StatusOr<std::vector<size_t>> masters = Masters();
  if (!masters.ok()) return masters.status();
  absl::Status status;
  for (size_t master : *masters) status.Update(server(master).Command({"FLUSHALL"}).status());
  return status;
}

absl::Status RedisCluster::WaitForPromotion(uint16_t slot, size_t old) const {
  return WaitUntil("promoting a replica", [&] {
    const absl::StatusOr<size_t> master = MasterOf(slot);
    return master.ok() && *master != old;
  });
}

absl::Status RedisCluster::BeginMove(uint16_t slot, size_t from, size_t to) {
  absl::Status status =
      server(to).Command({"CLUSTER", "SETSLOT", absl::StrCat(slot), "IMPORTING", ids_[from]}).status();
  status.Update(server(from).Command({"CLUSTER", "SETSLOT", absl::StrCat(slot), "MIGRATING", ids_[to]}).status());
  return status;
}

absl::StatusOr<int> RedisCluster::MoveKeys(uint16_t slot, size_t from, size_t to, int count) {
  const absl::StatusOr<std::string> names =
      server(from).Command({"CLUSTER", "GETKEYSINSLOT", absl::StrCat(slot), absl::StrCat(count)});
  if (!names.ok()) return names.status();
  const std::vector<std::string> keys = absl::StrSplit(*names, ' ', absl::SkipEmpty());
  for (const std::string& key : keys) {
    const absl::Status moved =
        server(from).Command({"MIGRATE", "127.0.0.1", absl::StrCat(server(to).port()), key, "0", "10000"}).status();
    if (!moved.ok()) return moved;
  }
  return static_cast<int>(keys.size());
}

absl::Status RedisCluster::EndMove(uint16_t slot, size_t from, size_t to) {
  // The new owner first, so that no moment comes at which nobody has it.
  absl::Status status = server(to).Command({"CLUSTER", "SETSLOT", absl::StrCat(slot), "NODE", ids_[to]}).status();
  status.Update(server(from).Command({"CLUSTER", "SETSLOT", absl::StrCat(slot), "NODE", ids_[to]}).status());
  return status;
}

}  // namespace waymark::testing_support
