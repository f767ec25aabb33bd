#ifndef WAYMARK_SERVICE_ENGINE_ADMIT_H_
#define WAYMARK_SERVICE_ENGINE_ADMIT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "segmentation/event.h"
#include "segmentation/facts.h"
#include "service/decision/token.h"
#include "service/engine/requests.h"
#include "service/playbook/playbook.h"

namespace waymark::engine {

// The door: what callers sent becomes values that the pure rooms can trust, or INVALID_ARGUMENT naming the field
// (base::FieldError). Pure.

// 1 to 128 bytes, no control characters. (That it is UTF-8 was seen when the message was parsed.)
absl::Status CheckCustomer(absl::string_view customer);

// Checks the type against the playbook, the time (1970 to 24 hours ahead of now), the currency, the labels, the form of
// the touchpoint, a score, the sentiment, the text, and the token, which must be this customer's where it counts
// something; the event is an outcome of its action where a suppression looks at that. The text goes on only where the
// playbook keeps texts of the type. The event belongs to the series of its type
// and, for each label that the playbook declares with this type, "type/label"; it counts toward the affinity of all its
// labels and of its channel. A label that is given twice counts once.
absl::StatusOr<segmentation::Event> AdmitEvent(const SentEvent& sent, const playbook::Playbook& playbook,
                                               absl::string_view tenant, absl::string_view customer,
                                               const decision::TokenKey& token_key, absl::Time now);

// A value as the declared type wants it: an int becomes a double where DOUBLE is declared. `field` names it in errors.
absl::StatusOr<segmentation::TraitValue> AdmitValue(const segmentation::TraitValue& value,
                                                    const expression::Type& declared, absl::string_view field);

// The context of a request, by declared key.
absl::StatusOr<segmentation::Context> AdmitContext(const std::vector<NamedValue>& context,
                                                   const playbook::Playbook& playbook);

}  // namespace waymark::engine

#endif  // WAYMARK_SERVICE_ENGINE_ADMIT_H_
