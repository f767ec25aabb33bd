#include "service/cli/decisions_json.h"

#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/message_differencer.h>
#include <google/protobuf/util/time_util.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "absl/strings/str_cat.h"

namespace waymark::cli {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;

// A number that is another one in each field, and no number of a few digits.
double NumberOf(int& seed) { return ++seed / 7.0; }

// Sets every field, lists with two elements. So a field that is added to the contract and not to the lines fails a
// test.
void SetAll(Message& message, int& seed) {
  const auto& reflection = *message.GetReflection();
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor* field = message.GetDescriptor()->field(i);
    for (int n = 0; n < (field->is_repeated() ? 2 : 1); ++n) {
      const bool add = field->is_repeated();
      switch (field->cpp_type()) {
        case FieldDescriptor::CPPTYPE_MESSAGE:
          SetAll(add ? *reflection.AddMessage(&message, field) : *reflection.MutableMessage(&message, field), seed);
          break;
        case FieldDescriptor::CPPTYPE_STRING: {
          const std::string text = field->name() + std::to_string(++seed);
          add ? reflection.AddString(&message, field, text) : reflection.SetString(&message, field, text);
          break;
        }
        case FieldDescriptor::CPPTYPE_DOUBLE:
          ASSERT_FALSE(add);
          reflection.SetDouble(&message, field, NumberOf(seed));
          break;
        case FieldDescriptor::CPPTYPE_BOOL:
          ASSERT_FALSE(add);
          reflection.SetBool(&message, field, true);
          break;
        case FieldDescriptor::CPPTYPE_ENUM:
          ASSERT_FALSE(add);
          reflection.SetEnumValue(&message, field, field->enum_type()->value(1 + ++seed % 2)->number());
          break;
        case FieldDescriptor::CPPTYPE_INT64:
          ASSERT_FALSE(add);
          reflection.SetInt64(&message, field, 1'780'000'000 + ++seed);
          break;
        case FieldDescriptor::CPPTYPE_UINT64:
          ASSERT_FALSE(add);
          reflection.SetUInt64(&message, field, (uint64_t{1} << 63) + static_cast<uint64_t>(++seed));
          break;
        case FieldDescriptor::CPPTYPE_INT32:
          ASSERT_FALSE(add);
          reflection.SetInt32(&message, field, ++seed);
          break;
        default:
          FAIL() << "of a type that no line has yet: " << field->full_name();
      }
    }
  }
}

v1::CustomerDecisions Everything() {
  v1::CustomerDecisions decisions;
  int seed = 0;
  SetAll(decisions, seed);
  return decisions;
}

// The message that protobuf reads in the line of one.
void ExpectReadAsItWas(const v1::CustomerDecisions& decisions) {
  DecisionLines lines;
  lines.Add(decisions);
  std::string line(lines.text());
  ASSERT_FALSE(line.empty());
  EXPECT_EQ(line.find('\n'), line.size() - 1) << line;
  line.pop_back();
  v1::CustomerDecisions read;
  const auto status = google::protobuf::util::JsonStringToMessage(line, &read);
  ASSERT_TRUE(status.ok()) << status << "\n" << line;
  EXPECT_TRUE(google::protobuf::util::MessageDifferencer::Equals(decisions, read)) << line << "\n"
                                                                                   << read.DebugString();
  EXPECT_EQ(CustomerOf(line).value_or("none"), decisions.customer()) << line;
}

TEST(DecisionLines, HaveEveryField) { ExpectReadAsItWas(Everything()); }

TEST(DecisionLines, LeaveOutWhatIsEmpty) {
  v1::CustomerDecisions decisions;
  ExpectReadAsItWas(decisions);
  decisions.set_customer("c1");
  DecisionLines lines;
  lines.Add(decisions);
  EXPECT_EQ(lines.text(), "{\"customer\":\"c1\"}\n");
  ExpectReadAsItWas(decisions);
  v1::Decision& decision = *decisions.add_decisions();
  ExpectReadAsItWas(decisions);
  decision.add_actions();
  decision.add_candidates()->mutable_factors();
  decision.add_positions();
  decision.add_arms();
  ExpectReadAsItWas(decisions);
  decision.mutable_actions(0)->mutable_content();
  decision.mutable_decided_at();
  decisions.mutable_refusal();
  ExpectReadAsItWas(decisions);
}

TEST(DecisionLines, TakeAnyText) {
  std::string control;
  for (char c = 1; c < 0x20; ++c) control += c;
  for (const std::string& text :
       {std::string("\"quotes\" and \\ and /"), control, std::string("a\0b", 3), std::string("\x7f"),
        std::string("Grüße, Zoë, ß, €"), std::string("\U0001F3D4\uFE0F \U0001F9D7\u200D\u2640 \u0000"),
        std::string("</script><!-- & ' -->"), std::string("\u2028\u2029\uFEFF"),
        std::string("fifteen bytes..\"sixteen bytes...\"seventeen bytes..\n"), std::string(100'000, '"')}) {
    v1::CustomerDecisions decisions = Everything();
    decisions.set_customer(text);
    decisions.mutable_refusal()->set_message(text);
    decisions.mutable_decisions(0)->mutable_actions(0)->mutable_content()->set_body(text);
    ExpectReadAsItWas(decisions);
  }
}

// What is to be escaped is looked for sixteen characters at a time.
TEST(DecisionLines, EscapeAtAnyPlace) {
  for (size_t length = 1; length < 70; ++length) {
    for (size_t at = 0; at < length; ++at) {
      v1::CustomerDecisions decisions;
      std::string text(length, 'x');
      text[at] = "\"\\\n\x1f"[at % 4];
      decisions.set_customer(text);
      ExpectReadAsItWas(decisions);
    }
  }
}

TEST(DecisionLines, KeepNumbersToTheLastBit) {
  for (double number : {1e-300, 5e-324, std::numeric_limits<double>::min(), 0.1, 1.0 / 3, 2.7, 1.0, 1e15,
                        123456789012345680.0, 1e22, std::numeric_limits<double>::max(), -1.5,
                        std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity()}) {
    v1::CustomerDecisions decisions;
    decisions.set_customer("c1");
    v1::Decision& decision = *decisions.add_decisions();
    decision.add_actions()->set_priority(number);
    decision.add_candidates()->set_priority(number);
    decision.mutable_candidates(0)->set_probability(number);
    decision.mutable_candidates(0)->mutable_factors()->set_value(number);
    ExpectReadAsItWas(decisions);
  }
  v1::CustomerDecisions unknown;
  unknown.add_decisions()->add_actions()->set_priority(std::numeric_limits<double>::quiet_NaN());
  DecisionLines lines;
  lines.Add(unknown);
  EXPECT_EQ(lines.text(),
            "{\"customer\":\"\",\"decisions\":[{\"actions\":[{\"kind\":\"ACTION_KIND_UNSPECIFIED\","
            "\"priority\":\"NaN\"}],\"playbook_version\":\"0\",\"knowledge\":\"KNOWLEDGE_UNSPECIFIED\"}]}\n");
}

TEST(DecisionLines, TellTimesToTheNanosecond) {
  for (int nanos : {0, 1, 10, 100'000'000, 123'456'789, 999'999'999, 500'000, 120'000'000}) {
    for (int64_t seconds :
         {int64_t{0}, int64_t{-1}, int64_t{-62'135'596'800}, int64_t{1'780'000'000}, int64_t{253'402'300'799}}) {
      v1::CustomerDecisions decisions;
      decisions.set_customer("c1");
      for (auto* time : {decisions.add_decisions()->mutable_decided_at(),
                         decisions.mutable_decisions(0)->add_positions()->mutable_since()}) {
        time->set_seconds(seconds);
        time->set_nanos(nanos);
      }
      ExpectReadAsItWas(decisions);
      DecisionLines lines;
      lines.Add(decisions);
      const auto& decided_at = decisions.decisions(0).decided_at();
      const std::string text = google::protobuf::util::TimeUtil::ToString(decided_at);
      EXPECT_NE(lines.text().find(absl::StrCat("\"decided_at\":\"", text, "\"")), absl::string_view::npos) << text;
    }
  }
}

TEST(DecisionLines, AreOneACustomerUntilCleared) {
  DecisionLines lines;
  v1::CustomerDecisions decisions;
  for (const char* customer : {"a", "b"}) {
    decisions.set_customer(customer);
    lines.Add(decisions);
  }
  EXPECT_EQ(lines.text(), "{\"customer\":\"a\"}\n{\"customer\":\"b\"}\n");
  lines.Clear();
  EXPECT_EQ(lines.text(), "");
  decisions.set_customer("c");
  lines.Add(decisions);
  EXPECT_EQ(lines.text(), "{\"customer\":\"c\"}\n");
}

TEST(CustomerOfALine, IsNoneWhereItIsNoWholeLine) {
  DecisionLines lines;
  lines.Add(Everything());
  const std::string whole(lines.text().substr(0, lines.text().size() - 1));
  EXPECT_EQ(CustomerOf(whole), Everything().customer());
  for (size_t length = 0; length < whole.size(); ++length) {
    ASSERT_EQ(CustomerOf(whole.substr(0, length)), absl::nullopt) << length;
  }
  for (const char* line : {"[]", "\"c1\"", "{}", "{\"customer\":1}", "{\"customer\":\"c1\"} x", "\xff"}) {
    EXPECT_EQ(CustomerOf(line), absl::nullopt) << line;
  }
  EXPECT_EQ(CustomerOf("{\"customer\":\"\"}"), "");
}

}  // namespace
}  // namespace waymark::cli
