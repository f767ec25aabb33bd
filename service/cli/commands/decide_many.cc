#include "service/cli/commands/decide_many.h"

#include <memory>
#include <ostream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "service/cli/bulk_decider.h"
#include "service/cli/bulk_file.h"
#include "service/cli/progress.h"
#include "service/cli/retry.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

// What is asked, of whom, on one line.
std::string QuestionText(const v1::DecideStreamRequest& question, const CustomerSource& source) {
  return absl::StrCat(question.ShortDebugString(), " of ", source.name);  // maps in the order of their keys
}

// An error with which the service refuses to decide, for anybody.
bool IsOfTheQuestion(const absl::Status& status) {
  return IsRemote(status) &&
         (absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status));
}

void Tell(Session& session, const BulkDecider::Counts& counts, int64_t resumed) {
  if (session.json()) {
    session.console.out << absl::StrCat("{\"decided\":", counts.decided, ",\"refused\":", counts.refused,
                                        ",\"by_earlier_runs\":", resumed, "}\n");
    return;
  }
  session.console.out << absl::StrCat("decided for ", Grouped(counts.decided), " customers");
  if (counts.refused > 0) {
    session.console.out << absl::StrCat(", refused ", Grouped(counts.refused), " (their lines say why)");
  }
  if (resumed > 0) session.console.out << absl::StrCat(", beside ", Grouped(resumed), " of an earlier run");
  session.console.out << '\n';
}

}  // namespace

CustomerSource Members(Client& client, const std::string& tenant, const std::string& segment) {
  CustomerSource source;
  source.name = segment.empty() ? "all" : absl::StrCat("segment ", segment);
  source.each = [&client, tenant, segment](const auto& add, double& fraction) {
    v1::ListMembersRequest request;
    request.set_tenant(tenant);
    request.set_segment(segment);
    absl::Status added;
    // Where the list breaks off it is begun anew: who was added before is passed over.
    for (int attempt = 1;; ++attempt) {
      absl::Status status = client.ListMembers(request, [&](const v1::ListMembersResponse& page) {
        fraction = StateOf(page).fraction;
        for (const std::string& customer : page.customers()) {
          if (added.ok()) added = add(customer);
        }
      });
      if (!added.ok()) return added;
      const bool again = MayHelpToRepeat(status) || absl::IsCancelled(status);
      if (!again || attempt == kAttempts) return status;
      absl::SleepFor(PauseAfter(attempt));
    }
  };
  return source;
}

void DecideToFile(Session& session, Client& client, const v1::DecideStreamRequest& question,
                  const CustomerSource& source, const std::string& path, int workers) {
  absl::StatusOr<std::unique_ptr<BulkFile>> file = BulkFile::Open(path, QuestionText(question, source));
  if (!file.ok()) return session.Fail(kUsage, file.status().message());
  Console& console = session.console;
  Progress progress(console.err_is_terminal, "customers", absl::Now());
  BulkDecider decider([&client](const auto& next, const auto& each) { return client.DecideStream(next, each); },
                      {.question = question, .workers = workers}, **file);
  double fraction = 0;
  const absl::Status added = source.each(
      [&](const std::string& customer) {
        console.err << progress.Update({decider.counts().decided, fraction}, absl::Now()) << std::flush;
        return decider.Add(customer);
      },
      fraction);
  absl::Status status = decider.Finish(added);
  console.err << progress.Clear() << std::flush;
  const BulkDecider::Counts counts = decider.counts();
  if (status.ok()) status = (*file)->Complete();
  if (!status.ok()) {
    if (IsOfTheQuestion(status)) (*file)->Refused();
    const int64_t done = counts.decided + counts.refused + (*file)->resumed();
    if (done > 0) {
      console.err << absl::StrCat(Grouped(done), " customers have a line in ", path,
                                  ".part; the same command goes on from there\n");
    }
    return session.Fail(status);
  }
  Tell(session, counts, (*file)->resumed());
}

}  // namespace waymark::cli
