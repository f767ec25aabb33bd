#ifndef WAYMARK_SERVICE_CLI_PRINT_H_
#define WAYMARK_SERVICE_CLI_PRINT_H_

#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/message.h"
#include "service/cli/importer.h"
#include "service/playbook/compare.h"
#include "service/playbook/problem.h"
#include "waymark/v1/decision.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/playbook.pb.h"
#include "waymark/v1/profile.pb.h"
#include "waymark/v1/segmentation.pb.h"

// Answers as text; each ends with a line break. Pure.
namespace waymark::cli {

// Protobuf's JSON with the fields' own names, on one line.
std::string Json(const google::protobuf::Message& message);

// "FILE:LINE:COLUMN: field: message", then the line of `text`, where it is not very long, and a caret below the place.
std::string ProblemText(absl::string_view file, absl::string_view text, const playbook::Problem& problem);

std::string DecisionText(absl::string_view customer, const v1::Decision& decision);
std::string ReceiptText(const v1::EventReceipt& receipt);
std::string ProfileText(const v1::Profile& profile);
// `why`: with each rule, and its parts with their values.
std::string SegmentsText(const v1::EvaluateCustomerResponse& response, bool why);
std::string ResegmentText(const v1::ResegmentResponse& response);
std::string DifferencesText(const std::vector<playbook::Difference>& differences);
// An array of {"kind", "list", "name", "fields"} on one line.
std::string DifferencesJson(const std::vector<playbook::Difference>& differences);
// Without what stays as it is.
std::string PreviewText(const v1::PreviewSegmentResponse& response);
std::string PreviewText(const v1::PreviewPlaybookResponse& response);
// A table, a line a budget.
std::string BudgetsText(const v1::ListBudgetsResponse& response);
std::string PopulationText(const v1::PopulationSummary& population);
std::string SuggestionsText(const v1::SuggestSegmentsResponse& response);
// "2026-07-01T12:00:00Z  c0141  entered: vip  left: at_risk".
std::string ChangeText(const v1::MembershipChange& change);
std::string ImportText(const ImportSummary& summary);
std::string ImportJson(const ImportSummary& summary);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_PRINT_H_
