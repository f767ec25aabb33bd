#include "service/rpc/journey_wire.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "service/base/field_error.h"
#include "tests/support/playbooks.h"

namespace waymark::rpc {
namespace {

using segmentation::NameIdOf;

std::string Refused(const v1::ExportJourneysRequest& request) {
  const auto read = FromWire(request);
  const auto violations = base::FieldViolationsOf(read.status());
  return read.ok() || violations.empty() ? "" : violations[0].field;
}

TEST(ExportJourneysWire, NamesTheFieldThatIsWrong) {
  v1::ExportJourneysRequest request;
  EXPECT_EQ(Refused(request), "tenant");
  request.set_tenant("shop");
  EXPECT_EQ(Refused(request), "");
  request.set_journey(std::string(65, 'j'));
  EXPECT_EQ(Refused(request), "journey");
  request.set_journey("shopping");
  v1::MapSelection& selection = *request.mutable_selection();
  selection.set_segment(std::string(65, 's'));
  EXPECT_EQ(Refused(request), "selection.segment");
  selection.set_segment("vip");
  selection.set_persona("\xff");
  EXPECT_EQ(Refused(request), "selection.persona");
  selection.clear_persona();
  selection.mutable_from()->set_seconds(100);
  selection.mutable_until()->set_seconds(100);
  EXPECT_EQ(Refused(request), "selection.until");
  selection.mutable_until()->set_nanos(-1);
  EXPECT_EQ(Refused(request), "selection.until");
  selection.mutable_until()->set_nanos(1'000'000);
  const auto read = FromWire(request);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->journey, "shopping");
  EXPECT_EQ(read->whom.segment, "vip");
  EXPECT_EQ(read->from, absl::FromUnixSeconds(100));
  EXPECT_EQ(read->until, absl::FromUnixMillis(100'001));
  EXPECT_FALSE(read->with_customer_ids);
}

TEST(ExportJourneysWire, HasATrace) {
  const auto playbook =
      testing_support::MustCompile("segments: [{name: vip, when: 'true'}]\njourneys: [{name: j, preset: SIX_STAGES}]");
  segmentation::Profile profile;
  profile.trail.touches = {{.at = absl::FromUnixSeconds(1),
                            .type = NameIdOf("purchase"),
                            .touchpoint = NameIdOf("kiosk/7"),
                            .value_micros = 5}};
  profile.trail.names = {{NameIdOf("kiosk/7"), "kiosk/7"}};
  profile.contacts = {{NameIdOf("gone"), NameIdOf("web"), absl::FromUnixSeconds(0), 255}};
  const segmentation::JourneyPosition position{.journey = NameIdOf("j"),
                                               .current = {NameIdOf("purchase"), absl::FromUnixSeconds(1)},
                                               .history = {{NameIdOf("awareness"), absl::FromUnixSeconds(0)}}};
  const std::vector<journey::TimelineEntry> entries = journey::TimelineOf(playbook->journeys[0], position, profile);
  const std::vector<segmentation::NameId> segments = {NameIdOf("vip")};
  v1::CustomerTrace wire;
  ToWire({.customer = "ann",
          .playbook = *playbook,
          .journey = playbook->journeys[0],
          .trail = profile.trail,
          .entries = entries,
          .segments = segments},
         wire);
  EXPECT_EQ(wire.customer(), "ann");
  ASSERT_EQ(wire.segments_size(), 1);
  EXPECT_EQ(wire.segments(0), "vip");
  ASSERT_EQ(wire.entries_size(), 4);
  EXPECT_EQ(wire.entries(0).move().from_stage(), "");
  EXPECT_EQ(wire.entries(0).move().to_stage(), "awareness");
  EXPECT_EQ(wire.entries(1).shown().action(), "") << "the playbook does not have it any more";
  EXPECT_EQ(wire.entries(1).shown().decision(), "00000000000000ff");
  EXPECT_EQ(wire.entries(2).stage(), "awareness");
  EXPECT_EQ(wire.entries(2).touch().event(), "purchase");
  EXPECT_EQ(wire.entries(2).touch().touchpoint(), "kiosk/7");
  EXPECT_FALSE(wire.entries(2).touch().has_emotion());
  EXPECT_EQ(wire.entries(3).move().from_stage(), "awareness");
  EXPECT_EQ(wire.entries(3).move().to_stage(), "purchase");
  EXPECT_EQ(wire.entries(3).move().dwelt().seconds(), 1);
}

}  // namespace
}  // namespace waymark::rpc
