#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "service/cli/mapping.h"

namespace waymark::cli {
namespace {

namespace pb = playbook::v1;

// Collects the mistakes of one mapping.
class Checker {
 public:
  std::vector<playbook::Problem> Check(const pb::ImportMapping& mapping) {
    Expect(IsName(mapping.name()), "name", "expected 1 to 64 of [a-z0-9_], beginning with a letter");
    CheckCurrency("currency", mapping.currency());
    currency_given_ = !mapping.currency().empty();
    CheckZone("time_zone", mapping.time_zone());
    Expect(mapping.missing_size() <= 16, "missing", "at most 16");
    Expect(mapping.sources_size() > 0, "sources", "there is none");
    Expect(mapping.sources_size() <= 64, "sources", "at most 64");
    for (int i = 0; i < mapping.sources_size(); ++i) CheckSource(absl::StrCat("sources[", i, "]"), mapping.sources(i));
    return std::move(problems_);
  }

 private:
  void Expect(bool good, std::string field, std::string message) {
    if (!good) problems_.push_back({std::move(field), 0, 0, std::move(message)});
  }

  static bool IsName(absl::string_view text) {
    if (text.empty() || text.size() > 64 || text[0] < 'a' || text[0] > 'z') return false;
    return text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == absl::string_view::npos;
  }

  void CheckName(const std::string& field, absl::string_view text) {
    Expect(IsName(text), field, "expected a name: 1 to 64 of [a-z0-9_], beginning with a letter");
  }

  void CheckCurrency(const std::string& field, absl::string_view code) {
    const bool upper = code.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ") == absl::string_view::npos;
    Expect(code.empty() || (code.size() == 3 && upper), field, "expected an ISO 4217 code such as EUR");
  }

  void CheckZone(const std::string& field, const std::string& name) {
    absl::TimeZone zone;
    Expect(name.empty() || absl::LoadTimeZone(name, &zone), field,
           "unknown time zone; expected one such as Europe/Berlin");
  }

  void CheckDelimiter(const std::string& field, absl::string_view text) {
    const bool plain = text.size() == 1 && static_cast<unsigned char>(text[0]) < 0x80;
    Expect(text.empty() || (plain && text != "\"" && text != "\n" && text != "\r"), absl::StrCat(field, ".delimiter"),
           "expected one ASCII character other than a quote or a line break");
  }

  void CheckTime(const std::string& field, const pb::TimeFormat& format) {
    Expect(format.kind() == pb::TIME_KIND_UNSPECIFIED || format.pattern().empty(), absl::StrCat(field, ".pattern"),
           "only one of \"kind\" and \"pattern\" may be given");
    CheckZone(absl::StrCat(field, ".time_zone"), format.time_zone());
  }

  void CheckFilters(const std::string& field, const google::protobuf::RepeatedPtrField<pb::Filter>& filters) {
    Expect(filters.size() <= 16, field, "at most 16");
    for (int i = 0; i < filters.size(); ++i) {
      const pb::Filter& filter = filters[i];
      const std::string at = absl::StrCat(field, "[", i, "]");
      Expect(!filter.column().empty(), at, "\"column\" is missing");
      const int given = (filter.has_equals() ? 1 : 0) + (filter.in().empty() ? 0 : 1) +
                        (filter.not_in().empty() ? 0 : 1) + (filter.has_present() ? 1 : 0) +
                        (filter.has_above() ? 1 : 0);
      Expect(given == 1, at, "exactly one of \"equals\", \"in\", \"not_in\", \"present\" and \"above\" must be given");
    }
  }

  void CheckJoin(const std::string& field, const pb::Join& join) {
    Expect(!join.file().empty(), field, "\"file\" is missing");
    Expect(!join.key().empty(), field, "\"key\" is missing");
    Expect(!join.columns().empty(), field, "\"columns\" is missing");
    CheckDelimiter(field, join.delimiter());
  }

  void CheckJoins(const std::string& field, const pb::Source& source) {
    absl::flat_hash_set<std::string> brought;
    for (int i = 0; i < source.joins_size(); ++i) {
      const std::string at = absl::StrCat(field, "[", i, "]");
      CheckJoin(at, source.joins(i));
      for (const std::string& column : source.joins(i).columns()) {
        Expect(brought.insert(column).second, at, absl::StrCat("the column \"", column, "\" is brought twice"));
      }
    }
    for (int i = 0; i < source.joins_size(); ++i) {
      Expect(!brought.contains(source.joins(i).key()), absl::StrCat(field, "[", i, "].key"),
             "expected a column of the source's own file, not a joined one");
    }
  }

  void CheckTraits(const std::string& field, const pb::Source& source) {
    Expect(source.traits_size() <= 128, absl::StrCat(field, ".traits"), "at most 128");
    absl::flat_hash_set<std::string> seen;
    for (int i = 0; i < source.traits_size(); ++i) {
      const std::string at = absl::StrCat(field, ".traits[", i, "]");
      CheckName(absl::StrCat(at, ".trait"), source.traits(i).trait());
      Expect(seen.insert(source.traits(i).trait()).second, absl::StrCat(at, ".trait"), "this trait is given twice");
      CheckTime(absl::StrCat(at, ".time"), source.traits(i).time());
    }
  }

  void CheckConsents(const std::string& field, const pb::Source& source) {
    Expect(source.consents_size() <= 64, absl::StrCat(field, ".consents"), "at most 64");
    for (int i = 0; i < source.consents_size(); ++i) {
      const pb::ConsentColumn& consent = source.consents(i);
      const std::string at = absl::StrCat(field, ".consents[", i, "]");
      CheckName(absl::StrCat(at, ".purpose"), consent.purpose());
      Expect(consent.has_always() == consent.column().empty(), at,
             "exactly one of \"always\" and \"column\" must be given");
      CheckTime(absl::StrCat(at, ".time"), consent.time());
    }
  }

  void CheckEvent(const std::string& field, const pb::EventRule& rule) {
    Expect(rule.type().empty() == rule.has_type_from(), field,
           "exactly one of \"type\" and \"type_from\" must be given");
    if (!rule.type().empty()) CheckName(absl::StrCat(field, ".type"), rule.type());
    if (rule.has_type_from()) {
      const std::string from = absl::StrCat(field, ".type_from");
      Expect(!rule.type_from().column().empty(), from, "\"column\" is missing");
      Expect(!rule.type_from().types().empty(), from, "\"types\" is missing");
      for (const auto& [text, type] : rule.type_from().types()) CheckName(absl::StrCat(from, ".types.", text), type);
      if (!rule.type_from().otherwise().empty())
        CheckName(absl::StrCat(from, ".otherwise"), rule.type_from().otherwise());
    }
    CheckFilters(absl::StrCat(field, ".where"), rule.where());
    Expect(rule.id_size() <= 8, absl::StrCat(field, ".id"), "at most 8");
    Expect(!rule.time_column().empty(), field, "\"time_column\" is missing");
    CheckTime(absl::StrCat(field, ".time"), rule.time());
    Expect(rule.labels_size() <= 8, absl::StrCat(field, ".labels"), "at most 8");
    for (int i = 0; i < rule.labels_size(); ++i) {
      Expect(!rule.labels(i).column().empty(), absl::StrCat(field, ".labels[", i, "]"), "\"column\" is missing");
    }
    Expect(rule.touchpoint().empty() || !rule.has_touchpoint_from(), absl::StrCat(field, ".touchpoint"),
           "only one of \"touchpoint\" and \"touchpoint_from\" may be given");
    Expect(!rule.has_touchpoint_from() || !rule.touchpoint_from().column().empty(),
           absl::StrCat(field, ".touchpoint_from"), "\"column\" is missing");
    Expect(!rule.merge() || !rule.id().empty(), absl::StrCat(field, ".merge"),
           "lines are merged by \"id\", which is missing");
    if (!rule.has_value()) return;
    const std::string value = absl::StrCat(field, ".value");
    Expect(!rule.value().column().empty(), value, "\"column\" is missing");
    CheckCurrency(absl::StrCat(value, ".currency"), rule.value().currency());
    Expect(rule.value().kind() == pb::VALUE_KIND_NUMBER || currency_given_ || !rule.value().currency().empty(), value,
           "the amount has no currency: give it here or for the whole mapping");
  }

  void CheckSource(const std::string& field, const pb::Source& source) {
    Expect(!source.file().empty(), field, "\"file\" is missing");
    CheckDelimiter(field, source.delimiter());
    Expect(source.joins_size() <= 8, absl::StrCat(field, ".joins"), "at most 8");
    CheckJoins(absl::StrCat(field, ".joins"), source);
    CheckFilters(absl::StrCat(field, ".where"), source.where());
    Expect(!source.customer().column().empty(), absl::StrCat(field, ".customer"), "\"column\" is missing");
    CheckTraits(field, source);
    CheckConsents(field, source);
    Expect(source.events_size() <= 16, absl::StrCat(field, ".events"), "at most 16");
    for (int i = 0; i < source.events_size(); ++i)
      CheckEvent(absl::StrCat(field, ".events[", i, "]"), source.events(i));
    Expect(source.traits_size() + source.consents_size() + source.events_size() > 0, field,
           "a source without \"traits\", \"consents\" and \"events\" says nothing");
  }

  bool currency_given_ = false;
  std::vector<playbook::Problem> problems_;
};

}  // namespace

std::vector<playbook::Problem> CheckMapping(const pb::ImportMapping& mapping) { return Checker().Check(mapping); }

}  // namespace waymark::cli
