#include "service/rpc/health.h"

#include <utility>

#include "absl/status/status.h"
#include "service/rpc/health.grpc.pb.h"
#include "service/rpc/methods.h"

namespace waymark::rpc {
namespace {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

HealthCheckResponse::ServingStatus StatusOf(bool serving) {
  return serving ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING;
}

}  // namespace

void Health::AddTo(Methods& methods) {
  using Service = grpc::health::v1::Health::AsyncService;
  auto& service = methods.Add<Service>();
  methods.Unary(
      service, &Service::RequestCheck,
      [this](const auto& request, const auto&, auto responder) {
        absl::MutexLock lock(&mutex_);
        auto it = serving_.find(request.service());
        if (it == serving_.end()) return responder.Fail(absl::NotFoundError("no such service"));
        responder.response().set_status(StatusOf(it->second));
        responder.Finish();
      },
      CallClass::kAlways);
  methods.ServerStream(
      service, &Service::RequestWatch,
      [this](const auto& request, const auto&, const auto& writer) { BeginWatch(request.service(), writer); },
      CallClass::kAlways);
}

void Health::Set(const std::string& service, bool serving) {
  absl::MutexLock lock(&mutex_);
  if (closed_) return;
  auto [it, added] = serving_.emplace(service, serving);
  if (!added && it->second == serving) return;
  it->second = serving;
  for (const auto& [id, watch] : watches_) {
    if (watch.service == service) Tell(watch);
  }
}

bool Health::watched() const {
  absl::MutexLock lock(&mutex_);
  return !watches_.empty();
}

void Health::Close() {
  std::map<int64_t, Watch> watches;
  {
    absl::MutexLock lock(&mutex_);
    closed_ = true;
    for (auto& [service, serving] : serving_) serving = false;
    for (const auto& [id, watch] : watches_) Tell(watch);
    watches.swap(watches_);
  }
  // Not an error: they were told.
  for (auto& [id, watch] : watches) watch.writer->Finish(absl::CancelledError("the server is shutting down"));
}

void Health::Tell(const Watch& watch) const {
  auto it = serving_.find(watch.service);
  HealthCheckResponse response;
  response.set_status(it == serving_.end() ? HealthCheckResponse::SERVICE_UNKNOWN : StatusOf(it->second));
  watch.writer->Write(std::move(response));
}

void Health::BeginWatch(const std::string& service, const Writer& writer) {
  int64_t id = 0;
  {
    absl::MutexLock lock(&mutex_);
    const Watch watch{service, writer};
    Tell(watch);
    if (closed_) return writer->Finish(absl::CancelledError("the server is shutting down"));
    id = next_id_++;
    watches_.emplace(id, watch);
  }
  writer->OnCancel([this, id] { EndWatch(id); });
}

void Health::EndWatch(int64_t id) {
  Writer writer;
  {
    absl::MutexLock lock(&mutex_);
    auto it = watches_.find(id);
    if (it == watches_.end()) return;
    writer = std::move(it->second.writer);
    watches_.erase(it);
  }
  writer->Finish(absl::CancelledError("no longer watched"));
}

}  // namespace waymark::rpc
