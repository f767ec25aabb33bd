#ifndef WAYMARK_SERVICE_CLI_CLIENT_H_
#define WAYMARK_SERVICE_CLI_CLIENT_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "service/cli/sender.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/journey.pb.h"
#include "waymark/v1/playbook.pb.h"
#include "waymark/v1/profile.pb.h"
#include "waymark/v1/segmentation.pb.h"

namespace waymark::cli {

// The service, as calls that block until they are answered. Every error is the service's or the way's to it, and
// carries IsRemote. Thread-safe.
class Client {
 public:
  // `timeout` is each call's, the streams apart, which take as long as they take. Connects with the first call.
  Client(const std::string& address, absl::Duration timeout);
  ~Client();

  absl::Status NextBestAction(const v1::NextBestActionRequest& request, v1::NextBestActionResponse& response);
  absl::Status GetOffers(const v1::GetOffersRequest& request, v1::GetOffersResponse& response);
  absl::Status GetContent(const v1::GetContentRequest& request, v1::GetContentResponse& response);
  absl::Status ExplainDecision(const v1::ExplainDecisionRequest& request, v1::ExplainDecisionResponse& response);
  absl::Status RecordEvent(const v1::RecordEventRequest& request, v1::RecordEventResponse& response);
  absl::Status RecordEvents(const v1::RecordEventsRequest& request, v1::RecordEventsResponse& response);
  absl::Status GetProfile(const v1::GetProfileRequest& request, v1::GetProfileResponse& response);
  absl::Status UpdateProfile(const v1::UpdateProfileRequest& request, v1::UpdateProfileResponse& response);
  absl::Status GetJourney(const v1::GetJourneyRequest& request, v1::GetJourneyResponse& response);
  absl::Status EvaluateCustomer(const v1::EvaluateCustomerRequest& request, v1::EvaluateCustomerResponse& response);
  absl::Status ApplyPlaybook(const v1::ApplyPlaybookRequest& request, v1::ApplyPlaybookResponse& response);
  absl::Status ValidatePlaybook(const v1::ValidatePlaybookRequest& request, v1::ValidatePlaybookResponse& response);
  absl::Status GetPlaybook(const v1::GetPlaybookRequest& request, v1::GetPlaybookResponse& response);
  absl::Status ListBudgets(const v1::ListBudgetsRequest& request, v1::ListBudgetsResponse& response);
  absl::Status GetPopulation(const v1::GetPopulationRequest& request, v1::GetPopulationResponse& response);
  absl::Status GetStageValues(const v1::GetStageValuesRequest& request, v1::GetStageValuesResponse& response);

  // Calls whose answer is a stream: each calls `each` with every message, and takes as long as it takes.
  absl::Status PreviewSegment(const v1::PreviewSegmentRequest& request,
                              const std::function<void(const v1::PreviewSegmentResponse&)>& each);
  absl::Status PreviewPlaybook(const v1::PreviewPlaybookRequest& request,
                               const std::function<void(const v1::PreviewPlaybookResponse&)>& each);
  absl::Status FitPopulation(const v1::FitPopulationRequest& request,
                             const std::function<void(const v1::FitPopulationResponse&)>& each);
  absl::Status SuggestSegments(const v1::SuggestSegmentsRequest& request,
                               const std::function<void(const v1::SuggestSegmentsResponse&)>& each);

  absl::Status LearnStageValues(const v1::LearnStageValuesRequest& request,
                                const std::function<void(const v1::LearnStageValuesResponse&)>& each);
  absl::Status AttributeConversions(const v1::AttributeConversionsRequest& request,
                                    const std::function<void(const v1::AttributeConversionsResponse&)>& each);
  absl::Status GetJourneyMap(const v1::GetJourneyMapRequest& request,
                             const std::function<void(const v1::GetJourneyMapResponse&)>& each);

  absl::Status ReplayDecisions(const v1::ReplayDecisionsRequest& request,
                               const std::function<void(const v1::ReplayDecisionsResponse&)>& each);
  absl::Status ExportDecisions(const v1::ExportDecisionsRequest& request,
                               const std::function<void(const v1::ExportDecisionsResponse&)>& each);
  absl::Status AuditDecisions(const v1::AuditDecisionsRequest& request,
                              const std::function<void(const v1::AuditDecisionsResponse&)>& each);

  // Until `each` gives an error, which is the call's then.
  absl::Status ExportJourneys(const v1::ExportJourneysRequest& request,
                              const std::function<absl::Status(v1::ExportJourneysResponse&)>& each);

  // A DecideStreamCall.
  absl::Status DecideStream(const std::function<bool(v1::DecideStreamRequest&)>& next,
                            const std::function<absl::Status(const v1::DecideStreamResponse&)>& each);

  // Calls `each` with every message of progress.
  absl::Status Resegment(const v1::ResegmentRequest& request,
                         const std::function<void(const v1::ResegmentResponse&)>& each);
  // Likewise, with every page.
  absl::Status ListMembers(const v1::ListMembersRequest& request,
                           const std::function<void(const v1::ListMembersResponse&)>& each);
  // Likewise, with every message; ends only when the service does.
  absl::Status WatchChanges(const v1::WatchChangesRequest& request,
                            const std::function<void(const v1::WatchChangesResponse&)>& each);

 private:
  struct Stubs;

  template <typename Stub, typename Request, typename Response, typename Method>
  absl::Status Call(Stub& stub, Method method, const Request& request, Response& response);

  template <typename Stub, typename Request, typename Response, typename Method>
  absl::Status Stream(Stub& stub, Method method, const Request& request,
                      const std::function<void(const Response&)>& each);

  const absl::Duration timeout_;
  const std::unique_ptr<Stubs> stubs_;
};

// Whether a status came from a call, and not from here.
bool IsRemote(const absl::Status& status);

// What an import calls. REQUIRES: `client` outlives it.
ImportTarget TargetOf(Client& client);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_CLIENT_H_
