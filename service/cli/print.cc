#include "service/cli/print.h"

#include <google/protobuf/util/json_util.h>

#include <algorithm>
#include <map>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "service/cli/progress.h"
#include "service/cli/timestamps.h"
#include "service/cli/values.h"

namespace waymark::cli {
namespace {

constexpr size_t kMaxShownBytes = 400;  // of a line with a problem; a longer one helps nobody

std::string TimeText(const google::protobuf::Timestamp& timestamp) {
  return absl::FormatTime("%Y-%m-%dT%H:%M:%SZ", FromTimestamp(timestamp), absl::UTCTimeZone());
}

// "REASON_CODE_OUTRANKED" -> "outranked".
std::string Word(absl::string_view enum_name, absl::string_view prefix) {
  return absl::AsciiStrToLower(absl::StripPrefix(enum_name, prefix));
}

std::string PositionsText(const google::protobuf::RepeatedPtrField<v1::JourneyPosition>& positions) {
  return absl::StrJoin(positions, ", ", [](std::string* out, const v1::JourneyPosition& position) {
    absl::StrAppend(out, position.journey(), ": ", position.stage());
  });
}

void AppendAction(const v1::DecidedAction& action, int rank, std::string* out) {
  absl::StrAppendFormat(out, "  %d. %s  %s  priority %.4g%s\n", rank, action.action(),
                        Word(v1::ActionKind_Name(action.kind()), "ACTION_KIND_"), action.priority(),
                        action.fallback() ? "  (fallback)" : "");
  for (const std::string* text :
       {&action.content().subject(), &action.content().body(), &action.content().link_url()}) {
    if (!text->empty()) absl::StrAppend(out, "     ", *text, "\n");
  }
}

void AppendCandidate(const v1::Candidate& candidate, std::string* out) {
  absl::StrAppendFormat(out, "  - %s: %s", candidate.action(),
                        Word(v1::ReasonCode_Name(candidate.reason()), "REASON_CODE_"));
  if (!candidate.detail().empty()) absl::StrAppend(out, " (", candidate.detail(), ")");
  if (candidate.has_factors()) {
    const v1::Factors& factors = candidate.factors();
    absl::StrAppendFormat(out, "  priority %.4g = propensity %.4g x context %.4g x value %.4g x lever %.4g",
                          candidate.priority(), factors.propensity(), factors.context_weight(), factors.value(),
                          factors.lever());
  }
  absl::StrAppend(out, "\n");
}

// The rule, then its parts with their values.
void AppendWhy(const v1::SegmentVerdict& verdict, std::string* out) {
  constexpr absl::string_view kIndent = "         ";
  for (absl::string_view line : absl::StrSplit(absl::StripTrailingAsciiWhitespace(verdict.rule()), '\n')) {
    absl::StrAppend(out, kIndent, line, "\n");
  }
  if (verdict.has_was_member()) {
    absl::StrAppend(out, kIndent, verdict.was_member() ? "was in: stays until this holds" : "was out", "\n");
  }
  for (const v1::RulePart& part : verdict.parts()) {
    absl::StrAppend(out, kIndent, part.fact() ? "  " : "- ", part.text(), part.fact() ? " = " : ": ",
                    part.error().empty() ? part.value() : part.error(), "\n");
  }
}

void AppendOutlook(const v1::Outlook& outlook, std::string* out) {
  if (outlook.has_rfm_cell()) {
    absl::StrAppend(out, "  RFM: ", outlook.rfm_cell(), ", ", outlook.rfm_segment(), "\n");
  }
  if (outlook.has_expected_purchases()) {
    absl::StrAppendFormat(out, "  to expect: %.3g orders", outlook.expected_purchases());
    if (outlook.has_lifetime_value()) absl::StrAppendFormat(out, " worth %.2f", outlook.lifetime_value());
    absl::StrAppendFormat(out, "; alive with %.0f %%\n", 100 * outlook.probability_alive());
  }
  if (outlook.has_persona()) absl::StrAppend(out, "  persona: ", outlook.persona(), "\n");
}

// What stands before the caret: one space a character, tabs as they are.
std::string CaretIndent(absl::string_view line, int column) {
  std::string indent;
  for (const char c : line.substr(0, static_cast<size_t>(std::max(column - 1, 0)))) {
    if ((c & 0xC0) == 0x80) continue;  // the rest of a character
    indent.push_back(c == '\t' ? '\t' : ' ');
  }
  return indent;
}

}  // namespace

std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string json;
  // Fails only for a message that cannot be: a time outside of the years 1 to 9999.
  if (!google::protobuf::util::MessageToJsonString(message, &json, options).ok()) json = "{}";
  return json + "\n";
}

std::string ProblemText(absl::string_view file, absl::string_view text, const playbook::Problem& problem) {
  std::string out(file);
  if (problem.line > 0) absl::StrAppend(&out, ":", problem.line, ":", problem.column);
  absl::StrAppend(&out, ": ", problem.field, problem.field.empty() ? "" : ": ", problem.message, "\n");
  const std::vector<absl::string_view> lines = absl::StrSplit(text, '\n');
  if (problem.line <= 0 || problem.line > static_cast<int>(lines.size())) return out;
  const absl::string_view line = absl::StripSuffix(lines[static_cast<size_t>(problem.line - 1)], "\r");
  if (line.size() > kMaxShownBytes) return out;
  absl::StrAppend(&out, "  ", line, "\n  ", CaretIndent(line, problem.column), "^\n");
  return out;
}

std::string DecisionText(absl::string_view customer, const v1::Decision& decision) {
  std::string out = absl::StrCat(customer.empty() ? "an anonymous visitor" : customer, " at ", decision.placement(),
                                 " (", Word(v1::Knowledge_Name(decision.knowledge()), "KNOWLEDGE_"), ", playbook ",
                                 decision.playbook_version());
  if (!decision.positions().empty()) absl::StrAppend(&out, ", ", PositionsText(decision.positions()));
  for (const v1::ExperimentArm& in : decision.arms()) absl::StrAppend(&out, ", ", in.experiment(), ".", in.arm());
  absl::StrAppend(&out, ")\n");
  if (decision.actions().empty()) absl::StrAppend(&out, "  nothing\n");
  for (int i = 0; i < decision.actions_size(); ++i) AppendAction(decision.actions(i), i + 1, &out);
  for (const v1::Candidate& candidate : decision.candidates()) AppendCandidate(candidate, &out);
  return out;
}

std::string BudgetsText(const v1::ListBudgetsResponse& response) {
  if (response.budgets().empty()) return "the playbook has no budgets\n";
  std::string out = absl::StrFormat("%-32s %14s %14s %10s %10s %14s  %s\n", "budget", "amount", "taken", "leased",
                                    "held", "left", "since");
  for (const v1::BudgetStatus& budget : response.budgets()) {
    absl::StrAppendFormat(&out, "%-32s %14d %14d %10d %10d %14d  %s\n", budget.name(), budget.amount(), budget.taken(),
                          budget.leased(), budget.held(), budget.left(),
                          budget.has_period_start() ? TimeText(budget.period_start()) : "ever");
  }
  return out;
}

std::string ReceiptText(const v1::EventReceipt& receipt) {
  if (receipt.duplicate()) return "recorded before; nothing changed\n";
  std::string out = receipt.withheld() ? "not recorded: do not show it\n" : "recorded\n";
  if (receipt.disallowed() != v1::REASON_CODE_UNSPECIFIED) {
    absl::StrAppend(&out, "  not allowed any more: ", Word(v1::ReasonCode_Name(receipt.disallowed()), "REASON_CODE_"),
                    " (", receipt.disallowed_detail(), ")\n");
  }
  for (const v1::StageChange& change : receipt.stage_changes()) {
    absl::StrAppend(&out, "  ", change.journey(), ": ", change.from_stage().empty() ? "(none)" : change.from_stage(),
                    " -> ", change.to_stage(), "\n");
  }
  if (!receipt.segments_entered().empty()) {
    absl::StrAppend(&out, "  entered: ", absl::StrJoin(receipt.segments_entered(), ", "), "\n");
  }
  if (!receipt.segments_left().empty()) {
    absl::StrAppend(&out, "  left: ", absl::StrJoin(receipt.segments_left(), ", "), "\n");
  }
  return out;
}

std::string ProfileText(const v1::Profile& profile) {
  std::string out = absl::StrCat("customer ", profile.customer(), "\n");
  const std::map<std::string, v1::Value> traits(profile.traits().begin(), profile.traits().end());
  for (const auto& [name, value] : traits) absl::StrAppend(&out, "  ", name, ": ", ValueText(value), "\n");
  const std::map<std::string, v1::Consent> consents(profile.consents().begin(), profile.consents().end());
  for (const auto& [purpose, consent] : consents) {
    absl::StrAppend(&out, "  consent ", purpose, ": ", consent.granted() ? "granted" : "refused", " ",
                    TimeText(consent.time()), "\n");
  }
  for (const v1::EventSummary& event : profile.events()) {
    absl::StrAppendFormat(&out, "  %s: %s times, %.2f in total, %s to %s\n", event.type(), Grouped(event.count()),
                          event.total(), TimeText(event.first_time()), TimeText(event.last_time()));
  }
  for (const v1::JourneyPosition& position : profile.positions()) {
    absl::StrAppend(&out, "  ", position.journey(), ": ", position.stage(), " since ", TimeText(position.since()),
                    "\n");
  }
  if (!profile.segments().empty()) {
    absl::StrAppend(&out, "  segments: ", absl::StrJoin(profile.segments(), ", "), "\n");
  }
  for (const v1::Contact& contact : profile.contacts()) {
    absl::StrAppend(&out, "  contact ", contact.action(), " by ", contact.channel(), " ", TimeText(contact.time()),
                    "\n");
  }
  for (const v1::Outcome& outcome : profile.outcomes()) {
    absl::StrAppend(&out, "  outcome ", outcome.type(), " of ", outcome.action(), " ", TimeText(outcome.time()), "\n");
  }
  for (const v1::Score& score : profile.scores()) {
    absl::StrAppendFormat(&out, "  %s: %.3g %s\n", score.type(), score.value(), TimeText(score.time()));
  }
  if (!profile.affinities().empty()) {
    absl::StrAppend(&out, "  drawn to: ",
                    absl::StrJoin(profile.affinities(), ", ",
                                  [](std::string* text, const v1::Affinity& affinity) {
                                    absl::StrAppendFormat(text, "%s %.3g", affinity.name(), affinity.weight());
                                  }),
                    "\n");
  }
  if (profile.has_outlook()) AppendOutlook(profile.outlook(), &out);
  absl::StrAppend(&out, "  etag: ", profile.etag(), "\n");
  return out;
}

std::string SegmentsText(const v1::EvaluateCustomerResponse& response, bool why) {
  std::string out = absl::StrCat(PositionsText(response.positions()), "\n");
  for (const v1::SegmentVerdict& verdict : response.segments()) {
    absl::StrAppend(&out, verdict.member() ? "  in   " : "  out  ", verdict.segment());
    if (!verdict.error().empty()) absl::StrAppend(&out, ": ", verdict.error());
    absl::StrAppend(&out, "\n");
    if (why) AppendWhy(verdict, &out);
  }
  return out;
}

std::string ResegmentText(const v1::ResegmentResponse& response) {
  std::string out = absl::StrCat(Grouped(response.profiles()), " profiles, ", Grouped(response.changed()), " changed, ",
                                 Grouped(response.damaged()), " damaged\n");
  for (const v1::SegmentCount& count : response.segments()) {
    absl::StrAppendFormat(&out, "  %10s  %s\n", Grouped(count.members()), count.segment());
  }
  for (const v1::StageCount& count : response.stages()) {
    absl::StrAppendFormat(&out, "  %10s  %s.%s\n", Grouped(count.customers()), count.journey(), count.stage());
  }
  return out;
}

std::string ChangeText(const v1::MembershipChange& change) {
  std::string out = absl::StrCat(TimeText(change.stored_at()), "  ", change.customer());
  if (change.entered_size() > 0) absl::StrAppend(&out, "  entered: ", absl::StrJoin(change.entered(), ", "));
  if (change.left_size() > 0) absl::StrAppend(&out, "  left: ", absl::StrJoin(change.left(), ", "));
  return absl::StrCat(out, "\n");
}

std::string ImportText(const ImportSummary& summary) {
  return absl::StrCat(Grouped(summary.customers), " customers, ", Grouped(summary.recorded), " events recorded, ",
                      Grouped(summary.duplicates), " duplicates, ", Grouped(summary.skipped), " lines skipped, ",
                      Grouped(summary.refused), " refused (of ", Grouped(summary.lines), " lines)\n");
}

std::string ImportJson(const ImportSummary& summary) {
  return absl::StrCat("{\"customers\":", summary.customers, ",\"lines\":", summary.lines,
                      ",\"recorded\":", summary.recorded, ",\"duplicates\":", summary.duplicates,
                      ",\"skipped\":", summary.skipped, ",\"refused\":", summary.refused, "}\n");
}

}  // namespace waymark::cli
