#ifndef WAYMARK_SERVICE_CLI_PRINT_LOG_H_
#define WAYMARK_SERVICE_CLI_PRINT_LOG_H_

#include <string>

#include "absl/strings/string_view.h"
#include "waymark/v1/decision.pb.h"

// Answers about the log of decisions as text; each ends with a line break. Pure.
namespace waymark::cli {

std::string ExplanationText(const v1::ExplainDecisionResponse& response);
// `what_if`: with another playbook than that of then.
std::string ReplayText(const v1::ReplayDecisionsResponse& response, bool what_if);
std::string AuditText(absl::string_view trait, const v1::AuditDecisionsResponse& response);

// Adds the last message of a replay to those of others.
void AddReplay(const v1::ReplayDecisionsResponse& replay, v1::ReplayDecisionsResponse& sum);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PRINT_LOG_H_
