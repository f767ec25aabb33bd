#include "segmentation/profile.h"

#include <algorithm>
#include <utility>

namespace waymark::segmentation {
namespace {

template <typename T, typename Key>
auto LowerBound(std::vector<T>& sorted, Key T::*key, Key wanted) {
  return std::lower_bound(sorted.begin(), sorted.end(), wanted,
                          [key](const T& entry, Key value) { return entry.*key < value; });
}

template <typename T, typename Key>
const T* Find(const std::vector<T>& sorted, Key T::*key, Key wanted) {
  auto it = LowerBound(const_cast<std::vector<T>&>(sorted), key, wanted);
  return it != sorted.end() && (*it).*key == wanted ? &*it : nullptr;
}

template <typename T, typename Key>
void Set(std::vector<T>& sorted, Key T::*key, T entry) {
  auto it = LowerBound(sorted, key, entry.*key);
  if (it != sorted.end() && (*it).*key == entry.*key) {
    *it = std::move(entry);
  } else {
    sorted.insert(it, std::move(entry));
  }
}

template <typename T, typename Key>
void Clear(std::vector<T>& sorted, Key T::*key, Key unwanted) {
  auto it = LowerBound(sorted, key, unwanted);
  if (it != sorted.end() && (*it).*key == unwanted) sorted.erase(it);
}

}  // namespace

const Trait* FindTrait(const Profile& profile, NameId name) { return Find(profile.traits, &Trait::name, name); }

const Consent* FindConsent(const Profile& profile, NameId purpose) {
  return Find(profile.consents, &Consent::purpose, purpose);
}

const JourneyPosition* FindPosition(const Profile& profile, NameId journey) {
  return Find(profile.positions, &JourneyPosition::journey, journey);
}

const Score* FindScore(const Profile& profile, NameId type) { return Find(profile.scores, &Score::type, type); }

int64_t VisitsOfCurrentStage(const JourneyPosition& position) {
  const NameId stage = position.current.stage;
  const ForgottenVisits* forgotten = Find(position.forgotten, &ForgottenVisits::stage, stage);
  return 1 + (forgotten == nullptr ? 0 : forgotten->count) +
         std::count_if(position.history.begin(), position.history.end(),
                       [stage](const StageEntry& entry) { return entry.stage == stage; });
}

void SetTrait(Profile& profile, NameId name, TraitValue value) {
  Set(profile.traits, &Trait::name, Trait{name, std::move(value)});
}

void ClearTrait(Profile& profile, NameId name) { Clear(profile.traits, &Trait::name, name); }

void SetConsent(Profile& profile, const Consent& consent) { Set(profile.consents, &Consent::purpose, consent); }

void ClearConsent(Profile& profile, NameId purpose) { Clear(profile.consents, &Consent::purpose, purpose); }

bool MayLackContacts(const Profile& profile, absl::Time since) {
  return profile.contacts.size() >= Profile::kMaxContacts && profile.contacts.front().at > since;
}

bool MayLackOutcomes(const Profile& profile, absl::Time since) {
  return profile.outcomes.size() >= Profile::kMaxOutcomes && profile.outcomes.front().at > since;
}

void SetPosition(Profile& profile, JourneyPosition position) {
  Set(profile.positions, &JourneyPosition::journey, std::move(position));
}

}  // namespace waymark::segmentation
