#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "service/cli/command.h"
#include "service/cli/print.h"
#include "service/cli/values.h"

namespace waymark::cli {
namespace {

struct SetArguments {
  std::string customer;
  std::vector<std::string> traits;
  std::vector<std::string> consents;
  std::vector<std::string> clear_traits;
  std::vector<std::string> clear_consents;
  std::string etag;
};

void Get(Session& session, const std::string& customer) {
  v1::GetProfileRequest request;
  request.set_tenant(session.tenant);
  request.set_customer(customer);
  v1::GetProfileResponse response;
  absl::Status status = session.Connect().GetProfile(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : ProfileText(response.profile()));
}

absl::Status AddTraits(const SetArguments& arguments, v1::UpdateProfileRequest& request) {
  for (const std::string& text : arguments.traits) {
    absl::StatusOr<std::pair<std::string, v1::Value>> value = ParseAssignment(text);
    if (!value.ok()) return absl::InvalidArgumentError(absl::StrCat("--trait: ", value.status().message()));
    (*request.mutable_profile()->mutable_traits())[value->first] = value->second;
  }
  return absl::OkStatus();
}

absl::Status AddConsents(const SetArguments& arguments, v1::UpdateProfileRequest& request) {
  for (const std::string& text : arguments.consents) {
    const std::pair<std::string, std::string> parts = absl::StrSplit(text, absl::MaxSplits('=', 1));
    if (parts.first.empty() || (parts.second != "granted" && parts.second != "refused")) {
      return absl::InvalidArgumentError("--consent: expected purpose=granted or purpose=refused");
    }
    (*request.mutable_profile()->mutable_consents())[parts.first].set_granted(parts.second == "granted");
  }
  return absl::OkStatus();
}

// Clearing needs a mask, and a mask must then name everything that is set.
void AddMask(const SetArguments& arguments, v1::UpdateProfileRequest& request) {
  if (arguments.clear_traits.empty() && arguments.clear_consents.empty()) return;
  google::protobuf::FieldMask& mask = *request.mutable_update_mask();
  for (const auto& [name, value] : request.profile().traits()) mask.add_paths(absl::StrCat("traits.", name));
  for (const auto& [purpose, consent] : request.profile().consents())
    mask.add_paths(absl::StrCat("consents.", purpose));
  for (const std::string& name : arguments.clear_traits) mask.add_paths(absl::StrCat("traits.", name));
  for (const std::string& purpose : arguments.clear_consents) mask.add_paths(absl::StrCat("consents.", purpose));
}

void Set(Session& session, const SetArguments& arguments) {
  v1::UpdateProfileRequest request;
  request.set_tenant(session.tenant);
  request.mutable_profile()->set_customer(arguments.customer);
  request.mutable_profile()->set_etag(arguments.etag);
  absl::Status status = AddTraits(arguments, request);
  if (status.ok()) status = AddConsents(arguments, request);
  if (!status.ok()) return session.Fail(status);
  AddMask(arguments, request);
  v1::UpdateProfileResponse response;
  status = session.Connect().UpdateProfile(request, response);
  if (!status.ok()) return session.Fail(status);
  session.console.out << (session.json() ? Json(response) : ProfileText(response.profile()));
}

}  // namespace

void AddProfileCommand(CLI::App& app, Session& session) {
  CLI::App* profile = app.add_subcommand("profile", "Reads or changes what is known of a customer");
  profile->require_subcommand(1);

  auto customer = std::make_shared<std::string>();
  CLI::App* get = profile->add_subcommand("get", "All that is known of a customer");
  get->add_option("customer", *customer, "the customer's id")->required();
  get->callback([&session, customer] { Get(session, *customer); });

  auto arguments = std::make_shared<SetArguments>();
  CLI::App* set = profile->add_subcommand("set", "Sets traits and consents; begins the profile where there is none");
  set->add_option("customer", arguments->customer, "the customer's id")->required();
  set->add_option("--trait", arguments->traits, "name=value or name:type=value")->allow_extra_args(false);
  set->add_option("--consent", arguments->consents, "purpose=granted or purpose=refused")->allow_extra_args(false);
  set->add_option("--clear-trait", arguments->clear_traits, "the name of a trait to forget")->allow_extra_args(false);
  set->add_option("--clear-consent", arguments->clear_consents, "the purpose of a consent to forget")
      ->allow_extra_args(false);
  set->add_option("--etag", arguments->etag, "refuse where the profile changed since it was read with this etag");
  set->callback([&session, arguments] { Set(session, *arguments); });
}

}  // namespace waymark::cli
