#include "service/rpc/from_wire.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "segmentation/expression/parser.h"
#include "service/base/field_error.h"
#include "service/base/status_macros.h"
#include "service/playbook/yaml_reader.h"
#include "service/rpc/wire_values.h"

namespace waymark::rpc {
namespace {

using base::FieldError;

// The limits that the contract states.
constexpr size_t kMaxIdBytes = 128;
constexpr size_t kMaxNameBytes = 64;
constexpr size_t kMaxTokenBytes = 512;
constexpr size_t kMaxLocaleBytes = 35;  // BCP 47 (RFC 5646, section 4.4.1)
constexpr size_t kMaxContextKeys = 64;
constexpr size_t kMaxDecisionIdBytes = 64;
constexpr int kMaxEventsToDecide = 32;
constexpr int kMaxCustomersToDecide = 100;
constexpr int kMaxEventsToRecord = 1000;
constexpr int kMaxOffers = 100;
constexpr int kMaxPlacements = 16;
constexpr int64_t kMaxMicros = 1'000'000'000'000'000;
constexpr double kMaxNumber = 1e9;

// Subtags of 1 to 8 letters and digits, the first of letters alone ("de-AT").
absl::Status CheckLocale(absl::string_view field, absl::string_view locale) {
  if (locale.empty()) return absl::OkStatus();
  const auto is_alnum = [](char c) { return absl::ascii_isalnum(c); };
  const auto is_alpha = [](char c) { return absl::ascii_isalpha(c); };
  const std::vector<absl::string_view> subtags = absl::StrSplit(locale, '-');
  const bool shaped =
      locale.size() <= kMaxLocaleBytes && subtags[0].size() >= 2 &&
      std::all_of(subtags[0].begin(), subtags[0].end(), is_alpha) &&
      std::all_of(subtags.begin(), subtags.end(), [&](absl::string_view subtag) {
        return !subtag.empty() && subtag.size() <= 8 && std::all_of(subtag.begin(), subtag.end(), is_alnum);
      });
  return shaped ? absl::OkStatus() : FieldError(field, "not a BCP 47 language tag, for example \"de-AT\"");
}

absl::Status MoneyFromWire(const v1::Money& wire, engine::SentEvent& event) {
  if (wire.micros() < -kMaxMicros || wire.micros() > kMaxMicros) return FieldError("money.micros", "at most +-10^15");
  const std::string& currency = wire.currency();
  if (currency.size() != 3 ||
      !std::all_of(currency.begin(), currency.end(), [](char c) { return absl::ascii_isupper(c); })) {
    return FieldError("money.currency", "an ISO 4217 code, upper case, for example \"EUR\"");
  }
  event.value_micros = wire.micros();
  event.currency = currency;
  return absl::OkStatus();
}

absl::Status NumberFromWire(double number, engine::SentEvent& event) {
  // Written so that a NaN is refused too.
  if (!(std::abs(number) <= kMaxNumber)) return FieldError("number", "a finite number, at most +-10^9");
  event.value_micros = std::llround(number * 1e6);
  event.is_number = true;
  return absl::OkStatus();
}

// Fields are relative to the event.
absl::StatusOr<engine::SentEvent> EventFromWire(const v1::Event& wire) {
  engine::SentEvent event;
  WAYMARK_RETURN_IF_ERROR(CheckText("id", wire.id(), 1, kMaxIdBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("type", wire.type(), 1, kMaxNameBytes));
  WAYMARK_RETURN_IF_ERROR(CheckText("decision_token", wire.decision_token(), 0, kMaxTokenBytes));
  event.id = wire.id();
  event.type = wire.type();
  event.decision_token = wire.decision_token();
  event.labels = {wire.labels().begin(), wire.labels().end()};
  event.touchpoint = wire.touchpoint();
  event.only_if_allowed = wire.only_if_allowed();
  if (wire.has_sentiment()) event.sentiment = wire.sentiment();
  event.text = wire.text();
  if (wire.has_time()) {
    absl::StatusOr<absl::Time> time = TimeFromWire("time", wire.time());
    if (!time.ok()) return time.status();
    if (*time < absl::UnixEpoch()) return FieldError("time", "before 1970");
    event.time = *time;
  }
  if (wire.has_money()) WAYMARK_RETURN_IF_ERROR(MoneyFromWire(wire.money(), event));
  if (wire.value_case() == v1::Event::kNumber) WAYMARK_RETURN_IF_ERROR(NumberFromWire(wire.number(), event));
  return event;
}

// Ascending by name, so that the first error is always the same one.
absl::Status ContextFromWire(const google::protobuf::Map<std::string, v1::Value>& wire,
                             std::vector<engine::NamedValue>& context) {
  if (wire.size() > kMaxContextKeys)
    return FieldError("context.context", absl::StrCat("at most ", kMaxContextKeys, " keys"));
  for (const std::string& key : SortedKeys(wire)) {
    const std::string field = EntryField("context.context", key);
    if (!IsName(key)) return FieldError(field, "a key is 1 to 64 of a-z, 0-9 and _, beginning with a letter");
    absl::StatusOr<segmentation::TraitValue> parsed = ValueFromWire(field, wire.at(key));
    if (!parsed.ok()) return parsed.status();
    context.emplace_back(key, *std::move(parsed));
  }
  return absl::OkStatus();
}

// What every decision asks with; the placements are yet to come.
absl::StatusOr<engine::DecideRequest> DecisionContextFromWire(const v1::DecisionContext& wire) {
  engine::DecideRequest request;
  WAYMARK_RETURN_IF_ERROR(base::UnderField("context", CheckTenant(wire.tenant())));
  if (!wire.customer().empty()) WAYMARK_RETURN_IF_ERROR(CheckCustomerId("context.customer", wire.customer()));
  WAYMARK_RETURN_IF_ERROR(CheckLocale("context.locale", wire.locale()));
  WAYMARK_RETURN_IF_ERROR(CheckText("context.decision_id", wire.decision_id(), 0, kMaxDecisionIdBytes));
  WAYMARK_RETURN_IF_ERROR(ContextFromWire(wire.context(), request.context));
  if (wire.events_size() > kMaxEventsToDecide) {
    return FieldError("context.events", absl::StrCat("at most ", kMaxEventsToDecide, " events"));
  }
  for (int i = 0; i < wire.events_size(); ++i) {
    absl::StatusOr<engine::SentEvent> event = EventFromWire(wire.events(i));
    if (!event.ok()) return base::UnderField(absl::StrCat("context.events[", i, "]"), event.status());
    request.events.push_back(*std::move(event));
  }
  request.tenant = wire.tenant();
  request.customer = wire.customer();
  request.locale = wire.locale();
  request.decision_id = wire.decision_id();
  request.explain = wire.explain();
  return request;
}

absl::Status PlacementsFromWire(const google::protobuf::RepeatedPtrField<std::string>& wire,
                                std::vector<std::string>& placements) {
  if (wire.empty() || wire.size() > kMaxPlacements) {
    return FieldError("placements", absl::StrCat("1 to ", kMaxPlacements, " placements"));
  }
  absl::flat_hash_set<absl::string_view> seen;
  for (int i = 0; i < wire.size(); ++i) {
    const std::string field = absl::StrCat("placements[", i, "]");
    WAYMARK_RETURN_IF_ERROR(CheckText(field, wire[i], 1, kMaxNameBytes));
    if (!seen.insert(wire[i]).second) return FieldError(field, "a placement is asked for twice");
    placements.push_back(wire[i]);
  }
  return absl::OkStatus();
}

absl::Status CheckElement(const v1::CustomerToDecide& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckCustomerId("customer", wire.customer()));
  WAYMARK_RETURN_IF_ERROR(CheckText("decision_id", wire.decision_id(), 0, kMaxDecisionIdBytes));
  return CheckLocale("locale", wire.locale());
}

absl::StatusOr<engine::RecordRequest::Item> ItemFromWire(const std::string& customer, bool has_event,
                                                         const v1::Event& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckCustomerId("customer", customer));
  if (!has_event) return FieldError("event", "must be set");
  absl::StatusOr<engine::SentEvent> event = EventFromWire(wire);
  if (!event.ok()) return base::UnderField("event", event.status());
  return engine::RecordRequest::Item{customer, *std::move(event)};
}

}  // namespace

absl::Status CheckTenant(absl::string_view tenant) {
  const auto fits = [](char c) { return absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '_' || c == '-'; };
  if (!tenant.empty() && tenant.size() <= 64 && absl::ascii_islower(tenant[0]) &&
      std::all_of(tenant.begin(), tenant.end(), fits)) {
    return absl::OkStatus();
  }
  return FieldError("tenant", "1 to 64 of a-z, 0-9, _ and -, beginning with a letter");
}

absl::Status CheckCustomerId(absl::string_view field, absl::string_view customer) {
  WAYMARK_RETURN_IF_ERROR(CheckText(field, customer, 1, kMaxIdBytes));
  if (std::any_of(customer.begin(), customer.end(), [](char c) { return absl::ascii_iscntrl(c); })) {
    return FieldError(field, "an id has no control characters");
  }
  return absl::OkStatus();
}

absl::StatusOr<engine::DecideRequest> FromWire(const v1::NextBestActionRequest& wire) {
  absl::StatusOr<engine::DecideRequest> request = DecisionContextFromWire(wire.context());
  if (!request.ok()) return request;
  WAYMARK_RETURN_IF_ERROR(CheckText("placement", wire.placement(), 1, kMaxNameBytes));
  request->placements = {wire.placement()};
  return request;
}

absl::StatusOr<engine::DecideRequest> FromWire(const v1::GetOffersRequest& wire) {
  absl::StatusOr<engine::DecideRequest> request = DecisionContextFromWire(wire.context());
  if (!request.ok()) return request;
  WAYMARK_RETURN_IF_ERROR(CheckText("placement", wire.placement(), 1, kMaxNameBytes));
  if (wire.has_max_offers() && (wire.max_offers() < 1 || wire.max_offers() > kMaxOffers)) {
    return FieldError("max_offers", absl::StrCat("1 to ", kMaxOffers));
  }
  request->placements = {wire.placement()};
  request->kind = playbook::ActionKind::kOffer;
  request->max_actions = wire.max_offers();
  return request;
}

absl::StatusOr<engine::DecideRequest> FromWire(const v1::GetContentRequest& wire) {
  absl::StatusOr<engine::DecideRequest> request = DecisionContextFromWire(wire.context());
  if (request.ok()) WAYMARK_RETURN_IF_ERROR(PlacementsFromWire(wire.placements(), request->placements));
  return request;
}

absl::StatusOr<DecideBatch> FromWire(const v1::DecideStreamRequest& wire) {
  const auto belongs_elsewhere = [](absl::string_view field) {
    return FieldError(absl::StrCat("context.", field), "is not what the message's customers have in common");
  };
  if (!wire.context().customer().empty()) return belongs_elsewhere("customer");
  if (!wire.context().decision_id().empty()) return belongs_elsewhere("decision_id");
  if (wire.context().events_size() > 0) return belongs_elsewhere("events");
  absl::StatusOr<engine::DecideRequest> common = DecisionContextFromWire(wire.context());
  if (!common.ok()) return common.status();
  WAYMARK_RETURN_IF_ERROR(PlacementsFromWire(wire.placements(), common->placements));
  if (wire.customers_size() < 1 || wire.customers_size() > kMaxCustomersToDecide) {
    return FieldError("customers", absl::StrCat("1 to ", kMaxCustomersToDecide, " customers"));
  }
  DecideBatch batch;
  batch.sound.common = *std::move(common);
  batch.sound.customers.reserve(static_cast<size_t>(wire.customers_size()));
  batch.indexes.reserve(static_cast<size_t>(wire.customers_size()));
  for (int i = 0; i < wire.customers_size(); ++i) {
    const v1::CustomerToDecide& element = wire.customers(i);
    absl::Status status = CheckElement(element);
    if (!status.ok()) {
      batch.refused.emplace_back(i, std::move(status));
      continue;
    }
    batch.sound.customers.push_back({element.customer(), element.decision_id(), element.locale()});
    batch.indexes.push_back(i);
  }
  return batch;
}

absl::StatusOr<engine::RecordRequest> FromWire(const v1::RecordEventRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  absl::StatusOr<engine::RecordRequest::Item> item = ItemFromWire(wire.customer(), wire.has_event(), wire.event());
  if (!item.ok()) return item.status();
  engine::RecordRequest request;
  request.tenant = wire.tenant();
  request.items.push_back(*std::move(item));
  return request;
}

absl::StatusOr<RecordBatch> FromWire(const v1::RecordEventsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  if (wire.events_size() < 1 || wire.events_size() > kMaxEventsToRecord) {
    return FieldError("events", absl::StrCat("1 to ", kMaxEventsToRecord, " events"));
  }
  RecordBatch batch;
  batch.sound.tenant = wire.tenant();
  for (int i = 0; i < wire.events_size(); ++i) {
    const v1::CustomerEvent& element = wire.events(i);
    absl::StatusOr<engine::RecordRequest::Item> item =
        ItemFromWire(element.customer(), element.has_event(), element.event());
    if (item.ok()) {
      batch.sound.items.push_back(*std::move(item));
      batch.indexes.push_back(i);
    } else {
      batch.refused.emplace_back(i, item.status());
    }
  }
  return batch;
}

absl::StatusOr<batch::SuggestRequest> FromWire(const v1::SuggestSegmentsRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  batch::SuggestRequest request{
      .tenant = wire.tenant(), .event = wire.event(), .max = wire.max() == 0 ? 10 : wire.max(), .seed = wire.seed()};
  if (request.max < 1 || request.max > 100) return FieldError("max", "1 to 100");
  if (!wire.has_within()) return request;
  request.within = absl::Seconds(wire.within().seconds()) + absl::Nanoseconds(wire.within().nanos());
  if (*request.within <= absl::ZeroDuration()) return FieldError("within", "more than 0");
  return request;
}

absl::Status Check(const v1::ApplyPlaybookRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  return CheckText("text", wire.text(), 1, playbook::kMaxYamlBytes);
}

absl::Status Check(const v1::ValidatePlaybookRequest& wire) {
  return CheckText("text", wire.text(), 1, playbook::kMaxYamlBytes);
}

absl::Status Check(const v1::PreviewSegmentRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  return CheckText("when", wire.when(), 1, expression::kMaxSourceBytes);
}

absl::Status Check(const v1::PreviewPlaybookRequest& wire) {
  WAYMARK_RETURN_IF_ERROR(CheckTenant(wire.tenant()));
  return CheckText("text", wire.text(), 0, playbook::kMaxYamlBytes);
}

}  // namespace waymark::rpc
