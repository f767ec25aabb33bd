#ifndef WAYMARK_SEGMENTATION_FACTS_H_
#define WAYMARK_SEGMENTATION_FACTS_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "segmentation/expression/arena.h"
#include "segmentation/expression/environment.h"
#include "segmentation/expression/program.h"
#include "segmentation/expression/rule_set.h"
#include "segmentation/mentions.h"
#include "segmentation/population.h"
#include "segmentation/profile.h"

namespace waymark::segmentation {

// The names that a tenant's rules may mention, as its playbook declares them.
struct Vocabulary {
  struct Typed {
    std::string name;
    expression::Type type;
  };
  std::vector<Typed> traits;          // customer.<name>
  std::vector<Typed> context;         // context.<name>
  std::vector<std::string> purposes;  // consent.<name>
  std::vector<std::string> events;    // types, and "type/label"
  std::vector<std::string> labels;
  std::vector<std::string> channels;
  std::vector<std::string> actions;
  std::vector<std::string> no_contacts;  // actions that do nothing, and so cannot be counted
  std::vector<std::string> segments;     // in_segment's index is the position here
  std::string primary_journey;           // whose stages `stage` and `previous_stage` name; empty: there is none
  std::vector<std::string> stages;       // the primary journey's
};

// What a fact reads.
enum class FactKind : uint8_t {
  kTrait,
  kConsent,
  kContext,
  kCount,
  kTotal,
  kFirst,
  kLast,
  kEver,
  kDaysSince,
  kAffinity,
  kRfmRecency,
  kRfmFrequency,
  kRfmMonetary,
  kRfmCell,
  kRfmSegment,
  kExpectedPurchases,
  kLifetimeValue,
  kChurnRisk,
  kPersona,
  kNps,
  kCsat,
  kCes,
  kRating,
  kSentiment,
  kInSegment,
  kContacts,
  kStage,
  kPreviousStage,
  kDaysInStage,
  kStageVisits,
  kNow,
  kShared,  // no name: a part that several rules have in common (expression/sharing.h)
};

// Whether it reads the position on the primary journey.
bool IsStageFact(FactKind kind);

// One row of the table of names: for the checker, and for people (README.md shows it).
struct FactDescription {
  FactKind kind;
  absl::string_view name;        // "count", or "customer." for a family of names
  absl::string_view parameters;  // "event, window"; empty for a variable
  absl::string_view type;        // "int"; "declared" for traits and context
  absl::string_view meaning;     // with the unit
};
absl::Span<const FactDescription> FactTable();

// A mention of a fact in some rule: the slot that rules share.
struct Fact {
  FactKind kind{};
  NameId name{};          // the trait, purpose, event, label, channel, action or score
  int segment = -1;       // kInSegment: the index
  int shared = -1;        // kShared: the index
  size_t place = 0;       // of the trait, or of the event, among FactSet's mentions
  bool channel = false;   // kContacts: the name is a channel's
  size_t stored_as = 0;   // kTrait, kContext: the alternative of TraitValue that the declared type has
  absl::Duration window;  // kCount, kTotal, kContacts
  std::string missing;    // what an error says: "customer.age is not known"
};

// The facts that one playbook's rules mention, each once. Filled while rules are compiled; const, and thread-safe,
// afterwards.
class FactSet final : public expression::Environment {
 public:
  explicit FactSet(Vocabulary vocabulary);

  absl::optional<expression::FactReference> Variable(absl::string_view name) override;
  bool HasFunction(absl::string_view name) const override;
  CallResult Call(absl::string_view name, absl::Span<const expression::Value> arguments) override;
  std::vector<std::string> Names() const override;

  // Keeps a part that rules share, and gives its slot.
  int AddShared(const expression::Program& part);

  const std::vector<Fact>& facts() const { return facts_; }
  const std::vector<expression::Program>& shared() const { return shared_; }
  // The traits and events that the facts read.
  const Mentions& traits() const { return traits_; }
  const Mentions& events() const { return event_mentions_; }
  const Vocabulary& vocabulary() const { return vocabulary_; }
  // The primary journey's stage of this id; empty where it has none.
  absl::string_view StageName(NameId stage) const;
  NameId primary_journey() const { return primary_journey_; }

 private:
  struct Declared {
    Fact fact;
    expression::Type type;
  };

  expression::FactReference Intern(Fact fact, const expression::Type& type);
  CallResult CallOnEvent(const FactDescription& row, absl::Span<const expression::Value> arguments);
  CallResult CallAffinity(absl::Span<const expression::Value> arguments);
  CallResult CallInSegment(absl::Span<const expression::Value> arguments);
  CallResult CallContacts(absl::Span<const expression::Value> arguments);

  Vocabulary vocabulary_;
  NameId primary_journey_;
  absl::flat_hash_map<std::string, Declared> variables_;
  absl::flat_hash_set<std::string> events_;
  absl::flat_hash_set<std::string> affinities_;  // labels and channels
  absl::flat_hash_map<std::string, int> segments_;
  absl::flat_hash_map<std::string, bool> contactable_;  // name -> is a channel
  absl::flat_hash_map<NameId, std::string> stages_;
  absl::flat_hash_map<std::string, int> slots_;  // by a key that spells kind, name and window
  std::vector<Fact> facts_;
  Mentions traits_;
  Mentions event_mentions_;
  std::vector<expression::Program> shared_;
};

// What puts a customer into a segment, and keeps it there.
struct SegmentRule {
  NameId segment{};
  expression::Program enter;
  // Hysteresis: who is in by what is stored (Profile::derived) stays until this holds, and nobody enters while it does.
  absl::optional<expression::Program> leave;
};

// A context of a request: what is known of this moment besides the customer. Ascending by name.
using Context = std::vector<Trait>;

// The facts of one customer at one moment: each is read once and remembered. Segments are evaluated when they are first
// asked for. Borrows all it is given. Single-threaded.
class FactFrame final : public expression::Activation {
 public:
  // `segment_rules` are the vocabulary's segments, by index; they depend on each other without cycles.
  FactFrame(const FactSet& facts, absl::Span<const SegmentRule> segment_rules, const Profile& profile,
            const Context& context, absl::Time now);

  // Forgets the customer, and takes the next one, at the same moment and in the same memory: so a walk over many does
  // not allocate. What was evaluated before is not valid any more; the population stays, and the rest is as it was in
  // the beginning.
  void Begin(const Profile& profile);

  // The position on the primary journey, once it is resolved; nullptr: not on it. Before, `stage` and its kin are not
  // known.
  void set_position(const JourneyPosition* position) { position_ = position; }

  // What was learned of everyone; nullptr: nothing yet, so that what rests on it is not known. Before the first fact is
  // read. Outlives the frame.
  void set_population(const Population* population) { population_ = population; }

  // What contacts() may count: where the contacts are not known it has no value, and those of the decision that is
  // being made are not counted, so that a retry is answered as the first try was. Before the first fact is read.
  void set_contacts(bool known, std::vector<uint64_t> own_decisions) {
    contacts_known_ = known;
    own_decisions_ = std::move(own_decisions);
  }

  expression::Value Fact(int slot) override;
  bool InSegment(int segment);
  // Evaluates every segment, which takes less than each by itself, and gives what InSegment() then says: 1 or 0, by
  // index. `enter` are the segments' rules.
  absl::Span<const int8_t> EvaluateSegments(const expression::RuleSet& enter);
  // Whether the customer is in by what is stored.
  bool WasInSegment(int segment) const;
  // Evaluates a rule of the playbook.
  expression::Value Evaluate(const expression::Program& rule) { return rule.Evaluate(*this, *arena_); }

  absl::Time now() const { return now_; }
  const Profile& profile() const { return *profile_; }
  expression::Arena& arena() { return *arena_; }

 private:
  void FindMentions();
  expression::Value ReadFact(const segmentation::Fact& fact);
  expression::Value ReadTrait(const segmentation::Fact& fact, const Trait* trait);
  expression::Value ReadSeries(const segmentation::Fact& fact);
  WindowSum ReadWindow(const segmentation::Fact& fact);
  expression::Value ReadPopulation(const segmentation::Fact& fact);
  expression::Value ReadRfm(FactKind kind, const Rfm& rfm);
  expression::Value ReadScore(const segmentation::Fact& fact) const;
  expression::Value ReadPosition(const segmentation::Fact& fact);
  expression::Value ReadContacts(const segmentation::Fact& fact) const;
  expression::Value ToValue(const TraitValue& value);
  bool Derive(int segment);

  const FactSet& facts_;
  absl::Span<const SegmentRule> segment_rules_;
  const Profile* profile_;
  const Context& context_;
  const absl::Time now_;
  const JourneyPosition* position_ = nullptr;
  const Population* population_ = nullptr;
  absl::optional<PopulationReader> population_reader_;  // once it is asked for
  bool contacts_known_ = true;
  std::vector<uint64_t> own_decisions_;
  absl::optional<expression::Arena> arena_;  // never empty
  std::vector<Remembered> facts_read_;       // by slot
  std::vector<int8_t> in_segment_;           // -1: not asked yet
  // By place; what the profile has of what rules mention.
  std::vector<const Trait*> traits_;
  std::vector<const Series*> series_;
  std::vector<BucketRange> windows_;  // by slot, where they are known for `now`; empty before the second customer
};

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_FACTS_H_
