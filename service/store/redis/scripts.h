#ifndef WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_
#define WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_

#include <string>

#include "absl/strings/string_view.h"

namespace waymark::store {

// A Lua script and the name that Redis gives it: the SHA-1 of its text, in hexadecimal. Immutable.
struct Script {
  explicit Script(absl::string_view text);

  const std::string text;
  const std::string sha;
};

// Compare-and-set of a profile. KEYS: the profile. ARGV: the revision prefix that is expected ("" where there is no
// value), the new value. 1 where it was written; where it was not, the value that is there (nil: none), so that trying
// again needs no further read.
const Script& SetProfileScript();

// Compare-and-set of a record. KEYS: the class. ARGV: the field, the expected prefix as above, the new value. 1 where
// it was written, else 0.
const Script& SetRecordScript();

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_
