#ifndef WAYMARK_SERVICE_CLI_MAPPING_H_
#define WAYMARK_SERVICE_CLI_MAPPING_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/functional/function_ref.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "service/cli/conversions.h"
#include "service/playbook/problem.h"
#include "waymark/playbook/v1/import_mapping.pb.h"
#include "waymark/v1/event.pb.h"
#include "waymark/v1/profile.pb.h"

// From an import mapping and a line's texts to messages of the contract. Pure: reading files and sending are elsewhere.
namespace waymark::cli {

// Every mistake that a mapping shows by itself, without its files; lines and columns are 0.
std::vector<playbook::Problem> CheckMapping(const playbook::v1::ImportMapping& mapping);

// What became of one line.
struct Conversion {
  enum class Kind { kRefused, kSkipped, kConverted };

  Kind kind = Kind::kSkipped;
  std::string reason;  // of a refusal; never holds a text of the file
  std::string customer;
  absl::optional<v1::Profile> profile;  // traits and consents, where the source has such columns
  std::vector<v1::Event> events;
  std::vector<v1::Event> parts;  // of events that are to be merged with other lines'
};

// What the lines of one source mean. Immutable, thread-compatible.
class LineConverter {
 public:
  // REQUIRES: CheckMapping(mapping) is empty; `source` is one of its.
  LineConverter(const playbook::v1::ImportMapping& mapping, const playbook::v1::Source& source);

  // The columns to read from the source's own file, and those of each join, in the order in which Convert takes their
  // texts: own columns first, then the joins' one after another.
  const std::vector<std::string>& own_columns() const { return own_columns_; }
  // Where a join's key is among the own columns.
  size_t key_column(int join) const { return key_columns_[join]; }

  // Whether it is asked for customers of sources like this one that only known customers count.
  bool names_customers() const { return !traits_.empty() || !consents_.empty(); }

  // `texts` as said above; `line` is the line's number; `known` says whether an earlier source named a customer.
  // Linear in the mapping's size.
  Conversion Convert(absl::Span<const std::string> texts, int line,
                     absl::FunctionRef<bool(absl::string_view)> known) const;

 private:
  struct FilterRule {
    size_t column;
    bool by_presence = false;  // holds where the text is known (or not), as `wanted` says
    bool wanted = true;        // holds where the text is among `texts`; false: where it is not
    absl::flat_hash_set<std::string> texts;
    absl::optional<double> above;  // instead of all of these
  };
  struct TraitRule {
    std::string trait;
    size_t column;
    absl::flat_hash_map<std::string, std::string> values;
    absl::flat_hash_set<std::string> missing;
    ValueReading reading;
  };
  struct ConsentRule {
    std::string purpose;
    absl::optional<bool> always;
    absl::optional<size_t> column;
    absl::flat_hash_set<std::string> granted;
    absl::flat_hash_set<std::string> refused;
    absl::optional<size_t> time_column;
    TimeReading time;
  };
  struct ValueRule {
    size_t column;
    absl::optional<size_t> times;
    bool money = true;
    std::string currency;
    bool decimal_comma = false;
  };
  struct TextRule {
    size_t column;
    absl::flat_hash_map<std::string, std::string> values;
  };
  struct Rule {
    std::string type;  // empty: by `types`
    absl::optional<size_t> type_column;
    absl::flat_hash_map<std::string, std::string> types;
    std::string otherwise;
    std::vector<FilterRule> where;
    std::vector<size_t> id;
    int number = 0;  // of the source's rules, from 0
    size_t time_column;
    TimeReading time;
    absl::optional<ValueRule> value;
    std::vector<TextRule> labels;
    std::string touchpoint;
    absl::optional<TextRule> touchpoint_from;
    bool merge = false;
    absl::optional<size_t> sentiment_column;
    absl::optional<size_t> text_column;
  };
  using Texts = absl::Span<const std::string>;

  void ListColumns(const playbook::v1::Source& source);
  size_t Column(const std::string& name) const;
  absl::optional<size_t> OptionalColumn(const std::string& name) const;
  std::vector<FilterRule> Filters(const google::protobuf::RepeatedPtrField<playbook::v1::Filter>& filters) const;
  TraitRule Trait(const playbook::v1::TraitColumn& trait) const;
  ConsentRule Consent(const playbook::v1::ConsentColumn& consent) const;
  Rule Event(const playbook::v1::EventRule& rule) const;
  TextRule Text(const playbook::v1::TextColumn& text) const;
  TimeReading Time(const playbook::v1::TimeFormat& format) const;

  const std::string& NameOf(size_t column) const { return names_[column]; }
  bool IsMissing(absl::string_view text) const { return text.empty() || missing_.contains(text); }
  bool Holds(const FilterRule& filter, Texts texts) const;
  bool AllHold(const std::vector<FilterRule>& filters, Texts texts) const;
  // The text that counts; empty where it is missing.
  std::string TextOf(const TextRule& rule, Texts texts) const;
  // Each gives what keeps the line from being converted, or "".
  std::string SetCustomer(const std::string& text, std::string& customer) const;
  std::string AddTrait(const TraitRule& rule, Texts texts, v1::Profile& profile) const;
  std::string AddConsent(const ConsentRule& rule, Texts texts, v1::Profile& profile) const;
  std::string AddEvent(const Rule& rule, Texts texts, int line, Conversion& result) const;
  std::string SetId(const Rule& rule, Texts texts, int line, v1::Event& event) const;
  std::string SetValue(const ValueRule& rule, Texts texts, v1::Event& event) const;
  std::string SetFeeling(const Rule& rule, Texts texts, v1::Event& event) const;

  std::string file_;
  std::string currency_;
  std::string time_zone_;
  absl::flat_hash_set<std::string> missing_;
  std::vector<std::string> own_columns_;
  std::vector<size_t> key_columns_;
  std::vector<std::string> names_;  // of all columns: own_columns_, then the joins'
  absl::flat_hash_map<std::string, size_t> index_;
  std::vector<FilterRule> where_;
  size_t customer_ = 0;
  std::string customer_prefix_;
  bool customer_is_number_ = false;
  bool only_known_ = false;
  std::vector<TraitRule> traits_;
  std::vector<ConsentRule> consents_;
  std::vector<Rule> events_;
};

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_MAPPING_H_
