#ifndef WAYMARK_SERVICE_CLI_BULK_DECIDER_H_
#define WAYMARK_SERVICE_CLI_BULK_DECIDER_H_

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <thread>
#include <vector>

#include "absl/base/thread_annotations.h"
#include "absl/status/status.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/cli/bulk_file.h"
#include "service/cli/decisions_json.h"
#include "service/cli/retry.h"
#include "waymark/v1/decision.pb.h"

namespace waymark::cli {

// One DecideStream: sends what `next` fills, a message after the other, until it says that there is none, and calls
// `each` with every answer of a message before the next; an error of `each` ends the stream and is the stream's. `next`
// is asked before anything can fail: it counts the attempts, and pauses between them. Blocks; called by several threads
// at once.
using DecideStreamCall =
    std::function<absl::Status(const std::function<bool(v1::DecideStreamRequest&)>& next,
                               const std::function<absl::Status(const v1::DecideStreamResponse&)>& each)>;

// Asks for the decisions of many customers, several streams at once, and writes them to a BulkFile, each customer's
// once. Streams that end because the service is away or overloaded are begun anew with growing pauses, for about half a
// minute without any answer, and so are customers whom the store did not give. Add and Finish are for one thread.
class BulkDecider {
 public:
  struct Options {
    v1::DecideStreamRequest question;  // without customers
    int workers = 2;                   // streams: one is answered while another is written
    int batch = 100;                   // customers a message
    int attempts = kAttempts;
    std::function<void(absl::Duration)> wait = absl::SleepFor;  // between attempts
  };
  struct Counts {
    int64_t decided = 0;
    int64_t refused = 0;  // a line says why
  };

  // REQUIRES: `file` outlives it.
  BulkDecider(DecideStreamCall call, Options options, BulkFile& file);
  // Drops what was not asked.
  ~BulkDecider();

  // A customer to be decided; one who was added before, or has a line of an earlier run, is passed over. Blocks while
  // there is much to do. An error means that the run stopped: it is the one of the call that could not be made, or of
  // the file.
  absl::Status Add(const std::string& customer);

  // Waits until everybody was answered; where not everybody could be added (`added` is not OK), or the run stopped,
  // only for the messages that are on their way. The first of these errors. To be called once, last.
  absl::Status Finish(const absl::Status& added = absl::OkStatus());

  Counts counts() const;

 private:
  struct Asked {
    std::string customer;
    std::string decision_id;
  };
  // Who is asked about by one worker.
  struct Batch {
    std::vector<Asked> Left() const;

    std::vector<Asked> customers;  // as sent
    size_t answered = 0;           // of these
    std::vector<Asked> again;      // of the answered, whom the store did not give
    int attempts = 0;              // since there was an answer for anybody
    absl::Status ended;            // why the last stream ended, where nothing came since
    DecisionLines lines;           // of the last answer
  };

  void Run();
  std::vector<Asked> Take();
  bool Next(Batch& batch, v1::DecideStreamRequest& request);
  absl::Status TakeAnswers(Batch& batch, const v1::DecideStreamResponse& response);
  void Close(const absl::Status& status);

  const DecideStreamCall call_;
  const Options options_;
  BulkFile& file_;
  mutable absl::Mutex mutex_;
  std::deque<Asked> queue_ ABSL_GUARDED_BY(mutex_);
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  absl::Status failure_ ABSL_GUARDED_BY(mutex_);
  std::vector<std::thread> workers_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_BULK_DECIDER_H_
