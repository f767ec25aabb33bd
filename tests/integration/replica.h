#ifndef WAYMARK_TESTS_INTEGRATION_REPLICA_H_
#define WAYMARK_TESTS_INTEGRATION_REPLICA_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "grpcpp/client_context.h"
#include "grpcpp/support/status.h"
#include "tests/bench/child_process.h"
#include "tests/support/temp_directory.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"
#include "waymark/v1/playbook.grpc.pb.h"
#include "waymark/v1/profile.grpc.pb.h"

namespace waymark::testing_support {

// A process of the service on a store that several may share, and a client of it with a connection of its own. Fails
// the test where it does not start.
class Replica {
 public:
  Replica(const std::string& store, const std::string& name, const std::vector<std::string>& flags = {});

  int port() const { return port_; }

  std::unique_ptr<v1::DecisionService::Stub> decisions;
  std::unique_ptr<v1::EventService::Stub> events;
  std::unique_ptr<v1::PlaybookService::Stub> playbooks;
  std::unique_ptr<v1::ProfileService::Stub> profiles;

 private:
  const TempDirectory directory_;
  const std::string port_file_;
  absl::StatusOr<bench::ChildProcess> process_;
  int port_ = 0;
};

// Asks until it works, for 30 s: the store may need a moment, and a replica half a second to hear of a playbook.
void Eventually(const std::function<grpc::Status(grpc::ClientContext&)>& call);

// Applies a playbook to the tenant "shop".
void ApplyPlaybook(Replica& replica, const std::string& text);

}  // namespace waymark::testing_support

#endif  // WAYMARK_TESTS_INTEGRATION_REPLICA_H_
