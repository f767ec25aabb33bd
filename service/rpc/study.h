#ifndef WAYMARK_SERVICE_RPC_STUDY_H_
#define WAYMARK_SERVICE_RPC_STUDY_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/time/time.h"
#include "service/base/clock.h"
#include "service/batch/threads.h"
#include "service/rpc/stream_call.h"

namespace waymark::rpc {

// Lets one message through each tenth of a second: making one of a thousand segments costs more than a page of
// profiles. Single-threaded.
class Pace {
 public:
  bool Now() {
    const absl::Time now = base::SteadyNow();
    if (now < next_) return false;
    next_ = now + absl::Milliseconds(100);
    return true;
  }

 private:
  absl::Time next_ = absl::InfinitePast();
};

// Runs `study(cancellation)`, which returns how it ended, on a batch thread of its own, which may start others (`count`
// in all), and stops when the client goes.
template <typename Response, typename Study>
void RunStudy(batch::Threads& threads, const std::string& tenant, const std::shared_ptr<StreamWriter<Response>>& writer,
              Study study, int count = 1) {
  auto started = threads.Start(
      tenant, count,
      [writer, study = std::move(study)](const std::shared_ptr<batch::Cancellation>& cancellation) mutable {
        writer->Finish(study(cancellation));
      });
  if (!started.ok()) return writer->Finish(started.status());
  writer->OnCancel([cancellation = *std::move(started)] { cancellation->Cancel(); });
}

}  // namespace waymark::rpc

#endif  // WAYMARK_SERVICE_RPC_STUDY_H_
