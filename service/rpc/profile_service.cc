#include <string>
#include <utility>

#include "service/base/field_error.h"
#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/to_wire.h"
#include "waymark/v1/profile.grpc.pb.h"

namespace waymark::rpc {
namespace {

// Answers with the profile of this customer.
template <typename Response>
engine::Engine::Done<engine::ProfileAnswer> AnswerProfile(std::string customer, Responder<Response> responder) {
  return [customer = std::move(customer),
          responder = std::move(responder)](absl::StatusOr<engine::ProfileAnswer> answer) mutable {
    if (!answer.ok()) return responder.Fail(answer.status());
    ToWire(*answer, customer, *responder.response().mutable_profile());
    responder.Finish();
  };
}

void GetProfile(engine::Engine& engine, const v1::GetProfileRequest& request, const CallContext& call,
                Responder<v1::GetProfileResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  if (absl::Status status = CheckCustomerId("customer", request.customer()); !status.ok()) {
    return responder.Fail(status);
  }
  engine.GetProfile(request.tenant(), request.customer(), call.deadline,
                    AnswerProfile(request.customer(), std::move(responder)));
}

void UpdateProfile(engine::Engine& engine, const v1::UpdateProfileRequest& request, const CallContext& call,
                   Responder<v1::UpdateProfileResponse> responder) {
  absl::StatusOr<engine::UpdateProfileRequest> asked = FromWire(request);
  if (!asked.ok()) return responder.Fail(asked.status());
  engine.UpdateProfile(*asked, call.deadline, AnswerProfile(request.profile().customer(), std::move(responder)));
}

}  // namespace

void AddProfileService(engine::Engine& engine, Methods& methods) {
  using Service = v1::ProfileService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestGetProfile, [&engine](const auto& request, const auto& call, auto responder) {
    GetProfile(engine, request, call, std::move(responder));
  });
  methods.Unary(service, &Service::RequestUpdateProfile,
                [&engine](const auto& request, const auto& call, auto responder) {
                  UpdateProfile(engine, request, call, std::move(responder));
                });
}

}  // namespace waymark::rpc
