#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_WORDS_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_WORDS_H_

#include <cstdint>
#include <string>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "service/cli/journey_page.h"

namespace waymark::cli {

// How a language writes numbers, money and times, as plain text. Immutable; a number and its unit are never torn apart
// (no-break space), minus is U+2212.
class Words {
 public:
  explicit Words(Language language) : german_(language == Language::kGerman) {}

  // The text in this language.
  absl::string_view Say(absl::string_view english, absl::string_view german) const {
    return german_ ? german : english;
  }
  // "de", "en".
  absl::string_view code() const { return german_ ? "de" : "en"; }

  // "1,234"; "1.234".
  std::string Count(int64_t count) const;
  // "1,234.5"; "1.234,5".
  std::string Decimal(double value, int digits) const;
  // "+0.42", also of what rounds to 0: "±0.00".
  std::string Signed(double value, int digits) const;
  // Of a share, 0 to 1: "34.2%"; "34,2 %".
  std::string Percent(double share, int digits = 1) const;
  // "€1,234.50", "1.234,50 €"; an unknown currency by its code. From 1,000 on without decimals.
  std::string Money(double units, absl::string_view currency) const;
  // Rounded to the unit that fits: "40 s", "12 min", "5.3 h", "3.4 days", "120 days".
  std::string Duration(absl::Duration duration) const;
  // UTC: "1 May 2026"; "1. Mai 2026".
  std::string Date(absl::Time time) const;
  // "1 May 2026, 12:05".
  std::string DateTime(absl::Time time) const;
  // "May 2026".
  std::string Month(absl::Time time) const;
  // A name in quotation marks.
  std::string Quoted(absl::string_view name) const;

 private:
  const bool german_;
};

// At most so many letters; what is cut ends in an ellipsis.
std::string Cut(absl::string_view text, size_t letters);

// A name that nobody gave a label, so that it reads as words: "add_to_cart" -> "add to cart".
std::string Readable(absl::string_view name);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_WORDS_H_
