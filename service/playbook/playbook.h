#ifndef WAYMARK_SERVICE_PLAYBOOK_PLAYBOOK_H_
#define WAYMARK_SERVICE_PLAYBOOK_PLAYBOOK_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/template.h"
#include "segmentation/facts.h"
#include "segmentation/population.h"

namespace waymark::playbook {

using segmentation::NameId;

// What a tenant wants, checked and compiled: names are resolved to indexes, rules to programs. All of it is immutable
// and shared by threads; equal rules are compiled once. An index is a position in the list of its kind; -1 stands for
// none.

// An index into Playbook::rules.
using RuleIndex = int;
inline constexpr int kNone = -1;

// Text by locale ("de"), ascending.
using Labels = std::vector<std::pair<std::string, std::string>>;

// A label of events that rules mention.
struct EventLabel {
  std::string name;
  NameId id{};
};

struct Segment {
  std::string name;
  NameId id{};
  Labels labels;
};

struct Stage {
  std::string name;
  NameId id{};
  RuleIndex enter = kNone;  // none: holds for everyone (the first stage)
  RuleIndex leave = kNone;
  RuleIndex back = kNone;  // while it holds, nobody is here
  absl::Duration timeout = absl::InfiniteDuration();
  int back_to = kNone;  // a stage of the same journey
  absl::Duration minimum_dwell = absl::ZeroDuration();
  absl::Duration lapse = absl::InfiniteDuration();  // without an event
  std::vector<NameId> touchpoints;                  // that the shop expects here, each once
  std::string goal;
  Labels labels;
  // What a customer who stands here is expected to bring, whole units of the currency; see StageValueOf.
  absl::optional<double> value;
};

struct Journey {
  std::string name;
  NameId id{};
  std::vector<Stage> stages;  // never empty
};

// What a journey's stages are worth as it was learned, by the playbook's own indexes.
struct LearnedStageValues {
  // For everyone, and beside `segments` (ascending) for who is in them. None of a stage of which nothing was learned.
  std::vector<absl::optional<double>> everyone;
  std::vector<int> segments;
  std::vector<std::vector<absl::optional<double>>> by_segment;
};

// Days, weeks (from Monday on) and months of a calendar.
enum class Period { kNone, kDay, kWeek, kMonth };

// At most `max` contacts in every rolling window; in each period of the customer's calendar where there is one.
struct Limit {
  int max = 0;
  absl::Duration window;
  Period period = Period::kNone;
  int shared = kNone;  // its number among the limits that several actions share; kNone: one action's
};

// When nothing is sent, by the customer's clock, in minutes of the day.
struct QuietHours {
  int from = 0;         // 0 to 1439
  int until = 1440;     // 0 to 1440, not included; at or before `from`: of the day after
  uint8_t days = 0x7f;  // on which they begin: a bit each, Monday's the lowest
};

// After so many outcomes, not again for a while.
struct Suppression {
  NameId outcome{};  // an event type
  std::string outcome_name;
  int times = 1;
  absl::Duration within = absl::InfiniteDuration();
  absl::Duration lasts;  // from the last of them on
};

// Not within the window after a contact by the action, or by one of the group.
struct NotAfter {
  std::string name;
  int action = -1;  // one of the two is none
  int group = -1;
  absl::Duration window;
};

// Actions that are looked at together.
struct Group {
  std::string name;
  NameId id{};
  double lever = 1;  // multiplies that of its actions
  std::vector<Limit> limits;
  absl::optional<int> max_per_call;  // absent: any number
  std::vector<NameId> members;       // its actions, ascending
};

// An amount that all customers share.
struct Budget {
  std::string name;
  int64_t amount = 0;
  Period period = Period::kNone;          // the amount is for each, by the playbook's time zone; kNone: for ever
  absl::Duration hold = absl::Hours(24);  // of what is decided and counts on impression, until it is shown
};

// Zones by their IANA names; a shell reads them from the system's files, once.
using TimeZones = absl::flat_hash_map<std::string, absl::TimeZone>;

// How a channel's texts are escaped.
enum class ContentType { kText, kHtml, kJson };

struct Channel {
  std::string name;
  NameId id{};
  absl::optional<NameId> consent;
  std::string consent_name;
  ContentType content_type = ContentType::kText;
  std::vector<Limit> limits;
  std::vector<QuietHours> quiet_hours;
};

// A place where customers are met, declared somewhere in the playbook.
struct Touchpoint {
  std::string name;     // "web/product_page"; a channel by itself is one, too
  int channel = kNone;  // never none
  Labels labels;
};

struct Treatment {
  int channel = kNone;
  std::string locale;  // lower case
  expression::Template subject;
  expression::Template body;
  expression::Template image_url;
  expression::Template link_url;
  absl::optional<std::string> missing;
  std::string variant;  // empty: for everyone else
};

enum class ActionKind { kOffer, kContent, kService, kNone };

struct ContextWeight {
  RuleIndex when = kNone;
  double weight = 1;
};

// A stage of any journey.
struct StageReference {
  int journey = kNone;
  int stage = kNone;
};

// A purpose that must have been granted.
struct NeededConsent {
  NameId purpose{};
  std::string name;
};

struct Action {
  std::string name;
  NameId id{};
  ActionKind kind = ActionKind::kOffer;
  std::vector<StageReference> stages;  // empty: every stage
  std::vector<int> placements;         // ascending; empty: every placement
  absl::Time valid_from = absl::InfinitePast();
  absl::Time valid_until = absl::InfiniteFuture();
  RuleIndex eligible = kNone;
  RuleIndex applicable = kNone;
  RuleIndex suitable = kNone;
  std::vector<NeededConsent> consents;
  std::vector<Limit> limits;
  double value = 1;  // whole units of the playbook's currency
  RuleIndex value_of = kNone;
  // Instead of both: what this stage is worth more than the customer's own; no journey: the stage after it, on the
  // primary one.
  absl::optional<StageReference> moves_to;
  double propensity = 0.01;
  double lever = 1;
  std::vector<ContextWeight> context_weights;
  std::vector<Treatment> treatments;
  int group = kNone;
  std::vector<NameId> never_with;  // actions and groups, ascending; as this action says it
  std::vector<int> bundle;         // actions that come with it
  std::vector<Suppression> suppressions;
  std::vector<NotAfter> not_after;
  // Whether its contacts are counted by the limits of its group or by a `not_after`.
  bool counted_by_others = false;
  std::vector<int> budgets;  // each gives a unit for it
};

// What is different for an action, or for the actions of a group, in an arm.
struct ArmChange {
  int action = kNone;  // one of the two is none
  int group = kNone;
  bool exclude = false;
  double lever = 1;
  std::string variant;
};

// A budget that candidates of a placement take from.
struct PlacementBudget {
  int budget = kNone;
  int actions = 0;  // how many of the candidates

  friend bool operator==(const PlacementBudget&, const PlacementBudget&) = default;
};

struct Placement {
  std::string name;
  NameId id{};
  int channel = kNone;
  int slots = 1;
  bool count_on_decision = true;  // otherwise on impression
  int fallback = kNone;           // an action
  std::vector<int> candidates;    // the actions that name this placement (or none) and have a treatment for its channel
                                  // (or none at all)
  std::vector<PlacementBudget> budgets;  // of the candidates, ascending
  // The candidates again, by the stages that they name, so that few are looked at of many: `any_stage` names none;
  // by_stage[journey][stage].
  std::vector<int> any_stage;
  std::vector<std::vector<std::vector<int>>> by_stage;
};

struct Arbitration {
  double propensity_exponent = 1;
  bool use_context_weight = true;
  bool use_value = true;
  bool use_lever = true;
  std::vector<Limit> limits;
};

// One way of an experiment.
struct Arm {
  std::string name;
  int share = 0;  // of 10,000
  bool hold_out = false;
  std::vector<ArmChange> changes;
  absl::optional<Arbitration> arbitration;
};

struct Experiment {
  std::string name;
  RuleIndex when = kNone;
  int within_experiment = kNone;  // an earlier one, and the arm
  int within_arm = kNone;
  std::vector<Arm> arms;
  absl::Time valid_from = absl::InfinitePast();
  absl::Time valid_until = absl::InfiniteFuture();
};

struct Playbook;

// Whether the action may be given in the placement, and whether it has something to say on the channel.
bool FitsPlacement(const Action& action, int placement);
bool FitsChannel(const Action& action, int channel);
// Whether the action says that it is never with the other, or with its group.
bool Refuses(const Playbook& playbook, const Action& action, const Action& other);
// Whether it has a text for an arm that asks for it.
bool HasVariant(const Action& action, absl::string_view variant);

// A playbook. Immutable; thread-safe.
struct Playbook {
  uint64_t version = 0;
  std::string name;
  std::string currency;
  std::string default_locale;                            // lower case
  absl::Duration keep_decisions = absl::ZeroDuration();  // how long decisions are logged; 0: not at all

  std::shared_ptr<const segmentation::FactSet> facts;
  std::vector<expression::Program> rules;
  std::vector<Segment> segments;
  std::vector<segmentation::SegmentRule> segment_rules;  // beside `segments`
  std::vector<Journey> journeys;                         // the first is the primary one
  std::vector<Channel> channels;
  std::vector<Action> actions;  // in the order of the text, which decides nothing
  std::vector<Group> groups;
  std::vector<Budget> budgets;
  std::vector<Placement> placements;
  Arbitration arbitration;
  std::vector<Experiment> experiments;
  // Without this purpose nothing that is known of a customer decides.
  absl::optional<NameId> profiling_purpose;
  // How everyone is looked at together, and what was learned of everyone; null: nothing yet. It is fitted and stored
  // apart from the playbook, and stands here because whoever evaluates the rules needs both.
  segmentation::PopulationSpec population_spec;
  std::shared_ptr<const segmentation::Population> population;
  std::vector<LearnedStageValues> learned_stage_values;  // the population's, by journey; empty: none were learned

  // Where the days of calendar limits and quiet hours begin for who has no zone of one's own.
  absl::TimeZone time_zone = absl::UTCTimeZone();
  absl::optional<NameId> time_zone_trait;       // holds a customer's own
  std::shared_ptr<const TimeZones> time_zones;  // that it may name; never null
  // How many limits are a group's, a channel's or over all.
  int shared_limits = 0;
  // The outcomes that suppressions look at, as the action and the event type.
  absl::flat_hash_set<std::pair<NameId, NameId>> suppressing_outcomes;

  absl::flat_hash_map<std::string, int> placement_by_name;
  absl::flat_hash_map<NameId, int> action_by_id;
  absl::flat_hash_map<std::string, NameId> event_ids;  // built in and declared
  std::vector<EventLabel> event_labels;                // declared; in the order of the text, which decides nothing
  absl::flat_hash_map<std::string, NameId> labelled_events;  // "type/label", of which the ledger is kept too
  absl::flat_hash_map<std::string, expression::Type> traits;
  absl::flat_hash_map<std::string, expression::Type> context;
  absl::flat_hash_map<std::string, NameId> purposes;  // by name, and "tcf:4" where it is one of the TCF's
  // By the id of its name. Of others that events name, profiles keep the name.
  absl::flat_hash_map<NameId, Touchpoint> touchpoints;
  absl::flat_hash_set<NameId> keep_text;  // event types of which the customer's text is kept
  // What an id is called: traits, purposes, events, labels, "type/label", segments, channels, actions, journeys,
  // stages, touchpoints.
  absl::flat_hash_map<NameId, std::string> names;

  // Whether contacts of this action on this channel are counted by any limit, rule or `not_after`, or tell that a retry
  // needs no further unit of a budget; where not, they need not be kept.
  bool CountsContacts(int action, int channel) const;
  // Channels and actions that a rule's contacts() names.
  std::vector<NameId> counted_by_rules;
};

// The playbook with this population in place of its own.
std::shared_ptr<const Playbook> WithPopulation(const Playbook& playbook,
                                               std::shared_ptr<const segmentation::Population> population);

// What a customer who stands in the stage is expected to bring, whole units: what the playbook states, and where it
// states nothing, what was learned of `segment` (an element of LearnedStageValues::segments; kNone: of everyone). None
// where neither is known.
absl::optional<double> StageValueOf(const Playbook& playbook, int journey, int stage, int segment = kNone);

// The name of an id that this playbook knows; "unknown" otherwise (a trait of an earlier version).
absl::string_view NameOf(const Playbook& playbook, NameId id);

}  // namespace waymark::playbook

#endif  // WAYMARK_SERVICE_PLAYBOOK_PLAYBOOK_H_
