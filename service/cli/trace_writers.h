#ifndef WAYMARK_SERVICE_CLI_TRACE_WRITERS_H_
#define WAYMARK_SERVICE_CLI_TRACE_WRITERS_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "service/cli/output_file.h"
#include "waymark/v1/journey.pb.h"

namespace waymark::cli {

// Traces of customers in a format of process mining, written as they come: a trace is held in memory, and no more of
// what customers are. Each call gives the sink's error. To be used as Begin, Add for each trace, End. Single-threaded.
class TraceWriter {
 public:
  // Takes text; the views live for the call.
  using Sink = std::function<absl::Status(absl::string_view)>;

  virtual ~TraceWriter() = default;
  virtual absl::Status Begin() = 0;
  virtual absl::Status Add(const v1::CustomerTrace& trace) = 0;
  virtual absl::Status End() = 0;
};

// XES 1.0 (Guenther and Verbeek; the schema of IEEE 1849-2016 takes it, too): a trace a customer, whose events have the
// concept, time, lifecycle ("complete") and organizational extension: the touchpoint is the resource, and its channel
// the resource's group. Classifiers: the activity, and the stage with it. No attributes of the log, which the two
// schemas expect at different places. What XML cannot hold (control characters) becomes U+FFFD.
std::unique_ptr<TraceWriter> NewXesWriter(TraceWriter::Sink sink);

// OCEL 2.0 in JSON (Berti et al. 2023). Objects: `customer`, `action`, and `decision`, which gave a customer actions.
// All values are JSON's strings, as the standard's schema has it, whatever type is declared. Objects stand behind the
// events, of which there are many: they wait in `spool`. Of actions' and activities' names each is held in memory.
std::unique_ptr<TraceWriter> NewOcelWriter(TraceWriter::Sink sink, std::unique_ptr<SpoolFile> spool);

// Comma-separated values (RFC 4180, but lines end with LF), a line an event, in the order of time within a case; the
// first line names the columns. NUL becomes U+FFFD.
std::unique_ptr<TraceWriter> NewCsvTraceWriter(TraceWriter::Sink sink);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_TRACE_WRITERS_H_
