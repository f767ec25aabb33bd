#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "service/cli/command.h"
#include "service/cli/commands/decide_many.h"
#include "service/cli/input_file.h"
#include "service/cli/print.h"
#include "service/cli/values.h"
#include "service/playbook/yaml_reader.h"

namespace waymark::cli {
namespace {

struct DecideArguments {
  std::vector<std::string> placements;
  std::vector<std::string> customers;
  std::string from;
  int offers = 0;  // 0: actions of any kind
  std::string locale;
  std::vector<std::string> context;
  bool explain = false;
  bool all = false;
  std::string segment;
  std::string out;  // a file; then as a bulk run
  int workers = 2;
};

// What every request of the command has in common; each has its own customer.
absl::StatusOr<v1::DecisionContext> ContextOf(const Session& session, const DecideArguments& arguments) {
  v1::DecisionContext context;
  context.set_tenant(session.tenant);
  context.set_locale(arguments.locale);
  context.set_explain(arguments.explain);
  for (const std::string& text : arguments.context) {
    absl::StatusOr<std::pair<std::string, v1::Value>> value = ParseAssignment(text);
    if (!value.ok()) return absl::InvalidArgumentError(absl::StrCat("--context: ", value.status().message()));
    (*context.mutable_context())[value->first] = value->second;
  }
  return context;
}

// gRPC would not say which text is wrong, or that one is.
absl::Status CheckUtf8(absl::string_view where, const std::string& customer) {
  return playbook::IsUtf8(customer) ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat(where, ": not UTF-8"));
}

// Calls `each` for the customers named and for those of the file (or stdin: "-"), one a line, until it gives an error.
template <typename Each>
absl::Status ForCustomers(Session& session, const DecideArguments& arguments, Each each) {
  for (const std::string& customer : arguments.customers) {
    absl::Status status = CheckUtf8("--customer", customer);
    if (status.ok()) status = each(customer);
    if (!status.ok()) return status;
  }
  if (arguments.from.empty()) return absl::OkStatus();
  std::unique_ptr<InputFile> file;
  if (arguments.from != "-") {
    absl::StatusOr<std::unique_ptr<InputFile>> opened = InputFile::Open(arguments.from);
    if (!opened.ok()) return opened.status();
    file = *std::move(opened);
  }
  std::string line;
  for (int number = 1;; ++number) {
    absl::StatusOr<bool> any = file == nullptr ? !!std::getline(session.console.in, line) : file->NextLine(line);
    if (!any.ok() || !*any) return any.status();
    absl::StripAsciiWhitespace(&line);
    if (line.empty()) continue;
    absl::Status status = CheckUtf8(absl::StrCat(arguments.from, ":", number), line);
    if (status.ok()) status = each(line);
    if (!status.ok()) return status;
  }
}

template <typename Response>
void Print(Session& session, const std::string& customer, const Response& response) {
  session.console.out << (session.json() ? Json(response) : DecisionText(customer, response.decision()));
}

absl::Status DecideFor(Session& session, Client& client, const DecideArguments& arguments,
                       const v1::DecisionContext& context) {
  if (arguments.offers > 0) {
    v1::GetOffersRequest request;
    *request.mutable_context() = context;
    request.set_placement(arguments.placements[0]);
    request.set_max_offers(arguments.offers);
    v1::GetOffersResponse response;
    absl::Status status = client.GetOffers(request, response);
    if (status.ok()) Print(session, context.customer(), response);
    return status;
  }
  v1::NextBestActionRequest request;
  *request.mutable_context() = context;
  request.set_placement(arguments.placements[0]);
  v1::NextBestActionResponse response;
  absl::Status status = client.NextBestAction(request, response);
  if (status.ok()) Print(session, context.customer(), response);
  return status;
}

absl::Status ContentFor(Session& session, Client& client, const DecideArguments& arguments,
                        const v1::DecisionContext& context) {
  v1::GetContentRequest request;
  *request.mutable_context() = context;
  request.mutable_placements()->Add(arguments.placements.begin(), arguments.placements.end());
  v1::GetContentResponse response;
  absl::Status status = client.GetContent(request, response);
  if (!status.ok()) return status;
  if (session.json()) session.console.out << Json(response);
  for (const v1::Decision& decision : response.decisions()) {
    if (!session.json()) session.console.out << DecisionText(context.customer(), decision);
  }
  return status;
}

// Whom a bulk run asks about.
CustomerSource SourceOf(Session& session, Client& client, const DecideArguments& arguments) {
  if (arguments.all || !arguments.segment.empty()) return Members(client, session.tenant, arguments.segment);
  return {.name = arguments.from.empty() ? "the customers named" : absl::StrCat("the file ", arguments.from),
          .each = [&session, &arguments](const auto& add, double&) { return ForCustomers(session, arguments, add); }};
}

void RunToFile(Session& session, const DecideArguments& arguments) {
  absl::StatusOr<v1::DecisionContext> context = ContextOf(session, arguments);
  if (!context.ok()) return session.Fail(context.status());
  v1::DecideStreamRequest question;
  *question.mutable_context() = *std::move(context);
  question.mutable_placements()->Add(arguments.placements.begin(), arguments.placements.end());
  Client client = session.Connect();
  DecideToFile(session, client, question, SourceOf(session, client, arguments), arguments.out, arguments.workers);
}

using Ask = absl::Status (*)(Session&, Client&, const DecideArguments&, const v1::DecisionContext&);

void Run(Session& session, const DecideArguments& arguments, Ask ask) {
  absl::StatusOr<v1::DecisionContext> context = ContextOf(session, arguments);
  if (!context.ok()) return session.Fail(context.status());
  Client client = session.Connect();
  absl::Status status = ForCustomers(session, arguments, [&](const std::string& customer) {
    context->set_customer(customer);
    return ask(session, client, arguments, *context);
  });
  if (!status.ok()) session.Fail(status);
}

CLI::Option_group* AddCommonOptions(CLI::App& command, DecideArguments& arguments) {
  CLI::Option_group* who = command.add_option_group("customers", "who is asked about; answers come in this order");
  who->add_option("--customer", arguments.customers, "ids; '' is an anonymous visitor");
  who->add_option("--from", arguments.from, "a file with an id a line, - for stdin");
  who->require_option(1, 2);
  command.add_option("--locale", arguments.locale, "BCP 47, such as de-AT");
  command.add_option("--context", arguments.context, "name=value or name:type=value, as the playbook declares it")
      ->allow_extra_args(false);
  command.add_flag("--explain", arguments.explain, "give the reason for every candidate");
  return who;
}

// A bulk run: everybody's decisions to a file, in any order.
void AddBulkOptions(CLI::App& decide, CLI::Option_group& who, DecideArguments& arguments) {
  CLI::Option* out = decide.add_option("--out", arguments.out,
                                       "decide for many at once, as a mailing does, and write a line of JSON for each "
                                       "to this file; a run that was ended "
                                       "goes on when the same command is given again");
  CLI::Option* all = who.add_flag("--all", arguments.all, "every customer (with --out)")->needs(out);
  CLI::Option* segment = who.add_option("--segment", arguments.segment, "everyone in this segment now (with --out)")
                             ->needs(out)
                             ->excludes(all)
                             ->check([](const std::string& name) { return name.empty() ? "must not be empty" : ""; });
  for (const char* named : {"--customer", "--from"}) {
    all->excludes(who.get_option(named));
    segment->excludes(who.get_option(named));
  }
  decide.add_option("--workers", arguments.workers, "with --out: streams at once")
      ->check(CLI::Range(1, 16))
      ->needs(out)
      ->capture_default_str();
}

}  // namespace

void AddDecisionCommands(CLI::App& app, Session& session) {
  auto deciding = std::make_shared<DecideArguments>();
  CLI::App* decide = app.add_subcommand("decide", "Asks for the best actions for one placement");
  decide->add_option("--placement", deciding->placements, "the placement; with --out there may be several")
      ->required()
      ->expected(1, 16);
  CLI::Option* offers =
      decide->add_option("--offers", deciding->offers, "at most this many, and offers only")->check(CLI::Range(1, 100));
  AddBulkOptions(*decide, *AddCommonOptions(*decide, *deciding), *deciding);
  decide->get_option("--out")->excludes(offers);
  decide->callback([&session, deciding] {
    if (!deciding->out.empty()) return RunToFile(session, *deciding);
    if (deciding->placements.size() > 1) throw CLI::ArgumentMismatch("--placement: only one without --out");
    Run(session, *deciding, DecideFor);
  });

  auto filling = std::make_shared<DecideArguments>();
  CLI::App* content = app.add_subcommand("content", "Asks for the rendered content of the placements of one page");
  content->add_option("--placement", filling->placements, "the placements, filled in this order")->required();
  AddCommonOptions(*content, *filling);
  content->callback([&session, filling] { Run(session, *filling, ContentFor); });
}

}  // namespace waymark::cli
