#ifndef WAYMARK_SERVICE_ENGINE_REQUESTS_H_
#define WAYMARK_SERVICE_ENGINE_REQUESTS_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/profile.h"
#include "service/decision/decision.h"
#include "service/journey/timeline.h"
#include "service/playbook/playbook.h"
#include "service/playbook/problem.h"
#include "service/store/budget_store.h"

namespace waymark::engine {

// What callers ask, with the names of the contract, and what they are answered. Values.

using NamedValue = std::pair<std::string, segmentation::TraitValue>;

// An event as a caller sent it.
struct SentEvent {
  std::string id;
  std::string type;
  absl::optional<absl::Time> time;  // absent: now
  int64_t value_micros = 0;
  bool is_number = false;  // the value is a plain number that was given
  std::string currency;    // of the value; empty: a plain number, or none
  std::string decision_token;
  std::vector<std::string> labels;
  std::string touchpoint;  // "channel/place", or the channel; empty: not known
  bool only_if_allowed = false;
  absl::optional<double> sentiment;  // -1 to 1
  std::string text;
};

// A move on a journey.
struct StageChange {
  segmentation::NameId journey{};
  absl::optional<segmentation::NameId> from;
  segmentation::NameId to{};
};

// What an event, or a change of the profile, did.
struct Receipt {
  bool duplicate = false;
  std::vector<StageChange> stage_changes;
  std::vector<segmentation::NameId> segments_entered;
  std::vector<segmentation::NameId> segments_left;
  // Why the contact policy, or a budget, did not allow what was shown; kChosen: they did.
  decision::Reason disallowed = decision::Reason::kChosen;
  std::string disallowed_detail;
  bool withheld = false;  // not recorded because of that
};

struct DecideRequest {
  std::string tenant;
  std::string customer;  // empty: an anonymous visitor
  std::vector<std::string> placements;
  std::string locale;
  std::vector<NamedValue> context;
  std::vector<SentEvent> events;
  std::string decision_id;  // empty: a new one
  absl::optional<playbook::ActionKind> kind;
  int max_actions = 0;  // for each placement; 0: its slots
  bool explain = false;
  // Fails where the customer's profile cannot be had, instead of deciding from context alone: of work that can wait.
  bool profile_required = false;
};

// How much of what should be known was known.
enum class Knowledge { kProfile, kUnknownCustomer, kStoreUnavailable, kProfileUnusable, kNoConsent, kStaleProfile };

struct DecideAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;  // gives the indexes and ids below their names
  std::string decision_id;
  absl::Time decided_at;
  Knowledge knowledge = Knowledge::kProfile;
  absl::Time profile_at = absl::InfinitePast();  // with kStaleProfile: when it was read
  decision::Decision decision;
  std::vector<std::vector<std::string>> tokens;  // beside decision.placements[i].chosen
  // One an event; empty where the store was away, and the events were not recorded.
  std::vector<Receipt> receipts;
};

struct RecordRequest {
  std::string tenant;
  struct Item {
    std::string customer;
    SentEvent event;
  };
  std::vector<Item> items;
};

// What became of each element.
struct RecordAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  struct Item {
    absl::Status status;  // OK: recorded, or a duplicate
    Receipt receipt;
  };
  std::vector<Item> items;
};

// A change of traits or consents. Absent values clear.
struct UpdateProfileRequest {
  std::string tenant;
  std::string customer;
  bool replace_traits = false;    // clear the traits that are not named
  bool replace_consents = false;  // clear the consents that are not named
  std::vector<std::pair<std::string, absl::optional<segmentation::TraitValue>>> traits;
  struct ConsentChange {
    bool granted = false;
    absl::optional<absl::Time> at;  // absent: now
  };
  std::vector<std::pair<std::string, absl::optional<ConsentChange>>> consents;
  absl::optional<uint64_t> expected_revision;
};

// A profile with everything derived from it at the moment of the request.
struct ProfileAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  uint64_t revision = 0;
  segmentation::Profile profile;  // positions and segments are derived now
  absl::Time at;                  // that now
};

// A page of one customer's timeline on a journey.
struct JourneyRequest {
  std::string tenant;
  std::string customer;
  std::string journey;  // empty: the primary one
  int page_size = 100;
  std::string page_token;  // `next_page_token` of the page before; empty: the first
};

struct JourneyAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  int journey = playbook::kNone;
  absl::Time at;                                         // the moment of the question
  std::shared_ptr<const segmentation::Profile> profile;  // positions and segments are derived at that moment
  segmentation::JourneyPosition position;
  std::vector<journey::TimelineEntry> entries;  // of the profile; the newest first
  std::string next_page_token;                  // empty: this was the last page
};

// In or out of one segment, and why.
struct Verdict {
  bool member = false;
  absl::optional<bool> was_member;  // of a segment with hysteresis: by what is stored
  expression::Program rule;         // the one that decided
  std::string error;                // what kept it from being evaluated
  struct Part {
    std::string text;   // as CEL
    std::string value;  // as CEL's literal; empty where there is an error
    std::string error;
    bool fact = false;  // something the rule mentions, not a term of it
  };
  std::vector<Part> parts;
};

struct EvaluateAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  absl::Time evaluated_at;
  std::vector<Verdict> segments;  // beside the playbook's
  std::vector<segmentation::JourneyPosition> positions;
};

// How a budget stands in its present period.
struct BudgetStatus {
  std::string name;
  int64_t amount = 0;
  int64_t period = 0;  // when it begins, in seconds since 1970; 0: it is for ever
  store::BudgetUse use;
};

struct ListBudgetsAnswer {
  std::shared_ptr<const playbook::Playbook> playbook;
  std::vector<BudgetStatus> budgets;  // beside the playbook's
};

// A version of a playbook as it was applied.
struct PlaybookText {
  uint64_t version = 0;
  absl::Time applied_at;
  std::string text;
};

struct ApplyAnswer {
  uint64_t version = 0;
  bool unchanged = false;
  std::vector<playbook::Problem> problems;  // where there are any, nothing was applied
};

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_REQUESTS_H_
