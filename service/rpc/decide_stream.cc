#include "service/rpc/decide_stream.h"

#include <google/protobuf/arena.h>

#include <memory>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "service/base/clock.h"
#include "service/base/field_error.h"
#include "service/batch/decide_many.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/to_wire.h"

namespace waymark::rpc {
namespace {

using Stream = BidiStream<v1::DecideStreamRequest, v1::DecideStreamResponse>;

// What an answer takes at most, but for the one that goes beyond: clients take 4 MiB.
constexpr size_t kMaxAnswerBytes = 1 << 20;

// A message that is on its way, which may come when nobody waits any more.
struct Incoming {
  google::protobuf::Arena arena;
  v1::DecideStreamRequest& message = *google::protobuf::Arena::CreateMessage<v1::DecideStreamRequest>(&arena);
  absl::optional<bool> read;  // under the cancellation's mutex
};

// A stream, once its first message came.
struct Conversation {
  Stream& stream;
  engine::Engine& engine;
  const batch::Environment& environment;
  const absl::Duration patience;
  const std::shared_ptr<batch::Cancellation> cancellation;
};

// Waits for the client's next message; nullptr where there is none any more, or the work was cancelled.
std::shared_ptr<Incoming> NextMessage(const Conversation& with) {
  const std::shared_ptr<batch::Cancellation>& cancellation = with.cancellation;
  auto incoming = std::make_shared<Incoming>();
  with.stream.Read(&incoming->message, [incoming, cancellation](bool read) {
    absl::MutexLock lock(&cancellation->mutex());
    incoming->read = read;
  });
  absl::MutexLock lock(&cancellation->mutex());
  const absl::Status status =
      cancellation->Await([&] { return incoming->read.has_value(); }, base::SteadyNow() + with.patience);
  if (absl::IsDeadlineExceeded(status)) with.stream.Cancel();
  return status.ok() && *incoming->read ? incoming : nullptr;
}

// Whether an error is of the question, and so everybody's.
bool IsOfTheQuestion(const absl::Status& status) {
  return absl::IsInvalidArgument(status) || absl::IsNotFound(status) || absl::IsFailedPrecondition(status);
}

void RefuseToWire(int index, const absl::Status& status, v1::CustomerDecisions& wire) {
  RefusalToWire(absl::StrCat("customers[", index, "]"), status, *wire.mutable_refusal());
  wire.set_retry(MayHelpToRepeat(status));
}

// Sends answers in the order of the message's customers, in as many messages as they need.
class AnswerSender {
 public:
  AnswerSender(const Conversation& with, const v1::DecideStreamRequest& request) : with_(with), request_(request) {}

  // The answer of the next customer, to be filled before the next call. Nullptr where the client is gone.
  v1::CustomerDecisions* Next() {
    if (last_ != nullptr) bytes_ += last_->ByteSizeLong();
    if (bytes_ > kMaxAnswerBytes && !Flush()) return nullptr;
    last_ = response_->add_answers();
    last_->set_customer(request_.customers(index_++).customer());
    return last_;
  }

  bool Flush() {
    const bool sent = SendAndWait(with_.stream, *response_, with_.patience);
    bytes_ = 0;
    last_ = nullptr;
    arena_.Reset();
    response_ = google::protobuf::Arena::CreateMessage<v1::DecideStreamResponse>(&arena_);
    return sent;
  }

 private:
  const Conversation& with_;
  const v1::DecideStreamRequest& request_;
  int index_ = 0;
  google::protobuf::Arena arena_;
  v1::DecideStreamResponse* response_ = google::protobuf::Arena::CreateMessage<v1::DecideStreamResponse>(&arena_);
  v1::CustomerDecisions* last_ = nullptr;
  size_t bytes_ = 0;
};

// Decides for a message's customers and answers. Not OK: it is the end of the stream.
absl::Status Answer(const Conversation& with, const v1::DecideStreamRequest& request) {
  absl::StatusOr<DecideBatch> batch = FromWire(request);
  if (!batch.ok()) return batch.status();
  auto answers = batch::DecideMany(with.environment, with.engine, batch->sound, with.cancellation);
  if (!answers.ok()) return answers.status();
  absl::Status gone = absl::CancelledError("the client is gone");
  AnswerSender sender(with, request);
  size_t sound = 0;
  size_t refused = 0;
  for (int i = 0; i < request.customers_size(); ++i) {
    v1::CustomerDecisions* wire = sender.Next();
    if (wire == nullptr) return gone;
    if (refused < batch->refused.size() && batch->refused[refused].first == i) {
      RefuseToWire(i, batch->refused[refused++].second, *wire);
      continue;
    }
    const absl::StatusOr<engine::DecideAnswer>& answer = (*answers)[sound++];
    if (answer.ok()) {
      ToWire(*answer, *wire->mutable_decisions());
    } else if (IsOfTheQuestion(answer.status())) {
      return answer.status();
    } else {
      RefuseToWire(i, answer.status(), *wire);
    }
  }
  return sender.Flush() ? absl::OkStatus() : gone;
}

absl::Status AnswerAll(const Conversation& with, std::shared_ptr<Incoming> incoming) {
  const std::string tenant = incoming->message.context().tenant();
  for (; incoming != nullptr; incoming = NextMessage(with)) {
    if (incoming->message.context().tenant() != tenant) {
      return base::FieldError("context.tenant", "must be the same in all messages of a stream");
    }
    absl::Status status = Answer(with, incoming->message);
    if (!status.ok()) return status;
  }
  return with.cancellation->status();
}

// The first message says whose thread it is.
void Begin(const std::shared_ptr<Stream>& stream, const std::shared_ptr<Incoming>& first, engine::Engine& engine,
           const batch::Environment& environment, absl::Duration patience) {
  const std::string& tenant = first->message.context().tenant();
  if (absl::Status status = base::UnderField("context", CheckTenant(tenant)); !status.ok()) {
    return stream->Finish(std::move(status));
  }
  auto started = environment.threads.Start(
      tenant, 1,
      [stream, first, &engine, environment, patience](const std::shared_ptr<batch::Cancellation>& cancellation) {
        stream->Finish(AnswerAll({*stream, engine, environment, patience, cancellation}, first));
      });
  if (!started.ok()) return stream->Finish(started.status());
  stream->OnCancel([cancellation = *std::move(started)] { cancellation->Cancel(); });
}

}  // namespace

void AddDecideStream(engine::Engine& engine, const batch::Environment& batch,
                     v1::DecisionService::AsyncService& service, Methods& methods, absl::Duration patience) {
  methods.BidiStream(service, &v1::DecisionService::AsyncService::RequestDecideStream,
                     [&engine, batch, patience](const CallContext&, const std::shared_ptr<Stream>& stream) {
                       auto first = std::make_shared<Incoming>();
                       stream->Read(&first->message, [stream, first, &engine, batch, patience](bool read) {
                         if (!read) return stream->Finish(absl::OkStatus());
                         Begin(stream, first, engine, batch, patience);
                       });
                     });
}

}  // namespace waymark::rpc
