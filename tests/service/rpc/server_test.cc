// What the server does for any method, shown on two of the contract's with handlers of the test's own.

#include "service/rpc/server.h"

#include <grpcpp/create_channel.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/synchronization/notification.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/base/clock.h"
#include "service/rpc/admission.h"
#include "service/rpc/call_metrics.h"
#include "service/rpc/call_observer.h"
#include "service/rpc/health.grpc.pb.h"
#include "service/rpc/methods.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::rpc {
namespace {

using grpc::health::v1::HealthCheckResponse;
using UnaryRequest = v1::ValidatePlaybookRequest;
using UnaryResponse = v1::ValidatePlaybookResponse;
using Unary = UnaryHandler<UnaryRequest, UnaryResponse>;
using Stream = StreamHandler<v1::ResegmentRequest, v1::ResegmentResponse>;
using Writer = std::shared_ptr<StreamWriter<v1::ResegmentResponse>>;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

// A server with one unary and one streaming method, and a client of it.
class Subject {
 public:
  // `items`: how many the unary method's requests hold.
  Subject(Unary unary, Stream stream, ServerOptions options = {}, ItemsOf<UnaryRequest> items = nullptr) {
    auto methods = std::make_unique<Methods>();
    using Playbooks = v1::PlaybookService::AsyncService;
    methods->Unary(methods->Add<Playbooks>(), &Playbooks::RequestValidatePlaybook, std::move(unary), CallClass::kRecord,
                   std::move(items));
    using Segmentation = v1::SegmentationService::AsyncService;
    methods->ServerStream(methods->Add<Segmentation>(), &Segmentation::RequestResegment, std::move(stream));
    absl::StatusOr<std::unique_ptr<Server>> started = Server::Start(options, std::move(methods));
    EXPECT_TRUE(started.ok()) << started.status();
    server = *std::move(started);
    channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server->port()), grpc::InsecureChannelCredentials());
    unary_stub = v1::PlaybookService::NewStub(channel);
    stream_stub = v1::SegmentationService::NewStub(channel);
  }

  grpc::Status Call(absl::Duration deadline, UnaryResponse* response) {
    grpc::ClientContext context;
    if (deadline != absl::InfiniteDuration()) context.set_deadline(absl::ToChronoTime(absl::Now() + deadline));
    return unary_stub->ValidatePlaybook(&context, UnaryRequest(), response);
  }
  grpc::Status Call(absl::Duration deadline = absl::Seconds(60)) {
    UnaryResponse response;
    return Call(deadline, &response);
  }

  std::unique_ptr<Server> server;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<v1::PlaybookService::Stub> unary_stub;
  std::unique_ptr<v1::SegmentationService::Stub> stream_stub;
};

void Succeed(const UnaryRequest&, const CallContext&, Responder<UnaryResponse> responder) {
  responder.response().add_problems()->set_message("hello");
  responder.Finish();
}
void Refuse(const UnaryRequest&, const CallContext&, Responder<UnaryResponse> responder) {
  responder.Fail(absl::NotFoundError("no such thing"));
}
void Drop(const UnaryRequest&, const CallContext&, Responder<UnaryResponse>) {}
void EndAtOnce(const v1::ResegmentRequest&, const CallContext&, Writer writer) { writer->Finish(absl::OkStatus()); }

TEST(ServerTest, AnswersWithTheResponse) {
  Subject subject(Succeed, EndAtOnce);
  for (int i = 0; i < 100; ++i) {
    UnaryResponse response;
    const grpc::Status status = subject.Call(absl::Seconds(60), &response);
    ASSERT_TRUE(status.ok()) << status.error_message();
    EXPECT_EQ(response.problems(0).message(), "hello");
  }
}

TEST(ServerTest, AnswersWithTheErrorAndItsDetails) {
  Subject subject(Refuse, EndAtOnce);
  const grpc::Status status = subject.Call();
  EXPECT_EQ(status.error_code(), grpc::NOT_FOUND);
  EXPECT_EQ(status.error_message(), "no such thing");
  EXPECT_EQ(status.error_details(), ToGrpcStatus(absl::NotFoundError("no such thing")).error_details());
}

TEST(ServerTest, ACallThatIsDroppedIsAnsweredAllTheSame) {
  Subject subject(Drop, [](const v1::ResegmentRequest&, const CallContext&, Writer) {});
  EXPECT_EQ(subject.Call().error_code(), grpc::INTERNAL);
  grpc::ClientContext context;
  v1::ResegmentResponse message;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_EQ(reader->Finish().error_code(), grpc::INTERNAL);
}

// What was seen, as lines.
class Seen final : public CallObserver {
 public:
  void Start(const std::vector<ServedMethod>& methods) override { methods_ = methods; }
  void Began(int method) override { Add(absl::StrCat("began ", NameOf(method))); }
  void Ended(const EndedCall& call) override {
    EXPECT_LE(call.began, base::SteadyNow());
    const auto sent = call.context.client_metadata().find("traceparent");
    Add(absl::StrCat("ended ", NameOf(call.method), " ", absl::StatusCodeToString(call.status.code()),
                     sent == call.context.client_metadata().end() ? "" : " with its metadata"));
  }
  std::vector<std::string> lines() {
    absl::MutexLock lock(&mutex_);
    return lines_;
  }

 private:
  std::string NameOf(int method) const {
    const ServedMethod& served = methods_[static_cast<size_t>(method)];
    return absl::StrCat(served.stream ? "stream " : "", served.name);
  }
  void Add(std::string line) {
    absl::MutexLock lock(&mutex_);
    lines_.push_back(std::move(line));
  }

  std::vector<ServedMethod> methods_;
  absl::Mutex mutex_;
  std::vector<std::string> lines_ ABSL_GUARDED_BY(mutex_);
};

TEST(ServerTest, AnObserverSeesEveryCallBeforeItsAnswerArrives) {
  Seen seen;
  ServerOptions options;
  options.observer = &seen;
  Subject subject(Refuse, EndAtOnce, options);
  std::vector<std::string> expected;
  EXPECT_EQ(subject.Call().error_code(), grpc::NOT_FOUND);
  expected.emplace_back("began waymark.v1.PlaybookService/ValidatePlaybook");
  expected.emplace_back("ended waymark.v1.PlaybookService/ValidatePlaybook NOT_FOUND");
  EXPECT_EQ(seen.lines(), expected);

  grpc::ClientContext context;
  context.AddMetadata("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  EXPECT_TRUE(subject.stream_stub->Resegment(&context, v1::ResegmentRequest())->Finish().ok());
  expected.emplace_back("began stream waymark.v1.SegmentationService/Resegment");
  expected.emplace_back("ended stream waymark.v1.SegmentationService/Resegment OK with its metadata");
  EXPECT_EQ(seen.lines(), expected);

  // Two methods with the same messages.
  auto health = grpc::health::v1::Health::NewStub(subject.channel);
  grpc::ClientContext check;
  HealthCheckResponse state;
  EXPECT_TRUE(health->Check(&check, {}, &state).ok());
  expected.emplace_back("began grpc.health.v1.Health/Check");
  expected.emplace_back("ended grpc.health.v1.Health/Check OK");
  EXPECT_EQ(seen.lines(), expected);
}

TEST(ServerTest, ALineOfTheLogNamesTheTraceOfItsCall) {
  CallMetrics metrics({});
  ServerOptions options;
  options.observer = &metrics;
  Subject subject(Drop, EndAtOnce, options);
  const auto line_of_a_call_with = [&](const char* traceparent) {
    grpc::ClientContext context;
    if (traceparent != nullptr) context.AddMetadata("traceparent", traceparent);
    UnaryResponse response;
    ::testing::internal::CaptureStderr();
    EXPECT_EQ(subject.unary_stub->ValidatePlaybook(&context, {}, &response).error_code(), grpc::INTERNAL);
    return ::testing::internal::GetCapturedStderr();
  };
  EXPECT_THAT(line_of_a_call_with("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
              AllOf(HasSubstr("error a call failed method=waymark.v1.PlaybookService/ValidatePlaybook code=INTERNAL"),
                    HasSubstr(" trace_id=4bf92f3577b34da6a3ce929d0e0e4736 span_id=00f067aa0ba902b7")));
  for (const char* none : {static_cast<const char*>(nullptr), "nonsense"}) {
    EXPECT_THAT(line_of_a_call_with(none), AllOf(HasSubstr("a call failed"), Not(HasSubstr("trace_id"))));
  }
}

TEST(ServerTest, AnyThreadMayAnswerAndCallsOverlap) {
  constexpr int kCalls = 64;  // more than are armed
  absl::Mutex mutex;
  std::vector<Responder<UnaryResponse>> waiting;
  ServerOptions options;
  options.threads = 2;
  options.armed_calls = 4;
  Subject subject(
      [&](const UnaryRequest&, const CallContext&, Responder<UnaryResponse> responder) {
        absl::MutexLock lock(&mutex);
        waiting.push_back(std::move(responder));
      },
      EndAtOnce, options);
  std::vector<std::thread> clients;
  std::vector<grpc::Status> statuses(kCalls, grpc::Status(grpc::UNKNOWN, "not called"));
  for (grpc::Status& status : statuses) clients.emplace_back([&] { status = subject.Call(); });
  {
    absl::MutexLock lock(&mutex);
    const auto all_wait = [&] { return waiting.size() == kCalls; };
    mutex.Await(absl::Condition(&all_wait));
    for (Responder<UnaryResponse>& responder : waiting) responder.Finish();
  }
  for (std::thread& client : clients) client.join();
  for (const grpc::Status& status : statuses) EXPECT_TRUE(status.ok()) << status.error_message();
}

TEST(ServerTest, TheHandlerSeesTheDeadlineWithinTheRule) {
  struct Case {
    absl::Duration asked;
    absl::Duration given;
  };
  absl::Mutex mutex;
  absl::Time seen;
  Subject subject(
      [&](const UnaryRequest&, const CallContext& call, Responder<UnaryResponse> responder) {
        absl::MutexLock lock(&mutex);
        seen = call.deadline;
        responder.Finish();
      },
      EndAtOnce);
  for (const Case& c : {Case{absl::Seconds(8), absl::Seconds(8)}, Case{absl::InfiniteDuration(), absl::Seconds(5)},
                        Case{absl::Hours(1), absl::Seconds(10)}}) {
    const absl::Time before = base::SteadyNow();
    ASSERT_TRUE(subject.Call(c.asked).ok());
    const absl::Time after = base::SteadyNow();
    absl::MutexLock lock(&mutex);
    // gRPC sends the time that is left, in units that grow with it.
    EXPECT_GE(seen, before + c.given - absl::Milliseconds(200)) << c.asked;
    EXPECT_LE(seen, after + c.given + absl::Milliseconds(200)) << c.asked;
  }
}

TEST(HealthTest, SaysWhetherItIsReady) {
  Subject subject(Succeed, EndAtOnce);
  const auto stub = grpc::health::v1::Health::NewStub(subject.channel);
  const auto check = [&](const std::string& service) -> int {
    grpc::ClientContext context;
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    grpc::health::v1::HealthCheckResponse response;
    const grpc::Status status = stub->Check(&context, request, &response);
    return status.ok() ? response.status() : -status.error_code();
  };
  EXPECT_EQ(check(""), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("readiness"), HealthCheckResponse::NOT_SERVING);
  EXPECT_EQ(check("liveness"), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("waymark"), -grpc::NOT_FOUND);
  subject.server->SetReady(true);
  EXPECT_EQ(check(""), HealthCheckResponse::SERVING);
  EXPECT_EQ(check("readiness"), HealthCheckResponse::SERVING);
  subject.server->SetReady(false);
  EXPECT_EQ(check("readiness"), HealthCheckResponse::NOT_SERVING);
}

TEST(HealthTest, WhoWatchesIsToldUntilTheServerShutsDown) {
  Subject subject(Succeed, EndAtOnce);
  const auto stub = grpc::health::v1::Health::NewStub(subject.channel);
  const auto request_for = [](const std::string& service) {
    grpc::health::v1::HealthCheckRequest request;
    request.set_service(service);
    return request;
  };
  grpc::ClientContext context;
  auto reader = stub->Watch(&context, request_for("readiness"));
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  subject.server->SetReady(true);
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);

  grpc::ClientContext unknown_context;
  auto unknown = stub->Watch(&unknown_context, request_for("unheard of"));
  ASSERT_TRUE(unknown->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVICE_UNKNOWN);
  unknown_context.TryCancel();
  EXPECT_EQ(unknown->Finish().error_code(), grpc::CANCELLED);

  // Does not wait for who watches.
  const absl::Time before = absl::Now();
  subject.server->Shutdown(absl::Seconds(60));
  EXPECT_LT(absl::Now() - before, absl::Seconds(30));
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(reader->Read(&response));
  EXPECT_EQ(reader->Finish().error_code(), grpc::CANCELLED);
}

TEST(HealthTest, AServerThatDrainsServesUntilWhoWatchesHasLeft) {
  Subject subject(Succeed, EndAtOnce);
  subject.server->SetReady(true);
  subject.server->Drain(absl::Hours(1));  // at once: nobody watches
  subject.server->SetReady(true);

  const auto stub = grpc::health::v1::Health::NewStub(subject.channel);
  grpc::health::v1::HealthCheckRequest request;
  request.set_service("readiness");
  grpc::ClientContext context;
  auto reader = stub->Watch(&context, request);
  HealthCheckResponse response;
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::SERVING);
  absl::Notification drained;
  std::thread draining([&] {
    subject.server->Drain(absl::Seconds(1));
    drained.Notify();
  });
  ASSERT_TRUE(reader->Read(&response));
  EXPECT_EQ(response.status(), HealthCheckResponse::NOT_SERVING);
  EXPECT_FALSE(drained.HasBeenNotified());
  EXPECT_TRUE(subject.Call().ok());
  draining.join();
  EXPECT_TRUE(subject.Call().ok());
}

TEST(ServerTest, ASecondServerOnThePortIsRefused) {
  Subject subject(Succeed, EndAtOnce);
  ServerOptions options;
  options.address = absl::StrCat("127.0.0.1:", subject.server->port());
  const absl::Status status = Server::Start(options, std::make_unique<Methods>()).status();
  EXPECT_TRUE(absl::IsUnavailable(status)) << status;
  EXPECT_TRUE(subject.Call().ok());
}

TEST(ServerTest, RefusesOptionsThatMakeNoServer) {
  ServerOptions no_threads;
  no_threads.threads = 0;
  EXPECT_TRUE(absl::IsInvalidArgument(Server::Start(no_threads, std::make_unique<Methods>()).status()));
}

TEST(ServerTest, ShutdownWaitsForTheCallsThatRun) {
  absl::Mutex mutex;
  std::vector<Responder<UnaryResponse>> waiting;
  Subject subject(
      [&](const UnaryRequest&, const CallContext&, Responder<UnaryResponse> responder) {
        absl::MutexLock lock(&mutex);
        waiting.push_back(std::move(responder));
      },
      EndAtOnce);
  grpc::Status status;
  std::thread client([&] { status = subject.Call(); });
  {
    absl::MutexLock lock(&mutex);
    const auto one_waits = [&] { return waiting.size() == 1; };
    mutex.Await(absl::Condition(&one_waits));
  }
  absl::Notification stopped;
  std::thread shutdown([&] {
    subject.server->Shutdown(absl::Seconds(60));
    stopped.Notify();
  });
  EXPECT_FALSE(stopped.HasBeenNotified());
  waiting[0].Finish();
  client.join();
  EXPECT_TRUE(status.ok()) << status.error_message();
  shutdown.join();
  EXPECT_EQ(subject.Call().error_code(), grpc::UNAVAILABLE);
}

TEST(StreamTest, AMessageReplacesTheOneThatWaits) {
  constexpr int kMessages = 20'000;
  Subject subject(Succeed, [&](const v1::ResegmentRequest&, const CallContext&, const Writer& writer) {
    for (int i = 1; i <= kMessages; ++i) {
      v1::ResegmentResponse message;
      message.set_profiles(i);
      message.set_done(i == kMessages);
      writer->Write(std::move(message));
    }
    writer->Finish(absl::OkStatus());
  });
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  int64_t last = 0;
  int seen = 0;
  while (reader->Read(&message)) {
    EXPECT_GT(message.profiles(), last);
    last = message.profiles();
    ++seen;
  }
  EXPECT_TRUE(reader->Finish().ok());
  EXPECT_EQ(last, kMessages);
  EXPECT_TRUE(message.done());
  // The handler holds the thread that would hear of the first write's end.
  EXPECT_EQ(seen, 2);
}

// Sends from a thread of its own until it is told to stop.
class Sender {
 public:
  explicit Sender(int messages, absl::Duration patience = kSlowestClient) : messages_(messages), patience_(patience) {}
  ~Sender() { thread_.join(); }

  Stream Handler() {
    return [this](const v1::ResegmentRequest&, const CallContext&, const Writer& writer) {
      thread_ = std::thread([this, writer] {
        for (; sent < messages_; ++sent) {
          v1::ResegmentResponse message;
          message.set_profiles(sent + 1);
          message.add_segments()->set_segment(std::string(1000, 'x'));
          if (!SendAndWait(*writer, std::move(message), patience_)) break;
        }
        writer->Finish(absl::OkStatus());
        EXPECT_FALSE(SendAndWait(*writer, v1::ResegmentResponse())) << "it is over";
        ended.Notify();
      });
    };
  }

  int sent = 0;  // after `ended`
  absl::Notification ended;

 private:
  const int messages_;
  const absl::Duration patience_;
  std::thread thread_;
};

TEST(StreamTest, AClientThatDoesNotReadIsCancelled) {
  constexpr int kEndless = 100'000'000;
  Sender sender(kEndless, absl::Milliseconds(50));
  Subject subject(Succeed, sender.Handler());
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  sender.ended.WaitForNotification();
  EXPECT_LT(sender.sent, kEndless);
  v1::ResegmentResponse message;
  while (reader->Read(&message)) {
  }
  EXPECT_EQ(reader->Finish().error_code(), grpc::CANCELLED);
}

TEST(StreamTest, EveryMessageThatIsSentArrives) {
  Sender sender(5'000);
  Subject subject(Succeed, sender.Handler());
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  for (int i = 1; i <= 5'000; ++i) {
    ASSERT_TRUE(reader->Read(&message)) << i;
    ASSERT_EQ(message.profiles(), i);
  }
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
}

TEST(StreamTest, AClientThatDoesNotReadHoldsTheSenderUntilItCancels) {
  constexpr int kMany = 1'000'000;  // a GB
  Sender sender(kMany);
  Subject subject(Succeed, sender.Handler());
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  ASSERT_TRUE(reader->Read(&message));
  context.TryCancel();
  sender.ended.WaitForNotification();
  EXPECT_LT(sender.sent, kMany / 10);
}

TEST(StreamTest, EndsWithTheError) {
  Subject subject(Succeed, [](const v1::ResegmentRequest&, const CallContext&, const Writer& writer) {
    v1::ResegmentResponse message;
    message.set_profiles(1);
    writer->Write(message);
    writer->Finish(absl::FailedPreconditionError("no playbook"));
  });
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  EXPECT_TRUE(reader->Read(&message));
  EXPECT_FALSE(reader->Read(&message));
  const grpc::Status status = reader->Finish();
  EXPECT_EQ(status.error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_FALSE(status.error_details().empty());
}

// A stream that runs until it is cancelled, as a long batch does.
class Endless {
 public:
  Stream Handler() {
    return [this](const v1::ResegmentRequest&, const CallContext&, const Writer& writer) {
      v1::ResegmentResponse message;
      message.set_profiles(1);
      writer->Write(std::move(message));
      writer->OnCancel([this, writer] {
        writer->Finish(absl::CancelledError("stopped"));
        cancelled.Notify();
      });
    };
  }
  absl::Notification cancelled;
};

TEST(StreamTest, TheHandlerHearsThatTheClientCancelled) {
  Endless endless;
  Subject subject(Succeed, endless.Handler());
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  ASSERT_TRUE(reader->Read(&message));
  EXPECT_FALSE(endless.cancelled.HasBeenNotified());
  context.TryCancel();
  EXPECT_TRUE(endless.cancelled.WaitForNotificationWithTimeout(absl::Seconds(60)));
  EXPECT_EQ(reader->Finish().error_code(), grpc::CANCELLED);
}

TEST(StreamTest, TheHandlerHearsThatTheDeadlinePassed) {
  Endless endless;
  Subject subject(Succeed, endless.Handler());
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Milliseconds(100)));
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  EXPECT_TRUE(endless.cancelled.WaitForNotificationWithTimeout(absl::Seconds(60)));
  EXPECT_EQ(reader->Finish().error_code(), grpc::DEADLINE_EXCEEDED);
}

TEST(StreamTest, ShutdownCancelsWhatDoesNotEnd) {
  Endless endless;
  Subject subject(Succeed, endless.Handler());
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  ASSERT_TRUE(reader->Read(&message));
  subject.server->Shutdown(absl::Milliseconds(10));
  EXPECT_TRUE(endless.cancelled.HasBeenNotified());
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_FALSE(reader->Finish().ok());
}

TEST(StreamTest, AWriterMayOutliveItsCall) {
  absl::Mutex mutex;
  Writer kept;
  Subject subject(Succeed, [&](const v1::ResegmentRequest&, const CallContext&, Writer writer) {
    writer->Finish(absl::OkStatus());
    absl::MutexLock lock(&mutex);
    kept = std::move(writer);
  });
  grpc::ClientContext context;
  auto reader = subject.stream_stub->Resegment(&context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  EXPECT_FALSE(reader->Read(&message));
  EXPECT_TRUE(reader->Finish().ok());
  subject.server->Shutdown(absl::Seconds(1));
  absl::MutexLock lock(&mutex);
  kept->Write(v1::ResegmentResponse());
  EXPECT_FALSE(SendAndWait(*kept, v1::ResegmentResponse()));
  kept->OnCancel([] { ADD_FAILURE() << "the call is over"; });
  kept->Finish(absl::InternalError("too late"));
}

TEST(ServerTest, RefusesWhatIsTooMuchAndSaysWhenToComeAgain) {
  Admission admission;
  while (admission.Begin(CallClass::kRecord)) continue;
  ServerOptions options;
  options.admission = &admission;
  Subject subject(Succeed, EndAtOnce, options);
  grpc::ClientContext context;
  UnaryResponse response;
  const grpc::Status refused = subject.unary_stub->ValidatePlaybook(&context, UnaryRequest(), &response);
  EXPECT_EQ(refused.error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  const auto later = context.GetServerTrailingMetadata().find("grpc-retry-pushback-ms");
  ASSERT_NE(later, context.GetServerTrailingMetadata().end());
  const int millis = std::stoi(std::string(later->second.data(), later->second.size()));
  EXPECT_GE(millis, 500);
  EXPECT_LE(millis, 1500);

  grpc::ClientContext stream_context;
  const auto stream = subject.stream_stub->Resegment(&stream_context, v1::ResegmentRequest());
  v1::ResegmentResponse message;
  EXPECT_FALSE(stream->Read(&message));
  EXPECT_EQ(stream->Finish().error_code(), grpc::StatusCode::RESOURCE_EXHAUSTED);
  EXPECT_EQ(stream_context.GetServerTrailingMetadata().count("grpc-retry-pushback-ms"), 1u);

  const auto health = grpc::health::v1::Health::NewStub(subject.channel);
  grpc::ClientContext health_context;
  HealthCheckResponse answer;
  EXPECT_TRUE(health->Check(&health_context, {}, &answer).ok()) << "never refused";

  for (int i = 0; i < ConcurrencyLimit::kMax / 4; ++i) admission.End(CallClass::kRecord);
  EXPECT_TRUE(subject.Call().ok());
}

// Calls that were begun and are answered by the test. Thread-safe.
class Held {
 public:
  Unary Handler() {
    return [this](const UnaryRequest&, const CallContext&, Responder<UnaryResponse> responder) {
      absl::MutexLock lock(&mutex_);
      ++begun_;
      held_.push_back(std::move(responder));
    };
  }
  int begun() {
    absl::MutexLock lock(&mutex_);
    return begun_;
  }
  void AwaitBegun(int count) {
    absl::MutexLock lock(&mutex_);
    const auto so_many = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return begun_ >= count; };
    mutex_.Await(absl::Condition(&so_many));
  }
  void AnswerAll() {
    std::vector<Responder<UnaryResponse>> held;
    {
      absl::MutexLock lock(&mutex_);
      held.swap(held_);
    }
    for (Responder<UnaryResponse>& responder : held) responder.Finish();
  }

 private:
  absl::Mutex mutex_;
  int begun_ ABSL_GUARDED_BY(mutex_) = 0;
  std::vector<Responder<UnaryResponse>> held_ ABSL_GUARDED_BY(mutex_);
};

TEST(ServerTest, CallsOfManyItemsWaitForThoseThatHaveBegun) {
  constexpr int kCalls = 5;
  Admission admission;
  ServerOptions options;
  options.admission = &admission;
  Seen seen;
  options.observer = &seen;
  Held held;
  Subject subject(held.Handler(), EndAtOnce, options,
                  [&](const UnaryRequest&) { return admission.WorkRoom(CallClass::kRecord) / 2; });
  std::vector<std::thread> callers;
  for (int i = 0; i < kCalls; ++i) {
    callers.emplace_back([&] { EXPECT_TRUE(subject.Call().ok()); });
  }
  while (seen.lines().size() < kCalls) std::this_thread::yield();
  held.AwaitBegun(2);
  // Streams begin as they come; the second time, whoever may go on has had a turn.
  for (int i = 0; i < 2; ++i) {
    grpc::ClientContext context;
    EXPECT_TRUE(subject.stream_stub->Resegment(&context, v1::ResegmentRequest())->Finish().ok());
  }
  EXPECT_EQ(held.begun(), 2);
  held.AnswerAll();
  held.AwaitBegun(4);
  held.AnswerAll();
  held.AwaitBegun(kCalls);
  held.AnswerAll();
  for (std::thread& caller : callers) caller.join();
}

// Who waits for room goes on as soon as there is some, though nothing else happens.
TEST(ServerTest, AStreamThatWaitsForAnothersWorkGoesOnWhenItIsDone) {
  using Ingestion = BidiStream<v1::IngestEventsRequest, v1::IngestEventsResponse>;
  using Events = v1::EventService::AsyncService;
  Admission admission;
  ServerOptions options;
  options.admission = &admission;
  const int room = admission.WorkRoom(CallClass::kRecord);
  absl::Mutex mutex;
  std::vector<std::shared_ptr<Ingestion>> begun;
  const auto begin = [&](const CallContext&, const std::shared_ptr<Ingestion>& stream) {
    auto message = std::make_shared<v1::IngestEventsRequest>();
    stream->Read(message.get(), [&, stream, message](bool) {
      stream->BeginWork(room);
      absl::MutexLock lock(&mutex);
      begun.push_back(stream);
    });
  };
  const auto await_begun = [&](size_t count) {
    const auto so_many = [&] { return begun.size() == count; };
    absl::MutexLock lock(&mutex);
    return mutex.AwaitWithTimeout(absl::Condition(&so_many), absl::Seconds(30));
  };
  auto methods = std::make_unique<Methods>();
  methods->BidiStream(methods->Add<Events>(), &Events::RequestIngestEvents, begin, CallClass::kRecord);
  auto server = *Server::Start(options, std::move(methods));
  const auto channel =
      grpc::CreateChannel(absl::StrCat("127.0.0.1:", server->port()), grpc::InsecureChannelCredentials());
  const auto stub = v1::EventService::NewStub(channel);
  const auto health = grpc::health::v1::Health::NewStub(channel);

  grpc::ClientContext first_context;
  const auto first = stub->IngestEvents(&first_context);
  ASSERT_TRUE(first->Write({}));
  ASSERT_TRUE(await_begun(1));
  grpc::ClientContext second_context;
  const auto second = stub->IngestEvents(&second_context);
  ASSERT_TRUE(second->Write({}));
  for (int i = 0; i < 3; ++i) {  // one connection: what was written before has come, and its turn, had it any, too
    grpc::ClientContext context;
    HealthCheckResponse state;
    EXPECT_TRUE(health->Check(&context, {}, &state).ok());
  }
  {
    absl::MutexLock lock(&mutex);
    ASSERT_EQ(begun.size(), 1u);
    begun[0]->EndWork(room);
  }
  EXPECT_TRUE(await_begun(2));
  absl::MutexLock lock(&mutex);
  begun.back()->EndWork(room);
  for (const std::shared_ptr<Ingestion>& stream : begun) stream->Finish(absl::OkStatus());
}

}  // namespace
}  // namespace waymark::rpc
