#include "service/cli/journey_page_words.h"

#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_replace.h"

namespace waymark::cli {
namespace {

constexpr absl::string_view kNoBreak = "\u00a0";
constexpr absl::string_view kMinus = "\u2212";

// "1234567" -> "1,234,567".
std::string Grouped(absl::string_view digits, char separator) {
  std::string out;
  for (size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) out += separator;
    out += digits[i];
  }
  return out;
}

// The magnitude alone.
std::string Unsigned(double value, int digits, bool german) {
  const std::string plain = absl::StrFormat("%.*f", digits, std::abs(value));
  const size_t point = plain.find('.');
  std::string out = Grouped(absl::string_view(plain).substr(0, point), german ? '.' : ',');
  if (point != std::string::npos) {
    absl::StrAppend(&out, german ? "," : ".", absl::string_view(plain).substr(point + 1));
  }
  return out;
}

bool RoundsToZero(double value, int digits) { return std::abs(value) < 0.5 * std::pow(10, -digits); }

absl::string_view CurrencySign(absl::string_view currency) {
  if (currency == "EUR") return "€";
  if (currency == "USD") return "$";
  if (currency == "GBP") return "£";
  return currency;
}

constexpr std::array<absl::string_view, 12> kEnglishMonths = {"January",   "February", "March",    "April",
                                                              "May",       "June",     "July",     "August",
                                                              "September", "October",  "November", "December"};
constexpr std::array<absl::string_view, 12> kGermanMonths = {"Januar",    "Februar", "März",     "April",
                                                             "Mai",       "Juni",    "Juli",     "August",
                                                             "September", "Oktober", "November", "Dezember"};

}  // namespace

std::string Words::Count(int64_t count) const { return Decimal(static_cast<double>(count), 0); }

std::string Words::Decimal(double value, int digits) const {
  if (!std::isfinite(value)) return "–";
  const bool negative = value < 0 && !RoundsToZero(value, digits);
  return absl::StrCat(negative ? kMinus : "", Unsigned(value, digits, german_));
}

std::string Words::Signed(double value, int digits) const {
  if (!std::isfinite(value)) return "–";
  if (RoundsToZero(value, digits)) return absl::StrCat("±", Unsigned(0, digits, german_));
  return absl::StrCat(value < 0 ? kMinus : "+", Unsigned(value, digits, german_));
}

std::string Words::Percent(double share, int digits) const {
  return absl::StrCat(Decimal(100 * share, digits), german_ ? kNoBreak : "", "%");
}

std::string Words::Money(double units, absl::string_view currency) const {
  std::string amount = Decimal(units, std::abs(units) < 999.995 ? 2 : 0);
  const absl::string_view sign = CurrencySign(currency);
  if (sign.empty()) return amount;
  if (german_) return absl::StrCat(amount, kNoBreak, sign);
  const absl::string_view space = sign == currency ? kNoBreak : "";
  if (amount.compare(0, kMinus.size(), kMinus.data(), kMinus.size()) == 0) {
    return absl::StrCat(kMinus, sign, space, amount.substr(kMinus.size()));
  }
  return absl::StrCat(sign, space, amount);
}

std::string Words::Duration(absl::Duration duration) const {
  const auto with = [this](double value, absl::string_view unit) {
    const int digits = value < 9.95 && std::abs(value - std::round(value)) >= 0.05 ? 1 : 0;
    return absl::StrCat(Decimal(value, digits), kNoBreak, unit);
  };
  if (duration < absl::Seconds(59.5)) return with(std::round(absl::ToDoubleSeconds(duration)), "s");
  if (duration < absl::Minutes(59.5)) return with(std::round(absl::ToDoubleMinutes(duration)), Say("min", "Min."));
  if (duration < absl::Hours(36)) return with(absl::ToDoubleHours(duration), Say("h", "Std."));
  return with(absl::ToDoubleHours(duration) / 24, Say("days", "Tage"));
}

std::string Words::Date(absl::Time time) const {
  const absl::CivilDay day = absl::ToCivilDay(time, absl::UTCTimeZone());
  return absl::StrCat(day.day(), german_ ? "." : "", kNoBreak, Month(time));
}

std::string Words::DateTime(absl::Time time) const {
  return absl::StrCat(Date(time), ", ", absl::FormatTime("%H:%M", time, absl::UTCTimeZone()));
}

std::string Words::Month(absl::Time time) const {
  const absl::CivilMonth month = absl::ToCivilMonth(time, absl::UTCTimeZone());
  return absl::StrCat((german_ ? kGermanMonths : kEnglishMonths)[month.month() - 1], kNoBreak, month.year());
}

std::string Words::Quoted(absl::string_view name) const {
  return german_ ? absl::StrCat("„", name, "“") : absl::StrCat("“", name, "”");
}

std::string Cut(absl::string_view text, size_t letters) {
  size_t count = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool begins = (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;  // not the rest of a UTF-8 sequence
    if (begins && count++ == letters) return absl::StrCat(text.substr(0, i), "…");
  }
  return std::string(text);
}

std::string Readable(absl::string_view name) { return absl::StrReplaceAll(name, {{"_", " "}}); }

}  // namespace waymark::cli
