#include "service/web/metrics_server.h"

#include <civetweb.h>
#include <prometheus/collectable.h>
#include <prometheus/exposer.h>

#include <atomic>
#include <exception>
#include <thread>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "service/web/prometheus_writer.h"

namespace waymark::web {
namespace {

// Asks the sources anew with each scrape.
class Sources final : public prometheus::Collectable {
 public:
  explicit Sources(std::vector<const base::MetricSource*> sources) : sources_(std::move(sources)) {}

  std::vector<prometheus::MetricFamily> Collect() const override {
    PrometheusWriter writer;
    for (const base::MetricSource* source : sources_) source->Collect(writer);
    return writer.TakeFamilies();
  }

 private:
  const std::vector<const base::MetricSource*> sources_;
};

absl::Status CheckAddress(absl::string_view address) {
  const size_t colon = address.rfind(':');
  int port = 0;
  // A comma, and letters behind the port, would mean more to the web server than one address.
  if (colon == absl::string_view::npos || colon == 0 ||
      address.find_first_not_of("0123456789abcdefABCDEF.:[]") < colon ||
      !absl::SimpleAtoi(address.substr(colon + 1), &port) || port < 0 || port > 65535) {
    return absl::InvalidArgumentError(
        "the address of the metrics is HOST:PORT, an IP address and a port of 0 to 65535");
  }
  return absl::OkStatus();
}

}  // namespace

class MetricsServer::Running {
 public:
  // Throws where the address cannot be listened on.
  Running(const std::string& address, std::vector<const base::MetricSource*> sources)
      : sources_(std::make_shared<Sources>(std::move(sources))),
        host_(absl::StripPrefix(absl::StripSuffix(address.substr(0, address.rfind(':')), "]"), "[")),
        exposer_({"listening_ports", address, "num_threads", "4",
                  // Whoever says nothing gives the thread back.
                  "request_timeout_ms", "2000"}) {
    exposer_.RegisterCollectable(sources_);
  }

  const std::string& host() const { return host_; }
  int port() const { return exposer_.GetListeningPorts().at(0); }

 private:
  const std::shared_ptr<Sources> sources_;
  const std::string host_;
  prometheus::Exposer exposer_;  // goes before what it asks
};

absl::StatusOr<std::unique_ptr<MetricsServer>> MetricsServer::Start(const std::string& address,
                                                                    std::vector<const base::MetricSource*> sources) {
  if (absl::Status status = CheckAddress(address); !status.ok()) return status;
  try {
    auto running = std::make_unique<Running>(address, std::move(sources));
    return std::unique_ptr<MetricsServer>(new MetricsServer(std::move(running)));
  } catch (const std::exception&) {
    return absl::UnavailableError(
        absl::StrCat("cannot serve metrics on ", address, ": the port is taken, or the address is not this machine's"));
  }
}

MetricsServer::MetricsServer(std::unique_ptr<Running> running) : running_(std::move(running)) {}

MetricsServer::~MetricsServer() {
  // The web server looks only every two seconds whether it is to end, or when somebody connects.
  std::atomic<bool> ended{false};
  std::thread caller([&ended, host = running_->host(), port = running_->port()] {
    while (!ended) {
      char error[100];
      mg_connection* connection = mg_connect_client(host.c_str(), port, 0, error, sizeof(error));
      if (connection != nullptr) mg_close_connection(connection);
      absl::SleepFor(absl::Milliseconds(5));
    }
  });
  running_.reset();
  ended = true;
  caller.join();
}

int MetricsServer::port() const { return running_->port(); }

}  // namespace waymark::web
