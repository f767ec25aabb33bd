#ifndef WAYMARK_SERVICE_CLI_BULK_FILE_H_
#define WAYMARK_SERVICE_CLI_BULK_FILE_H_

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"

namespace waymark::cli {

// The file that a bulk run writes, a line a customer, and what makes the run resumable: until it is done the lines are
// in FILE.part, and FILE.run says which run it is, and what it asks. The next run to FILE with the same question goes
// on: with those who have no whole line yet.
//
// Each customer's decision has an id that the run and the customer give, so that whoever was decided when the last run
// was killed, but has no line yet, is decided again under the same id, which counts once.
//
// Of a customer the file remembers 64 bits (about 16 bytes of memory): among 10 million, two share them with a
// probability of 3 in a million; then the second is left out. Thread-compatible.
class BulkFile {
 public:
  // `question`: what is asked, as one line of text. ALREADY_EXISTS: FILE is there, or FILE.part without FILE.run;
  // FAILED_PRECONDITION: FILE.run asks something else; ABORTED: another process writes it. Where a file cannot be read
  // or written, the system's error.
  static absl::StatusOr<std::unique_ptr<BulkFile>> Open(const std::string& path, const std::string& question);
  // Leaves nothing behind where this run has not begun: nobody was remembered, now or before.
  ~BulkFile();
  BulkFile(const BulkFile&) = delete;
  BulkFile& operator=(const BulkFile&) = delete;

  // How many lines an earlier run left.
  int64_t resumed() const { return resumed_; }

  // Remembers the customer, and gives the id of the customer's decision in this run, 24 hexadecimal digits; nullopt
  // where the customer was remembered before, by an earlier run too.
  absl::optional<std::string> Remember(absl::string_view customer);

  // Hands whole lines to the operating system: they survive a kill of the process. Where they cannot be written, such
  // as to a full disk, this error is that of every later call, because the last line may be unfinished.
  absl::Status Append(absl::string_view lines);

  // To be called where the question was refused, so that who has no line was not decided: then a run that has no line
  // at all has not begun.
  void Refused() { asked_ = asked_ && !empty_; }

  // Makes FILE of FILE.part, durably, and removes FILE.run. To be called once, last.
  absl::Status Complete();

 private:
  // A run, and whether it was there.
  struct Found {
    std::string run;
    bool begun = false;
  };
  static absl::StatusOr<Found> Find(int lock, const std::string& path, const std::string& question);

  BulkFile(std::string path, int lock, Found found);
  // Reads what an earlier run left, and cuts off an unfinished line.
  absl::Status Resume();

  const std::string path_;
  const int lock_;  // the locked FILE.run
  const std::string run_;
  int part_ = -1;
  bool empty_ = true;   // FILE.part
  bool asked_ = false;  // somebody may have been decided, by this process or one before
  absl::Status written_;
  int64_t resumed_ = 0;
  absl::flat_hash_set<uint64_t> known_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_BULK_FILE_H_
