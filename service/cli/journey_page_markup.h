#ifndef WAYMARK_SERVICE_CLI_JOURNEY_PAGE_MARKUP_H_
#define WAYMARK_SERVICE_CLI_JOURNEY_PAGE_MARKUP_H_

#include <initializer_list>
#include <string>
#include <utility>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace waymark::cli {

// Writes HTML that is XML, and SVG: whatever comes from data is escaped, and what was opened is closed.
// Single-threaded.
class Markup {
 public:
  // Those whose name is empty are left out.
  using Attributes = std::initializer_list<std::pair<absl::string_view, std::string>>;

  // Open as long as it lives. Elements must end in the reverse order, as scopes do.
  class Element {
   public:
    Element(Markup& markup, absl::string_view tag, Attributes attributes = {});
    ~Element();
    Element(const Element&) = delete;
    Element& operator=(const Element&) = delete;

   private:
    Markup& markup_;
    const absl::string_view tag_;
  };

  // Escaped. What XML cannot say (control characters) becomes U+FFFD.
  void Text(absl::string_view text);
  // An element with this text.
  void Leaf(absl::string_view tag, Attributes attributes, absl::string_view text);
  // One without content: a <br/> of HTML, any of SVG.
  void Void(absl::string_view tag, Attributes attributes = {});
  // A sentence with gaps: {0} is the first of `arguments`, [0] the same, emphasized. All is escaped.
  void Sentence(absl::string_view text, absl::Span<const std::string> arguments);
  // As it is: what cannot contain markup that came from data.
  void Raw(absl::string_view markup) { out_.append(markup.data(), markup.size()); }

  std::string Take() { return std::move(out_); }

 private:
  void Start(absl::string_view tag, Attributes attributes);

  std::string out_;
};

// For content and attributes of HTML and XML.
std::string Escaped(absl::string_view text);

}  // namespace waymark::cli

#endif  // WAYMARK_SERVICE_CLI_JOURNEY_PAGE_MARKUP_H_
