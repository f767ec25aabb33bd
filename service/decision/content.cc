#include "service/decision/content.h"

#include <algorithm>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_format.h"
#include "segmentation/expression/escape.h"

namespace waymark::decision {
namespace {

using playbook::ContentType;
using playbook::Treatment;

void (*EscapeFor(ContentType type))(absl::string_view, std::string*) {
  switch (type) {
    case ContentType::kHtml:
      return expression::EscapeHtml;
    case ContentType::kJson:
      return expression::EscapeJson;
    case ContentType::kText:
      break;
  }
  return expression::EscapeNothing;
}

// Percent-encodes all but RFC 3986's unreserved characters, so that a value stays within its part of a link.
void EscapeUrl(absl::string_view text, std::string* out) {
  for (const char c : text) {
    const bool unreserved = absl::ascii_isalnum(c) || c == '-' || c == '.' || c == '_' || c == '~';
    if (unreserved) {
      out->push_back(c);
    } else {
      absl::StrAppendFormat(out, "%%%02X", static_cast<unsigned char>(c));
    }
  }
}

absl::StatusOr<Content> RenderTreatment(const Treatment& treatment, ContentType type,
                                        playbook::Evaluation& evaluation) {
  Content content{.locale = treatment.locale, .variant = treatment.variant, .content_type = type};
  const struct {
    const expression::Template& text;
    void (*escape)(absl::string_view, std::string*);
    std::string& rendered;
  } parts[] = {
      {treatment.subject, EscapeFor(type), content.subject},
      {treatment.body, EscapeFor(type), content.body},
      {treatment.image_url, EscapeUrl, content.image_url},
      {treatment.link_url, EscapeUrl, content.link_url},
  };
  absl::optional<absl::string_view> missing;
  if (treatment.missing.has_value()) missing = *treatment.missing;
  for (const auto& part : parts) {
    absl::StatusOr<std::string> rendered =
        part.text.Render(evaluation.frame(), evaluation.frame().arena(), part.escape, missing);
    if (!rendered.ok()) return rendered.status();
    part.rendered = *std::move(rendered);
  }
  return content;
}

}  // namespace

std::vector<std::string> LocaleChain(absl::string_view locale, absl::string_view fallback) {
  std::vector<std::string> chain;
  for (absl::string_view start : {locale, fallback}) {
    std::string tag = absl::AsciiStrToLower(start);
    while (!tag.empty()) {
      if (std::find(chain.begin(), chain.end(), tag) == chain.end()) chain.push_back(tag);
      const size_t dash = tag.rfind('-');
      tag.resize(dash == std::string::npos ? 0 : dash);
    }
  }
  return chain;
}

absl::StatusOr<absl::optional<Content>> Render(const playbook::Action& action, int channel,
                                               absl::Span<const std::string> locales, absl::string_view variant,
                                               playbook::Evaluation& evaluation) {
  if (action.treatments.empty()) return absl::optional<Content>();
  const ContentType type = evaluation.playbook().channels[channel].content_type;
  absl::Status problem = absl::FailedPreconditionError("no treatment for the locale or the default locale");
  // The variant in any locale rather than another text in a nearer one: an arm must see its own.
  for (absl::string_view wanted : {variant, absl::string_view()}) {
    for (const std::string& tag : locales) {
      for (const Treatment& treatment : action.treatments) {
        if (treatment.channel != channel || treatment.locale != tag || treatment.variant != wanted) continue;
        absl::StatusOr<Content> content = RenderTreatment(treatment, type, evaluation);
        if (content.ok()) return absl::make_optional(*std::move(content));
        problem = content.status();
      }
    }
  }
  return problem;
}

}  // namespace waymark::decision
