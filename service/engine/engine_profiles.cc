#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "segmentation/compact.h"
#include "segmentation/expression/explain.h"
#include "service/base/field_error.h"
#include "service/engine/admit.h"
#include "service/engine/change.h"
#include "service/engine/derive.h"
#include "service/engine/engine.h"
#include "service/journey/resolve.h"

namespace waymark::engine {
namespace {

using segmentation::Profile;
using store::StoredProfile;

using PlaybookPointer = std::shared_ptr<const playbook::Playbook>;

// The change, checked against a playbook; applied to a profile as often as the store asks.
class ProfileChange {
 public:
  absl::Status Admit(const UpdateProfileRequest& request, const playbook::Playbook& playbook, absl::Time now) {
    for (const auto& [name, value] : request.traits) {
      const std::string field = absl::StrCat("profile.traits[\"", name, "\"]");
      auto declared = playbook.traits.find(name);
      if (declared == playbook.traits.end())
        return base::FieldError("profile.traits", "a trait that the playbook does not declare");
      absl::optional<segmentation::TraitValue> admitted;
      if (value.has_value()) {
        absl::StatusOr<segmentation::TraitValue> fitting = AdmitValue(*value, declared->second, field);
        if (!fitting.ok()) return fitting.status();
        admitted = *std::move(fitting);
      }
      traits_.push_back({segmentation::NameIdOf(name), std::move(admitted)});
    }
    for (const auto& [name, consent] : request.consents) {
      auto purpose = playbook.purposes.find(name);
      if (purpose == playbook.purposes.end())
        return base::FieldError("profile.consents", "a purpose that the playbook does not declare");
      if (std::any_of(consents_.begin(), consents_.end(),
                      [&](const auto& each) { return each.first == purpose->second; }))
        return base::FieldError("profile.consents", "a purpose is named twice, by its name and by its TCF number");
      absl::optional<segmentation::Consent> admitted;
      if (consent.has_value()) {
        const absl::Time at = absl::FromUnixMillis(absl::ToUnixMillis(consent->at.value_or(now)));
        if (at > now + absl::Hours(24))
          return base::FieldError("profile.consents", "a time more than 24 hours ahead of the service's clock");
        admitted = segmentation::Consent{purpose->second, consent->granted, at};
      }
      consents_.push_back({purpose->second, admitted});
    }
    replace_traits_ = request.replace_traits;
    replace_consents_ = request.replace_consents;
    return absl::OkStatus();
  }

  void ApplyTo(Profile& profile) const {
    if (replace_traits_) profile.traits.clear();
    if (replace_consents_) profile.consents.clear();
    for (const auto& [name, value] : traits_) {
      if (value.has_value())
        segmentation::SetTrait(profile, name, *value);
      else
        segmentation::ClearTrait(profile, name);
    }
    for (const auto& [purpose, consent] : consents_) {
      if (consent.has_value())
        SetUnlessOlder(profile, *consent);
      else
        segmentation::ClearConsent(profile, purpose);
    }
  }

 private:
  // What the customer said last stands: an import of what was said before does not undo a withdrawal.
  static void SetUnlessOlder(Profile& profile, const segmentation::Consent& consent) {
    const segmentation::Consent* stored = segmentation::FindConsent(profile, consent.purpose);
    if (stored == nullptr || stored->at <= consent.at) segmentation::SetConsent(profile, consent);
  }

  bool replace_traits_ = false;
  bool replace_consents_ = false;
  std::vector<std::pair<segmentation::NameId, absl::optional<segmentation::TraitValue>>> traits_;
  std::vector<std::pair<segmentation::NameId, absl::optional<segmentation::Consent>>> consents_;
};

Verdict VerdictOn(segmentation::FactFrame& frame, const segmentation::SegmentRule& segment, int index) {
  Verdict verdict{.member = frame.InSegment(index), .rule = segment.enter};
  if (segment.leave.has_value()) {
    verdict.was_member = frame.WasInSegment(index);
    if (*verdict.was_member || frame.Evaluate(*segment.leave).holds()) verdict.rule = *segment.leave;
  }
  const expression::Value value = frame.Evaluate(verdict.rule);
  if (value.is_error()) verdict.error = std::string(value.string_value());
  for (expression::Part& part : expression::Explain(verdict.rule, frame, frame.arena())) {
    Verdict::Part& shown = verdict.parts.emplace_back(Verdict::Part{.text = std::move(part.text), .fact = part.fact});
    if (part.value.is_error()) {
      shown.error = std::string(part.value.string_value());
    } else {
      shown.value = expression::DebugString(part.value);
    }
  }
  return verdict;
}

}  // namespace

template <typename Answer, typename Look>
void Engine::Examine(const store::CustomerKey& key, absl::Time deadline, Done<Answer> done, Look look) {
  auto playbook = playbooks_.Current(key.tenant);
  if (!playbook.ok()) return done(playbook.status());
  if (absl::Status status = CheckCustomer(key.customer); !status.ok()) return done(std::move(status));
  profiles_.Load(key, deadline,
                 [playbook = *std::move(playbook), now = clock_.Now(), look,
                  done = std::move(done)](absl::StatusOr<StoredProfile> stored) mutable {
                   if (!stored.ok()) return done(stored.status());
                   if (stored->revision == 0) return done(absl::NotFoundError("there is no such customer"));
                   done(look(playbook, *stored, now));
                 });
}

void Engine::GetProfile(std::string tenant, std::string customer, absl::Time deadline, Done<ProfileAnswer> done) {
  Examine({std::move(tenant), std::move(customer)}, deadline, std::move(done),
          [](const PlaybookPointer& playbook, StoredProfile& stored, absl::Time now) {
            Adopt(Derive(*playbook, stored.profile, now), *playbook, stored.profile);
            return ProfileAnswer{playbook, stored.revision, std::move(stored.profile), now};
          });
}

void Engine::UpdateProfile(const UpdateProfileRequest& request, absl::Time deadline, Done<ProfileAnswer> done) {
  auto playbook = playbooks_.Current(request.tenant);
  if (!playbook.ok()) return done(playbook.status());
  if (absl::Status status = CheckCustomer(request.customer); !status.ok()) {
    return done(base::UnderField("profile", status));
  }
  struct Call {
    ProfileAnswer answer;
    ProfileChange change;
    Done<ProfileAnswer> done;
  };
  auto call = std::make_shared<Call>();
  call->answer.playbook = *std::move(playbook);
  call->done = std::move(done);
  const absl::Time now = clock_.Now();
  if (absl::Status status = call->change.Admit(request, *call->answer.playbook, now); !status.ok()) {
    return call->done(std::move(status));
  }
  profiles_.Update(
      {request.tenant, request.customer}, deadline,
      [call, now,
       expected = request.expected_revision](const StoredProfile& stored) -> absl::StatusOr<absl::optional<Profile>> {
        if (expected.has_value() && *expected != stored.revision) {
          return absl::AbortedError("the profile was changed since it was read: the etag is not the current one");
        }
        Profile profile = BeginChange(stored, now);
        // What time moved is dated by time, what the change moves is dated now.
        if (!profile.positions.empty() && now > journey::AsOf(profile)) {
          journey::ResolveAt(*call->answer.playbook, now, profile);
        }
        call->change.ApplyTo(profile);
        if (profile.traits.size() > Profile::kMaxTraits || profile.consents.size() > Profile::kMaxConsents) {
          return base::FieldError("profile",
                                  "more than 128 traits or 64 consents, those of earlier playbooks included");
        }
        Adopt(Derive(*call->answer.playbook, profile, now), *call->answer.playbook, profile);
        segmentation::Compact(profile, store::kMaxProfileBytes);
        call->answer.profile = profile;
        call->answer.at = now;
        return absl::make_optional(std::move(profile));
      },
      [call](absl::StatusOr<uint64_t> revision) {
        if (!revision.ok()) return call->done(revision.status());
        call->answer.revision = *revision;
        call->done(std::move(call->answer));
      });
}

void Engine::Evaluate(std::string tenant, std::string customer, absl::Time deadline, Done<EvaluateAnswer> done) {
  Examine({std::move(tenant), std::move(customer)}, deadline, std::move(done),
          [](const PlaybookPointer& playbook, const StoredProfile& stored, absl::Time now) {
            const segmentation::Context no_context;
            playbook::Evaluation evaluation(*playbook, stored.profile, no_context, now);
            Derivation derivation = Derive(evaluation);
            EvaluateAnswer answer{.playbook = playbook, .evaluated_at = now};
            for (size_t i = 0; i < playbook->segment_rules.size(); ++i) {
              answer.segments.push_back(VerdictOn(evaluation.frame(), playbook->segment_rules[i], static_cast<int>(i)));
            }
            answer.positions = std::move(derivation.positions);
            return answer;
          });
}

}  // namespace waymark::engine
