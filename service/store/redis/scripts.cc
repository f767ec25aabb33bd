#include "service/store/redis/scripts.h"

#include <openssl/evp.h>

#include "absl/strings/escaping.h"

namespace waymark::store {
namespace {

std::string Sha1Hex(absl::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  EVP_Digest(text.data(), text.size(), digest, &size, EVP_sha1(), nullptr);
  return absl::BytesToHexString({reinterpret_cast<const char*>(digest), size});
}

}  // namespace

Script::Script(absl::string_view text, size_t keys) : text(text), keys(keys), sha(Sha1Hex(text)) {}

const Script& SetProfileScript() {
  static const Script script(R"(
    if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then
      return redis.call('GET', KEYS[1])
    end
    redis.call('SET', KEYS[1], ARGV[2])
    return 1)",
                             1);
  return script;
}

const Script& SetProfileAndAnnounceScript() {
  // The feed first: nothing that can fail comes after it, so that no profile is written without its announcement.
  static const Script script(R"(
    if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then
      return redis.call('GET', KEYS[1])
    end
    local id = '0-*'
    if redis.call('EXISTS', KEYS[2]) == 0 then
      id = '0-' .. ARGV[4]
    end
    redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[5], id, 'c', ARGV[3])
    redis.call('SET', KEYS[1], ARGV[2])
    return 1)",
                             2);
  return script;
}

const Script& SetRecordScript() {
  static const Script script(R"(
    local current = redis.call('HGET', KEYS[1], ARGV[1]) or ''
    if string.sub(current, 1, 8) ~= ARGV[2] then
      return 0
    end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
    return 1)",
                             1);
  return script;
}

const Script& LayoutScript() {
  static const Script script(R"(
    local layout = redis.call('GET', KEYS[1])
    if layout then return layout end
    if redis.call('EXISTS', KEYS[2]) == 1 then return '1' end
    redis.call('SET', KEYS[1], ARGV[1])
    return ARGV[1])",
                             2);
  return script;
}

const Script& TrimLogScript() {
  static const Script script(R"(
    redis.call('XTRIM', KEYS[1], 'MINID', '=', ARGV[1])
    local length = redis.call('XLEN', KEYS[1])
    if length == 0 then
      redis.call('DEL', KEYS[1])
      return 1
    end
    local bytes = redis.call('MEMORY', 'USAGE', KEYS[1])
    if bytes > tonumber(ARGV[2]) then
      redis.call('XTRIM', KEYS[1], 'MAXLEN', '=', math.floor(length * ARGV[2] / bytes * 7 / 8))
    end
    return 1)",
                             1);
  return script;
}

}  // namespace waymark::store
