// A server that does nothing: Waymark's own server with a GetOffers that answers every call with one prepared response,
// and a RecordEvent that answers with the receipt of an event that moved nobody. What remains of a call when nobody
// thinks: the reference of bench_serving and bench_events.
//
//   noop_server PORT_FILE RESPONSE_FILE
//
// RESPONSE_FILE holds a serialized waymark.v1.GetOffersResponse. Ends with SIGTERM.

#include <signal.h>

#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <string>
#include <utility>

#include "service/rpc/methods.h"
#include "service/rpc/server.h"
#include "waymark/v1/decision.grpc.pb.h"
#include "waymark/v1/event.grpc.pb.h"

namespace waymark::rpc {
namespace {

int Serve(const std::string& port_file, const std::string& response_file) {
  v1::GetOffersResponse prepared;
  std::ifstream input(response_file, std::ios::binary);
  if (!prepared.ParseFromIstream(&input)) {
    std::cerr << "noop_server: no response in " << response_file << '\n';
    return 1;
  }
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  auto methods = std::make_unique<Methods>();
  using Service = v1::DecisionService::AsyncService;
  methods->Unary(methods->Add<Service>(), &Service::RequestGetOffers,
                 [&prepared](const auto&, const auto&, auto responder) {
                   responder.response() = prepared;
                   responder.Finish();
                 });
  using Events = v1::EventService::AsyncService;
  methods->Unary(methods->Add<Events>(), &Events::RequestRecordEvent, [](const auto&, const auto&, auto responder) {
    responder.response().mutable_receipt();
    responder.Finish();
  });
  absl::StatusOr<std::unique_ptr<Server>> server = Server::Start({}, std::move(methods));
  if (!server.ok()) {
    std::cerr << "noop_server: " << server.status() << '\n';
    return 1;
  }
  std::ofstream(port_file + ".new") << (*server)->port() << '\n';
  if (std::rename((port_file + ".new").c_str(), port_file.c_str()) != 0) return 1;
  int signal = 0;
  sigwait(&signals, &signal);
  return 0;
}

}  // namespace
}  // namespace waymark::rpc

int main(int argc, char** argv) {
  if (argc != 3) {
    std::cerr << "usage: noop_server PORT_FILE RESPONSE_FILE\n";
    return 2;
  }
  return waymark::rpc::Serve(argv[1], argv[2]);
}
