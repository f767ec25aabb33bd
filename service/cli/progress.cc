#include "service/cli/progress.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"

namespace waymark::cli {
namespace {

constexpr absl::Duration kOnTerminal = absl::Milliseconds(100);
constexpr absl::Duration kElsewhere = absl::Seconds(5);
constexpr size_t kColumns = 79;
constexpr absl::string_view kClearLine = "\r\x1b[K";

// "0:03", "12:34", "1:02:03".
std::string Clock(absl::Duration duration) {
  const int64_t seconds = absl::ToInt64Seconds(duration + absl::Milliseconds(500));
  if (seconds < 3600) return absl::StrFormat("%d:%02d", seconds / 60, seconds % 60);
  return absl::StrFormat("%d:%02d:%02d", seconds / 3600, seconds / 60 % 60, seconds % 60);
}

// What is known: share, count, rate, time left.
std::vector<std::string> Parts(const ProgressState& state, absl::Duration elapsed, absl::string_view unit) {
  std::vector<std::string> parts;
  const double fraction = std::clamp(state.fraction, 0.0, 1.0);
  if (fraction > 0) parts.push_back(absl::StrFormat("%3d%%", static_cast<int>(100 * fraction)));
  parts.push_back(absl::StrCat(Grouped(state.done), " ", unit));
  const double seconds = absl::ToDoubleSeconds(elapsed);
  if (seconds <= 0) return parts;
  parts.push_back(absl::StrCat(Grouped(static_cast<int64_t>(static_cast<double>(state.done) / seconds)), "/s"));
  if (fraction > 0) parts.push_back(absl::StrCat(Clock(elapsed * ((1 - fraction) / fraction)), " left"));
  return parts;
}

}  // namespace

std::string Grouped(int64_t number) {
  std::string digits = absl::StrCat(number);
  for (size_t i = digits.size(); i > (number < 0 ? size_t{4} : size_t{3});) digits.insert(i -= 3, ",");
  return digits;
}

std::string ProgressBar(const ProgressState& state, absl::Duration elapsed, absl::string_view unit, size_t width) {
  constexpr size_t kBar = 20;
  std::string text = absl::StrJoin(Parts(state, elapsed, unit), "  ");
  if (state.fraction > 0 && text.size() + kBar + 4 <= width) {
    const size_t full = static_cast<size_t>(std::clamp(state.fraction, 0.0, 1.0) * kBar);
    text = absl::StrCat("[", std::string(full, '#'), std::string(kBar - full, '-'), "]  ", text);
  }
  return text.substr(0, width);
}

std::string ProgressLine(const ProgressState& state, absl::Duration elapsed, absl::string_view unit) {
  const std::string text = absl::StrJoin(Parts(state, elapsed, unit), ", ");
  return text.substr(text.find_first_not_of(' '));
}

Progress::Progress(bool terminal, std::string unit, absl::Time start)
    : terminal_(terminal), unit_(std::move(unit)), start_(start), told_(start) {}

std::string Progress::Update(const ProgressState& state, absl::Time now) {
  if (now - told_ < (terminal_ ? kOnTerminal : kElsewhere)) return "";
  told_ = now;
  if (!terminal_) return absl::StrCat(ProgressLine(state, now - start_, unit_), "\n");
  drawn_ = true;
  return absl::StrCat(kClearLine, ProgressBar(state, now - start_, unit_, kColumns));
}

std::string Progress::Clear() { return std::exchange(drawn_, false) ? std::string(kClearLine) : ""; }

}  // namespace waymark::cli
