#include "service/base/ids.h"

#include <openssl/rand.h>

#include <cstdint>
#include <cstdlib>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"

namespace waymark::base {

std::string NewId() {
  thread_local absl::BitGen generator;
  return absl::StrCat(absl::Hex(absl::Uniform<uint64_t>(generator), absl::kZeroPad16),
                      absl::Hex(absl::Uniform<uint64_t>(generator), absl::kZeroPad16));
}

std::string NewKey(int bytes) {
  std::string key(bytes, '\0');
  // Without randomness there is no signing anything.
  if (RAND_bytes(reinterpret_cast<unsigned char*>(key.data()), bytes) != 1) std::abort();
  return key;
}

}  // namespace waymark::base
