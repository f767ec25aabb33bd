#include "service/cli/journey_page.h"

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "service/cli/journey_page_markup.h"
#include "service/cli/journey_page_parts.h"
#include "service/cli/journey_page_road.h"
#include "service/cli/journey_page_view.h"
#include "service/cli/journey_page_words.h"
#include "service/cli/print.h"

namespace waymark::cli {
namespace {

// Nothing may be loaded, sent or run; styles are the page's own.
constexpr absl::string_view kPolicy =
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

void AppendHead(const Words& words, const std::string& title, Markup& out) {
  const Markup::Element head(out, "head");
  out.Void("meta", {{"charset", "utf-8"}});
  out.Void("meta", {{"http-equiv", "Content-Security-Policy"}, {"content", std::string(kPolicy)}});
  out.Void("meta", {{"name", "viewport"}, {"content", "width=device-width, initial-scale=1"}});
  out.Void("meta", {{"name", "robots"}, {"content", "noindex"}});
  out.Leaf("title", {}, absl::StrCat(words.Say("Customer journey: ", "Kundenreise: "), title));
  const Markup::Element style(out, "style");
  out.Raw(kJourneyPageStyle);
}

// The faces, drawn once; the page refers to them.
void AppendFaces(Markup& out) {
  const Markup::Element svg(out, "svg",
                            {{"width", "0"}, {"height", "0"}, {"style", "position:absolute"}, {"aria-hidden", "true"}});
  for (int step = -1; step < 5; ++step) {
    const Markup::Element symbol(out, "symbol",
                                 {{"id", step < 0 ? "face-n" : absl::StrCat("face-", step)}, {"viewBox", "0 0 24 24"}});
    DrawFace(step < 0 ? absl::nullopt : absl::make_optional(step), out);
  }
}

void AppendNobody(const JourneyPageParts& page) {
  const Markup::Element box(page.out, "section", {{"class", "empty"}, {"data-empty", "true"}});
  page.out.Leaf("h2", {}, page.Say("Nobody is on this road yet", "Hier ist noch niemand unterwegs"));
  page.out.Leaf("p", {},
                page.Say("None of these customers stood in a stage of the journey within this period. A longer period "
                         "or other customers may show more; and once "
                         "events come in, the map fills by itself.",
                         "Keiner dieser Kunden stand in diesem Zeitraum in einer Phase der Reise. Ein längerer "
                         "Zeitraum oder andere Kunden zeigen vielleicht mehr; und "
                         "sobald Ereignisse eintreffen, füllt sich die Karte von selbst."));
  const Markup::Element stages(page.out, "ol");
  for (int i = 0; i < page.view.stages(); ++i) page.out.Leaf("li", {{"class", "name"}}, page.view.StageName(i));
}

// As the content of a script element: no text in it can end the element, in HTML or in XML.
std::string ScriptJson(const v1::GetJourneyMapResponse& response) {
  return absl::StrReplaceAll(
      Json(response),
      {{"<", "\\u003c"}, {">", "\\u003e"}, {"&", "\\u0026"}, {"\xef\xbf\xbe", "\\ufffe"}, {"\xef\xbf\xbf", "\\uffff"}});
}

void AppendMain(const JourneyPageParts& page, const v1::GetJourneyMapResponse& response, absl::Time now) {
  const Markup::Element main(page.out, "main");
  AppendJourneyHead(page, response, now);
  if (page.view.map().customers() == 0) {
    AppendNobody(page);
  } else {
    AppendKpis(page);
    AppendJourneyTable(page);
    AppendFindings(page);
    AppendConformance(page);
    AppendCohorts(page);
    AppendResponses(page);
  }
  AppendJourneyFoot(page);
}

}  // namespace

std::string JourneyPage(const v1::GetJourneyMapResponse& response, Language language, absl::Time now) {
  const Words words(language);
  const MapView view(response.map(), words);
  const MapView before(response.compared(), words);
  Markup out;
  const JourneyPageParts page{words, view,
                              response.has_compared() && response.compared().customers() > 0 ? &before : nullptr, out};
  out.Raw("<!DOCTYPE html>");
  {
    const Markup::Element html(out, "html",
                               {{"lang", std::string(words.code())}, {"xmlns", "http://www.w3.org/1999/xhtml"}});
    AppendHead(words, Readable(response.map().journey()), out);
    const Markup::Element body(out, "body");
    AppendFaces(out);
    AppendMain(page, response, now);
    const Markup::Element data(out, "script", {{"type", "application/json"}, {"id", "waymark-map"}});
    out.Raw(ScriptJson(response));
  }
  out.Raw("\n");
  return out.Take();
}

}  // namespace waymark::cli
