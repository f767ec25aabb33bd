#include "service/cli/client.h"

#include <google/protobuf/arena.h>
#include <grpcpp/grpcpp.h>

#include "absl/strings/cord.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/journey.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"
#include "waymark/v1/profile.grpc.pb.h"
#include "waymark/v1/segmentation.grpc.pb.h"

namespace waymark::cli {
namespace {

constexpr absl::string_view kRemote = "waymark.cli/remote";
constexpr absl::Duration kConnectPatience = absl::Milliseconds(200);

absl::Status FromGrpc(const grpc::Status& status) {
  if (status.ok()) return absl::OkStatus();
  absl::Status result(static_cast<absl::StatusCode>(status.error_code()), status.error_message());
  result.SetPayload(kRemote, absl::Cord());
  return result;
}

}  // namespace

struct Client::Stubs {
  explicit Stubs(const std::shared_ptr<grpc::Channel>& channel)
      : channel(channel),
        decision(channel),
        event(channel),
        journey(channel),
        profile(channel),
        segmentation(channel),
        playbook(channel) {}

  const std::shared_ptr<grpc::Channel> channel;
  v1::DecisionService::Stub decision;
  v1::EventService::Stub event;
  v1::JourneyService::Stub journey;
  v1::ProfileService::Stub profile;
  v1::SegmentationService::Stub segmentation;
  v1::PlaybookService::Stub playbook;
};

Client::Client(const std::string& address, absl::Duration timeout)
    : timeout_(timeout),
      stubs_(std::make_unique<Stubs>(grpc::CreateChannel(address, grpc::InsecureChannelCredentials()))) {}

Client::~Client() = default;

template <typename Stub, typename Request, typename Response, typename Method>
absl::Status Client::Call(Stub& stub, Method method, const Request& request, Response& response) {
  grpc::ClientContext context;
  context.set_deadline(absl::ToChronoTime(absl::Now() + timeout_));
  return FromGrpc((stub.*method)(&context, request, &response));
}

absl::Status Client::NextBestAction(const v1::NextBestActionRequest& request, v1::NextBestActionResponse& response) {
  return Call(stubs_->decision, &v1::DecisionService::Stub::NextBestAction, request, response);
}
absl::Status Client::GetOffers(const v1::GetOffersRequest& request, v1::GetOffersResponse& response) {
  return Call(stubs_->decision, &v1::DecisionService::Stub::GetOffers, request, response);
}
absl::Status Client::GetContent(const v1::GetContentRequest& request, v1::GetContentResponse& response) {
  return Call(stubs_->decision, &v1::DecisionService::Stub::GetContent, request, response);
}
absl::Status Client::RecordEvent(const v1::RecordEventRequest& request, v1::RecordEventResponse& response) {
  return Call(stubs_->event, &v1::EventService::Stub::RecordEvent, request, response);
}
absl::Status Client::ExplainDecision(const v1::ExplainDecisionRequest& request, v1::ExplainDecisionResponse& response) {
  return Call(stubs_->decision, &v1::DecisionService::Stub::ExplainDecision, request, response);
}
absl::Status Client::RecordEvents(const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response) {
  return Call(stubs_->event, &v1::EventService::Stub::RecordEvents, request, response);
}
absl::Status Client::GetProfile(const v1::GetProfileRequest& request, v1::GetProfileResponse& response) {
  return Call(stubs_->profile, &v1::ProfileService::Stub::GetProfile, request, response);
}
absl::Status Client::UpdateProfile(const v1::UpdateProfileRequest& request, v1::UpdateProfileResponse& response) {
  return Call(stubs_->profile, &v1::ProfileService::Stub::UpdateProfile, request, response);
}
absl::Status Client::GetJourney(const v1::GetJourneyRequest& request, v1::GetJourneyResponse& response) {
  return Call(stubs_->journey, &v1::JourneyService::Stub::GetJourney, request, response);
}
absl::Status Client::EvaluateCustomer(const v1::EvaluateCustomerRequest& request,
                                      v1::EvaluateCustomerResponse& response) {
  return Call(stubs_->segmentation, &v1::SegmentationService::Stub::EvaluateCustomer, request, response);
}
absl::Status Client::ApplyPlaybook(const v1::ApplyPlaybookRequest& request, v1::ApplyPlaybookResponse& response) {
  return Call(stubs_->playbook, &v1::PlaybookService::Stub::ApplyPlaybook, request, response);
}
absl::Status Client::ValidatePlaybook(const v1::ValidatePlaybookRequest& request,
                                      v1::ValidatePlaybookResponse& response) {
  return Call(stubs_->playbook, &v1::PlaybookService::Stub::ValidatePlaybook, request, response);
}

absl::Status Client::GetPlaybook(const v1::GetPlaybookRequest& request, v1::GetPlaybookResponse& response) {
  return Call(stubs_->playbook, &v1::PlaybookService::Stub::GetPlaybook, request, response);
}
absl::Status Client::ListBudgets(const v1::ListBudgetsRequest& request, v1::ListBudgetsResponse& response) {
  return Call(stubs_->playbook, &v1::PlaybookService::Stub::ListBudgets, request, response);
}
absl::Status Client::GetPopulation(const v1::GetPopulationRequest& request, v1::GetPopulationResponse& response) {
  return Call(stubs_->segmentation, &v1::SegmentationService::Stub::GetPopulation, request, response);
}

template <typename Stub, typename Request, typename Response, typename Method>
absl::Status Client::Stream(Stub& stub, Method method, const Request& request,
                            const std::function<void(const Response&)>& each) {
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReader<Response>> reader = (stub.*method)(&context, request);
  Response response;
  while (reader->Read(&response)) each(response);
  return FromGrpc(reader->Finish());
}

absl::Status Client::PreviewSegment(const v1::PreviewSegmentRequest& request,
                                    const std::function<void(const v1::PreviewSegmentResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::PreviewSegment, request, each);
}
absl::Status Client::PreviewPlaybook(const v1::PreviewPlaybookRequest& request,
                                     const std::function<void(const v1::PreviewPlaybookResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::PreviewPlaybook, request, each);
}
absl::Status Client::FitPopulation(const v1::FitPopulationRequest& request,
                                   const std::function<void(const v1::FitPopulationResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::FitPopulation, request, each);
}
absl::Status Client::SuggestSegments(const v1::SuggestSegmentsRequest& request,
                                     const std::function<void(const v1::SuggestSegmentsResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::SuggestSegments, request, each);
}

absl::Status Client::GetStageValues(const v1::GetStageValuesRequest& request, v1::GetStageValuesResponse& response) {
  return Call(stubs_->journey, &v1::JourneyService::Stub::GetStageValues, request, response);
}
absl::Status Client::LearnStageValues(const v1::LearnStageValuesRequest& request,
                                      const std::function<void(const v1::LearnStageValuesResponse&)>& each) {
  return Stream(stubs_->journey, &v1::JourneyService::Stub::LearnStageValues, request, each);
}
absl::Status Client::AttributeConversions(const v1::AttributeConversionsRequest& request,
                                          const std::function<void(const v1::AttributeConversionsResponse&)>& each) {
  return Stream(stubs_->journey, &v1::JourneyService::Stub::AttributeConversions, request, each);
}

absl::Status Client::ReplayDecisions(const v1::ReplayDecisionsRequest& request,
                                     const std::function<void(const v1::ReplayDecisionsResponse&)>& each) {
  return Stream(stubs_->decision, &v1::DecisionService::Stub::ReplayDecisions, request, each);
}
absl::Status Client::ExportDecisions(const v1::ExportDecisionsRequest& request,
                                     const std::function<void(const v1::ExportDecisionsResponse&)>& each) {
  return Stream(stubs_->decision, &v1::DecisionService::Stub::ExportDecisions, request, each);
}
absl::Status Client::AuditDecisions(const v1::AuditDecisionsRequest& request,
                                    const std::function<void(const v1::AuditDecisionsResponse&)>& each) {
  return Stream(stubs_->decision, &v1::DecisionService::Stub::AuditDecisions, request, each);
}

absl::Status Client::ExportJourneys(const v1::ExportJourneysRequest& request,
                                    const std::function<absl::Status(v1::ExportJourneysResponse&)>& each) {
  grpc::ClientContext context;
  const std::unique_ptr<grpc::ClientReader<v1::ExportJourneysResponse>> reader =
      stubs_->journey.ExportJourneys(&context, request);
  v1::ExportJourneysResponse response;
  absl::Status stopped;
  while (stopped.ok() && reader->Read(&response)) stopped = each(response);
  if (!stopped.ok()) context.TryCancel();
  const absl::Status status = FromGrpc(reader->Finish());
  return stopped.ok() ? status : stopped;
}

absl::Status Client::DecideStream(const std::function<bool(v1::DecideStreamRequest&)>& next,
                                  const std::function<absl::Status(const v1::DecideStreamResponse&)>& each) {
  v1::DecideStreamRequest request;
  if (!next(request)) return absl::OkStatus();
  // A channel that lost its service connects again only while somebody waits for it; callers sleep between attempts.
  if (!stubs_->channel->WaitForConnected(absl::ToChronoTime(absl::Now() + kConnectPatience))) {
    return FromGrpc({grpc::StatusCode::UNAVAILABLE, "the service cannot be reached"});
  }
  grpc::ClientContext context;
  const auto stream = stubs_->decision.DecideStream(&context);
  google::protobuf::Arena arena;
  absl::Status stopped;
  bool alive = true;
  do {
    alive = stream->Write(request);
    for (int answered = 0; alive && stopped.ok() && answered < request.customers_size();) {
      arena.Reset();
      auto* response = google::protobuf::Arena::CreateMessage<v1::DecideStreamResponse>(&arena);
      alive = stream->Read(response);
      if (!alive) break;
      answered += response->answers_size();
      stopped = each(*response);
    }
  } while (alive && stopped.ok() && next(request));
  if (!stopped.ok()) context.TryCancel();
  stream->WritesDone();
  const absl::Status status = FromGrpc(stream->Finish());
  if (!stopped.ok()) return stopped;
  return status.ok() && !alive ? absl::UnavailableError("the service ended before it was done") : status;
}

absl::Status Client::GetJourneyMap(const v1::GetJourneyMapRequest& request,
                                   const std::function<void(const v1::GetJourneyMapResponse&)>& each) {
  return Stream(stubs_->journey, &v1::JourneyService::Stub::GetJourneyMap, request, each);
}
absl::Status Client::Resegment(const v1::ResegmentRequest& request,
                               const std::function<void(const v1::ResegmentResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::Resegment, request, each);
}
absl::Status Client::ListMembers(const v1::ListMembersRequest& request,
                                 const std::function<void(const v1::ListMembersResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::ListMembers, request, each);
}
absl::Status Client::WatchChanges(const v1::WatchChangesRequest& request,
                                  const std::function<void(const v1::WatchChangesResponse&)>& each) {
  return Stream(stubs_->segmentation, &v1::SegmentationService::Stub::WatchChanges, request, each);
}

bool IsRemote(const absl::Status& status) { return status.GetPayload(kRemote).has_value(); }

ImportTarget TargetOf(Client& client) {
  return {[&client](const v1::UpdateProfileRequest& request) {
            v1::UpdateProfileResponse response;
            return client.UpdateProfile(request, response);
          },
          [&client](const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response) {
            return client.RecordEvents(request, response);
          }};
}

}  // namespace waymark::cli
