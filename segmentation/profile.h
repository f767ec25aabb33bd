#ifndef WAYMARK_SEGMENTATION_PROFILE_H_
#define WAYMARK_SEGMENTATION_PROFILE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/time/time.h"
#include "absl/types/optional.h"
#include "absl/types/variant.h"
#include "segmentation/ledger.h"
#include "segmentation/stable_hash.h"

namespace waymark::segmentation {

// Times in a profile have whole milliseconds.

using TraitValue = absl::variant<bool, int64_t, double, std::string, absl::Time, std::vector<std::string>>;

// A declared attribute and its value.
struct Trait {
  NameId name{};
  TraitValue value;

  friend bool operator==(const Trait&, const Trait&) = default;
};

// What the customer allowed or refused, and when.
struct Consent {
  NameId purpose{};
  bool granted = false;
  absl::Time at;

  friend bool operator==(const Consent&, const Consent&) = default;
};

// A stage and when it was entered.
struct StageEntry {
  NameId stage{};
  absl::Time since;

  friend bool operator==(const StageEntry&, const StageEntry&) = default;
};

// How often a stage was entered in stays that are not kept one by one any more.
struct ForgottenVisits {
  NameId stage{};
  uint32_t count = 0;

  friend bool operator==(const ForgottenVisits&, const ForgottenVisits&) = default;
};

// Where the customer stands on one journey (see Profile::positions_as_of).
struct JourneyPosition {
  static constexpr size_t kMaxHistory = 16;

  NameId journey{};
  StageEntry current;
  std::vector<StageEntry> history;         // stages before the current one, oldest first; the newest 16
  std::vector<ForgottenVisits> forgotten;  // of stages before those; ascending by stage

  friend bool operator==(const JourneyPosition&, const JourneyPosition&) = default;
};

// One event, as the journey sees it.
struct Touch {
  absl::Time at;
  NameId type{};                  // of the event
  NameId touchpoint{};            // NameIdOf("web/product_page"); none: not known
  int64_t value_micros = 0;       // money, a number or a score, in millionths
  NameId action{};                // of an outcome: the action it came of; none otherwise
  absl::optional<int> sentiment;  // in hundredths, -100 to 100; as the sender's tool found it

  friend bool operator==(const Touch&, const Touch&) = default;
};

// The newest events of a customer, one by one: what timelines, journey maps and attribution come from.
struct Trail {
  static constexpr size_t kMaxTouches = 256;
  static constexpr size_t kMaxNames = 32;
  static constexpr size_t kMaxComments = 8;
  static constexpr size_t kMaxCommentBytes = 500;

  // A touchpoint that the playbook did not declare.
  struct Name {
    NameId touchpoint{};
    std::string text;

    friend bool operator==(const Name&, const Name&) = default;
  };
  // What a customer wrote.
  struct Comment {
    absl::Time at;
    NameId type{};
    std::string text;

    friend bool operator==(const Comment&, const Comment&) = default;
  };

  std::vector<Touch> touches;              // by time; of those of one time, in order of receipt
  absl::Time from = absl::InfinitePast();  // events at or before this may have been dropped
  std::vector<Name> names;                 // ascending by touchpoint
  std::vector<Comment> comments;           // by time

  friend bool operator==(const Trail&, const Trail&) = default;
};

// The newest score of a kind that the customer gave.
struct Score {
  NameId type{};  // of the event: "nps", "csat", "ces", "rate_product"; "sentiment" of whatever came with one
  absl::Time at;
  int64_t value_micros = 0;

  friend bool operator==(const Score&, const Score&) = default;
};

// An action that counts against limits.
struct Contact {
  NameId action{};
  NameId
      channel{};  // none: it counts nowhere, and stands beside others of its decision so that a retry finds all of it
  absl::Time at;
  uint64_t decision = 0;  // names the decision and its placement; equal ones are one contact

  friend bool operator==(const Contact&, const Contact&) = default;
};

// An event that came of an action ("dismissed", with a token of its decision), where a suppression looks at it.
struct Outcome {
  NameId action{};
  NameId type{};  // of the event
  absl::Time at;

  friend bool operator==(const Outcome&, const Outcome&) = default;
};

// An event id that was seen: the lower 48 bits of its StableHash (a new id is taken for a duplicate once in
// 2^48 / 1024 events) and the day, since 1970, when it was received.
struct SeenEvent {
  uint64_t fingerprint = 0;
  int32_t received_day = 0;

  friend bool operator==(const SeenEvent&, const SeenEvent&) = default;
};

// How drawn the customer is to a label or a channel: the log2 of a decayed count of events (see affinity.h), in whole
// steps.
struct Affinity {
  static constexpr double kStepsPerHalfLife = 65536;

  NameId name{};
  double log2_weight = 0;

  friend bool operator==(const Affinity&, const Affinity&) = default;
};

// What was last derived from the profile, and by which playbook: a cache for lists and for seeing changes, never
// trusted by a decision.
struct Derived {
  uint64_t playbook_version = 0;  // 0: never derived
  std::vector<NameId> segments;   // ascending

  friend bool operator==(const Derived&, const Derived&) = default;
};

// All that is known of a customer. A value; thread-compatible. Bounded: see the constants, and the limits of the
// contract.
struct Profile {
  static constexpr size_t kMaxTraits = 128;
  static constexpr size_t kMaxConsents = 64;
  static constexpr size_t kMaxSeenEvents = 1024;
  static constexpr size_t kMaxContacts = 256;
  static constexpr size_t kMaxOutcomes = 128;
  static constexpr size_t kMaxAffinities = 24;

  absl::Time created = absl::UnixEpoch();  // the epoch: there is no such customer yet
  absl::Time updated = absl::UnixEpoch();
  std::vector<Trait> traits;      // ascending by name
  std::vector<Consent> consents;  // ascending by purpose
  Ledger ledger;
  std::vector<Affinity> affinities;        // ascending by name
  std::vector<JourneyPosition> positions;  // ascending by journey
  // The moment up to which they were resolved; absent: the last event's.
  absl::optional<absl::Time> positions_as_of;
  Trail trail;
  std::vector<Score> scores;      // ascending by type
  std::vector<Contact> contacts;  // oldest first
  std::vector<Outcome> outcomes;  // oldest first
  std::vector<SeenEvent> seen;    // in order of receipt
  Derived derived;
  // How many contacts, outcomes, event ids, affinities, buckets and series of the ledger were dropped to keep within
  // the bounds. (Of touches, Trail::from says so.)
  uint64_t compacted = 0;

  friend bool operator==(const Profile&, const Profile&) = default;
};

// nullptr where there is none. O(log n).
const Trait* FindTrait(const Profile& profile, NameId name);
const Consent* FindConsent(const Profile& profile, NameId purpose);
const JourneyPosition* FindPosition(const Profile& profile, NameId journey);
const Score* FindScore(const Profile& profile, NameId type);

// How often the stage in which the customer stands was entered, this time included.
int64_t VisitsOfCurrentStage(const JourneyPosition& position);

// Sets or clears, keeping the order.
void SetTrait(Profile& profile, NameId name, TraitValue value);
void ClearTrait(Profile& profile, NameId name);
void SetConsent(Profile& profile, const Consent& consent);
void ClearConsent(Profile& profile, NameId purpose);
void SetPosition(Profile& profile, JourneyPosition position);

// Whether contacts after `since` may have been dropped to keep the profile small.
bool MayLackContacts(const Profile& profile, absl::Time since);

// The same of outcomes.
bool MayLackOutcomes(const Profile& profile, absl::Time since);

// How many contacts of the window (since, until] `matches` takes, of those that count. Exact.
template <typename Predicate>
int64_t CountContacts(const Profile& profile, absl::Time since, absl::Time until, Predicate matches) {
  int64_t count = 0;
  for (auto it = profile.contacts.rbegin(); it != profile.contacts.rend() && it->at > since; ++it)
    count += it->at <= until && it->channel != NameId{} && matches(*it) ? 1 : 0;
  return count;
}

}  // namespace waymark::segmentation

#endif  // WAYMARK_SEGMENTATION_PROFILE_H_
