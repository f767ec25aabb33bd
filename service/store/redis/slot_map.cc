#include "service/store/redis/slot_map.h"

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "service/store/redis/replies.h"
#include "service/store/redis/slots.h"

namespace waymark::store {
namespace {

bool IsSlot(int64_t number) { return number >= 0 && number < kSlots; }

bool ParseSlot(absl::string_view text, uint16_t& slot) {
  uint32_t number = 0;
  if (!absl::SimpleAtoi(text, &number) || !IsSlot(number)) return false;
  slot = static_cast<uint16_t>(number);
  return true;
}

// "7" or "0-5460".
bool ParseRange(absl::string_view text, SlotRange& range) {
  const std::pair<absl::string_view, absl::string_view> ends = absl::StrSplit(text, absl::MaxSplits('-', 1));
  if (!ParseSlot(ends.first, range.first)) return false;
  range.last = range.first;
  return ends.second.empty() || ParseSlot(ends.second, range.last);
}

// "?", nothing and nil stand for the host that was asked.
std::string HostOr(absl::string_view host, const Endpoint& asked) {
  return host.empty() || host == "?" ? asked.host : std::string(host);
}

// [host, port, id, ...]
absl::optional<Endpoint> EndpointIn(const redisReply& node, const Endpoint& asked) {
  if (!IsArray(node) || node.elements < 2 || !IsInteger(*node.element[1])) return absl::nullopt;
  const redisReply& host = *node.element[0];
  if (!IsText(host) && !IsNil(host)) return absl::nullopt;
  return Endpoint{HostOr(IsText(host) ? TextOf(host) : "", asked), static_cast<int>(node.element[1]->integer)};
}

}  // namespace

absl::StatusOr<std::vector<Shard>> ShardsIn(const redisReply& reply, const Endpoint& asked) {
  if (!IsArray(reply)) return UnexpectedReply();
  std::vector<Shard> shards;
  for (const redisReply* entry : ElementsOf(reply)) {
    if (!IsArray(*entry) || entry->elements < 3 || !IsInteger(*entry->element[0]) || !IsInteger(*entry->element[1]) ||
        !IsSlot(entry->element[0]->integer) || !IsSlot(entry->element[1]->integer)) {
      return UnexpectedReply();
    }
    std::vector<Endpoint> endpoints;
    for (const redisReply* node : ElementsOf(*entry).subspan(2)) {
      absl::optional<Endpoint> endpoint = EndpointIn(*node, asked);
      if (!endpoint.has_value()) return UnexpectedReply();
      endpoints.push_back(*std::move(endpoint));
    }
    auto shard = std::find_if(shards.begin(), shards.end(),
                              [&](const Shard& known) { return known.master == endpoints.front(); });
    if (shard == shards.end()) {
      shard = shards.insert(shard, {.master = endpoints.front(), .replicas = {endpoints.begin() + 1, endpoints.end()}});
    }
    shard->slots.push_back(
        {static_cast<uint16_t>(entry->element[0]->integer), static_cast<uint16_t>(entry->element[1]->integer)});
  }
  const auto by_first = [](const SlotRange& a, const SlotRange& b) { return a.first < b.first; };
  for (Shard& shard : shards) std::sort(shard.slots.begin(), shard.slots.end(), by_first);
  std::sort(shards.begin(), shards.end(),
            [&](const Shard& a, const Shard& b) { return by_first(a.slots.front(), b.slots.front()); });
  return shards;
}

absl::optional<Redirect> RedirectIn(absl::string_view error, const Endpoint& asked) {
  const std::vector<absl::string_view> words = absl::StrSplit(error, ' ');
  if (words.size() < 3 || (words[0] != "MOVED" && words[0] != "ASK")) return absl::nullopt;
  Redirect redirect{.ask = words[0] == "ASK"};
  const size_t colon = words[2].rfind(':');
  if (colon == absl::string_view::npos || !ParseSlot(words[1], redirect.slot) ||
      !absl::SimpleAtoi(words[2].substr(colon + 1), &redirect.to.port)) {
    return absl::nullopt;
  }
  redirect.to.host = HostOr(words[2].substr(0, colon), asked);
  return redirect;
}

absl::optional<OwnSlots> OwnSlotsIn(absl::string_view nodes) {
  for (absl::string_view line : absl::StrSplit(nodes, '\n')) {
    const std::vector<absl::string_view> words = absl::StrSplit(line, ' ');
    // id, address, flags, master, ping, pong, epoch, state, and then the slots.
    constexpr size_t kFlags = 2;
    constexpr size_t kSlotWords = 8;
    if (words.size() < kSlotWords || !absl::StrContains(words[kFlags], "myself")) continue;
    OwnSlots own;
    for (size_t i = kSlotWords; i < words.size(); ++i) {
      absl::string_view word = absl::StripSuffix(words[i], "\r");
      if (word.empty()) continue;
      if (word.front() == '[') {
        own.leaving = own.leaving || absl::StrContains(word, "->-");  // the other way is "-<-"
        continue;
      }
      if (!ParseRange(word, own.slots.emplace_back())) return absl::nullopt;
    }
    return own;
  }
  return absl::nullopt;
}

}  // namespace waymark::store
