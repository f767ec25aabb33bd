// Every method of the contract once over a real connection, and the errors that a client meets. What the answers mean
// is tested where they are made.

#include "service/rpc/services.h"

#include <grpcpp/create_channel.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "service/batch/environment.h"
#include "service/batch/watches.h"
#include "service/rpc/error_details.pb.h"
#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "tests/support/world.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/journey.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"
#include "waymark/v1/profile.grpc.pb.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::rpc {
namespace {

using testing::ElementsAre;

constexpr char kPlaybook[] = R"yaml(
name: shop
keep_decisions: 30d
currency: EUR
default_locale: de
traits: [{name: age, type: INT}]
purposes: [{name: email}]
context: [{name: cart_value, type: DOUBLE}]
channels: [{name: web, content_type: HTML}]
budgets: [{name: coupons, amount: 1000}, {name: daily, amount: 5, period: DAY}]
segments:
  - {name: buyers, when: 'ever("purchase")'}
journeys: [{name: shopping, preset: SIX_STAGES}]
actions:
  - name: coupon
    kind: OFFER
    limits: [{per: CUSTOMER, max: 1, window: 7d}]
    budgets: [coupons]
    treatments: [{channel: web, locale: de, body: 'Fünf Euro'}]
  - name: hello
    kind: CONTENT
    treatments: [{channel: web, locale: de, body: 'Hallo'}]
  - {name: ticket, kind: OFFER, budgets: [daily], valid_from: 2090-01-01}
placements:
  - {name: banner, touchpoint: web/home, slots: 1, fallback: hello}
  - {name: later, touchpoint: web/later, exposure: ON_IMPRESSION}
)yaml";

class ServicesTest : public testing::Test {
 protected:
  ServicesTest() {
    absl::StatusOr<std::unique_ptr<Server>> server =
        Server::Start({}, AllServices(world_.engine, batch_, watches_, log_));
    EXPECT_TRUE(server.ok()) << server.status();
    server_ = *std::move(server);
    auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", server_->port()), grpc::InsecureChannelCredentials());
    decisions_ = v1::DecisionService::NewStub(channel);
    events_ = v1::EventService::NewStub(channel);
    profiles_ = v1::ProfileService::NewStub(channel);
    segmentation_ = v1::SegmentationService::NewStub(channel);
    journeys_ = v1::JourneyService::NewStub(channel);
    playbooks_ = v1::PlaybookService::NewStub(channel);
  }

  // Calls a method of a stub.
  template <typename Stub, typename Request, typename Response>
  grpc::Status Call(Stub& stub, grpc::Status (Stub::*method)(grpc::ClientContext*, const Request&, Response*),
                    const Request& request, Response& response) {
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
    return (stub.*method)(&context, request, &response);
  }

  grpc::Status Record(const std::string& customer, const std::string& id, v1::RecordEventResponse& response) {
    v1::RecordEventRequest request;
    request.set_tenant("shop");
    request.set_customer(customer);
    request.mutable_event()->set_id(id);
    request.mutable_event()->set_type("purchase");
    return Call(*events_, &v1::EventService::Stub::RecordEvent, request, response);
  }

  grpc::Status GetOffers(v1::GetOffersRequest request, v1::GetOffersResponse& response) {
    if (request.context().tenant().empty()) request.mutable_context()->set_tenant("shop");
    if (request.placement().empty()) request.set_placement("banner");
    response.Clear();
    return Call(*decisions_, &v1::DecisionService::Stub::GetOffers, request, response);
  }

  testing_support::World world_{kPlaybook};
  batch::Threads threads_;
  const batch::Environment batch_{world_.profiles, world_.records, world_.playbooks, world_.clock, threads_};
  batch::Watches watches_{world_.profiles, world_.playbooks};
  batch::PastPlaybooks past_{world_.playbooks};
  const batch::LogEnvironment log_{world_.decisions, world_.playbooks, past_, world_.clock, threads_};
  std::unique_ptr<Server> server_;
  std::unique_ptr<v1::DecisionService::Stub> decisions_;
  std::unique_ptr<v1::EventService::Stub> events_;
  std::unique_ptr<v1::ProfileService::Stub> profiles_;
  std::unique_ptr<v1::SegmentationService::Stub> segmentation_;
  std::unique_ptr<v1::JourneyService::Stub> journeys_;
  std::unique_ptr<v1::PlaybookService::Stub> playbooks_;
};

#define ASSERT_GRPC_OK(expression)                                                        \
  do {                                                                                    \
    const grpc::Status status_ = (expression);                                            \
    ASSERT_TRUE(status_.ok()) << status_.error_code() << ": " << status_.error_message(); \
  } while (false)

// The fields of a status' BadRequest.
std::vector<std::string> FieldsOf(const grpc::Status& status) {
  details::Status detailed;
  EXPECT_TRUE(detailed.ParseFromString(status.error_details()));
  std::vector<std::string> fields;
  for (const google::protobuf::Any& any : detailed.details()) {
    if (any.type_url() != "type.googleapis.com/google.rpc.BadRequest") continue;
    details::BadRequest bad_request;
    EXPECT_TRUE(bad_request.ParseFromString(any.value()));
    for (const auto& violation : bad_request.field_violations()) fields.push_back(violation.field());
  }
  return fields;
}

TEST_F(ServicesTest, Decides) {
  v1::GetOffersRequest request;
  request.mutable_context()->set_customer("c1");
  request.mutable_context()->set_explain(true);
  v1::GetOffersResponse offers;
  ASSERT_GRPC_OK(GetOffers(request, offers));
  ASSERT_EQ(offers.decision().actions_size(), 1);
  EXPECT_EQ(offers.decision().actions(0).action(), "coupon");
  EXPECT_EQ(offers.decision().actions(0).content().body(), "Fünf Euro");
  EXPECT_EQ(offers.decision().candidates_size(), 3);
  EXPECT_EQ(offers.decision().knowledge(), v1::KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER);
  // Once a week.
  ASSERT_GRPC_OK(GetOffers(request, offers));
  EXPECT_EQ(offers.decision().actions(0).action(), "hello");
  EXPECT_TRUE(offers.decision().actions(0).fallback());

  v1::NextBestActionRequest best_request;
  best_request.mutable_context()->set_tenant("shop");
  best_request.mutable_context()->set_customer("c2");
  auto* event = best_request.mutable_context()->add_events();
  event->set_id("e1");
  event->set_type("purchase");
  best_request.set_placement("banner");
  v1::NextBestActionResponse best;
  ASSERT_GRPC_OK(Call(*decisions_, &v1::DecisionService::Stub::NextBestAction, best_request, best));
  EXPECT_EQ(best.decision().actions_size(), 1);
  ASSERT_EQ(best.receipts_size(), 1);
  EXPECT_THAT(best.receipts(0).segments_entered(), ElementsAre("buyers"));

  v1::GetContentRequest content_request;
  content_request.mutable_context()->set_tenant("shop");
  content_request.add_placements("banner");
  v1::GetContentResponse content;
  ASSERT_GRPC_OK(Call(*decisions_, &v1::DecisionService::Stub::GetContent, content_request, content));
  ASSERT_EQ(content.decisions_size(), 1);
  EXPECT_EQ(content.decisions(0).placement(), "banner");
}

TEST_F(ServicesTest, RefusesADecisionAndNamesTheField) {
  v1::GetOffersResponse response;
  v1::GetOffersRequest no_such_placement;
  no_such_placement.set_placement("elsewhere");
  EXPECT_EQ(GetOffers(no_such_placement, response).error_code(), grpc::NOT_FOUND);

  v1::GetOffersRequest no_such_tenant;
  no_such_tenant.mutable_context()->set_tenant("nobody");
  EXPECT_EQ(GetOffers(no_such_tenant, response).error_code(), grpc::FAILED_PRECONDITION);

  v1::GetOffersRequest wrong_type;
  (*wrong_type.mutable_context()->mutable_context())["cart_value"].set_string_value("much");
  const grpc::Status status = GetOffers(wrong_type, response);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("context.context[\"cart_value\"]"));

  v1::GetOffersRequest wrong_event;
  wrong_event.mutable_context()->set_customer("c");
  wrong_event.mutable_context()->add_events()->set_id("e");
  EXPECT_THAT(FieldsOf(GetOffers(wrong_event, response)), ElementsAre("context.events[0].type"));
}

TEST_F(ServicesTest, DecidesWithoutTheStore) {
  world_.profiles.FailWith(absl::UnavailableError("away"));
  v1::GetOffersRequest request;
  request.mutable_context()->set_customer("c1");
  v1::GetOffersResponse response;
  ASSERT_GRPC_OK(GetOffers(request, response));
  EXPECT_EQ(response.decision().knowledge(), v1::KNOWLEDGE_CONTEXT_STORE_UNAVAILABLE);
}

TEST_F(ServicesTest, RecordsAnEvent) {
  v1::RecordEventResponse response;
  ASSERT_GRPC_OK(Record("c1", "e1", response));
  EXPECT_FALSE(response.receipt().duplicate());
  EXPECT_THAT(response.receipt().segments_entered(), ElementsAre("buyers"));
  ASSERT_GRPC_OK(Record("c1", "e1", response));
  EXPECT_TRUE(response.receipt().duplicate());

  const grpc::Status malformed = Record("c1", "", response);
  EXPECT_EQ(malformed.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(malformed), ElementsAre("event.id"));

  world_.profiles.FailWith(absl::UnavailableError("away"));
  EXPECT_EQ(Record("c1", "e2", response).error_code(), grpc::UNAVAILABLE);
}

TEST_F(ServicesTest, RecordsABatchElementByElement) {
  v1::RecordEventsRequest request;
  request.set_tenant("shop");
  for (const char* id : {"e1", "e2", "e1", "", "e3"}) {
    v1::CustomerEvent& element = *request.add_events();
    element.set_customer("c1");
    element.mutable_event()->set_id(id);
    element.mutable_event()->set_type("purchase");
  }
  request.mutable_events(4)->mutable_event()->set_type("no_such_event");
  v1::RecordEventsResponse response;
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvents, request, response));
  EXPECT_EQ(response.recorded(), 2);
  EXPECT_EQ(response.duplicates(), 1);
  ASSERT_EQ(response.refused_size(), 2);
  EXPECT_EQ(response.refused(0).index(), 3);
  EXPECT_EQ(response.refused(0).problem().field(), "events[3].event.id");
  EXPECT_EQ(response.refused(1).index(), 4);
  EXPECT_EQ(response.refused(1).problem().field(), "events[4].event.type");
  EXPECT_FALSE(response.refused(1).retry());

  world_.profiles.FailWith(absl::UnavailableError("away"));
  response.Clear();
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvents, request, response));
  ASSERT_EQ(response.refused_size(), 5);
  EXPECT_EQ(response.refused(0).index(), 0);
  EXPECT_TRUE(response.refused(0).retry());
  EXPECT_FALSE(response.refused(3).retry());
}

TEST_F(ServicesTest, WithholdsWhatIsNotAllowedAnyMore) {
  v1::RecordEventsRequest request;
  request.set_tenant("shop");
  for (const char* id : {"i1", "i2"}) {
    v1::GetOffersRequest ask;
    ask.mutable_context()->set_tenant("shop");
    ask.mutable_context()->set_customer("c1");
    ask.set_placement("later");
    v1::GetOffersResponse offers;
    ASSERT_GRPC_OK(Call(*decisions_, &v1::DecisionService::Stub::GetOffers, ask, offers));
    ASSERT_EQ(offers.decision().actions_size(), 1) << "nothing was shown yet";
    v1::CustomerEvent& element = *request.add_events();
    element.set_customer("c1");
    element.mutable_event()->set_id(id);
    element.mutable_event()->set_type("impression");
    element.mutable_event()->set_decision_token(offers.decision().actions(0).token());
    element.mutable_event()->set_only_if_allowed(true);
  }
  v1::RecordEventsResponse batch;
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvents, request, batch));
  EXPECT_EQ(batch.recorded(), 1);
  ASSERT_EQ(batch.refused_size(), 1);
  EXPECT_EQ(batch.refused(0).problem().field(), "events[1].event.only_if_allowed");
  EXPECT_EQ(batch.refused(0).problem().message(), "not allowed any more (REASON_CODE_LIMIT): the action: 1 in 168h");
  EXPECT_FALSE(batch.refused(0).retry());

  v1::RecordEventRequest single;
  single.set_tenant("shop");
  single.set_customer("c1");
  *single.mutable_event() = request.events(1).event();
  v1::RecordEventResponse answer;
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvent, single, answer));
  EXPECT_TRUE(answer.receipt().withheld());
  EXPECT_EQ(answer.receipt().disallowed(), v1::REASON_CODE_LIMIT);
  single.mutable_event()->set_only_if_allowed(false);
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvent, single, answer));
  EXPECT_FALSE(answer.receipt().withheld()) << "it was shown: it is recorded, and says so";
  EXPECT_EQ(answer.receipt().disallowed(), v1::REASON_CODE_LIMIT);
}

TEST_F(ServicesTest, KeepsProfiles) {
  v1::GetProfileRequest get;
  get.set_tenant("shop");
  get.set_customer("c1");
  v1::GetProfileResponse got;
  EXPECT_EQ(Call(*profiles_, &v1::ProfileService::Stub::GetProfile, get, got).error_code(), grpc::NOT_FOUND);

  v1::UpdateProfileRequest update;
  update.set_tenant("shop");
  update.mutable_profile()->set_customer("c1");
  (*update.mutable_profile()->mutable_traits())["age"].set_int_value(40);
  (*update.mutable_profile()->mutable_consents())["email"].set_granted(true);
  v1::UpdateProfileResponse updated;
  ASSERT_GRPC_OK(Call(*profiles_, &v1::ProfileService::Stub::UpdateProfile, update, updated));
  EXPECT_EQ(updated.profile().customer(), "c1");
  EXPECT_EQ(updated.profile().traits().at("age").int_value(), 40);
  ASSERT_GRPC_OK(Call(*profiles_, &v1::ProfileService::Stub::GetProfile, get, got));
  EXPECT_EQ(got.profile().etag(), updated.profile().etag());
  EXPECT_TRUE(got.profile().consents().at("email").granted());

  // Only while nobody else changed it.
  update.mutable_profile()->set_etag(got.profile().etag());
  (*update.mutable_profile()->mutable_traits())["age"].set_int_value(41);
  ASSERT_GRPC_OK(Call(*profiles_, &v1::ProfileService::Stub::UpdateProfile, update, updated));
  EXPECT_EQ(Call(*profiles_, &v1::ProfileService::Stub::UpdateProfile, update, updated).error_code(), grpc::ABORTED);

  (*update.mutable_profile()->mutable_traits())["age"].set_bool_value(true);
  update.mutable_profile()->clear_etag();
  EXPECT_THAT(FieldsOf(Call(*profiles_, &v1::ProfileService::Stub::UpdateProfile, update, updated)),
              ElementsAre("profile.traits[\"age\"]"));
}

TEST_F(ServicesTest, ShowsAJourney) {
  v1::GetJourneyRequest request;
  v1::GetJourneyResponse response;
  const auto get = [&] {
    response.Clear();
    return Call(*journeys_, &v1::JourneyService::Stub::GetJourney, request, response);
  };
  request.set_tenant("shop");
  request.set_customer("c1");
  EXPECT_EQ(get().error_code(), grpc::StatusCode::NOT_FOUND) << "no such customer";
  v1::RecordEventResponse receipt;
  for (const char* id : {"e1", "e2", "e3"}) ASSERT_GRPC_OK(Record("c1", id, receipt));
  request.set_page_size(2);
  ASSERT_GRPC_OK(get());
  EXPECT_EQ(response.position().stage(), "usage") << "bought more than once";
  EXPECT_EQ(response.entries_size(), 2);
  EXPECT_FALSE(response.next_page_token().empty());
  request.set_page_token(response.next_page_token());
  request.set_page_size(1000);
  ASSERT_GRPC_OK(get());
  EXPECT_EQ(response.next_page_token(), "");
  request.set_page_token("nonsense");
  grpc::Status status = get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("page_token"));
  request.clear_page_token();
  request.set_journey("unknown");
  EXPECT_EQ(get().error_code(), grpc::StatusCode::NOT_FOUND);
  request.set_page_size(1001);
  status = get();
  EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(FieldsOf(status), ElementsAre("page_size"));
}

TEST_F(ServicesTest, MapsJourneys) {
  v1::GetJourneyMapRequest request;
  request.set_tenant("shop");
  v1::GetJourneyMapResponse last;
  const auto get = [&] {
    last.Clear();
    grpc::ClientContext context;
    context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
    const auto reader = journeys_->GetJourneyMap(&context, request);
    while (reader->Read(&last)) {
    }
    return reader->Finish();
  };
  v1::RecordEventResponse receipt;
  for (const char* customer : {"c1", "c2", "c3"}) ASSERT_GRPC_OK(Record(customer, "e1", receipt));
  ASSERT_GRPC_OK(get());
  EXPECT_TRUE(last.done());
  EXPECT_EQ(last.profiles(), 3);
  EXPECT_EQ(last.map().journey(), "shopping");
  EXPECT_EQ(last.map().customers(), 3);
  ASSERT_EQ(last.map().stages_size(), 6);
  EXPECT_EQ(last.map().stages(3).stage(), "purchase");
  EXPECT_EQ(last.map().stages(3).standing(), 3);
  EXPECT_EQ(last.map().playbook_version(), 1u);
  EXPECT_FALSE(last.has_compared());
  const int64_t as_of = last.map().as_of().seconds();
  EXPECT_EQ(as_of, absl::ToUnixSeconds(world_.clock.Now()));

  // Kept, as it was; made again where it is told to.
  ASSERT_GRPC_OK(Record("c4", "e1", receipt));
  world_.clock.Advance(absl::Seconds(10));
  ASSERT_GRPC_OK(get());
  EXPECT_EQ(last.map().as_of().seconds(), as_of);
  EXPECT_EQ(last.map().customers(), 3);
  request.mutable_max_age();
  request.mutable_compare_with()->set_segment("buyers");
  request.mutable_compare_with()->mutable_until()->set_seconds(1);
  ASSERT_GRPC_OK(get());
  EXPECT_EQ(last.map().as_of().seconds(), as_of + 10);
  EXPECT_EQ(last.map().customers(), 4);
  EXPECT_EQ(last.compared().customers(), 0) << "nobody was there in 1970";
  EXPECT_EQ(last.compared().selection().segment(), "buyers");
}

TEST_F(ServicesTest, RefusesAMapByField) {
  const auto call = [&](const std::function<void(v1::GetJourneyMapRequest&)>& change) {
    v1::GetJourneyMapRequest request;
    request.set_tenant("shop");
    change(request);
    grpc::ClientContext context;
    const auto reader = journeys_->GetJourneyMap(&context, request);
    v1::GetJourneyMapResponse response;
    while (reader->Read(&response)) {
    }
    return reader->Finish();
  };
  const auto fields = [&](const std::function<void(v1::GetJourneyMapRequest&)>& change) {
    const grpc::Status status = call(change);
    EXPECT_EQ(status.error_code(), grpc::StatusCode::INVALID_ARGUMENT) << status.error_message();
    return FieldsOf(status);
  };
  EXPECT_THAT(fields([](auto& r) { r.clear_tenant(); }), ElementsAre("tenant"));
  EXPECT_THAT(fields([](auto& r) { r.set_journey(std::string(129, 'x')); }), ElementsAre("journey"));
  EXPECT_THAT(fields([](auto& r) {
                r.mutable_selection()->mutable_from()->set_seconds(9);
                r.mutable_selection()->mutable_until()->set_seconds(9);
              }),
              ElementsAre("selection.until"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_selection()->mutable_from()->set_nanos(-1); }),
              ElementsAre("selection.from"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_compare_with()->mutable_until()->set_seconds(INT64_MAX); }),
              ElementsAre("compare_with.until"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_compare_with()->set_segment(std::string(129, 'x')); }),
              ElementsAre("compare_with.segment"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_max_age()->set_seconds(-1); }), ElementsAre("max_age"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_max_age()->set_nanos(-1); }), ElementsAre("max_age"));
  EXPECT_THAT(fields([](auto& r) { r.mutable_max_age()->set_seconds(INT64_MAX); }), ElementsAre("max_age"));
  EXPECT_THAT(fields([](auto& r) { r.set_min_people(4); }), ElementsAre("min_people"));
  EXPECT_THAT(fields([](auto& r) { r.set_min_people(1'000'001); }), ElementsAre("min_people"));

  const auto code = [&](const std::function<void(v1::GetJourneyMapRequest&)>& change) {
    return call(change).error_code();
  };
  EXPECT_EQ(code([](auto& r) { r.set_journey("x"); }), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code([](auto& r) { r.mutable_selection()->set_segment("x"); }), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code([](auto& r) { r.mutable_selection()->set_persona("x"); }), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code([](auto& r) { r.mutable_compare_with()->set_segment("x"); }), grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(code([](auto& r) { r.set_tenant("nobody"); }), grpc::StatusCode::FAILED_PRECONDITION);
}

TEST_F(ServicesTest, RefusesScoresAndFeelingsByField) {
  v1::RecordEventRequest request;
  request.set_tenant("shop");
  request.set_customer("c1");
  v1::Event& event = *request.mutable_event();
  const auto fields = [&] {
    v1::RecordEventResponse response;
    return FieldsOf(Call(*events_, &v1::EventService::Stub::RecordEvent, request, response));
  };
  event.set_id("e1");
  event.set_type("nps");
  EXPECT_THAT(fields(), ElementsAre("event.number"));
  event.set_number(11);
  EXPECT_THAT(fields(), ElementsAre("event.number"));
  event.set_number(std::nan(""));
  EXPECT_THAT(fields(), ElementsAre("event.number"));
  event.set_number(10);
  event.set_sentiment(std::nan(""));
  EXPECT_THAT(fields(), ElementsAre("event.sentiment"));
  event.set_sentiment(1);
  event.set_text(std::string(501, 'x'));
  EXPECT_THAT(fields(), ElementsAre("event.text"));
  event.set_text("fine");
  v1::RecordEventResponse response;
  ASSERT_GRPC_OK(Call(*events_, &v1::EventService::Stub::RecordEvent, request, response));
  v1::GetProfileRequest get;
  get.set_tenant("shop");
  get.set_customer("c1");
  v1::GetProfileResponse profile;
  ASSERT_GRPC_OK(Call(*profiles_, &v1::ProfileService::Stub::GetProfile, get, profile));
  ASSERT_EQ(profile.profile().scores_size(), 2);
  EXPECT_EQ(profile.profile().scores(0).type(), "nps");
  EXPECT_EQ(profile.profile().scores(0).value(), 10);
  EXPECT_EQ(profile.profile().scores(1).type(), "sentiment");
}

TEST_F(ServicesTest, Segments) {
  v1::RecordEventResponse recorded;
  ASSERT_GRPC_OK(Record("c1", "e1", recorded));
  v1::EvaluateCustomerRequest evaluate;
  evaluate.set_tenant("shop");
  evaluate.set_customer("c1");
  v1::EvaluateCustomerResponse evaluated;
  ASSERT_GRPC_OK(Call(*segmentation_, &v1::SegmentationService::Stub::EvaluateCustomer, evaluate, evaluated));
  ASSERT_EQ(evaluated.segments_size(), 1);
  EXPECT_TRUE(evaluated.segments(0).member());
  EXPECT_EQ(evaluated.positions_size(), 1);

  grpc::ClientContext context;
  v1::ResegmentRequest request;
  request.set_tenant("shop");
  auto reader = segmentation_->Resegment(&context, request);
  v1::ResegmentResponse progress;
  while (reader->Read(&progress)) {
  }
  ASSERT_GRPC_OK(reader->Finish());
  EXPECT_TRUE(progress.done());
  EXPECT_EQ(progress.profiles(), 1);
  ASSERT_EQ(progress.segments_size(), 1);
  EXPECT_EQ(progress.segments(0).members(), 1);
  EXPECT_EQ(progress.stages_size(), 6);
}

TEST_F(ServicesTest, ExplainsReplaysExportsAndAudits) {
  v1::GetOffersRequest ask;
  v1::GetOffersResponse answer;
  for (int i = 0; i < 6; ++i) {
    ask.mutable_context()->set_tenant("shop");
    ask.mutable_context()->set_customer(absl::StrCat("c", i));
    ask.mutable_context()->set_explain(true);
    ask.set_placement("banner");
    ASSERT_TRUE(GetOffers(ask, answer).ok());
  }
  world_.logger.Flush();
  v1::ExplainDecisionRequest which;
  which.set_tenant("shop");
  v1::ExplainDecisionResponse explained;
  for (const bool by_token : {false, true}) {
    if (by_token) {
      which.set_token(answer.decision().actions(0).token());
    } else {
      which.set_decision_id(answer.decision().decision_id());
    }
    ASSERT_TRUE(Call(*decisions_, &v1::DecisionService::Stub::ExplainDecision, which, explained).ok());
    EXPECT_EQ(explained.customer(), "c5");
    ASSERT_EQ(explained.decisions_size(), 1);
    EXPECT_EQ(explained.decisions(0).SerializeAsString(), answer.decision().SerializeAsString());
  }
  which.set_decision_id("none");
  EXPECT_EQ(Call(*decisions_, &v1::DecisionService::Stub::ExplainDecision, which, explained).error_code(),
            grpc::NOT_FOUND);

  v1::ExportDecisionsRequest dump;
  dump.set_tenant("shop");
  v1::ReplayDecisionsRequest again;
  again.set_tenant("shop");
  {
    grpc::ClientContext context;
    const auto reader = decisions_->ExportDecisions(&context, dump);
    v1::ExportDecisionsResponse message;
    while (reader->Read(&message)) {
      for (const v1::LoggedDecision& logged : message.logged()) {
        EXPECT_EQ(logged.placements(0).placement(), "banner");
        EXPECT_EQ(logged.placements(0).actions(0).action(), "coupon");
        EXPECT_EQ(logged.knowledge(), v1::KNOWLEDGE_CONTEXT_UNKNOWN_CUSTOMER);
        again.add_records(logged.record());
      }
    }
    EXPECT_TRUE(message.done());
    EXPECT_TRUE(reader->Finish().ok());
  }
  ASSERT_EQ(again.records_size(), 6);
  const auto replay = [&](const v1::ReplayDecisionsRequest& request, grpc::StatusCode expected) {
    grpc::ClientContext context;
    const auto reader = decisions_->ReplayDecisions(&context, request);
    v1::ReplayDecisionsResponse message, last;
    while (reader->Read(&message)) last = message;
    EXPECT_EQ(reader->Finish().error_code(), expected);
    return last;
  };
  EXPECT_EQ(replay(again, grpc::OK).equal(), 6);
  again.clear_records();
  EXPECT_EQ(replay(again, grpc::OK).equal(), 6);
  std::string other = kPlaybook;
  other.replace(other.find("max: 1"), 6, "max: 2");
  other.replace(other.find("kind: OFFER"), 11, "kind: CONTENT");
  again.set_playbook_text(other);
  const v1::ReplayDecisionsResponse what_if = replay(again, grpc::OK);
  EXPECT_TRUE(what_if.done());
  EXPECT_EQ(what_if.equal(), 0);
  ASSERT_EQ(what_if.actions_size(), 2);
  EXPECT_EQ(what_if.actions(0).action(), "coupon");
  EXPECT_EQ(what_if.actions(0).lost(), 6);
  EXPECT_EQ(what_if.actions(1).gained(), 6);
  again.set_playbook_text("actions: [{nam: x}]");
  replay(again, grpc::INVALID_ARGUMENT);

  grpc::ClientContext context;
  v1::AuditDecisionsRequest trait;
  trait.set_tenant("shop");
  trait.set_trait("age");
  const auto reader = decisions_->AuditDecisions(&context, trait);
  v1::AuditDecisionsResponse audit;
  while (reader->Read(&audit)) continue;
  EXPECT_TRUE(reader->Finish().ok());
  ASSERT_EQ(audit.groups_size(), 1);
  EXPECT_TRUE(audit.groups(0).not_known());
  EXPECT_EQ(audit.groups(0).customers(), 6);
  EXPECT_EQ(audit.groups(0).offered().hits(), 6);
  EXPECT_FALSE(audit.groups(0).offered().has_difference());
}

TEST_F(ServicesTest, ListsMembersAndWatchesChanges) {
  v1::RecordEventResponse recorded;
  ASSERT_GRPC_OK(Record("c1", "e1", recorded));
  grpc::ClientContext context;
  v1::ListMembersRequest list;
  list.set_tenant("shop");
  list.set_segment("buyers");
  auto members = segmentation_->ListMembers(&context, list);
  v1::ListMembersResponse page;
  ASSERT_TRUE(members->Read(&page));
  EXPECT_THAT(page.customers(), ElementsAre("c1"));
  EXPECT_EQ(page.profiles(), 1);
  EXPECT_FALSE(members->Read(&page));
  ASSERT_GRPC_OK(members->Finish());

  grpc::ClientContext watch_context;
  v1::WatchChangesRequest watch;
  watch.set_tenant("shop");
  watch.set_cursor("0");
  auto changes = segmentation_->WatchChanges(&watch_context, watch);
  v1::WatchChangesResponse message;
  ASSERT_TRUE(changes->Read(&message));
  ASSERT_EQ(message.changes_size(), 1);
  EXPECT_EQ(message.changes(0).customer(), "c1");
  EXPECT_THAT(message.changes(0).entered(), ElementsAre("buyers"));
  EXPECT_EQ(message.changes(0).playbook_version(), 1u);
  EXPECT_TRUE(message.changes(0).has_stored_at());
  ASSERT_GRPC_OK(Record("c2", "e2", recorded));
  ASSERT_TRUE(changes->Read(&message));
  EXPECT_EQ(message.changes(0).customer(), "c2");
  watch_context.TryCancel();
  EXPECT_EQ(changes->Finish().error_code(), grpc::CANCELLED);
}

TEST_F(ServicesTest, AWatchEndsWithTheService) {
  grpc::ClientContext context;
  v1::WatchChangesRequest request;
  request.set_tenant("shop");
  auto changes = segmentation_->WatchChanges(&context, request);
  v1::WatchChangesResponse message;
  ASSERT_TRUE(changes->Read(&message));
  EXPECT_EQ(message.cursor(), "1");
  watches_.Stop();
  server_->Shutdown(absl::Seconds(60));
  EXPECT_FALSE(changes->Read(&message));
  EXPECT_EQ(changes->Finish().error_code(), grpc::UNAVAILABLE);
}

TEST_F(ServicesTest, MembersAndChangesNeedASegmentThatIsThere) {
  grpc::ClientContext context;
  v1::ListMembersRequest list;
  list.set_tenant("shop");
  list.set_segment("nobody");
  v1::ListMembersResponse page;
  auto members = segmentation_->ListMembers(&context, list);
  EXPECT_FALSE(members->Read(&page));
  EXPECT_EQ(members->Finish().error_code(), grpc::NOT_FOUND);
  struct Case {
    const char* tenant;
    const char* cursor;
    const char* segment;
    grpc::StatusCode code;
  };
  for (const Case& c : {Case{"", "", "", grpc::INVALID_ARGUMENT}, Case{"shop", "x", "", grpc::INVALID_ARGUMENT},
                        Case{"shop", "7", "", grpc::OUT_OF_RANGE}, Case{"shop", "", "nobody", grpc::NOT_FOUND},
                        Case{"nobody", "", "", grpc::FAILED_PRECONDITION}}) {
    grpc::ClientContext watch_context;
    v1::WatchChangesRequest request;
    request.set_tenant(c.tenant);
    request.set_cursor(c.cursor);
    if (*c.segment != 0) request.add_segments(c.segment);
    auto changes = segmentation_->WatchChanges(&watch_context, request);
    v1::WatchChangesResponse message;
    EXPECT_FALSE(changes->Read(&message));
    EXPECT_EQ(changes->Finish().error_code(), c.code) << c.tenant << c.cursor << c.segment;
  }
}

TEST_F(ServicesTest, ResegmentNeedsATenantWithAPlaybook) {
  for (const auto& [tenant, code] :
       {std::pair("", grpc::INVALID_ARGUMENT), std::pair("nobody", grpc::FAILED_PRECONDITION)}) {
    grpc::ClientContext context;
    v1::ResegmentRequest request;
    request.set_tenant(tenant);
    auto reader = segmentation_->Resegment(&context, request);
    v1::ResegmentResponse progress;
    EXPECT_FALSE(reader->Read(&progress));
    EXPECT_EQ(reader->Finish().error_code(), code) << tenant;
  }
}

TEST_F(ServicesTest, KeepsPlaybooks) {
  v1::GetPlaybookRequest get;
  get.set_tenant("shop");
  v1::GetPlaybookResponse got;
  ASSERT_GRPC_OK(Call(*playbooks_, &v1::PlaybookService::Stub::GetPlaybook, get, got));
  EXPECT_EQ(got.version(), 1u);
  EXPECT_EQ(got.text(), kPlaybook);

  v1::ApplyPlaybookRequest apply;
  apply.set_tenant("shop");
  apply.set_text(absl::StrCat(kPlaybook, "# changed\n"));
  apply.set_expected_version(0);
  v1::ApplyPlaybookResponse applied;
  EXPECT_EQ(Call(*playbooks_, &v1::PlaybookService::Stub::ApplyPlaybook, apply, applied).error_code(), grpc::ABORTED);
  apply.set_expected_version(1);
  ASSERT_GRPC_OK(Call(*playbooks_, &v1::PlaybookService::Stub::ApplyPlaybook, apply, applied));
  EXPECT_EQ(applied.version(), 2u);

  get.set_version(7);
  EXPECT_EQ(Call(*playbooks_, &v1::PlaybookService::Stub::GetPlaybook, get, got).error_code(), grpc::NOT_FOUND);
}

TEST_F(ServicesTest, AWrongPlaybookIsAnsweredWithAllItsProblems) {
  const std::string wrong = "name: shop\nnonsense: 1\nactions: [{name: a, kind: WHAT}]\n";
  v1::ValidatePlaybookRequest validate;
  validate.set_text(wrong);
  v1::ValidatePlaybookResponse validated;
  ASSERT_GRPC_OK(Call(*playbooks_, &v1::PlaybookService::Stub::ValidatePlaybook, validate, validated));
  ASSERT_GE(validated.problems_size(), 2);

  v1::ApplyPlaybookRequest apply;
  apply.set_tenant("shop");
  apply.set_text(wrong);
  v1::ApplyPlaybookResponse applied;
  const grpc::Status status = Call(*playbooks_, &v1::PlaybookService::Stub::ApplyPlaybook, apply, applied);
  EXPECT_EQ(status.error_code(), grpc::INVALID_ARGUMENT);
  EXPECT_EQ(FieldsOf(status).size(), static_cast<size_t>(validated.problems_size()));

  v1::GetPlaybookRequest get;
  get.set_tenant("shop");
  v1::GetPlaybookResponse got;
  ASSERT_GRPC_OK(Call(*playbooks_, &v1::PlaybookService::Stub::GetPlaybook, get, got));
  EXPECT_EQ(got.version(), 1u);
}

TEST_F(ServicesTest, SaysHowBudgetsStand) {
  v1::GetOffersResponse offered;
  v1::GetOffersRequest asked;
  asked.mutable_context()->set_customer("anna");
  ASSERT_GRPC_OK(GetOffers(asked, offered));
  ASSERT_EQ(offered.decision().actions(0).action(), "coupon");
  world_.budgets.Drain(absl::Now() + absl::Seconds(60));
  v1::ListBudgetsRequest request;
  v1::ListBudgetsResponse response;
  EXPECT_EQ(Call(*playbooks_, &v1::PlaybookService::Stub::ListBudgets, request, response).error_code(),
            grpc::StatusCode::INVALID_ARGUMENT);
  request.set_tenant("shop");
  ASSERT_GRPC_OK(Call(*playbooks_, &v1::PlaybookService::Stub::ListBudgets, request, response));
  ASSERT_EQ(response.budgets_size(), 2);
  EXPECT_EQ(response.budgets(0).ShortDebugString(), "name: \"coupons\" amount: 1000 taken: 1 left: 999");
  EXPECT_EQ(response.budgets(1).left(), 5);
  EXPECT_EQ(response.budgets(1).period_start().seconds() % 86400, 0);
}

// The last message of a stream that Journey's stub gives.
template <typename Request, typename Response>
grpc::Status LastOf(std::unique_ptr<grpc::ClientReader<Response>> (v1::JourneyService::Stub::*method)(
                        grpc::ClientContext*, const Request&),
                    v1::JourneyService::Stub& stub, const Request& request, Response& last) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + absl::Seconds(60)));
  const auto reader = (stub.*method)(&context, request);
  while (reader->Read(&last)) {
  }
  return reader->Finish();
}

TEST_F(ServicesTest, SaysWhatTheRoadIsWorth) {
  v1::JourneyService::Stub& journeys = *journeys_;
  using Stub = v1::JourneyService::Stub;
  v1::GetStageValuesRequest get;
  get.set_tenant("shop");
  v1::GetStageValuesResponse got;
  EXPECT_EQ(Call(journeys, &Stub::GetStageValues, get, got).error_code(), grpc::StatusCode::NOT_FOUND);

  v1::RecordEventResponse recorded;
  ASSERT_GRPC_OK(Record("anna", "1", recorded));
  v1::LearnStageValuesRequest learn;
  learn.set_tenant("shop");
  learn.add_segments("nobody");
  v1::LearnStageValuesResponse learned;
  EXPECT_EQ(LastOf(&Stub::LearnStageValues, journeys, learn, learned).error_code(), grpc::StatusCode::NOT_FOUND);
  learn.set_segments(0, "buyers");
  ASSERT_GRPC_OK(LastOf(&Stub::LearnStageValues, journeys, learn, learned));
  EXPECT_TRUE(learned.done());
  EXPECT_EQ(learned.profiles(), 1);
  EXPECT_EQ(learned.values().customers(), 1);
  ASSERT_GRPC_OK(Call(journeys, &Stub::GetStageValues, get, got));
  EXPECT_EQ(got.values().SerializeAsString(), learned.values().SerializeAsString());
  ASSERT_EQ(got.values().journeys_size(), 1);
  EXPECT_EQ(got.values().journeys(0).segments(0).stages_size(), 6);
  // Nobody fitted a population.
  v1::GetPopulationRequest population;
  population.set_tenant("shop");
  v1::GetPopulationResponse none;
  EXPECT_EQ(Call(*segmentation_, &v1::SegmentationService::Stub::GetPopulation, population, none).error_code(),
            grpc::StatusCode::NOT_FOUND);
  learn.set_shrinkage(-1);
  EXPECT_THAT(FieldsOf(LastOf(&Stub::LearnStageValues, journeys, learn, learned)), ElementsAre("shrinkage"));

  v1::AttributeConversionsRequest attribute;
  attribute.set_tenant("shop");
  v1::AttributeConversionsResponse attributed;
  ASSERT_GRPC_OK(LastOf(&Stub::AttributeConversions, journeys, attribute, attributed));
  EXPECT_TRUE(attributed.done());
  EXPECT_EQ(attributed.attribution().conversions(), 1);
  EXPECT_EQ(attributed.attribution().unattributed(), 1);
  attribute.set_markov_order(7);
  EXPECT_THAT(FieldsOf(LastOf(&Stub::AttributeConversions, journeys, attribute, attributed)),
              ElementsAre("markov_order"));
}

}  // namespace
}  // namespace waymark::rpc
