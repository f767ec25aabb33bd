#ifndef WAYMARK_SERVICE_DECISION_CONTENT_H_
#define WAYMARK_SERVICE_DECISION_CONTENT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/decision/decision.h"
#include "service/playbook/evaluation.h"

namespace waymark::decision {

// The locales to try for a text, in order, each once: the locale and its parents (de-at, de), then the fallback and
// its.
std::vector<std::string> LocaleChain(absl::string_view locale, absl::string_view fallback);

// Fills the action's treatment of the variant, where it is not empty, or otherwise of none, for the channel in the
// first locale of `locale` (de-at), its parents (de), and the playbook's default that has one and can be rendered.
// Values are escaped for the channel's content type, and percent-encoded in links. A value that cannot be computed is
// replaced by the treatment's `missing` text where it has one; otherwise the next locale is tried.
//
// nullopt where the action has no treatment for the channel; FAILED_PRECONDITION, saying what was missing, where there
// are some and none could be rendered.
absl::StatusOr<absl::optional<Content>> Render(const playbook::Action& action, int channel,
                                               absl::Span<const std::string> locales, absl::string_view variant,
                                               playbook::Evaluation& evaluation);

}  // namespace waymark::decision

#endif  // WAYMARK_SERVICE_DECISION_CONTENT_H_
