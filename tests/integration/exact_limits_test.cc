// 200 concurrent decisions for one customer under "3 a day" deliver exactly 3, over two processes of the service on one
// real Redis, asked over gRPC. How often: $WAYMARK_REPETITIONS, 100 unless told.

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "tests/integration/replica.h"
#include "tests/support/redis_server.h"

namespace waymark {
namespace {

constexpr char kPlaybook[] = R"yaml(
time_zone: America/New_York
channels: [{name: web, limits: [{per: CUSTOMER, max: 3, period: DAY}]}]
actions: [{name: offer, kind: OFFER}]
placements: [{name: hero, touchpoint: web/home}]
)yaml";
constexpr int kCalls = 200;

using testing_support::ApplyPlaybook;
using testing_support::Eventually;
using testing_support::Replica;

int Repetitions() {
  const char* set = std::getenv("WAYMARK_REPETITIONS");
  int repetitions = 100;
  return set != nullptr && absl::SimpleAtoi(set, &repetitions) ? repetitions : 100;
}

void Expect(const grpc::Status& status) { ASSERT_TRUE(status.ok()) << status.error_message(); }

v1::NextBestActionRequest Question(const std::string& customer) {
  v1::NextBestActionRequest request;
  request.mutable_context()->set_tenant("shop");
  request.mutable_context()->set_customer(customer);
  request.set_placement("hero");
  return request;
}

// How many of 200 concurrent decisions gave the offer.
int Delivered(const std::vector<Replica*>& replicas, const std::string& customer) {
  struct Call {
    grpc::ClientContext context;
    v1::NextBestActionResponse response;
    grpc::Status status;
    std::unique_ptr<grpc::ClientAsyncResponseReader<v1::NextBestActionResponse>> reader;
  };
  grpc::CompletionQueue queue;
  std::vector<Call> calls(kCalls);
  const v1::NextBestActionRequest request = Question(customer);
  for (size_t i = 0; i < calls.size(); ++i) {
    Call& call = calls[i];
    call.context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(30)));
    call.reader = replicas[i % replicas.size()]->decisions->AsyncNextBestAction(&call.context, request, &queue);
    call.reader->Finish(&call.response, &call.status, &call);
  }
  int delivered = 0;
  for (size_t i = 0; i < calls.size(); ++i) {
    void* tag = nullptr;
    bool ok = false;
    EXPECT_TRUE(queue.Next(&tag, &ok) && ok);
    const Call& call = *static_cast<Call*>(tag);
    EXPECT_TRUE(call.status.ok()) << call.status.error_message();
    EXPECT_TRUE(call.response.decision().knowledge() == v1::KNOWLEDGE_PROFILE ||
                call.response.decision().knowledge() == v1::KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER);
    delivered += call.response.decision().actions_size();
  }
  queue.Shutdown();
  return delivered;
}

TEST(ExactLimits, TwoProcessesOnOneRedisDeliverExactlyThree) {
  auto redis = testing_support::RedisServer::Start();
  ASSERT_TRUE(redis.ok()) << redis.status();
  const std::string store = absl::StrCat("redis:127.0.0.1:", (*redis)->port());
  const std::vector<std::string> midnight_is_far_away = {"--clock-start", "2026-05-05T12:00:00Z"};
  Replica one(store, "one", midnight_is_far_away);
  Replica two(store, "two", midnight_is_far_away);
  ApplyPlaybook(one, kPlaybook);
  Eventually([&](grpc::ClientContext& context) {
    v1::NextBestActionResponse response;
    return two.decisions->NextBestAction(&context, Question("warm_up"), &response);
  });
  const absl::Time begin = absl::Now();
  for (int i = 0; i < Repetitions(); ++i) {
    const std::string customer = absl::StrCat("c", i);
    ASSERT_EQ(Delivered({&one, &two}, customer), 3) << "repetition " << i;
    v1::GetProfileRequest request;
    request.set_tenant("shop");
    request.set_customer(customer);
    v1::GetProfileResponse response;
    grpc::ClientContext context;
    Expect(two.profiles->GetProfile(&context, request, &response));
    ASSERT_EQ(response.profile().contacts_size(), 3);
  }
  RecordProperty("milliseconds", static_cast<int>(absl::ToInt64Milliseconds(absl::Now() - begin)));
}

}  // namespace
}  // namespace waymark
