#include <utility>
#include <vector>

#include "service/rpc/from_wire.h"
#include "service/rpc/methods.h"
#include "service/rpc/services.h"
#include "service/rpc/to_wire.h"
#include "waymark/v1/playbook.grpc.pb.h"

namespace waymark::rpc {
namespace {

void ApplyPlaybook(engine::Playbooks& playbooks, const v1::ApplyPlaybookRequest& request, const CallContext& call,
                   Responder<v1::ApplyPlaybookResponse> responder) {
  if (absl::Status status = Check(request); !status.ok()) return responder.Fail(status);
  absl::optional<uint64_t> expected;
  if (request.has_expected_version()) expected = request.expected_version();
  playbooks.Apply(request.tenant(), request.text(), expected, call.deadline,
                  [responder = std::move(responder)](absl::StatusOr<engine::ApplyAnswer> answer) mutable {
                    if (!answer.ok()) return responder.Fail(answer.status());
                    if (!answer->problems.empty()) return responder.Fail(ProblemsToStatus(answer->problems));
                    ToWire(*answer, responder.response());
                    responder.Finish();
                  });
}

void ValidatePlaybook(engine::Playbooks& playbooks, const v1::ValidatePlaybookRequest& request,
                      Responder<v1::ValidatePlaybookResponse> responder) {
  if (absl::Status status = Check(request); !status.ok()) return responder.Fail(status);
  playbooks.Validate(request.text(),
                     [responder = std::move(responder)](const std::vector<playbook::Problem>& problems) mutable {
                       for (const playbook::Problem& problem : problems)
                         ToWire(problem, *responder.response().add_problems());
                       responder.Finish();
                     });
}

void GetPlaybook(engine::Playbooks& playbooks, const v1::GetPlaybookRequest& request, const CallContext& call,
                 Responder<v1::GetPlaybookResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  absl::optional<uint64_t> version;
  if (request.has_version()) version = request.version();
  playbooks.Get(request.tenant(), version, call.deadline,
                [responder = std::move(responder)](absl::StatusOr<engine::PlaybookText> text) mutable {
                  if (!text.ok()) return responder.Fail(text.status());
                  ToWire(*text, responder.response());
                  responder.Finish();
                });
}

void ListBudgets(engine::Engine& engine, const v1::ListBudgetsRequest& request, const CallContext& call,
                 Responder<v1::ListBudgetsResponse> responder) {
  if (absl::Status status = CheckTenant(request.tenant()); !status.ok()) return responder.Fail(status);
  engine.ListBudgets(request.tenant(), call.deadline,
                     [responder = std::move(responder)](absl::StatusOr<engine::ListBudgetsAnswer> answer) mutable {
                       if (!answer.ok()) return responder.Fail(answer.status());
                       for (const engine::BudgetStatus& budget : answer->budgets)
                         ToWire(budget, *responder.response().add_budgets());
                       responder.Finish();
                     });
}

}  // namespace

void AddPlaybookService(engine::Playbooks& playbooks, engine::Engine& engine, Methods& methods) {
  using Service = v1::PlaybookService::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(service, &Service::RequestApplyPlaybook,
                [&playbooks](const auto& request, const auto& call, auto responder) {
                  ApplyPlaybook(playbooks, request, call, std::move(responder));
                });
  methods.Unary(service, &Service::RequestValidatePlaybook,
                [&playbooks](const auto& request, const auto&, auto responder) {
                  ValidatePlaybook(playbooks, request, std::move(responder));
                });
  methods.Unary(service, &Service::RequestGetPlaybook,
                [&playbooks](const auto& request, const auto& call, auto responder) {
                  GetPlaybook(playbooks, request, call, std::move(responder));
                });
  methods.Unary(service, &Service::RequestListBudgets,
                [&engine](const auto& request, const auto& call, auto responder) {
                  ListBudgets(engine, request, call, std::move(responder));
                });
}

}  // namespace waymark::rpc
