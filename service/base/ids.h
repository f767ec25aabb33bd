#ifndef WAYMARK_SERVICE_BASE_IDS_H_
#define WAYMARK_SERVICE_BASE_IDS_H_

#include <string>

namespace waymark::base {

// A new id: 128 random bits as 32 hexadecimal digits. Thread-safe.
std::string NewId();

// `bytes` random bytes fit for a key, from the operating system. Thread-safe.
std::string NewKey(int bytes);

}  // namespace waymark::base

#endif  // WAYMARK_SERVICE_BASE_IDS_H_
