#include "service/rpc/log_wire.h"

#include <gtest/gtest.h>

#include <string>

#include "service/base/field_error.h"

namespace waymark::rpc {
namespace {

// The field that the request is refused for; "" where it is not.
template <typename Request>
std::string Refused(const Request& request) {
  const auto read = FromWire(request);
  const auto violations = base::FieldViolationsOf(read.status());
  return read.ok() || violations.empty() ? "" : violations[0].field;
}

TEST(LogWire, NamesTheFieldThatIsWrong) {
  v1::ExplainDecisionRequest explain;
  EXPECT_EQ(Refused(explain), "tenant");
  explain.set_tenant("shop");
  EXPECT_EQ(Refused(explain), "decision_id");
  explain.set_decision_id(std::string(64, 'd'));
  EXPECT_EQ(Refused(explain), "");
  explain.set_decision_id(std::string(65, 'd'));
  EXPECT_EQ(Refused(explain), "decision_id");
  explain.set_token("");
  EXPECT_EQ(Refused(explain), "token");
  explain.set_token(std::string(513, 't'));
  EXPECT_EQ(Refused(explain), "token");

  v1::ReplayDecisionsRequest replay;
  replay.set_tenant("shop");
  EXPECT_EQ(Refused(replay), "");
  replay.set_playbook_text("");
  EXPECT_EQ(Refused(replay), "playbook_text");
  replay.clear_playbook_text();
  replay.mutable_since()->set_seconds(100);
  replay.mutable_until()->set_seconds(100);
  EXPECT_EQ(Refused(replay), "until");
  replay.mutable_until()->set_seconds(101);
  EXPECT_EQ(Refused(replay), "");
  replay.mutable_since()->set_nanos(-1);
  EXPECT_EQ(Refused(replay), "since");
  replay.clear_since();
  replay.add_decision_ids("");
  EXPECT_EQ(Refused(replay), "decision_ids[0]");
  for (int i = 0; i < 1'000; ++i) replay.add_decision_ids("d");
  EXPECT_EQ(Refused(replay), "decision_ids");
  replay.clear_decision_ids();
  for (int i = 0; i < 10'001; ++i) replay.add_records("r");
  EXPECT_EQ(Refused(replay), "records");

  v1::AuditDecisionsRequest audit;
  audit.set_tenant("shop");
  EXPECT_EQ(Refused(audit), "trait");
  audit.set_trait("gender");
  EXPECT_EQ(Refused(audit), "");
  for (int i = 0; i < 17; ++i) audit.add_accepted_by("purchase");
  EXPECT_EQ(Refused(audit), "accepted_by");
}

TEST(LogWire, ComparesEachGroupWithTheRest) {
  batch::Audit audit;
  audit.groups = {{.value = "f", .customers = 60, .offered = {48, 80}, .accepted = {0, 48}},
                  {.value = "m", .customers = 50, .offered = {56, 70}, .accepted = {7, 56}},
                  {.other = true, .customers = 5, .offered = {0, 10}}};
  v1::AuditDecisionsResponse wire;
  ToWire(audit, wire);
  ASSERT_EQ(wire.groups_size(), 3);
  const v1::Rate& offered = wire.groups(0).offered();
  EXPECT_EQ(offered.rate(), 0.6);
  EXPECT_NEAR(offered.difference(), 0.6 - 56.0 / 80, 1e-12);
  EXPECT_LT(offered.difference_interval().low(), offered.difference());
  EXPECT_GT(offered.difference_interval().high(), offered.difference());
  // Nothing was offered, so nothing can be said of acceptance.
  EXPECT_TRUE(wire.groups(2).other());
  EXPECT_FALSE(wire.groups(2).accepted().has_difference());
  EXPECT_EQ(wire.groups(2).accepted().interval().high(), 1);
}

}  // namespace
}  // namespace waymark::rpc
