#include <algorithm>
#include <map>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "service/cli/command.h"
#include "service/cli/conversions.h"
#include "service/cli/print.h"
#include "service/cli/print_journey_worth.h"
#include "service/cli/timestamps.h"
#include "service/cli/walk_progress.h"

namespace waymark::cli {
namespace {

void SetDays(double days, google::protobuf::Duration& duration) {
  duration.set_seconds(static_cast<int64_t>(days * 24 * 60 * 60));
}

struct Learning {
  bool learn = false;
  absl::optional<double> discount;
  absl::optional<double> gone_after_days;
  absl::optional<double> shrinkage;
  std::vector<std::string> segments;
};

void ShowValues(Session& session, const v1::StageValues& values) {
  session.console.out << (session.json() ? Json(values) : StageValuesText(values));
}

void Value(Session& session, const Learning& learning) {
  if (!learning.learn) {
    v1::GetStageValuesRequest request;
    request.set_tenant(session.tenant);
    v1::GetStageValuesResponse response;
    const absl::Status status = session.Connect().GetStageValues(request, response);
    return status.ok() ? ShowValues(session, response.values()) : session.Fail(status);
  }
  v1::LearnStageValuesRequest request;
  request.set_tenant(session.tenant);
  if (learning.discount.has_value()) request.set_yearly_discount(*learning.discount);
  if (learning.gone_after_days.has_value()) SetDays(*learning.gone_after_days, *request.mutable_gone_after());
  if (learning.shrinkage.has_value()) request.set_shrinkage(*learning.shrinkage);
  for (const std::string& segment : learning.segments) request.add_segments(segment);
  v1::LearnStageValuesResponse last;
  Client client = session.Connect();
  const absl::Status status =
      WithProgress(session, "profiles", last, [&](const auto& each) { return client.LearnStageValues(request, each); });
  return status.ok() ? ShowValues(session, last.values()) : session.Fail(status);
}

struct Attributing {
  std::vector<std::string> methods;
  v1::AttributionBy by = v1::ATTRIBUTION_BY_TOUCHPOINT;
  std::string conversion, from, until, segment, persona;
  absl::optional<double> look_back_days, half_life_days;
  int order = 1;
};

bool SetTime(Session& session, const std::string& text, const char* option, google::protobuf::Timestamp& to) {
  const absl::optional<absl::Time> time = ParseTimeText(text, {});
  if (time.has_value()) {
    to = ToTimestamp(*time);
  } else {
    session.Fail(kUsage, absl::StrCat(option, ": not a time: ", text));
  }
  return time.has_value();
}

absl::optional<v1::AttributeConversionsRequest> RequestOf(Session& session, const Attributing& asked) {
  v1::AttributeConversionsRequest request;
  request.set_tenant(session.tenant);
  request.set_by(asked.by);
  request.set_conversion(asked.conversion);
  v1::MapSelection& selection = *request.mutable_selection();
  selection.set_segment(asked.segment);
  selection.set_persona(asked.persona);
  if (!asked.from.empty() && !SetTime(session, asked.from, "--from", *selection.mutable_from())) return absl::nullopt;
  if (!asked.until.empty() && !SetTime(session, asked.until, "--until", *selection.mutable_until())) {
    return absl::nullopt;
  }
  if (asked.look_back_days.has_value()) SetDays(*asked.look_back_days, *request.mutable_look_back());
  if (asked.half_life_days.has_value()) SetDays(*asked.half_life_days, *request.mutable_half_life());
  request.set_markov_order(asked.order);
  return request;
}

void Attribute(Session& session, const Attributing& asked) {
  const absl::optional<v1::AttributeConversionsRequest> request = RequestOf(session, asked);
  if (!request.has_value()) return;
  v1::AttributeConversionsResponse last;
  Client client = session.Connect();
  const absl::Status status = WithProgress(
      session, "profiles", last, [&](const auto& each) { return client.AttributeConversions(*request, each); });
  if (!status.ok()) return session.Fail(status);
  std::vector<size_t> methods;
  for (size_t i = 0; i < AttributionMethods().size(); ++i) {
    const bool wanted = asked.methods.empty() || std::find(asked.methods.begin(), asked.methods.end(),
                                                           AttributionMethods()[i].name) != asked.methods.end();
    if (wanted) methods.push_back(i);
  }
  if (session.json()) {
    session.console.out << Json(last.attribution());
  } else if (session.output == "csv") {
    session.console.out << AttributionCsv(last.attribution(), methods);
  } else {
    session.console.out << AttributionText(last.attribution(), methods);
  }
}

void AddAttribution(CLI::App& journey, Session& session) {
  auto asked = std::make_shared<Attributing>();
  CLI::App* attribution = journey.add_subcommand("attribution", "What conversions are due to, by six methods");
  std::vector<std::string> names;
  for (const AttributionMethodName& method : AttributionMethods()) names.emplace_back(method.name);
  attribution->add_option("--method", asked->methods, "which to show of text and csv; default: all")
      ->delimiter(',')
      ->check(CLI::IsMember(names));
  static const std::map<std::string, v1::AttributionBy> kBy = {{"touchpoint", v1::ATTRIBUTION_BY_TOUCHPOINT},
                                                               {"channel", v1::ATTRIBUTION_BY_CHANNEL},
                                                               {"action", v1::ATTRIBUTION_BY_ACTION}};
  attribution->add_option("--by", asked->by, "touchpoint, channel or action")
      ->transform(CLI::CheckedTransformer(kBy))
      ->default_str("touchpoint");
  attribution->add_option("--conversion", asked->conversion,
                          "the event that converts; default: the playbook's purchase");
  attribution->add_option("--from", asked->from, "of paths that end from then on");
  attribution->add_option("--until", asked->until, "and before then");
  attribution->add_option("--segment", asked->segment, "of customers who are in it now");
  attribution->add_option("--persona", asked->persona, "of customers of this persona");
  attribution->add_option("--look-back", asked->look_back_days, "days before a conversion; default: 30")
      ->check(CLI::Range(0.05, 400.0));
  attribution->add_option("--half-life", asked->half_life_days, "days, of time decay; default: 7")
      ->check(CLI::Range(0.05, 400.0));
  attribution->add_option("--order", asked->order, "of the Markov chain")
      ->check(CLI::Range(1, 4))
      ->capture_default_str();
  attribution->add_option("--output", session.output, "text, json, or csv")
      ->check(CLI::IsMember({"text", "json", "csv"}));
  attribution->callback([&session, asked] { Attribute(session, *asked); });
}

}  // namespace

void AddJourneyWorth(CLI::App& journey, Session& session) {
  auto learning = std::make_shared<Learning>();
  CLI::App* value = journey.add_subcommand("value", "What stages are worth: expected discounted revenue from there on");
  CLI::Option* learn =
      value->add_flag("--learn", learning->learn, "look at everyone again; else: what was learned last");
  value->add_option("--discount", learning->discount, "a year; default: 0.1")
      ->check(CLI::Range(0.001, 10.0))
      ->needs(learn);
  value->add_option("--gone-after", learning->gone_after_days, "days of silence; default: 180")
      ->check(CLI::Range(1.0, 3650.0))
      ->needs(learn);
  value->add_option("--shrinkage", learning->shrinkage, "stays of everyone beside a segment's own; default: 50")
      ->check(CLI::Range(0.0, 1e6))
      ->needs(learn);
  value->add_option("--segment", learning->segments, "that gets values of its own; several times; default: all")
      ->needs(learn);
  value->callback([&session, learning] { Value(session, *learning); });
  AddAttribution(journey, session);
}

}  // namespace waymark::cli
