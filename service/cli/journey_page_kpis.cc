#include <algorithm>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "service/cli/journey_page_parts.h"

namespace waymark::cli {
namespace {

// A key figure on its card.
struct Figure {
  std::string id;
  std::string name;
  bool known = false;
  std::string text;
  // Of how many, and what else belongs to it.
  std::string detail;
  Compared now;
  // With an interval, on a scale from `least` to `most`.
  bool interval = false;
  double least = 0, most = 1;
  // How the ends of the interval, and a difference, are written.
  std::function<std::string(double)> end, difference;
  bool compared = false;
  Compared then;
};

class Figures {
 public:
  explicit Figures(const JourneyPageParts& page)
      : page_(page),
        now_(page.view.map().kpis()),
        then_(page.before == nullptr ? nullptr : &page.before->map().kpis()) {}

  std::vector<Figure> All() const {
    return {
        Customers(),
        Nps(),
        Score("csat", page_.Say("Satisfaction (CSAT)", "Zufriedenheit (CSAT)"), now_.csat(),
              then_ == nullptr ? nullptr : &then_->csat(), 5),
        Score("ces", page_.Say("Ease (CES)", "Einfachheit (CES)"), now_.ces(),
              then_ == nullptr ? nullptr : &then_->ces(), 7),
        Score("rating", page_.Say("Product rating", "Produktbewertung"), now_.rating(),
              then_ == nullptr ? nullptr : &then_->rating(), 5),
        Shared("repeat_buyers", page_.Say("Repeat buyers", "Wiederkäufer"), now_.has_repeat_buyers(),
               now_.repeat_buyers(), then_ == nullptr ? nullptr : &then_->repeat_buyers(),
               page_.Say("buyers", "Käufern")),
        Shared("churned", page_.Say("Churn", "Abwanderung"), now_.has_churned(), now_.churned(),
               then_ == nullptr ? nullptr : &then_->churned(), page_.Say("earlier buyers", "früheren Käufern")),
        Shared("onboarded", page_.Say("Onboarded", "Angekommen (Onboarding)"), now_.has_onboarded(), now_.onboarded(),
               then_ == nullptr ? nullptr : &then_->onboarded(), page_.Say("first-time buyers", "Erstkäufern")),
        Shared("advocates", page_.Say("Advocates", "Fürsprecher"), now_.has_advocates(), now_.advocates(),
               then_ == nullptr ? nullptr : &then_->advocates(), page_.Say("buyers", "Käufern")),
        Revenue(),
        Amount("revenue_per_customer", page_.Say("Revenue per customer", "Umsatz je Kunde"), now_.has_revenue(),
               now_.revenue_per_customer(), then_ == nullptr ? 0 : then_->revenue_per_customer()),
        Amount("lifetime_value", page_.Say("Lifetime value, expected", "Erwarteter Kundenwert"),
               now_.has_lifetime_value(), now_.lifetime_value(), then_ == nullptr ? 0 : then_->lifetime_value())};
  }

 private:
  std::function<std::string(double)> Plain(int digits) const {
    return [this, digits](double value) { return page_.words.Decimal(value, digits); };
  }
  std::function<std::string(double)> Change(int digits) const {
    return [this, digits](double value) { return page_.words.Signed(value, digits); };
  }
  // How much a sum changed, as a share of what it was.
  std::function<std::string(double)> Relative(double then) const {
    return [this, then](double value) {
      return absl::StrCat(page_.words.Signed(100 * value / then, 1), page_.Say("%", "\u00a0%"));
    };
  }

  Figure Customers() const {
    Figure figure;
    figure.id = "customers";
    figure.name = std::string(page_.Say("Customers on the road", "Kunden unterwegs"));
    figure.known = true;
    figure.text = page_.words.Count(page_.view.map().customers());
    figure.now.value = static_cast<double>(page_.view.map().customers());
    if (page_.before != nullptr && page_.before->map().customers() > 0) {
      figure.compared = true;
      figure.then.value = static_cast<double>(page_.before->map().customers());
      figure.difference = Relative(figure.then.value);
    }
    return figure;
  }

  Figure Nps() const {
    const v1::NpsKpi& nps = now_.nps();
    const auto answers = [](const v1::NpsKpi& of) { return of.promoters() + of.passives() + of.detractors(); };
    Figure figure;
    figure.id = "nps";
    figure.name = std::string(page_.Say("Net promoter score", "Net Promoter Score"));
    figure.known = now_.has_nps() && answers(nps) > 0;
    figure.text = page_.words.Signed(nps.score(), 0);
    figure.detail = absl::StrCat(page_.words.Count(answers(nps)), page_.Say(" answers: ", " Antworten: "),
                                 page_.words.Count(nps.promoters()), page_.Say(" promoters, ", " Förderer, "),
                                 page_.words.Count(nps.detractors()), page_.Say(" detractors", " Kritiker"));
    figure.now = {nps.score(), nps.low(), nps.high()};
    figure.interval = true;
    figure.least = -100;
    figure.most = 100;
    figure.end = Change(0);
    figure.difference = Change(1);
    if (then_ != nullptr && then_->has_nps() && answers(then_->nps()) > 0) {
      figure.compared = true;
      figure.then = {then_->nps().score(), then_->nps().low(), then_->nps().high()};
    }
    return figure;
  }

  Figure Score(absl::string_view id, absl::string_view name, const v1::ScoreKpi& now, const v1::ScoreKpi* then,
               int most) const {
    Figure figure;
    figure.id = std::string(id);
    figure.name = std::string(name);
    figure.known = now.people() > 0;
    figure.text = page_.words.Decimal(now.mean(), 2);
    figure.detail = absl::StrCat(page_.Say("of ", "von "), most, "; ", page_.words.Percent(now.satisfied().share(), 0),
                                 page_.Say(" content; ", " zufrieden; "), page_.words.Count(now.people()),
                                 page_.Say(" answers", " Antworten"));
    figure.now = {now.mean(), now.low(), now.high()};
    figure.interval = true;
    figure.least = 1;
    figure.most = most;
    figure.end = Plain(2);
    figure.difference = Change(2);
    if (then != nullptr && then->people() > 0) {
      figure.compared = true;
      figure.then = {then->mean(), then->low(), then->high()};
    }
    return figure;
  }

  Figure Shared(absl::string_view id, absl::string_view name, bool known, const v1::Share& now, const v1::Share* then,
                absl::string_view of) const {
    Figure figure;
    figure.id = std::string(id);
    figure.name = std::string(name);
    figure.known = known && now.of() > 0;
    figure.text = page_.words.Percent(now.share());
    figure.detail =
        absl::StrCat(page_.words.Count(now.count()), page_.Say(" of ", " von "), page_.words.Count(now.of()), " ", of);
    figure.now = {now.share(), now.low(), now.high()};
    figure.interval = true;
    figure.end = [this](double value) { return page_.words.Percent(value); };
    figure.difference = [this](double value) {
      return absl::StrCat(page_.words.Signed(100 * value, 1), "\u00a0", page_.Say("pp", "Pp."));
    };
    if (then != nullptr && then->of() > 0) {
      figure.compared = true;
      figure.then = {then->share(), then->low(), then->high()};
    }
    return figure;
  }

  Figure Amount(absl::string_view id, absl::string_view name, bool known, double now, double then) const {
    Figure figure;
    figure.id = std::string(id);
    figure.name = std::string(name);
    figure.known = known;
    figure.text = page_.words.Money(now, now_.revenue().currency());
    figure.now.value = now;
    if (then > 0) {
      figure.compared = true;
      figure.then.value = then;
      figure.difference = Relative(then);
    }
    return figure;
  }

  Figure Revenue() const {
    return Amount("revenue", page_.Say("Revenue", "Umsatz"), now_.has_revenue(),
                  static_cast<double>(now_.revenue().micros()) / 1e6,
                  then_ == nullptr ? 0 : static_cast<double>(then_->revenue().micros()) / 1e6);
  }

  const JourneyPageParts& page_;
  const v1::JourneyKpis& now_;
  const v1::JourneyKpis* const then_;
};

// A scale with the interval and, as a dot, the value.
void AppendScale(const JourneyPageParts& page, const Figure& figure) {
  const auto at = [&figure](double value) {
    return 100 * std::clamp((value - figure.least) / (figure.most - figure.least), 0.0, 1.0);
  };
  {
    const Markup::Element scale(page.out, "div", {{"class", "scale"}, {"aria-hidden", "true"}});
    const double low = at(figure.now.low), high = at(figure.now.high);
    page.out.Leaf(
        "i",
        {{"class", "range"}, {"style", absl::StrFormat("left:%.1f%%;width:%.1f%%", low, std::max(high - low, 1.0))}},
        "");
    page.out.Leaf("i", {{"class", "dot"}, {"style", absl::StrFormat("left:%.1f%%", at(figure.now.value))}}, "");
  }
  page.out.Leaf("p", {{"class", "ends"}},
                absl::StrCat("95", page.Say("%", "\u00a0%"), ": ", figure.end(figure.now.low),
                             page.Say(" to ", " bis "), figure.end(figure.now.high)));
}

void AppendCard(const JourneyPageParts& page, const Figure& figure) {
  const Markup::Element card(
      page.out, "div",
      {{"class", "card"}, {"data-kpi", figure.id}, {"data-value", absl::StrFormat("%.17g", figure.now.value)}});
  page.out.Leaf("dt", {}, figure.name);
  const Markup::Element description(page.out, "dd");
  page.out.Leaf("p", {{"class", figure.text.size() > 13 ? "value long" : "value"}}, figure.text);
  if (figure.interval) AppendScale(page, figure);
  if (!figure.detail.empty()) page.out.Leaf("p", {{"class", "detail"}}, figure.detail);
  if (figure.compared) {
    AppendDifference(page, figure.now, figure.then, figure.difference(figure.now.value - figure.then.value),
                     figure.interval ? page.Say("· beyond the uncertainty", "· über die Unsicherheit hinaus") : "",
                     figure.interval ? page.Say("· within the uncertainty", "· innerhalb der Unsicherheit") : "");
  }
}

}  // namespace

void AppendDifference(const JourneyPageParts& page, const Compared& now, const Compared& then, absl::string_view amount,
                      absl::string_view clear, absl::string_view unclear) {
  const double difference = now.value - then.value;
  if (difference == 0 || absl::StartsWith(amount, "±")) {
    page.out.Leaf("p", {{"class", "difference"}}, page.Say("unchanged", "unverändert"));
    return;
  }
  const bool exceeds = now.low > then.high || now.high < then.low;
  const absl::string_view verdict = exceeds ? clear : unclear;
  page.out.Leaf("p", {{"class", exceeds && !clear.empty() ? "difference clear" : "difference"}},
                absl::StrCat(difference > 0 ? "▲ " : "▼ ", amount, verdict.empty() ? "" : " ", verdict));
}

void AppendKpis(const JourneyPageParts& page) {
  const Figures known(page);  // the figures refer to it
  const std::vector<Figure> figures = known.All();
  const Markup::Element section(page.out, "section", {{"aria-labelledby", "kpis"}});
  page.out.Leaf("h2", {{"id", "kpis"}}, page.Say("Key figures", "Kennzahlen"));
  {
    const Markup::Element cards(page.out, "dl", {{"class", "cards"}});
    for (const Figure& figure : figures) {
      if (figure.known) AppendCard(page, figure);
    }
  }
  std::vector<std::string> unknown;
  for (const Figure& figure : figures) {
    if (!figure.known) unknown.push_back(figure.name);
  }
  if (unknown.empty()) return;
  page.out.Leaf("p", {{"class", "quiet"}},
                absl::StrCat(page.Say("Not known, because too few say something or nothing was learned: ",
                                      "Nicht bekannt, weil zu wenige etwas sagen oder nichts gelernt wurde: "),
                             absl::StrJoin(unknown, ", "), "."));
}

}  // namespace waymark::cli
