#include "tests/integration/replica.h"

#include <grpcpp/create_channel.h>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gtest/gtest.h"

namespace waymark::testing_support {
namespace {

std::vector<std::string> CommandLine(const std::string& store, const std::string& port_file,
                                     const std::vector<std::string>& flags) {
  std::vector<std::string> command = {WAYMARKD, "--listen", "127.0.0.1:0", "--store", store, "--port-file", port_file};
  command.insert(command.end(), flags.begin(), flags.end());
  return command;
}

}  // namespace

Replica::Replica(const std::string& store, const std::string& name, const std::vector<std::string>& flags)
    : port_file_(directory_.path() + "/port"),
      process_(bench::ChildProcess::Start(CommandLine(store, port_file_, flags), directory_.path() + "/log")) {
  EXPECT_TRUE(process_.ok()) << process_.status();
  const absl::StatusOr<int> port = process_->WaitForPort(port_file_);
  EXPECT_TRUE(port.ok()) << port.status();
  port_ = port.value_or(0);
  grpc::ChannelArguments arguments;
  arguments.SetString("replica", name);  // a connection of its own
  const auto channel =
      grpc::CreateCustomChannel(absl::StrCat("127.0.0.1:", *port), grpc::InsecureChannelCredentials(), arguments);
  decisions = v1::DecisionService::NewStub(channel);
  events = v1::EventService::NewStub(channel);
  playbooks = v1::PlaybookService::NewStub(channel);
  profiles = v1::ProfileService::NewStub(channel);
}

void Eventually(const std::function<grpc::Status(grpc::ClientContext&)>& call) {
  grpc::Status status;
  for (const absl::Time until = absl::Now() + absl::Seconds(30); absl::Now() < until;) {
    grpc::ClientContext context;
    status = call(context);
    if (status.ok()) return;
    absl::SleepFor(absl::Milliseconds(10));
  }
  FAIL() << status.error_message();
}

void ApplyPlaybook(Replica& replica, const std::string& text) {
  Eventually([&](grpc::ClientContext& context) {
    v1::ApplyPlaybookRequest request;
    request.set_tenant("shop");
    request.set_text(text);
    v1::ApplyPlaybookResponse response;
    return replica.playbooks->ApplyPlaybook(&context, request, &response);
  });
}

}  // namespace waymark::testing_support
