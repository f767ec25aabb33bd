#include "tests/bench/service_under_test.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "tests/bench/sample_shop.h"
#include "waymark/v1/playbook.grpc.pb.h"

namespace waymark::bench {
namespace {

constexpr int kCallers = 32;
constexpr int kConnections = 4;

absl::Status ApplyPlaybook(const std::shared_ptr<grpc::Channel>& channel, const ShopOptions& options) {
  const auto stub = v1::PlaybookService::NewStub(channel);
  v1::ApplyPlaybookRequest request;
  request.set_tenant(kTenant);
  request.set_text(absl::StrCat(options.keep_decisions ? "keep_decisions: 30d\n" : "",
                                SamplePlaybook(options.actions, options.segments)));
  // The store may need a moment.
  grpc::Status status;
  for (const absl::Time until = absl::Now() + absl::Seconds(15); absl::Now() < until;) {
    grpc::ClientContext context;
    v1::ApplyPlaybookResponse response;
    status = stub->ApplyPlaybook(&context, request, &response);
    if (status.ok() || status.error_code() == grpc::INVALID_ARGUMENT) break;
    absl::SleepFor(absl::Milliseconds(50));
  }
  if (status.ok()) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("applying the playbook: ", status.error_message()));
}

absl::Status LoadCustomers(LoadGenerator& load, const ShopOptions& options) {
  for (const Workload& workload :
       {WorkloadOf("/waymark.v1.ProfileService/UpdateProfile", SampleProfiles(options.customers)),
        WorkloadOf("/waymark.v1.EventService/RecordEvents",
                   SampleHistory(options.customers, options.events_each, absl::Now()))}) {
    const LoadResult result = load.Each(workload, kCallers);
    if (result.errors > 0) return absl::InternalError(absl::StrCat(workload.method, ": ", result.first_error));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ServiceUnderTest>> ServiceUnderTest::Start(const std::string& name,
                                                                          const std::string& store,
                                                                          const std::string& folder,
                                                                          const ShopOptions& options) {
  const std::string port_file = absl::StrCat(folder, "/", name, ".port");
  auto process = ChildProcess::Start({WAYMARKD, "--listen", "127.0.0.1:0", "--store", store, "--port-file", port_file},
                                     absl::StrCat(folder, "/", name, ".log"));
  if (!process.ok()) return process.status();
  const absl::StatusOr<int> port = process->WaitForPort(port_file);
  if (!port.ok()) return port.status();
  const auto channel = grpc::CreateChannel(absl::StrCat("127.0.0.1:", *port), grpc::InsecureChannelCredentials());
  std::unique_ptr<ServiceUnderTest> service(
      new ServiceUnderTest{*std::move(process), *port, channel, LoadGenerator(*port, kConnections)});
  if (absl::Status status = ApplyPlaybook(channel, options); !status.ok()) return status;
  if (absl::Status status = LoadCustomers(service->load, options); !status.ok()) return status;
  return service;
}

absl::Status CheckLoad(const LoadResult& result) {
  const int64_t failed = result.errors + result.refused;
  if (failed == 0) return absl::OkStatus();
  return absl::InternalError(absl::StrCat(failed, " of ", result.calls, " calls failed: ", result.first_error));
}

}  // namespace waymark::bench
