#include "service/rpc/journey_export.h"

#include <memory>
#include <utility>

#include "service/batch/export_journeys.h"
#include "service/rpc/batch_to_wire.h"
#include "service/rpc/journey_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/study.h"

namespace waymark::rpc {
namespace {

// What a message holds of traces, about; one trace has at most some 100 KB.
constexpr size_t kMaxMessageBytes = 1 << 20;

// Collects traces into messages of that size. Single-threaded; may block.
class TraceSender {
 public:
  explicit TraceSender(StreamWriter<v1::ExportJourneysResponse>& writer) : writer_(writer) {}

  // Each says whether more is wanted.
  bool Add(const batch::JourneyTrace& trace) {
    v1::CustomerTrace& wire = *message_.add_traces();
    ToWire(trace, wire);
    bytes_ += wire.ByteSizeLong();
    return bytes_ < kMaxMessageBytes || Send();
  }
  bool Tell(const batch::WalkProgress& progress) {
    ToWire(progress, message_);
    return Send();
  }
  bool End() {
    message_.set_done(true);
    return Send();
  }

 private:
  bool Send() {
    const bool wanted = SendAndWait(writer_, message_);
    message_.clear_traces();
    bytes_ = 0;
    return wanted;
  }

  StreamWriter<v1::ExportJourneysResponse>& writer_;
  v1::ExportJourneysResponse message_;
  size_t bytes_ = 0;
};

}  // namespace

void AddJourneyExport(const batch::Environment& batch, v1::JourneyService::AsyncService& service, Methods& methods) {
  methods.ServerStream(
      service, &v1::JourneyService::AsyncService::RequestExportJourneys,
      [batch](const v1::ExportJourneysRequest& wire, const auto&, const auto& writer) {
        absl::StatusOr<batch::ExportJourneysRequest> request = FromWire(wire);
        if (!request.ok()) return writer->Finish(request.status());
        RunStudy<v1::ExportJourneysResponse>(
            batch.threads, wire.tenant(), writer,
            [batch, request = *std::move(request), writer](const std::shared_ptr<batch::Cancellation>& cancellation) {
              TraceSender sender(*writer);
              absl::Status status = batch::ExportJourneys(
                  batch, request, cancellation, [&](const batch::JourneyTrace& trace) { return sender.Add(trace); },
                  [&](const batch::WalkProgress& progress) { return sender.Tell(progress); });
              if (status.ok()) sender.End();
              return status;
            });
      });
}

}  // namespace waymark::rpc
