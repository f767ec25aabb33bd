#ifndef WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_
#define WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_

#include <cstddef>
#include <string>

#include "absl/strings/string_view.h"

namespace waymark::store {

// A Lua script and the name that Redis gives it: the SHA-1 of its text, in hexadecimal. Immutable.
struct Script {
  Script(absl::string_view text, size_t keys);

  const std::string text;
  const size_t keys;  // how many of the arguments are keys: the first
  const std::string sha;
};

// Compare-and-set of a profile. KEYS: the profile. ARGV: the revision prefix that is expected ("" where there is no
// value), the new value. 1 where it was written; where it was not, the value that is there (nil: none), so that trying
// again needs no further read.
const Script& SetProfileScript();

// The same, and announces the change: KEYS: the profile, the feed. ARGV: the prefix, the new value, the announcement,
// the number of the first change of an empty feed, how many changes are kept.
//
// The changes of a bucket are a stream whose ids are "0-<number>".
const Script& SetProfileAndAnnounceScript();

// Compare-and-set of a record. KEYS: the class. ARGV: the field, the expected prefix as above, the new value. 1 where
// it was written, else 0.
const Script& SetRecordScript();

// Which layout what is stored has. KEYS: the layout, what is there wherever there is anything. ARGV: the layout that a
// Redis without anything gets.
const Script& LayoutScript();

// Trims a shard of the decision log. KEYS: the shard. ARGV: the milliseconds since 1970 before which entries go, how
// many bytes it may take. What it takes is Redis's own estimate.
const Script& TrimLogScript();

}  // namespace waymark::store

#endif  // WAYMARK_SERVICE_STORE_REDIS_SCRIPTS_H_
