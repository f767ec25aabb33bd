// IngestEvents over a real connection, with an engine over fakes.

#include "service/rpc/ingest_stream.h"

#include <grpcpp/create_channel.h>

#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/mutex.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/rpc/error_details.pb.h"
#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "tests/support/world.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark::rpc {
namespace {

using testing::HasSubstr;

constexpr char kPlaybook[] = R"yaml(
name: shop
channels: [{name: web}]
actions: [{name: hello, kind: CONTENT}]
placements: [{name: banner, touchpoint: web/home, fallback: hello}]
)yaml";

// The world's profiles, whose updates wait for Open.
class Gate final : public store::ProfileStore {
 public:
  explicit Gate(store::ProfileStore& profiles) : profiles_(profiles) {}
  ~Gate() override { Open(); }

  void Close() {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
  }
  void Open() {
    std::vector<absl::AnyInvocable<void()>> waiting;
    {
      absl::MutexLock lock(&mutex_);
      closed_ = false;
      waiting.swap(waiting_);
    }
    for (auto& update : waiting) update();
  }
  // Until so many updates wait.
  void AwaitWaiting(size_t count) {
    absl::MutexLock lock(&mutex_);
    const auto enough = [&]() ABSL_SHARED_LOCKS_REQUIRED(mutex_) { return waiting_.size() >= count; };
    mutex_.Await(absl::Condition(&enough));
  }
  void Update(const store::CustomerKey& key, absl::Time deadline, Change change, UpdateDone done) override {
    auto update = [this, key, deadline, change = std::move(change), done = std::move(done)]() mutable {
      profiles_.Update(key, deadline, std::move(change), std::move(done));
    };
    {
      absl::MutexLock lock(&mutex_);
      if (closed_) {
        waiting_.emplace_back(std::move(update));
        return;
      }
    }
    update();
  }
  void Load(const store::CustomerKey& key, absl::Time deadline, LoadDone done) override {
    profiles_.Load(key, deadline, std::move(done));
  }
  void UpdateFrom(const store::CustomerKey& key, const store::StoredProfile& seen, absl::Time deadline, Change change,
                  UpdateDone done) override {
    profiles_.UpdateFrom(key, seen, deadline, std::move(change), std::move(done));
  }
  void Scan(absl::string_view tenant, absl::string_view cursor, absl::string_view until, int limit, absl::Time deadline,
            ScanDone done) override {
    profiles_.Scan(tenant, cursor, until, limit, deadline, std::move(done));
  }
  void LoadMany(absl::string_view tenant, std::vector<std::string> customers, absl::Time deadline,
                LoadManyDone done) override {
    profiles_.LoadMany(tenant, std::move(customers), deadline, std::move(done));
  }
  absl::optional<store::RecentProfile> Recall(const store::CustomerKey&) override { return absl::nullopt; }
  int64_t EstimatedCount(absl::string_view tenant) override { return profiles_.EstimatedCount(tenant); }
  bool Ready() override { return true; }

 private:
  store::ProfileStore& profiles_;
  mutable absl::Mutex mutex_;
  bool closed_ ABSL_GUARDED_BY(mutex_) = false;
  std::vector<absl::AnyInvocable<void()>> waiting_ ABSL_GUARDED_BY(mutex_);
};

class IngestStreamTest : public testing::Test {
 protected:
  IngestStreamTest() : world_(kPlaybook) {
    auto methods = std::make_unique<Methods>();
    AddIngestStream(engine_, methods->Add<v1::EventService::AsyncService>(), *methods);
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({}, std::move(methods));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::EventService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(50)));
    stream_ = stub_->IngestEvents(&context_);
  }
  ~IngestStreamTest() override {
    gate_.Open();
    context_.TryCancel();
    End();
  }

  // A batch of purchases of one customer, with the ids "<id>-0", "<id>-1" and so on.
  static v1::IngestEventsRequest Batch(uint64_t number, const std::string& customer, int events,
                                       const std::string& id) {
    v1::IngestEventsRequest request;
    request.set_number(number);
    request.mutable_batch()->set_tenant("shop");
    for (int i = 0; i < events; ++i) {
      v1::CustomerEvent& element = *request.mutable_batch()->add_events();
      element.set_customer(customer);
      element.mutable_event()->set_id(absl::StrCat(id, "-", i));
      element.mutable_event()->set_type("purchase");
    }
    return request;
  }

  // "<number>: <recorded> <duplicates> <refused>"; "end" where there is none any more.
  std::string NextAnswer() {
    v1::IngestEventsResponse response;
    if (!stream_->Read(&response)) return "end";
    const v1::RecordEventsResponse& result = response.result();
    return absl::StrCat(response.number(), ": ", result.recorded(), " ", result.duplicates(), " ",
                        result.refused_size());
  }

  grpc::Status End() {
    if (!end_.has_value()) end_ = stream_->Finish();
    return *end_;
  }
  // The field that the stream's error names.
  std::string FieldOfEnd() {
    details::Status detailed;
    detailed.ParseFromString(End().error_details());
    for (const google::protobuf::Any& any : detailed.details()) {
      details::BadRequest bad;
      if (any.type_url() != "type.googleapis.com/google.rpc.BadRequest") continue;
      if (bad.ParseFromString(any.value())) return bad.field_violations(0).field();
    }
    return "";
  }
  uint64_t Purchases(const std::string& customer) {
    const absl::StatusOr<engine::ProfileAnswer> answer = world_.GetProfile(customer);
    if (!answer.ok() || answer->profile.ledger.series().empty()) return 0;
    return answer->profile.ledger.series()[0].count;
  }

  testing_support::World world_;
  Gate gate_{world_.profiles};
  engine::Engine engine_{gate_, world_.playbooks, world_.budgets, world_.clock};
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::EventService::Stub> stub_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::IngestEventsRequest, v1::IngestEventsResponse>> stream_;
  absl::optional<grpc::Status> end_;
};

TEST_F(IngestStreamTest, EachBatchIsAnsweredInItsOrder) {
  ASSERT_TRUE(stream_->Write(Batch(1, "anna", 3, "a")));
  ASSERT_TRUE(stream_->Write(Batch(2, "bert", 2, "b")));
  ASSERT_TRUE(stream_->Write(Batch(7, "anna", 4, "a")));
  EXPECT_EQ(NextAnswer(), "1: 3 0 0");
  EXPECT_EQ(NextAnswer(), "2: 2 0 0");
  EXPECT_EQ(NextAnswer(), "7: 1 3 0");
  stream_->WritesDone();
  EXPECT_EQ(NextAnswer(), "end");
  EXPECT_TRUE(End().ok());
  EXPECT_EQ(Purchases("anna"), 4u);
  EXPECT_EQ(Purchases("bert"), 2u);
}

TEST_F(IngestStreamTest, WhatIsMalformedIsRefusedAlone) {
  v1::IngestEventsRequest batch = Batch(1, "anna", 4, "a");
  batch.mutable_batch()->mutable_events(1)->mutable_event()->set_type("no_such_event");
  batch.mutable_batch()->mutable_events(2)->clear_customer();
  ASSERT_TRUE(stream_->Write(batch));
  v1::IngestEventsResponse response;
  ASSERT_TRUE(stream_->Read(&response));
  ASSERT_EQ(response.result().refused_size(), 2);
  EXPECT_EQ(response.result().recorded(), 2);
  EXPECT_EQ(response.result().refused(0).problem().field(), "events[1].event.type");
  EXPECT_EQ(response.result().refused(1).problem().field(), "events[2].customer");
  EXPECT_FALSE(response.result().refused(1).retry());
}

TEST_F(IngestStreamTest, AnErrorEndsTheStreamAfterTheBatchesBefore) {
  struct Case {
    const char* what;
    const char* field;
    v1::IngestEventsRequest request;
  };
  std::vector<Case> cases = {{"the number before", "number", Batch(5, "anna", 1, "x")},
                             {"another tenant", "batch.tenant", Batch(6, "anna", 1, "x")},
                             {"no tenant", "batch.tenant", Batch(6, "anna", 1, "x")},
                             {"no events", "batch.events", Batch(6, "anna", 0, "x")},
                             {"too many events", "batch.events", Batch(6, "anna", 1001, "x")}};
  cases[1].request.mutable_batch()->set_tenant("other");
  cases[2].request.mutable_batch()->clear_tenant();
  for (const Case& bad : cases) {
    grpc::ClientContext context;
    stream_ = stub_->IngestEvents(&context);
    end_.reset();
    gate_.Close();
    stream_->Write(Batch(5, "anna", 2, bad.what));
    gate_.AwaitWaiting(1);
    stream_->Write(bad.request);
    stream_->Write(Batch(9, "anna", 1, absl::StrCat(bad.what, "-after")));
    gate_.Open();
    EXPECT_EQ(NextAnswer(), "5: 2 0 0") << bad.what;
    EXPECT_EQ(NextAnswer(), "end") << bad.what;
    EXPECT_EQ(End().error_code(), grpc::INVALID_ARGUMENT) << bad.what;
    EXPECT_EQ(FieldOfEnd(), bad.field) << bad.what;
  }
  EXPECT_EQ(Purchases("anna"), 2 * cases.size());
}

TEST_F(IngestStreamTest, ATenantWithoutAPlaybookEndsTheStream) {
  v1::IngestEventsRequest batch = Batch(1, "anna", 1, "a");
  batch.mutable_batch()->set_tenant("other");
  ASSERT_TRUE(stream_->Write(batch));
  EXPECT_EQ(NextAnswer(), "end");
  EXPECT_EQ(End().error_code(), grpc::FAILED_PRECONDITION);
}

TEST_F(IngestStreamTest, WhatTheStoreDidNotTakeMayBeSentAgain) {
  world_.profiles.FailWith(absl::UnavailableError("away"));
  ASSERT_TRUE(stream_->Write(Batch(1, "anna", 2, "a")));
  v1::IngestEventsResponse response;
  ASSERT_TRUE(stream_->Read(&response));
  ASSERT_EQ(response.result().refused_size(), 2);
  EXPECT_TRUE(response.result().refused(0).retry());
  world_.profiles.FailWith(absl::OkStatus());
  ASSERT_TRUE(stream_->Write(Batch(2, "anna", 2, "a")));
  EXPECT_EQ(NextAnswer(), "2: 2 0 0");
}

TEST_F(IngestStreamTest, WhatComesWhileABatchIsOnItsWayIsRecordedAfterIt) {
  gate_.Close();
  ASSERT_TRUE(stream_->Write(Batch(1, "anna", 1, "first")));
  gate_.AwaitWaiting(1);
  constexpr int kMore = 4;
  for (int i = 0; i < kMore; ++i) ASSERT_TRUE(stream_->Write(Batch(2 + i, "anna", 500, absl::StrCat("b", i))));
  gate_.Open();
  EXPECT_EQ(NextAnswer(), "1: 1 0 0");
  for (int i = 0; i < kMore; ++i) EXPECT_EQ(NextAnswer(), absl::StrCat(2 + i, ": 500 0 0"));
  EXPECT_EQ(Purchases("anna"), 1u + kMore * 500);
}

// Of a client that does not wait no more is read than the window holds: the rest is not answered when the server stops,
// and what was read is.
TEST_F(IngestStreamTest, AStreamIsReadNoFurtherThanItsWindowAndEndsInOrderWhenTheServerStops) {
  gate_.Close();
  std::thread client([this] {
    for (int i = 0; i < 20; ++i) {
      if (!stream_->Write(Batch(1 + i, "anna", 1000, absl::StrCat("b", i)))) return;
    }
  });
  gate_.AwaitWaiting(1);
  std::thread stop([this] { server_->Shutdown(absl::Seconds(30)); });
  std::thread open([this] { gate_.Open(); });
  uint64_t answered = 0;
  for (std::string answer = NextAnswer(); answer != "end"; answer = NextAnswer()) {
    EXPECT_EQ(answer, absl::StrCat(++answered, ": 1000 0 0"));
  }
  open.join();
  client.join();
  stop.join();
  EXPECT_GE(answered, 1u);
  EXPECT_EQ(End().error_code(), grpc::UNAVAILABLE);
  EXPECT_THAT(End().error_message(), HasSubstr("stopping"));
  EXPECT_EQ(Purchases("anna"), answered * 1000);
}

TEST_F(IngestStreamTest, AClientThatIsGoneLeavesNothingBehind) {
  gate_.Close();
  ASSERT_TRUE(stream_->Write(Batch(1, "anna", 1, "a")));
  gate_.AwaitWaiting(1);
  context_.TryCancel();
  EXPECT_EQ(End().error_code(), grpc::CANCELLED);
  gate_.Open();
  server_->Shutdown(absl::ZeroDuration());  // ends only when every call has
  EXPECT_EQ(Purchases("anna"), 1u);
}

}  // namespace
}  // namespace waymark::rpc
