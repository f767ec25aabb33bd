#ifndef WAYMARK_SERVICE_WEB_METRICS_SERVER_H_
#define WAYMARK_SERVICE_WEB_METRICS_SERVER_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "service/base/metrics.h"

namespace waymark::web {

// Serves GET /metrics to Prometheus, over HTTP on a port of its own, on prometheus-cpp's exposer and four threads of
// its own; so a scrape never takes the place of a call, and the other way round. Beside what sources give, the exposer
// counts its own scrapes. Thread-compatible.
class MetricsServer {
 public:
  // `address`: "HOST:PORT" or "[HOST]:PORT", the host an IP address; port 0: a free one. Sources outlive the server.
  // INVALID_ARGUMENT: no such address; UNAVAILABLE: it cannot be listened on.
  static absl::StatusOr<std::unique_ptr<MetricsServer>> Start(const std::string& address,
                                                              std::vector<const base::MetricSource*> sources);
  // Ends the scrapes that run.
  ~MetricsServer();

  // The port that was chosen.
  int port() const;

 private:
  class Running;
  explicit MetricsServer(std::unique_ptr<Running> running);

  std::unique_ptr<Running> running_;
};

}  // namespace waymark::web

#endif  // WAYMARK_SERVICE_WEB_METRICS_SERVER_H_
