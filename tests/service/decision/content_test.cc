#include "service/decision/content.h"

#include <gtest/gtest.h>

#include "tests/support/playbooks.h"

namespace waymark::decision {
namespace {

using segmentation::NameIdOf;
using segmentation::Profile;

constexpr absl::string_view kPlaybook = R"yaml(
default_locale: en
traits: [{name: first_name, type: STRING}, {name: points, type: INT}]
channels: [{name: web, content_type: HTML}, {name: email}, {name: app, content_type: JSON}]
actions:
  - name: hello
    kind: CONTENT
    treatments:
      - {channel: web, locale: de, body: 'Hallo <b>{{ customer.first_name }}</b>', link_url: 'https://shop.example/x?n={{ customer.first_name }}'}
      - {channel: web, locale: en, body: 'Hello', subject: 'For {{ customer.points }}'}
      - {channel: email, body: 'Dear {{ customer.first_name }}', missing: customer}
      - {channel: app, body: '"{{ customer.first_name }}"'}
      - {channel: web, locale: en, variant: loud, body: 'HELLO {{ customer.first_name }}'}
experiments: [{name: volume, arms: [{name: loud, share: 1, changes: [{name: hello, variant: loud}]}]}]
)yaml";

class ContentTest : public ::testing::Test {
 protected:
  absl::StatusOr<absl::optional<Content>> RenderFor(int channel, absl::string_view locale,
                                                    absl::string_view variant = "") {
    playbook::Evaluation evaluation(*playbook_, profile_, context_, absl::UnixEpoch());
    return Render(playbook_->actions[0], channel, LocaleChain(locale, playbook_->default_locale), variant, evaluation);
  }

  std::shared_ptr<const playbook::Playbook> playbook_ = testing_support::MustCompile(kPlaybook);
  Profile profile_;
  segmentation::Context context_;
};

TEST_F(ContentTest, EscapesForTheContentTypeAndForLinks) {
  segmentation::SetTrait(profile_, NameIdOf("first_name"), std::string("A&B \"<i>\""));
  const Content web = **RenderFor(0, "de");
  EXPECT_EQ(web.body, "Hallo <b>A&amp;B &quot;&lt;i&gt;&quot;</b>");
  EXPECT_EQ(web.link_url, "https://shop.example/x?n=A%26B%20%22%3Ci%3E%22");
  EXPECT_EQ(web.locale, "de");
  const Content email = **RenderFor(1, "en");
  EXPECT_EQ(email.body, "Dear A&B \"<i>\"");
  const Content app = **RenderFor(2, "en");
  EXPECT_EQ(app.body.find('<'), std::string::npos);
  EXPECT_NE(app.body.find("\\\""), std::string::npos);
}

TEST_F(ContentTest, FallsBackFromLocaleToLocale) {
  segmentation::SetTrait(profile_, NameIdOf("first_name"), std::string("Anna"));
  segmentation::SetTrait(profile_, NameIdOf("points"), int64_t{7});
  EXPECT_EQ((**RenderFor(0, "de-at")).body, "Hallo <b>Anna</b>");
  EXPECT_EQ((**RenderFor(0, "fr")).subject, "For 7");
  EXPECT_EQ((**RenderFor(0, "")).locale, "en");
}

TEST_F(ContentTest, AVariantsTextComesBeforeANearerLocale) {
  segmentation::SetTrait(profile_, NameIdOf("first_name"), std::string("Anna"));
  EXPECT_EQ((**RenderFor(0, "de", "loud")).body, "HELLO Anna");
  EXPECT_EQ((**RenderFor(0, "de", "loud")).variant, "loud");
  EXPECT_EQ((**RenderFor(0, "de", "quiet")).body, "Hallo <b>Anna</b>");
  EXPECT_EQ((**RenderFor(1, "de", "loud")).body, "Dear Anna");
}

// Its value is missing, so the text without a variant stands in.
TEST_F(ContentTest, AVariantThatCannotBeFilledLeavesNoHole) {
  segmentation::SetTrait(profile_, NameIdOf("points"), int64_t{7});
  const Content content = **RenderFor(0, "en", "loud");
  EXPECT_EQ(content.body, "Hello");
  EXPECT_EQ(content.variant, "");
}

TEST_F(ContentTest, NeverLeavesAHole) {
  EXPECT_EQ((**RenderFor(1, "en")).body, "Dear customer") << "the treatment says what stands in";
  segmentation::SetTrait(profile_, NameIdOf("points"), int64_t{7});
  EXPECT_EQ((**RenderFor(0, "de")).locale, "en") << "the next locale that can be filled";
  segmentation::ClearTrait(profile_, NameIdOf("points"));
  EXPECT_EQ(RenderFor(0, "de").status().code(), absl::StatusCode::kFailedPrecondition);
}

}  // namespace
}  // namespace waymark::decision
