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
    end
    local function keep(key, until_ms)
      local before = redis.call('PEXPIRETIME', key)
      redis.call('PEXPIREAT', key, text(math.max(before, until_ms)))
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
    local before = redis.call('HGET', KEYS[2], ARGV[2])
    if before then
      local period, last, confirmed = string.match(before, '^(%d+) (%d+) (%d+)$')
      if confirmed ~= '0' or tonumber(last) > now then return {replicas, 0} end
    end
    local last = math.ceil((now + ARGV[4]) / ARGV[5]) * ARGV[5]
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
    local kept = last
    if ARGV[6] == '1' then
      kept = math.max(last, now + ARGV[7])
      redis.call('HINCRBY', KEYS[1], 'b', 1)
    else
      redis.call('HINCRBY', KEYS[1], 'e:' .. text(last), 1)
    end
    if ARGV[8] ~= '0' then redis.call('PEXPIRE', KEYS[1], ARGV[8]) end
    redis.call('HSET', KEYS[2], ARGV[2], ARGV[3] .. ' ' .. text(last) .. ' ' .. ARGV[6])
    keep(KEYS[2], kept)
    return {replicas, 1})"),
                             2);
  return script;
}

const Script& ChangeHoldsScript() {
  static const Script script(absl::StrCat(kPreface, R"(
    local held = redis.call('HGETALL', KEYS[1])
    local all = #held > 0 and 1 or 0
    for i = 1, #held, 2 do
      local period, last, confirmed = string.match(held[i + 1], '^(%d+) (%d+) (%d+)$')
      local account = ARGV[1] .. ':' .. held[i] .. ':' .. period
      local function count(field, by)
        if redis.call('EXISTS', account) == 0 then return end
        if redis.call('HINCRBY', account, field, by) <= 0 then redis.call('HDEL', account, field) end
      end
      local function set(number)
        redis.call('HSET', KEYS[1], held[i], period .. ' ' .. last .. ' ' .. text(number))
      end
      local times = tonumber(confirmed)
      local open = tonumber(last) > now
      if ARGV[2] == 'confirm' and (times > 0 or open) then
        if times == 0 then
          count('e:' .. last, -1)
          count('b', 1)
        end
        set(times + 1)
        keep(KEYS[1], now + ARGV[3])
      elseif ARGV[2] == 'withdraw' and times > 0 then
        if times == 1 then
          count('b', -1)
          if open then count('e:' .. last, 1) end
        end
        set(times - 1)
      elseif ARGV[2] == 'release' and times == 0 and open then
        count('e:' .. last, -1)
        redis.call('HDEL', KEYS[1], held[i])
      else
        all = 0
      end
    end
    return {replicas, all})"),
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
