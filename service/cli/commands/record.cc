#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/random/random.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "service/cli/command.h"
#include "service/cli/conversions.h"
#include "service/cli/print.h"
#include "service/cli/timestamps.h"

namespace waymark::cli {
namespace {

struct RecordArguments {
  std::string customer;
  std::string type;
  std::string id;
  std::string time;
  std::string money;
  std::string currency;
  std::string number;
  std::string sentiment;
  std::string text;
  std::string token;
  std::vector<std::string> labels;
  std::string touchpoint;
  bool only_if_allowed = false;
};

// An id that nobody gave: 128 random bits.
std::string NewId() {
  absl::BitGen random;
  return absl::StrFormat("cli-%016x%016x", absl::Uniform<uint64_t>(random), absl::Uniform<uint64_t>(random));
}

absl::Status FillEvent(const RecordArguments& arguments, v1::Event& event) {
  event.set_id(arguments.id.empty() ? NewId() : arguments.id);
  event.set_type(arguments.type);
  event.set_decision_token(arguments.token);
  for (const std::string& label : arguments.labels) event.add_labels(label);
  event.set_touchpoint(arguments.touchpoint);
  event.set_only_if_allowed(arguments.only_if_allowed);
  event.set_text(arguments.text);
  if (!arguments.time.empty()) {
    const absl::optional<absl::Time> time = ParseTimeText(arguments.time, {});
    if (!time.has_value()) return absl::InvalidArgumentError("--time: expected RFC 3339 or a date");
    *event.mutable_time() = ToTimestamp(*time);
  }
  if (!arguments.money.empty()) {
    const absl::optional<int64_t> micros = ParseMicros(arguments.money, false);
    if (!micros.has_value()) return absl::InvalidArgumentError("--money: expected an amount such as 12.50");
    event.mutable_money()->set_micros(*micros);
    event.mutable_money()->set_currency(arguments.currency);
  }
  if (!arguments.number.empty()) {
    const absl::optional<double> number = ParseNumber(arguments.number, false);
    if (!number.has_value()) return absl::InvalidArgumentError("--number: expected a number");
    event.set_number(*number);
  }
  if (!arguments.sentiment.empty()) {
    const absl::optional<double> sentiment = ParseNumber(arguments.sentiment, false);
    if (!sentiment.has_value()) return absl::InvalidArgumentError("--sentiment: expected a number from -1 to 1");
    event.set_sentiment(*sentiment);
  }
  return absl::OkStatus();
}

void Record(Session& session, const RecordArguments& arguments) {
  v1::RecordEventRequest request;
  request.set_tenant(session.tenant);
  request.set_customer(arguments.customer);
  absl::Status status = FillEvent(arguments, *request.mutable_event());
  if (!status.ok()) return session.Fail(status);
  Client client = session.Connect();
  v1::RecordEventResponse response;
  status = client.RecordEvent(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : ReceiptText(response.receipt()));
}

}  // namespace

void AddRecordCommand(CLI::App& app, Session& session) {
  auto arguments = std::make_shared<RecordArguments>();
  CLI::App* record = app.add_subcommand("record", "Records one thing that a customer did");
  record->add_option("--customer", arguments->customer, "the customer's id")->required();
  record->add_option("--type", arguments->type, "the event's type, such as purchase")->required();
  record->add_option("--id", arguments->id, "the event's id; the same again changes nothing. Default: a random one");
  record->add_option("--time", arguments->time, "when it happened, RFC 3339. Default: now");
  CLI::Option* currency = record->add_option("--currency", arguments->currency, "ISO 4217, of --money");
  CLI::Option* money = record->add_option("--money", arguments->money, "what it was worth, such as 12.50");
  money->needs(currency);
  record->add_option("--number", arguments->number, "a score (nps 0 to 10, csat 1 to 5, ces 1 to 7), a count")
      ->excludes(money);
  record->add_option("--sentiment", arguments->sentiment, "how it felt, -1 (bad) to 1 (good)");
  record->add_option("--text", arguments->text, "what the customer wrote; kept where the playbook's keep_text says so");
  record->add_option("--token", arguments->token, "the token of the decision that brought it about");
  record->add_option("--label", arguments->labels, "what it is about, such as a category; may be given several times")
      ->allow_extra_args(false);
  record->add_option("--touchpoint", arguments->touchpoint, "where it happened: channel/place, such as web/cart");
  record->add_flag("--only-if-allowed", arguments->only_if_allowed,
                   "of an impression that is about to be shown: only where the contact policy still allows it");
  record->callback([&session, arguments] { Record(session, *arguments); });
}

}  // namespace waymark::cli
