#ifndef WAYMARK_TESTS_SERVICE_CLI_FAKE_SERVICE_H_
#define WAYMARK_TESTS_SERVICE_CLI_FAKE_SERVICE_H_

#include <grpcpp/grpcpp.h>

#include <algorithm>
#include <atomic>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tests/service/cli/fake_target.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/journey.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"
#include "waymark/v1/profile.grpc.pb.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::testing_support {

inline grpc::Status ToGrpc(const absl::Status& status) {
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()), std::string(status.message()));
}

// The contract, served in this process with trivial answers: enough to see what a client sends and how it takes what
// comes back.
class FakeService {
 public:
  FakeService() {
    grpc::ServerBuilder builder;
    builder.AddListeningPort("127.0.0.1:0", grpc::InsecureServerCredentials(), &port_);
    for (grpc::Service* service : std::initializer_list<grpc::Service*>{&decisions_, &events_, &profiles_, &segments_,
                                                                        &journeys_, &playbooks_}) {
      builder.RegisterService(service);
    }
    server_ = builder.BuildAndStart();
  }

  std::string address() const { return absl::StrCat("127.0.0.1:", port_); }
  FakeTarget& target() { return target_; }
  void Stop() { server_->Shutdown(); }

 private:
  using Context = grpc::ServerContext;

  // Answers with the request's own words.
  struct Decisions : v1::DecisionService::Service {
    std::atomic<bool> broken{false};
    static void Fill(const v1::DecisionContext& context, const std::string& placement, v1::Decision& decision) {
      decision.set_placement(placement);
      decision.set_decision_id(absl::StrCat(context.tenant(), "/", context.customer(), "/", context.locale()));
      decision.add_actions()->set_action(context.context().contains("weekend") ? "weekend_coupon" : "coupon");
      if (context.explain()) decision.add_candidates()->set_action("other");
    }
    grpc::Status NextBestAction(Context*, const v1::NextBestActionRequest* request,
                                v1::NextBestActionResponse* response) override {
      if (request->placement() == "nowhere")
        return {grpc::StatusCode::NOT_FOUND, "placement: there is no such placement"};
      Fill(request->context(), request->placement(), *response->mutable_decision());
      return grpc::Status::OK;
    }
    // An answer a message. The stream breaks at the first message, and who is called "nobody" is refused.
    grpc::Status DecideStream(
        Context*, grpc::ServerReaderWriter<v1::DecideStreamResponse, v1::DecideStreamRequest>* stream) override {
      v1::DecideStreamRequest request;
      while (stream->Read(&request)) {
        if (!broken.exchange(true)) return {grpc::StatusCode::UNAVAILABLE, "the service is stopping"};
        for (const v1::CustomerToDecide& each : request.customers()) {
          v1::DecideStreamResponse response;
          v1::CustomerDecisions& answer = *response.add_answers();
          answer.set_customer(each.customer());
          for (const std::string& placement : request.placements()) {
            if (placement == "nowhere") return {grpc::StatusCode::NOT_FOUND, "there is no such placement"};
            if (each.customer() == "nobody") {
              answer.mutable_refusal()->set_message("no such customer");
            } else {
              Fill(request.context(), placement, *answer.add_decisions());
            }
          }
          stream->Write(response);
        }
      }
      return grpc::Status::OK;
    }
    grpc::Status ExplainDecision(Context*, const v1::ExplainDecisionRequest* request,
                                 v1::ExplainDecisionResponse* response) override {
      if (request->decision_id() == "none") return {grpc::StatusCode::NOT_FOUND, "the log has no such decision"};
      response->set_customer("c1");
      v1::Decision& decision = *response->add_decisions();
      decision.set_decision_id(request->has_token() ? "of " + request->token() : request->decision_id());
      decision.set_placement("cart");
      decision.add_candidates()->set_action("other");
      return grpc::Status::OK;
    }
    // Each record, id or, where there is neither, the log is one decision. It differs where its name is odd.
    grpc::Status ReplayDecisions(Context*, const v1::ReplayDecisionsRequest* request,
                                 grpc::ServerWriter<v1::ReplayDecisionsResponse>* writer) override {
      v1::ReplayDecisionsResponse response;
      std::vector<std::string> names(request->records().begin(), request->records().end());
      names.insert(names.end(), request->decision_ids().begin(), request->decision_ids().end());
      if (names.empty()) names.push_back(absl::StrCat("since ", request->since().seconds()));
      names.erase(std::remove(names.begin(), names.end(), "gone"), names.end());
      response.set_replayed(static_cast<int64_t>(names.size()));
      for (const std::string& name : names) {
        if (name != "odd") {
          response.set_equal(response.equal() + 1);
          continue;
        }
        v1::ReplayDifference& difference = *response.add_differences();
        difference.set_decision_id(name);
        difference.set_placement("cart");
        difference.add_before("coupon");
      }
      v1::ReplayedAction& action = *response.add_actions();
      action.set_placement("cart");
      action.set_action(request->has_playbook_text() || names.empty() ? "new" : names[0]);
      action.set_gained(1);
      writer->Write(response);
      response.set_done(true);
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status ExportDecisions(Context*, const v1::ExportDecisionsRequest* request,
                                 grpc::ServerWriter<v1::ExportDecisionsResponse>* writer) override {
      v1::ExportDecisionsResponse response;
      for (const char* record : {"even", "odd"}) {
        response.clear_logged();
        v1::LoggedDecision& logged = *response.add_logged();
        logged.set_decision_id(absl::StrCat("until ", request->until().seconds()));
        logged.set_record(record);
        writer->Write(response);
      }
      response.clear_logged();
      response.set_done(true);
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status AuditDecisions(Context*, const v1::AuditDecisionsRequest* request,
                                grpc::ServerWriter<v1::AuditDecisionsResponse>* writer) override {
      v1::AuditDecisionsResponse response;
      v1::AuditedGroup& group = *response.add_groups();
      group.set_value(request->trait() + "/" + request->action() + "/" + absl::StrJoin(request->accepted_by(), ","));
      group.set_customers(1234);
      response.set_done(true);
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status GetOffers(Context*, const v1::GetOffersRequest* request, v1::GetOffersResponse* response) override {
      Fill(request->context(), absl::StrCat(request->placement(), " x", request->max_offers()),
           *response->mutable_decision());
      return grpc::Status::OK;
    }
    grpc::Status GetContent(Context*, const v1::GetContentRequest* request, v1::GetContentResponse* response) override {
      for (const std::string& placement : request->placements()) {
        Fill(request->context(), placement, *response->add_decisions());
      }
      return grpc::Status::OK;
    }
  };

  struct Events : v1::EventService::Service {
    explicit Events(FakeTarget& target) : target(target) {}
    grpc::Status RecordEvent(Context*, const v1::RecordEventRequest* request,
                             v1::RecordEventResponse* response) override {
      v1::RecordEventsRequest batch;
      batch.set_tenant(request->tenant());
      batch.add_events()->set_customer(request->customer());
      *batch.mutable_events(0)->mutable_event() = request->event();
      v1::RecordEventsResponse recorded;
      const absl::Status status = target.RecordEvents(batch, recorded);
      response->mutable_receipt()->set_duplicate(recorded.duplicates() == 1);
      return ToGrpc(status);
    }
    grpc::Status RecordEvents(Context*, const v1::RecordEventsRequest* request,
                              v1::RecordEventsResponse* response) override {
      return ToGrpc(target.RecordEvents(*request, *response));
    }
    FakeTarget& target;
  };

  struct Profiles : v1::ProfileService::Service {
    explicit Profiles(FakeTarget& target) : target(target) {}
    grpc::Status GetProfile(Context*, const v1::GetProfileRequest* request, v1::GetProfileResponse* response) override {
      const auto profiles = target.profiles();
      const auto profile = profiles.find(request->customer());
      if (profile == profiles.end()) return {grpc::StatusCode::NOT_FOUND, "there is no such customer"};
      *response->mutable_profile() = profile->second;
      return grpc::Status::OK;
    }
    grpc::Status UpdateProfile(Context*, const v1::UpdateProfileRequest* request,
                               v1::UpdateProfileResponse* response) override {
      *response->mutable_profile() = request->profile();
      response->mutable_profile()->set_etag(absl::StrCat(request->update_mask().paths_size(), " paths"));
      return ToGrpc(target.UpdateProfile(*request));
    }
    FakeTarget& target;
  };

  struct Segments : v1::SegmentationService::Service {
    grpc::Status EvaluateCustomer(Context*, const v1::EvaluateCustomerRequest*,
                                  v1::EvaluateCustomerResponse* response) override {
      response->add_segments()->set_segment("vip");
      response->mutable_segments(0)->set_member(true);
      return grpc::Status::OK;
    }
    grpc::Status Resegment(Context*, const v1::ResegmentRequest* request,
                           grpc::ServerWriter<v1::ResegmentResponse>* writer) override {
      v1::ResegmentResponse response;
      for (int i = 1; i <= 3; ++i) {
        response.set_profiles(i * 100);
        response.set_done(i == 3 && !request->restart());  // a restarted run ends early, as a lost service would
        writer->Write(response);
      }
      return grpc::Status::OK;
    }
    grpc::Status ListMembers(Context*, const v1::ListMembersRequest* request,
                             grpc::ServerWriter<v1::ListMembersResponse>* writer) override {
      const bool everyone = request->segment().empty();
      if (!everyone && request->segment() != "vip") return {grpc::StatusCode::NOT_FOUND, "there is no such segment"};
      for (const char* customer : {"c1", "c2", "c3"}) {
        if (!everyone && customer == std::string("c3")) break;
        v1::ListMembersResponse response;
        response.add_customers(customer);
        writer->Write(response);
      }
      return grpc::Status::OK;
    }
    grpc::Status PreviewSegment(Context*, const v1::PreviewSegmentRequest* request,
                                grpc::ServerWriter<v1::PreviewSegmentResponse>* writer) override {
      if (request->when() == "1 +") return {grpc::StatusCode::INVALID_ARGUMENT, "when: 1:4: it ends too early"};
      v1::PreviewSegmentResponse response;
      response.mutable_impact()->set_segment(request->segment());
      response.mutable_impact()->set_members(request->sample());
      response.set_profiles(100);
      writer->Write(response);
      response.set_done(request->when() != "lost");
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status PreviewPlaybook(Context*, const v1::PreviewPlaybookRequest*,
                                 grpc::ServerWriter<v1::PreviewPlaybookResponse>* writer) override {
      v1::PreviewPlaybookResponse response;
      v1::SegmentImpact& impact = *response.add_segments();
      impact.set_segment("vip");
      impact.set_leaving(3);
      response.set_done(true);
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status FitPopulation(Context*, const v1::FitPopulationRequest* request,
                               grpc::ServerWriter<v1::FitPopulationResponse>* writer) override {
      v1::FitPopulationResponse response;
      response.set_profiles(10);
      writer->Write(response);
      response.set_done(true);
      response.mutable_population()->set_version(request->seed());
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status GetPopulation(Context*, const v1::GetPopulationRequest* request,
                               v1::GetPopulationResponse* response) override {
      if (request->tenant() != "shop") return {grpc::StatusCode::NOT_FOUND, "no population was fitted yet"};
      response->mutable_population()->set_version(4);
      return grpc::Status::OK;
    }
    // Repeats what it was asked for.
    grpc::Status SuggestSegments(Context*, const v1::SuggestSegmentsRequest* request,
                                 grpc::ServerWriter<v1::SuggestSegmentsResponse>* writer) override {
      v1::SuggestSegmentsResponse response;
      v1::Suggestion& suggestion = *response.add_suggestions();
      suggestion.set_rule(request->event());
      suggestion.set_customers(request->within().seconds());
      suggestion.set_converters(request->max());
      response.set_done(true);
      writer->Write(response);
      return grpc::Status::OK;
    }
    // One change, which repeats what it was asked for, and an empty message; then it ends as a stopping service does.
    grpc::Status WatchChanges(Context*, const v1::WatchChangesRequest* request,
                              grpc::ServerWriter<v1::WatchChangesResponse>* writer) override {
      v1::WatchChangesResponse response;
      v1::MembershipChange& change = *response.add_changes();
      change.set_customer("c1");
      *change.mutable_entered() = request->segments();
      change.add_left("cursor_" + request->cursor());
      change.mutable_stored_at()->set_seconds(1'780'000'000);
      response.set_cursor("8");
      writer->Write(response);
      response.clear_changes();
      writer->Write(response);
      return {grpc::StatusCode::UNAVAILABLE, "the service is stopping"};
    }
  };

  // Answers with the request's own words.
  struct Journeys : v1::JourneyService::Service {
    grpc::Status GetJourney(Context*, const v1::GetJourneyRequest* request, v1::GetJourneyResponse* response) override {
      if (request->customer() == "nobody") return {grpc::StatusCode::NOT_FOUND, "there is no such customer"};
      response->mutable_position()->set_journey(request->journey());
      response->mutable_position()->set_stage(request->customer());
      response->set_visits(request->page_size());
      response->set_next_page_token(request->page_token());
      return grpc::Status::OK;
    }
    static void Fill(double discount, v1::StageValues& values) {
      values.set_yearly_discount(discount);
      values.set_customers(1234);
      v1::JourneyStageValues& journey = *values.add_journeys();
      journey.set_journey("shopping");
      v1::StageValue& stage = *journey.add_segments()->add_stages();
      stage.set_stage("usage");
      stage.mutable_value()->set_micros(12'500'000);
      stage.mutable_value()->set_currency("EUR");
    }
    grpc::Status LearnStageValues(Context*, const v1::LearnStageValuesRequest* request,
                                  grpc::ServerWriter<v1::LearnStageValuesResponse>* writer) override {
      v1::LearnStageValuesResponse response;
      response.set_profiles(10);
      writer->Write(response);
      response.set_done(true);
      Fill(request->yearly_discount(), *response.mutable_values());
      for (const std::string& segment : request->segments()) {
        response.mutable_values()->mutable_journeys(0)->add_segments()->set_segment(segment);
      }
      response.mutable_values()->mutable_gone_after()->CopyFrom(request->gone_after());
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status GetStageValues(Context*, const v1::GetStageValuesRequest* request,
                                v1::GetStageValuesResponse* response) override {
      if (request->tenant() != "shop") return {grpc::StatusCode::NOT_FOUND, "no stage values were learned yet"};
      Fill(0.1, *response->mutable_values());
      return grpc::Status::OK;
    }
    grpc::Status AttributeConversions(Context*, const v1::AttributeConversionsRequest* request,
                                      grpc::ServerWriter<v1::AttributeConversionsResponse>* writer) override {
      v1::AttributeConversionsResponse response;
      response.set_done(true);
      v1::Attribution& attribution = *response.mutable_attribution();
      attribution.mutable_value()->set_currency("EUR");
      attribution.set_conversions(request->look_back().seconds());
      v1::AttributedTo& player = *attribution.add_players();
      player.set_name(absl::StrCat(v1::AttributionBy_Name(request->by()), ", ", request->selection().segment(), " ",
                                   request->selection().from().seconds()));
      player.set_touches(request->markov_order());
      player.mutable_markov()->set_conversions(2.5);
      player.mutable_markov()->mutable_value()->set_micros(7'000'000);
      writer->Write(response);
      return grpc::Status::OK;
    }
    grpc::Status GetJourneyMap(Context*, const v1::GetJourneyMapRequest* request,
                               grpc::ServerWriter<v1::GetJourneyMapResponse>* writer) override {
      if (request->journey() == "none") return {grpc::StatusCode::NOT_FOUND, "there is no such journey"};
      v1::GetJourneyMapResponse response;
      response.set_profiles(1);
      response.set_estimated_total(2);
      writer->Write(response);
      if (request->journey() == "broken") return grpc::Status::OK;
      response.set_done(true);
      *response.mutable_map()->mutable_selection() = request->selection();
      response.mutable_map()->set_journey(request->journey());
      response.mutable_map()->set_customers(request->min_people());
      response.mutable_map()->set_incomplete_customers(request->max_age().seconds());
      response.mutable_map()->add_stages()->set_stage(request->tenant());
      if (request->has_compare_with()) {
        *response.mutable_compared()->mutable_selection() = request->compare_with();
      }
      writer->Write(response);
      return grpc::Status::OK;
    }
  };

  // Every text but the one that begins with "broken" is a playbook.
  struct Playbooks : v1::PlaybookService::Service {
    grpc::Status ApplyPlaybook(Context*, const v1::ApplyPlaybookRequest* request,
                               v1::ApplyPlaybookResponse* response) override {
      if (request->text().rfind("broken", 0) == 0) return {grpc::StatusCode::INVALID_ARGUMENT, "1 problem"};
      if (request->expected_version() == 7) return {grpc::StatusCode::ABORTED, "another version came between"};
      response->set_version(3);
      return grpc::Status::OK;
    }
    grpc::Status GetPlaybook(Context*, const v1::GetPlaybookRequest* request,
                             v1::GetPlaybookResponse* response) override {
      if (request->tenant() != "shop") return {grpc::StatusCode::NOT_FOUND, "the tenant has no playbook"};
      response->set_text("name: a\nsegments: [{name: vip, when: ever('purchase')}]\n");
      return grpc::Status::OK;
    }
    grpc::Status ListBudgets(Context*, const v1::ListBudgetsRequest* request,
                             v1::ListBudgetsResponse* response) override {
      if (request->tenant() != "shop") return {grpc::StatusCode::FAILED_PRECONDITION, "the tenant has no playbook"};
      v1::BudgetStatus& budget = *response->add_budgets();
      budget.set_name("vouchers");
      budget.set_amount(10);
      budget.set_taken(4);
      budget.set_left(6);
      return grpc::Status::OK;
    }
    grpc::Status ValidatePlaybook(Context*, const v1::ValidatePlaybookRequest*,
                                  v1::ValidatePlaybookResponse* response) override {
      v1::Problem& problem = *response->add_problems();
      problem.set_field("segments[0].when");
      problem.set_line(1);
      problem.set_column(8);
      problem.set_message("it is broken");
      return grpc::Status::OK;
    }
  };

  FakeTarget target_;
  Decisions decisions_;
  Events events_{target_};
  Profiles profiles_{target_};
  Segments segments_;
  Journeys journeys_;
  Playbooks playbooks_;
  int port_ = 0;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_SERVICE_CLI_FAKE_SERVICE_H_
