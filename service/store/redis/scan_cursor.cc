#include "service/store/redis/scan_cursor.h"

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"

namespace waymark::store {
namespace {

uint64_t Reversed(uint64_t bits) {
  uint64_t reversed = 0;
  for (int i = 0; i < 64; ++i) reversed |= (bits >> i & 1) << (63 - i);
  return reversed;
}

}  // namespace

absl::optional<ScanCursor> ScanCursor::Parse(absl::string_view text) {
  if (text.empty()) return ScanCursor();
  uint64_t bits = 0;
  if (!absl::c_all_of(text, absl::ascii_isdigit) || !absl::SimpleAtoi(text, &bits)) return absl::nullopt;
  return ScanCursor(Reversed(bits));
}

}  // namespace waymark::store
