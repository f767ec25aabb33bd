#ifndef WAYMARK_SERVICE_CLI_PROGRESS_H_
#define WAYMARK_SERVICE_CLI_PROGRESS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"

// Progress as text. Pure: the time comes in, the text to write goes out.
namespace waymark::cli {

// How far something is.
struct ProgressState {
  int64_t done = 0;
  double fraction = 0;  // 0 to 1; 0: nobody knows how much there is
};

// "[#####-----]  50%  12,345 lines  4,115/s  0:03 left", at most `width` columns.
std::string ProgressBar(const ProgressState& state, absl::Duration elapsed, absl::string_view unit, size_t width);

// The same without a bar, for a log: "50%, 12,345 lines, 4,115/s, 0:03 left".
std::string ProgressLine(const ProgressState& state, absl::Duration elapsed, absl::string_view unit);

// "1,234,567".
std::string Grouped(int64_t number);

// Decides when progress is worth telling: ten times a second on a terminal, every five seconds elsewhere.
// Single-threaded.
class Progress {
 public:
  Progress(bool terminal, std::string unit, absl::Time start);

  // What to write to stderr now; often nothing. REQUIRES: `now` does not go back.
  std::string Update(const ProgressState& state, absl::Time now);

  // Takes the bar away, so that something else can be written; the next Update draws it again.
  std::string Clear();

 private:
  bool terminal_;
  std::string unit_;
  absl::Time start_;
  absl::Time told_;
  bool drawn_ = false;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PROGRESS_H_
