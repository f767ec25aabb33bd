#include "service/store/redis/budget_scripts.h"

#include "absl/strings/str_cat.h"

namespace waymark::store {
namespace {

// What each begins with.
constexpr char kPreface[] = R"(
    local time = redis.call('TIME')
    local now = time[1] * 1000 + math.floor(time[2] / 1000)
    local _, replicas = string.gsub(redis.call('INFO', 'replication'), 'state=online', '')
    local function text(number) return string.format('%.0f', number) end
    local function holder_in(entry)
      local n, g, d, a, t = string.match(entry, '^(%d+) (%d+) (%d+) (%d+) (%d+)$')
      return {n = tonumber(n), g = tonumber(g), d = tonumber(d), a = tonumber(a), t = tonumber(t)}
    end
    local function entry_of(h)
      return table.concat({text(h.n), text(h.g), text(h.d), text(h.a), text(h.t)}, ' ')
    end)";

}  // namespace

const Script& LeaseScript() {
  static const Script script(absl::StrCat(kPreface, R"(
    local me = 'h:' .. ARGV[1]
    local number, amount, granted = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
    local run = string.match(redis.call('INFO', 'server'), 'run_id:(%x+)')
    local seen = redis.call('HMGET', KEYS[2], 'run', 'settled')
    local settled = tonumber(seen[2] or 0)
    if seen[1] ~= run then
      if seen[1] then settled = now + ARGV[8] end
      redis.call('HSET', KEYS[2], 'run', run, 'settled', text(settled))
    end
    local others, mine = 0, nil
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local field, value = all[i], all[i + 1]
      local kind = string.sub(field, 1, 2)
      if field == me then
        mine = holder_in(value)
      elseif kind == 'h:' then
        local holder = holder_in(value)
        others = others + holder.g
        if now - holder.t > tonumber(ARGV[7]) then
          redis.call('HINCRBY', KEYS[1], 'b', text(holder.g))
          redis.call('HDEL', KEYS[1], field)
        end
      elseif kind == 'e:' and tonumber(string.sub(field, 3)) <= now then
        redis.call('HDEL', KEYS[1], field)
      else
        others = others + value
      end
    end
    if mine and number < mine.n then return {replicas, -1} end
    if mine and number == mine.n then return {replicas, mine.a, amount - others - mine.g} end
    local left = amount - others - granted
    local grant = 0
    if left > 0 and now >= settled then
      grant = math.min(tonumber(ARGV[6]), math.max(math.floor(left / 4), 1))
    end
    mine = {n = number, g = granted + grant, d = tonumber(ARGV[5]), a = grant, t = now}
    redis.call('HSET', KEYS[1], me, entry_of(mine))
    if ARGV[9] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[9]) end
    if now < settled then return {replicas, -2} end
    return {replicas, grant, left - grant})"),
                             2);
  return script;
}

const Script& HoldScript() {
  static const Script script(absl::StrCat(kPreface, R"(
    if redis.call('EXISTS', KEYS[2]) == 1 then return {replicas, 0} end
    local last = math.ceil((now + ARGV[3]) / ARGV[4]) * ARGV[4]
    local me = 'h:' .. ARGV[1]
    local entry = redis.call('HGET', KEYS[1], me)
    if entry then
      local mine = holder_in(entry)
      if mine.g > 0 then
        mine.g = mine.g - 1
        mine.d = math.min(mine.d, mine.g)
        redis.call('HSET', KEYS[1], me, entry_of(mine))
      end
    end
    local state, kept = 'h', last
    if ARGV[5] == '1' then
      state, kept = 's', math.max(last, now + ARGV[6])
      redis.call('HINCRBY', KEYS[1], 'b', 1)
    else
      redis.call('HINCRBY', KEYS[1], 'e:' .. text(last), 1)
    end
    if ARGV[7] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[7]) end
    redis.call('SET', KEYS[2], ARGV[2] .. ' ' .. text(last) .. ' ' .. state, 'PXAT', text(kept))
    return {replicas, 1})"),
                             2);
  return script;
}

const Script& EndHoldScript() {
  static const Script script(absl::StrCat(kPreface, R"(
    local hold = redis.call('GET', KEYS[1])
    if not hold then return {replicas, 0} end
    local period, last, state = string.match(hold, '^(%d+) (%d+) (%a)$')
    if state == 's' then return {replicas, ARGV[2] == 's' and 1 or 0} end
    if tonumber(last) <= now then return {replicas, 0} end
    local account = ARGV[1] .. period
    if redis.call('EXISTS', account) == 1 then
      if redis.call('HINCRBY', account, 'e:' .. last, -1) <= 0 then redis.call('HDEL', account, 'e:' .. last) end
      if ARGV[2] == 's' then redis.call('HINCRBY', account, 'b', 1) end
    end
    if ARGV[2] == 's' then
      redis.call('SET', KEYS[1], period .. ' ' .. last .. ' s', 'PXAT', text(math.max(last, now + ARGV[3])))
    else
      redis.call('DEL', KEYS[1])
    end
    return {replicas, 1})"),
                             1);
  return script;
}

const Script& ReadBudgetScript() {
  static const Script script(absl::StrCat(kPreface, R"(
    local taken, leased, held = 0, 0, 0
    local all = redis.call('HGETALL', KEYS[1])
    for i = 1, #all, 2 do
      local field, value = all[i], all[i + 1]
      local kind = string.sub(field, 1, 2)
      if kind == 'h:' then
        local holder = holder_in(value)
        if now - holder.t > tonumber(ARGV[1]) then holder.d = holder.g end
        taken = taken + holder.d
        leased = leased + holder.g - holder.d
      elseif kind == 'e:' then
        if tonumber(string.sub(field, 3)) > now then held = held + value end
      else
        taken = taken + value
      end
    end
    return {replicas, taken, leased, held})"),
                             1);
  return script;
}

}  // namespace waymark::store
