#ifndef WAYMARK_SEGMENTATION_EXPRESSION_FORMAT_H_
#define WAYMARK_SEGMENTATION_EXPRESSION_FORMAT_H_

#include <array>
#include <cstddef>
#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

namespace waymark::expression {

// A scalar's text, made without the heap.
class ShortText {
 public:
  static constexpr size_t kCapacity = 48;

  absl::string_view view() const { return absl::string_view(text_.data(), size_); }
  // REQUIRES: it fits.
  void Append(absl::string_view more);
  void Append(char more) { text_[size_++] = more; }
  // With leading zeros up to `width` digits.
  void AppendNumber(uint64_t number, int width = 1);

 private:
  std::array<char, kCapacity> text_;
  size_t size_ = 0;
};

// What CEL's string() gives.
ShortText IntText(int64_t value);
ShortText UintText(uint64_t value);
// The shortest digits that read back as the same double, without an exponent from 1e-5 to below 1e21 ("1000000",
// "0.25", "6.02e+23", "Infinity", "NaN").
ShortText DoubleText(double value);
// RFC 3339 in UTC, as many digits of the second's fraction as needed. REQUIRES: the years 1 to 9999.
ShortText TimestampText(absl::Time value);
// Seconds: "90s", "-1.5s". REQUIRES: at most 10,000 years.
ShortText DurationText(absl::Duration value);

}  // namespace waymark::expression

#endif  // WAYMARK_SEGMENTATION_EXPRESSION_FORMAT_H_
