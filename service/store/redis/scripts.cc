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

Script::Script(absl::string_view text) : text(text), sha(Sha1Hex(text)) {}

const Script& SetProfileScript() {
  static const Script script(R"(
    if redis.call('GETRANGE', KEYS[1], 0, 7) ~= ARGV[1] then
      return redis.call('GET', KEYS[1])
    end
    redis.call('SET', KEYS[1], ARGV[2])
    return 1)");
  return script;
}

const Script& SetRecordScript() {
  static const Script script(R"(
    local current = redis.call('HGET', KEYS[1], ARGV[1]) or ''
    if string.sub(current, 1, 8) ~= ARGV[2] then
      return 0
    end
    redis.call('HSET', KEYS[1], ARGV[1], ARGV[3])
    return 1)");
  return script;
}

}  // namespace waymark::store
