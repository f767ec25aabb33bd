#include "segmentation/event.h"

#include "segmentation/expression/utf8.h"

namespace waymark::segmentation {

bool IsPrintable(absl::string_view text) {
  if (!expression::IsValidUtf8(text)) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return false;
    // U+0080 to U+009F are 0xC2 and the code itself.
    if (byte == 0xc2 && static_cast<unsigned char>(text[i + 1]) < 0xa0) return false;
  }
  return true;
}

bool IsLabel(absl::string_view text) {
  return !text.empty() && text.size() <= kMaxLabelBytes && text.find('/') == absl::string_view::npos &&
         IsPrintable(text);
}

bool IsTouchpoint(absl::string_view text) {
  const size_t slash = text.find('/');
  return !text.empty() && text.size() <= kMaxTouchpointBytes && slash != 0 && slash + 1 != text.size() &&
         IsPrintable(text);
}

absl::string_view ChannelOfTouchpoint(absl::string_view touchpoint) {
  return touchpoint.substr(0, touchpoint.find('/'));
}

}  // namespace waymark::segmentation
