#include "service/engine/admit.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "segmentation/scores.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/decision/token.h"
#include "service/playbook/compile.h"

namespace waymark::engine {
namespace {

using base::FieldError;
using segmentation::TraitValue;

constexpr size_t kMaxCustomerBytes = 128;
constexpr size_t kMaxLabels = 8;
constexpr absl::Duration kMaxAhead = absl::Hours(24);

absl::Time ToMillis(absl::Time time) { return absl::FromUnixMillis(absl::ToUnixMillis(time)); }

// Whether the action counts as a contact; one that the playbook does not have any more may in another version.
bool CountsContacts(const playbook::Playbook& playbook, const decision::Token& token) {
  const auto action = playbook.action_by_id.find(token.action);
  if (action == playbook.action_by_id.end()) return true;
  const auto channel = std::find_if(playbook.channels.begin(), playbook.channels.end(),
                                    [&token](const playbook::Channel& each) { return each.id == token.channel; });
  const bool known = channel != playbook.channels.end();
  return playbook.CountsContacts(action->second,
                                 known ? static_cast<int>(channel - playbook.channels.begin()) : playbook::kNone);
}

// What the event is an outcome of, and what an impression counts as.
absl::Status AdmitToken(const SentEvent& sent, const playbook::Playbook& playbook, absl::string_view tenant,
                        absl::string_view customer, const decision::TokenKey& token_key, segmentation::Event& event) {
  if (sent.only_if_allowed && (sent.decision_token.empty() || sent.type != playbook::kImpression))
    return FieldError("only_if_allowed", "this is for an impression with a decision_token");
  if (sent.decision_token.empty()) return absl::OkStatus();
  const absl::optional<decision::Token> token = decision::DecodeToken(sent.decision_token, token_key);
  if (!token.has_value()) return FieldError("decision_token", "this is no token of a decision of this service");
  // A visitor who was anonymous when it was decided may be known when it is shown.
  const bool own = token->customer == decision::CustomerFingerprint(tenant, customer) ||
                   token->customer == decision::CustomerFingerprint(tenant, "");
  const bool is_exposure = token->count_on_impression && sent.type == playbook::kImpression;
  // Whoever clicks in a mail that was forwarded has clicked, and says nothing of what to do next.
  if (!own && !is_exposure) return absl::OkStatus();
  if (!own) return FieldError("decision_token", "this is the token of another customer's decision");
  event.action = token->action;
  if (playbook.suppressing_outcomes.contains({token->action, event.type})) event.outcome_of = token->action;
  if (!is_exposure) return absl::OkStatus();
  event.shown = segmentation::Contact{
      .action = token->action, .channel = token->channel, .at = event.time, .decision = token->decision};
  event.counted = token->holds || CountsContacts(playbook, *token);
  event.only_if_allowed = sent.only_if_allowed;
  return absl::OkStatus();
}

const playbook::Channel* FindChannel(const playbook::Playbook& playbook, absl::string_view name) {
  auto it = std::find_if(playbook.channels.begin(), playbook.channels.end(),
                         [name](const playbook::Channel& channel) { return channel.name == name; });
  return it == playbook.channels.end() ? nullptr : &*it;
}

void AddOnce(segmentation::NameId id, std::vector<segmentation::NameId>& ids) {
  if (std::find(ids.begin(), ids.end(), id) == ids.end()) ids.push_back(id);
}

absl::Status AdmitLabels(const SentEvent& sent, const playbook::Playbook& playbook, segmentation::Event& event) {
  if (sent.labels.size() > kMaxLabels) return FieldError("labels", absl::StrCat("at most ", kMaxLabels, " labels"));
  for (size_t i = 0; i < sent.labels.size(); ++i) {
    const std::string& label = sent.labels[i];
    const std::string field = absl::StrCat("labels[", i, "]");
    if (!segmentation::IsLabel(label)) {
      return FieldError(field, "a label is 1 to 64 bytes of printable UTF-8 without '/'");
    }
    if (FindChannel(playbook, label) != nullptr) return FieldError(field, "a channel of the playbook has this name");
    AddOnce(segmentation::NameIdOf(label), event.affinities);
    auto series = playbook.labelled_events.find(absl::StrCat(sent.type, "/", label));
    if (series != playbook.labelled_events.end()) AddOnce(series->second, event.labelled);
  }
  return absl::OkStatus();
}

absl::Status AdmitTouchpoint(absl::string_view touchpoint, const playbook::Playbook& playbook,
                             segmentation::Event& event) {
  if (touchpoint.empty()) return absl::OkStatus();
  if (!segmentation::IsTouchpoint(touchpoint)) {
    return FieldError("touchpoint", "a touchpoint is channel/place, such as web/cart, or a channel: at most 64 bytes");
  }
  event.touchpoint = segmentation::NameIdOf(touchpoint);
  if (!playbook.touchpoints.contains(event.touchpoint)) event.touchpoint_name = std::string(touchpoint);
  const playbook::Channel* channel = FindChannel(playbook, segmentation::ChannelOfTouchpoint(touchpoint));
  if (channel != nullptr) event.affinities.push_back(channel->id);
  return absl::OkStatus();
}

// A number with as many decimals as are needed.
std::string NumberText(int64_t micros) { return absl::StrCat(static_cast<double>(micros) / 1e6); }

absl::Status AdmitScore(const SentEvent& sent, segmentation::Event& event) {
  const segmentation::ScoreScale* scale = segmentation::FindScoreScale(event.type);
  if (scale == nullptr) return absl::OkStatus();
  if (!sent.is_number || !scale->Has(sent.value_micros)) {
    return FieldError("number",
                      absl::StrCat(scale->type, " is a number from ", NumberText(scale->least_micros), " to ",
                                   NumberText(scale->most_micros), " in steps of ", NumberText(scale->step_micros)));
  }
  event.is_score = true;
  return absl::OkStatus();
}

bool IsComment(absl::string_view text) {
  return text.size() <= segmentation::Trail::kMaxCommentBytes &&
         segmentation::IsPrintable(absl::StrReplaceAll(text, {{"\n", " "}, {"\r", " "}, {"\t", " "}}));
}

absl::Status AdmitFeeling(const SentEvent& sent, const playbook::Playbook& playbook, segmentation::Event& event) {
  WAYMARK_RETURN_IF_ERROR(AdmitScore(sent, event));
  if (sent.sentiment.has_value()) {
    // Written so that a NaN is refused too.
    if (!(std::abs(*sent.sentiment) <= 1)) return FieldError("sentiment", "from -1 (bad) to 1 (good)");
    event.sentiment = static_cast<int>(std::lround(*sent.sentiment * 100));
  }
  if (!sent.text.empty() && !IsComment(sent.text)) {
    return FieldError("text", absl::StrCat("at most ", segmentation::Trail::kMaxCommentBytes,
                                           " bytes of UTF-8, without control characters other than line breaks"));
  }
  if (playbook.keep_text.contains(event.type)) event.text = sent.text;
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckCustomer(absl::string_view customer) {
  if (customer.empty() || customer.size() > kMaxCustomerBytes) return FieldError("customer", "an id is 1 to 128 bytes");
  if (std::any_of(customer.begin(), customer.end(), [](char c) { return absl::ascii_iscntrl(c); })) {
    return FieldError("customer", "an id has no control characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<segmentation::Event> AdmitEvent(const SentEvent& sent, const playbook::Playbook& playbook,
                                               absl::string_view tenant, absl::string_view customer,
                                               const decision::TokenKey& token_key, absl::Time now) {
  if (sent.id.empty() || sent.id.size() > 128) return FieldError("id", "an event's id is 1 to 128 bytes");
  auto type = playbook.event_ids.find(sent.type);
  if (type == playbook.event_ids.end())
    return FieldError("type", "no such event type is built in or declared in the playbook");
  const absl::Time time = ToMillis(sent.time.value_or(now));
  if (time < absl::UnixEpoch()) return FieldError("time", "before 1970");
  if (time > now + kMaxAhead) return FieldError("time", "more than 24 hours ahead of the service's clock");
  if (!sent.currency.empty() && sent.currency != playbook.currency) {
    return FieldError("money.currency", playbook.currency.empty()
                                            ? "the playbook names no currency"
                                            : absl::StrCat("the playbook's currency is ", playbook.currency));
  }
  segmentation::Event event{.id = sent.id, .type = type->second, .time = time, .value_micros = sent.value_micros};
  WAYMARK_RETURN_IF_ERROR(AdmitToken(sent, playbook, tenant, customer, token_key, event));
  WAYMARK_RETURN_IF_ERROR(AdmitLabels(sent, playbook, event));
  WAYMARK_RETURN_IF_ERROR(AdmitTouchpoint(sent.touchpoint, playbook, event));
  WAYMARK_RETURN_IF_ERROR(AdmitFeeling(sent, playbook, event));
  return event;
}

absl::StatusOr<TraitValue> AdmitValue(const TraitValue& value, const expression::Type& declared,
                                      absl::string_view field) {
  using expression::Kind;
  const Kind kind = declared.kind();
  const auto* number = absl::get_if<int64_t>(&value);
  if (kind == Kind::kDouble && number != nullptr) return TraitValue(static_cast<double>(*number));
  if (const auto* time = absl::get_if<absl::Time>(&value); time != nullptr && kind == Kind::kTimestamp) {
    return TraitValue(ToMillis(*time));
  }
  if (const auto* real = absl::get_if<double>(&value); real != nullptr && !std::isfinite(*real)) {
    return FieldError(field, "a number must be finite");
  }
  const bool fits = (kind == Kind::kBool && absl::holds_alternative<bool>(value)) ||
                    (kind == Kind::kInt && number != nullptr) ||
                    (kind == Kind::kDouble && absl::holds_alternative<double>(value)) ||
                    (kind == Kind::kString && absl::holds_alternative<std::string>(value)) ||
                    (kind == Kind::kList && absl::holds_alternative<std::vector<std::string>>(value));
  if (!fits) return FieldError(field, absl::StrCat("the playbook declares this as ", declared.ToString()));
  return value;
}

absl::StatusOr<segmentation::Context> AdmitContext(const std::vector<NamedValue>& context,
                                                   const playbook::Playbook& playbook) {
  segmentation::Context admitted;
  for (const auto& [name, value] : context) {
    auto declared = playbook.context.find(name);
    if (declared == playbook.context.end())
      return FieldError("context.context", "a key that the playbook does not declare");
    absl::StatusOr<TraitValue> fitting =
        AdmitValue(value, declared->second, absl::StrCat("context.context[\"", name, "\"]"));
    if (!fitting.ok()) return fitting.status();
    admitted.push_back({segmentation::NameIdOf(name), *std::move(fitting)});
  }
  std::sort(admitted.begin(), admitted.end(),
            [](const segmentation::Trait& a, const segmentation::Trait& b) { return a.name < b.name; });
  return admitted;
}

}  // namespace waymark::engine
