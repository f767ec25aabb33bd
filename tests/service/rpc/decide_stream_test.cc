// DecideStream over a real connection, with an engine over fakes.

#include "service/rpc/decide_stream.h"

#include <grpcpp/create_channel.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/time/clock.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/batch/environment.h"
#include "service/rpc/error_details.pb.h"
#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "tests/support/world.h"
#include "waymark/v1/decision.grpc.pb.h"

namespace waymark::rpc {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

constexpr char kPlaybook[] = R"yaml(
name: shop
keep_decisions: 30d
default_locale: de
context: [{name: cart_value, type: DOUBLE}]
channels: [{name: web, content_type: HTML}, {name: email, content_type: HTML}]
actions:
  - name: coupon
    kind: OFFER
    limits: [{per: CUSTOMER, max: 1, window: 7d}]
    treatments: [{channel: web, locale: de, body: 'Fünf Euro'}, {channel: web, locale: en, body: 'Five euros'}]
  - name: hello
    kind: CONTENT
    value: {micros: 1}
    treatments: [{channel: web, locale: de, body: Hallo}, {channel: email, locale: de, body: 'LONG'}]
placements:
  - {name: banner, touchpoint: web/home, fallback: hello}
  - {name: mail, touchpoint: email/mail, exposure: ON_IMPRESSION}
)yaml";

// One stream, as a client that asks and takes the answers before it asks again.
class Stream {
 public:
  explicit Stream(v1::DecisionService::Stub& stub) {
    context_.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(50)));
    stream_ = stub.DecideStream(&context_);
  }
  ~Stream() {
    context_.TryCancel();
    if (!finished_) End();
  }

  bool Write(const v1::DecideStreamRequest& request) { return stream_->Write(request); }

  // The answers to a message; fewer where the stream ends.
  std::vector<v1::CustomerDecisions> Ask(const v1::DecideStreamRequest& request) {
    std::vector<v1::CustomerDecisions> answers;
    stream_->Write(request);
    v1::DecideStreamResponse response;
    while (static_cast<int>(answers.size()) < request.customers_size() && stream_->Read(&response)) {
      bytes_.push_back(response.ByteSizeLong());
      answers.insert(answers.end(), response.answers().begin(), response.answers().end());
    }
    return answers;
  }

  // Whether another message comes.
  bool Read() {
    v1::DecideStreamResponse response;
    return stream_->Read(&response);
  }
  void Cancel() { context_.TryCancel(); }

  grpc::Status End() {
    stream_->WritesDone();
    finished_ = true;
    return stream_->Finish();
  }

  // Of each message that came.
  const std::vector<size_t>& bytes() const { return bytes_; }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::DecideStreamRequest, v1::DecideStreamResponse>> stream_;
  std::vector<size_t> bytes_;
  bool finished_ = false;
};

class DecideStreamTest : public testing::Test {
 protected:
  explicit DecideStreamTest(absl::Duration patience = absl::Minutes(10), int threads = 64,
                            const std::string& body = "Guten Tag")
      : world_(absl::StrReplaceAll(kPlaybook, {{"LONG", body}})), threads_(threads) {
    auto methods = std::make_unique<Methods>();
    AddDecideStream(world_.engine, batch_, methods->Add<v1::DecisionService::AsyncService>(), *methods, patience);
    absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({}, std::move(methods));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    stub_ = v1::DecisionService::NewStub(
        grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials()));
  }

  static v1::DecideStreamRequest Question(const std::vector<std::string>& customers,
                                          const std::string& placement = "banner") {
    v1::DecideStreamRequest request;
    request.mutable_context()->set_tenant("shop");
    request.add_placements(placement);
    for (const std::string& customer : customers) request.add_customers()->set_customer(customer);
    return request;
  }
  static std::vector<std::string> Customers(int count) {
    std::vector<std::string> customers;
    for (int i = 0; i < count; ++i) customers.push_back(absl::StrCat("c", i));
    return customers;
  }

  // How a stream of this one message ends.
  grpc::Status EndOf(const v1::DecideStreamRequest& request) {
    Stream stream(*stub_);
    EXPECT_THAT(stream.Ask(request), IsEmpty());
    return stream.End();
  }
  size_t Logged() {
    world_.logger.Flush();
    return world_.decisions.size("shop");
  }

  testing_support::World world_;
  batch::Threads threads_;
  const batch::Environment batch_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::DecisionService::Stub> stub_;
};

// "c1: coupon", or why not.
std::vector<std::string> Told(const std::vector<v1::CustomerDecisions>& answers) {
  std::vector<std::string> told;
  for (const v1::CustomerDecisions& answer : answers) {
    std::string& text = told.emplace_back(answer.customer() + ":");
    for (const v1::Decision& decision : answer.decisions()) {
      for (const v1::DecidedAction& action : decision.actions()) absl::StrAppend(&text, " ", action.action());
    }
    if (answer.has_refusal()) absl::StrAppend(&text, " refused ", answer.refusal().field());
    if (answer.retry()) absl::StrAppend(&text, " retry");
    EXPECT_NE(answer.has_refusal(), answer.decisions_size() > 0) << answer.ShortDebugString();
  }
  return told;
}

std::vector<std::string> FieldsOf(const grpc::Status& status) {
  details::Status detailed;
  EXPECT_TRUE(detailed.ParseFromString(status.error_details()));
  std::vector<std::string> fields;
  for (const google::protobuf::Any& any : detailed.details()) {
    details::BadRequest bad_request;
    if (any.type_url() != "type.googleapis.com/google.rpc.BadRequest") continue;
    EXPECT_TRUE(bad_request.ParseFromString(any.value()));
    for (const auto& violation : bad_request.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

TEST_F(DecideStreamTest, DecidesAMessageAfterTheOther) {
  Stream stream(*stub_);
  EXPECT_THAT(Told(stream.Ask(Question({"c2", "c1", "c3"}))), ElementsAre("c2: coupon", "c1: coupon", "c3: coupon"));
  EXPECT_THAT(Told(stream.Ask(Question({"c1", "c4"}))), ElementsAre("c1: hello", "c4: coupon")) << "once a week";
  v1::DecideStreamRequest both = Question({"c5", "c1"});
  both.add_placements("mail");
  const auto answers = stream.Ask(both);
  EXPECT_THAT(Told(answers), ElementsAre("c5: coupon hello", "c1: hello")) << "no action twice in a call";
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[0].decisions(1).placement(), "mail");
  EXPECT_EQ(answers[0].decisions(0).playbook_version(), 1u);
  EXPECT_NE(answers[0].decisions(0).decision_id(), answers[1].decisions(0).decision_id());
  const grpc::Status status = stream.End();
  EXPECT_TRUE(status.ok()) << status.error_message();
  EXPECT_EQ(Logged(), 7u) << "each decision is logged";
}

TEST_F(DecideStreamTest, GivesEachItsIdAndItsLocale) {
  v1::DecideStreamRequest request = Question({"c1", "c2", "c3"});
  request.mutable_context()->set_locale("en");
  request.mutable_customers(0)->set_decision_id("mine");
  request.mutable_customers(1)->set_locale("de");
  Stream stream(*stub_);
  const auto answers = stream.Ask(request);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(answers[0].decisions(0).decision_id(), "mine");
  EXPECT_EQ(answers[0].decisions(0).actions(0).content().body(), "Five euros");
  EXPECT_EQ(answers[1].decisions(0).actions(0).content().body(), "Fünf Euro");
  EXPECT_EQ(answers[2].decisions(0).actions(0).content().body(), "Five euros");
  // Sent again, the one with an id counts once; the others have had theirs.
  EXPECT_THAT(Told(stream.Ask(request)), ElementsAre("c1: coupon", "c2: hello", "c3: hello"));
}

TEST_F(DecideStreamTest, OfNothingEndsWell) {
  Stream stream(*stub_);
  EXPECT_TRUE(stream.End().ok());
}

TEST_F(DecideStreamTest, RefusesAMalformedElementByItself) {
  v1::DecideStreamRequest request = Question({"c0", "", std::string(129, 'x'), "c3", "a\nb", "c5", "c6", "c7"});
  request.mutable_customers(3)->set_decision_id(std::string(65, 'x'));
  request.mutable_customers(5)->set_locale(std::string(36, 'x'));
  request.mutable_customers(6)->set_decision_id(std::string(64, 'x'));
  Stream stream(*stub_);
  EXPECT_THAT(Told(stream.Ask(request)),
              ElementsAre("c0: coupon", ": refused customers[1].customer",
                          std::string(129, 'x') + ": refused customers[2].customer",
                          "c3: refused customers[3].decision_id", "a\nb: refused customers[4].customer",
                          "c5: refused customers[5].locale", "c6: coupon", "c7: coupon"));
  EXPECT_THAT(Told(stream.Ask(Question({"", ""}))),
              ElementsAre(": refused customers[0].customer", ": refused customers[1].customer"));
  EXPECT_THAT(Told(stream.Ask(Question({"c8"}))), ElementsAre("c8: coupon"));
  EXPECT_TRUE(stream.End().ok());
  EXPECT_EQ(Logged(), 4u);
}

TEST_F(DecideStreamTest, EndsWithAnErrorOfTheQuestion) {
  struct Case {
    std::string field;
    std::function<void(v1::DecideStreamRequest&)> change;
  };
  const std::vector<Case> cases = {
      {"context.tenant", [](auto& request) { request.mutable_context()->clear_tenant(); }},
      {"context.customer", [](auto& request) { request.mutable_context()->set_customer("c1"); }},
      {"context.decision_id", [](auto& request) { request.mutable_context()->set_decision_id("mine"); }},
      {"context.events", [](auto& request) { request.mutable_context()->add_events()->set_id("e1"); }},
      {"context.locale", [](auto& request) { request.mutable_context()->set_locale(std::string(36, 'x')); }},
      {"context.context[\"cart_value\"]",
       [](auto& request) { (*request.mutable_context()->mutable_context())["cart_value"].set_string_value("much"); }},
      {"placements", [](auto& request) { request.clear_placements(); }},
      {"placements[1]", [](auto& request) { request.add_placements("banner"); }},
      {"placements",
       [](auto& request) {
         for (int i = 0; i < 16; ++i) request.add_placements(absl::StrCat("p", i));
       }},
      {"customers", [](auto& request) { request.clear_customers(); }},
      {"customers",
       [](auto& request) {
         for (int i = 0; i < 100; ++i) request.add_customers()->set_customer(absl::StrCat("c", i));
       }},
  };
  for (const Case& each : cases) {
    v1::DecideStreamRequest request = Question({"c1"});
    each.change(request);
    const grpc::Status status = EndOf(request);
    EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT) << each.field;
    EXPECT_THAT(FieldsOf(status), ElementsAre(each.field));
  }
  EXPECT_EQ(EndOf(Question({"c1"}, "elsewhere")).error_code(), grpc::NOT_FOUND);
  v1::DecideStreamRequest nobodys = Question({"c1"});
  nobodys.mutable_context()->set_tenant("nobody");
  EXPECT_EQ(EndOf(nobodys).error_code(), grpc::FAILED_PRECONDITION);
  EXPECT_EQ(Logged(), 0u);
}

TEST_F(DecideStreamTest, IsOfOneTenant) {
  EXPECT_TRUE(world_.Apply("other", kPlaybook).ok());
  Stream stream(*stub_);
  EXPECT_THAT(Told(stream.Ask(Question({"c1"}))), ElementsAre("c1: coupon"));
  v1::DecideStreamRequest others = Question({"c1"});
  others.mutable_context()->set_tenant("other");
  EXPECT_THAT(stream.Ask(others), IsEmpty());
  const grpc::Status status = stream.End();
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("context.tenant"));
  EXPECT_EQ(Logged(), 1u);
  EXPECT_EQ(world_.decisions.size("other"), 0u);
}

TEST_F(DecideStreamTest, TakesAHundredCustomers) {
  Stream stream(*stub_);
  EXPECT_THAT(Told(stream.Ask(Question(Customers(100)))), SizeIs(100));
  EXPECT_EQ(world_.profiles.loads(), 0) << "their profiles are read together";
}

TEST_F(DecideStreamTest, DecidesNobodyWithoutTheStore) {
  Stream stream(*stub_);
  world_.profiles.FailWith(absl::UnavailableError("away"));
  for (const char* placement : {"banner", "mail"}) {
    EXPECT_THAT(Told(stream.Ask(Question({"c1", ""}, placement))),
                ElementsAre("c1: refused customers[0] retry", ": refused customers[1].customer"));
  }
  EXPECT_EQ(Logged(), 0u);
  // It is away from the write on, after the profiles were read.
  world_.profiles.FailWith(absl::OkStatus());
  world_.profiles.SetOutage(std::make_shared<testing_support::Outage>(1));
  EXPECT_THAT(Told(stream.Ask(Question({"c1", "c2"}))),
              ElementsAre("c1: refused customers[0] retry", "c2: refused customers[1] retry"));
  EXPECT_EQ(Logged(), 0u);
  world_.profiles.SetOutage(nullptr);
  EXPECT_THAT(Told(stream.Ask(Question({"c1", "c2"}))), ElementsAre("c1: coupon", "c2: coupon"));
  EXPECT_TRUE(stream.End().ok());
}

TEST_F(DecideStreamTest, RefusesWhoseProfileIsDamaged) {
  world_.profiles.SetBytes({"shop", "c2"}, "rubbish");
  Stream stream(*stub_);
  for (const char* placement : {"banner", "mail"}) {
    const auto answers = stream.Ask(Question({"c1", "c2", "c3"}, placement));
    ASSERT_EQ(answers.size(), 3u);
    EXPECT_TRUE(answers[0].decisions_size() == 1 && answers[2].decisions_size() == 1);
    EXPECT_EQ(Told(answers)[1], "c2: refused customers[1]") << "which helps nobody to repeat";
  }
  EXPECT_TRUE(stream.End().ok());
}

TEST_F(DecideStreamTest, EndsAtOnceWhereTheServiceStops) {
  Stream stream(*stub_);
  EXPECT_THAT(stream.Ask(Question({"c1"})), SizeIs(1));
  const absl::Time begin = absl::Now();
  threads_.Stop();
  EXPECT_FALSE(stream.Read());
  EXPECT_EQ(stream.End().error_code(), grpc::UNAVAILABLE);
  EXPECT_LT(absl::Now() - begin, absl::Seconds(20)) << "which is far from the patience with a client";
  EXPECT_EQ(EndOf(Question({"c1"})).error_code(), grpc::UNAVAILABLE);
}

TEST_F(DecideStreamTest, EndsWithTheServer) {
  Stream stream(*stub_);
  Stream silent(*stub_);
  EXPECT_THAT(stream.Ask(Question({"c1"})), SizeIs(1));
  server_->Shutdown(absl::ZeroDuration());
  EXPECT_FALSE(stream.Read());
  EXPECT_FALSE(stream.End().ok());
  EXPECT_FALSE(silent.End().ok());
}

TEST_F(DecideStreamTest, IsLeftByAClient) {
  for (int i = 0; i < 20; ++i) {
    Stream stream(*stub_);
    stream.Write(Question(Customers(100)));
    EXPECT_TRUE(i % 2 == 0 || stream.Read());
    stream.Cancel();
    EXPECT_EQ(stream.End().error_code(), grpc::CANCELLED);
  }
}

class FewThreadsTest : public DecideStreamTest {
 protected:
  FewThreadsTest() : DecideStreamTest(absl::Minutes(10), 2) {}
};

TEST_F(FewThreadsTest, TellsTheNextStreamToWait) {
  Stream stream(*stub_);
  EXPECT_THAT(stream.Ask(Question({"c1"})), SizeIs(1));
  EXPECT_EQ(EndOf(Question({"c1"})).error_code(), grpc::RESOURCE_EXHAUSTED) << "half are for one tenant";
  EXPECT_THAT(stream.Ask(Question({"c2"})), SizeIs(1));
}

// Answers of 60 KB each.
class LargeAnswersTest : public DecideStreamTest {
 protected:
  explicit LargeAnswersTest(absl::Duration patience = absl::Minutes(10), int threads = 64)
      : DecideStreamTest(patience, threads, std::string(60'000, 'x')) {}
};

TEST_F(LargeAnswersTest, ComeInSeveralMessages) {
  Stream stream(*stub_);
  v1::DecideStreamRequest request = Question(Customers(100), "mail");
  request.mutable_context()->set_explain(true);
  request.mutable_customers(50)->clear_customer();
  const auto answers = stream.Ask(request);
  ASSERT_THAT(answers, SizeIs(100));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(answers[i].customer(), i == 50 ? "" : absl::StrCat("c", i));
    EXPECT_EQ(answers[i].has_refusal(), i == 50);
    EXPECT_TRUE(i == 50 || answers[i].decisions(0).candidates_size() == 2);
  }
  EXPECT_THAT(stream.bytes(), SizeIs(testing::Gt(2)));
  EXPECT_THAT(stream.bytes(), testing::Each(testing::Lt(4u << 20)));
  EXPECT_THAT(stream.Ask(Question({"c1"})), SizeIs(1)) << "and the next message is answered";
  EXPECT_TRUE(stream.End().ok());
}

class ImpatienceTest : public LargeAnswersTest {
 protected:
  // One thread a tenant.
  ImpatienceTest() : LargeAnswersTest(absl::Milliseconds(50), 2) {}
};

TEST_F(ImpatienceTest, EndsTheStreamOfAClientThatSendsNothing) {
  Stream stream(*stub_);
  EXPECT_THAT(stream.Ask(Question({"c1"})), SizeIs(1));
  EXPECT_FALSE(stream.Read());
  EXPECT_EQ(stream.End().error_code(), grpc::CANCELLED);
}

TEST_F(ImpatienceTest, EndsTheStreamOfAClientThatReadsNothing) {
  Stream stream(*stub_);
  // More than fits on the way.
  ASSERT_TRUE(stream.Write(Question(Customers(100), "mail")));
  ASSERT_TRUE(stream.Write(Question(Customers(100), "mail")));
  // The thread that it held is another's then.
  const absl::Time patience = absl::Now() + absl::Seconds(40);
  size_t answers = 0;
  while (answers == 0 && absl::Now() < patience) answers = Stream(*stub_).Ask(Question({"c1"})).size();
  EXPECT_EQ(answers, 1u);
  while (stream.Read()) ++answers;
  EXPECT_LT(answers, 8u) << "of twelve messages";
  EXPECT_EQ(stream.End().error_code(), grpc::CANCELLED);
}

}  // namespace
}  // namespace waymark::rpc
