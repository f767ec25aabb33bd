#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_join.h"
#include "service/cli/command_line.h"
#include "tests/service/cli/fake_service.h"
#include "tests/support/temp_directory.h"

namespace waymark::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAre;
using testing_support::FakeService;
using testing_support::TempDirectory;

struct Result {
  int code = 0;
  std::string out;
  std::string err;
};

class CommandTest : public testing::Test {
 protected:
  Result Run(std::vector<std::string> arguments, const std::string& input = "") {
    arguments.insert(arguments.begin(), {"--address", service_.address()});
    std::istringstream in(input);
    std::ostringstream out, err;
    const int code = RunWaymark(std::move(arguments), in, out, err, false);
    return {code, out.str(), err.str()};
  }

  static std::vector<std::string> LinesOf(const std::string& path) {
    std::vector<std::string> lines;
    std::ifstream in(path);
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }

  FakeService service_;
  TempDirectory folder_;
};

TEST_F(CommandTest, TellsWrongUsage) {
  EXPECT_EQ(Run({}).code, 2);
  EXPECT_EQ(Run({"dance"}).code, 2);
  EXPECT_EQ(Run({"decide", "--placement", "cart"}).code, 2);
  EXPECT_EQ(Run({"decide", "--customer", "7"}).code, 2);
  EXPECT_EQ(Run({"decide", "--placement", "cart", "--customer", "7", "--offers", "0"}).code, 2);
  EXPECT_EQ(Run({"--output", "xml", "segments", "7"}).code, 2);
  EXPECT_EQ(Run({"check", "/nowhere/playbook.yaml"}).code, 2);
  EXPECT_THAT(Run({"dance"}).err, StartsWith("waymark: "));
  const Result help = Run({"--help"});
  EXPECT_EQ(help.code, 0);
  EXPECT_THAT(help.out, HasSubstr("Exit codes: 0 done; 1 the answer is no"));
}

TEST_F(CommandTest, TellsThatTheServiceIsNotThere) {
  service_.Stop();
  for (const std::vector<std::string>& command :
       std::vector<std::vector<std::string>>{{"segments", "7"}, {"resegment"}, {"profile", "get", "7"}}) {
    const Result result = Run(command);
    EXPECT_EQ(result.code, 3) << command[0];
    EXPECT_THAT(result.err, StartsWith("waymark: " + service_.address() + ": UNAVAILABLE: "));
    EXPECT_THAT(result.out, IsEmpty());
  }
}

TEST_F(CommandTest, Decides) {
  Result result = Run({"decide", "--placement", "cart", "--customer", "7", "--tenant", "other", "--locale", "de"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("7 at cart"));
  EXPECT_THAT(result.out, HasSubstr("1. coupon"));
  result = Run({"--output", "json", "decide", "--placement", "cart", "--from", "-", "--customer", "x"}, "a\n\n b \r\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  const size_t x = result.out.find("\"shop/x/\""), a = result.out.find("\"shop/a/\""),
               b = result.out.find("\"shop/b/\"");
  EXPECT_LT(x, a);
  EXPECT_LT(a, b);
  EXPECT_NE(b, std::string::npos);
  EXPECT_THAT(Run({"decide", "--placement", "cart", "--customer", ""}).out, HasSubstr("an anonymous visitor at cart"));
  result = Run({"decide", "--placement", "cart", "--from", folder_.Write("ids", "a\nb\n"), "--offers", "2", "--explain",
                "--context", "weekend=true"});
  EXPECT_THAT(result.out, HasSubstr("b at cart x2"));
  EXPECT_THAT(result.out, HasSubstr("weekend_coupon"));
  EXPECT_THAT(result.out, HasSubstr("- other"));
}

TEST_F(CommandTest, DecidesForEveryoneToAFile) {
  const std::string out = folder_.path() + "/mails.jsonl";
  const std::vector<std::string> command = {"decide",    "--all",        "--placement", "mail",     "--placement",
                                            "app",       "--out",        out,           "--locale", "de",
                                            "--context", "weekend=true", "--explain"};
  const Result result = Run(command);
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "decided for 3 customers\n");
  EXPECT_THAT(LinesOf(out),
              UnorderedElementsAre(StartsWith("{\"customer\":\"c1\",\"decisions\":[{"),
                                   StartsWith("{\"customer\":\"c2\""), StartsWith("{\"customer\":\"c3\"")));
  for (const std::string& line : LinesOf(out)) {
    EXPECT_THAT(line, HasSubstr("\"placement\":\"mail\"")) << "the context is the common one";
    EXPECT_THAT(line, HasSubstr("\"placement\":\"app\""));
    EXPECT_THAT(line, HasSubstr("\"shop//de\""));
    EXPECT_THAT(line, HasSubstr("weekend_coupon"));
    EXPECT_THAT(line, HasSubstr("\"action\":\"other\""));
  }
  const Result again = Run(command);
  EXPECT_EQ(again.code, 2);
  EXPECT_THAT(again.err, HasSubstr(out + " is there already"));
}

TEST_F(CommandTest, DecidesForASegmentOrAListToAFile) {
  const std::string out = folder_.path() + "/mails.jsonl";
  EXPECT_EQ(Run({"--output", "json", "decide", "--segment", "vip", "--placement", "mail", "--out", out}).out,
            "{\"decided\":2,\"refused\":0,\"by_earlier_runs\":0}\n");
  EXPECT_THAT(LinesOf(out), SizeIs(2));
  const std::string listed = folder_.path() + "/listed.jsonl";
  const Result result =
      Run({"decide", "--customer", "x", "--from", "-", "--placement", "mail", "--out", listed, "--workers", "3"},
          "a\nx\n\n nobody \r\na\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "decided for 2 customers, refused 1 (their lines say why)\n");
  EXPECT_THAT(LinesOf(listed),
              UnorderedElementsAre(StartsWith("{\"customer\":\"x\""), StartsWith("{\"customer\":\"a\""),
                                   "{\"customer\":\"nobody\",\"refusal\":{\"message\":\"no such customer\"}}"));
}

TEST_F(CommandTest, GoesOnWithABulkRunAndRefusesAnother) {
  const std::string out = folder_.path() + "/mails.jsonl";
  std::vector<std::string> command = {"decide", "--from", "-", "--placement", "mail", "--out", out};
  Result result = Run(command, "a\nb\n\xff\n");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("waymark: -:3: not UTF-8"));
  EXPECT_THAT(LinesOf(out), IsEmpty());
  // As a run that was killed when it had one line.
  std::ofstream(out + ".part") << "{\"customer\":\"a\"}\n{\"custo";
  result = Run(command, "a\nb\nc\n");
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "decided for 2 customers, beside 1 of an earlier run\n");
  EXPECT_THAT(LinesOf(out), ElementsAre("{\"customer\":\"a\"}", StartsWith("{\"customer\":\"b\""),
                                        StartsWith("{\"customer\":\"c\"")));
  EXPECT_FALSE(std::ifstream(out + ".run").good());
  EXPECT_FALSE(std::ifstream(out + ".part").good());

  std::ofstream(out + "2.run") << "5f3a something else of all\n";
  command.back() = out + "2";
  result = Run(command, "a\n");
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr(out + "2.run is of a run that asks something else: something else of all"));
}

TEST_F(CommandTest, LeavesNothingOfARefusedBulkRun) {
  const std::string out = folder_.path() + "/mails.jsonl";
  Result result = Run({"decide", "--all", "--placement", "nowhere", "--out", out});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("NOT_FOUND: there is no such placement"));
  result = Run({"decide", "--segment", "none", "--placement", "mail", "--out", out});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("NOT_FOUND: there is no such segment"));
  EXPECT_EQ(Run({"decide", "--from", "/nowhere", "--placement", "mail", "--out", out}).code, 2);
  EXPECT_EQ(Run({"decide", "--all", "--placement", "mail", "--out", out, "--context", "weekend"}).code, 2);
  for (const char* name : {"", ".part", ".run"}) EXPECT_FALSE(std::ifstream(out + name).good()) << name;
  result = Run({"decide", "--all", "--placement", "mail", "--out", "/nowhere/mails.jsonl"});
  EXPECT_EQ(result.code, 2);
  EXPECT_THAT(result.err, HasSubstr("/nowhere/mails.jsonl.run: No such file or directory"));
}

TEST_F(CommandTest, TellsWrongUsageOfBulkRuns) {
  const std::string out = folder_.path() + "/mails.jsonl";
  const std::vector<std::vector<std::string>> wrong = {
      {"--all"},
      {"--segment", "vip"},
      {"--customer", "7", "--workers", "2"},
      {"--out", out},
      {"--out", out, "--all", "--segment", "vip"},
      {"--out", out, "--all", "--customer", "7"},
      {"--out", out, "--all", "--from", "-"},
      {"--out", out, "--segment", "vip", "--customer", "7"},
      {"--out", out, "--segment", "vip", "--from", "-"},
      {"--out", out, "--segment", ""},
      {"--out", out, "--all", "--offers", "2"},
      {"--out", out, "--all", "--workers", "0"},
      {"--customer", "7", "--placement", "app"},
  };
  for (std::vector<std::string> arguments : wrong) {
    arguments.insert(arguments.begin(), {"decide", "--placement", "mail"});
    const Result result = Run(arguments, "a\n");
    EXPECT_EQ(result.code, 2) << absl::StrJoin(arguments, " ");
    EXPECT_THAT(result.err, StartsWith("waymark: ")) << absl::StrJoin(arguments, " ");
    EXPECT_THAT(result.out, IsEmpty()) << absl::StrJoin(arguments, " ");
  }
  EXPECT_FALSE(std::ifstream(out + ".run").good());
}

TEST_F(CommandTest, TellsWhatTheServiceRefuses) {
  Result result = Run({"decide", "--placement", "nowhere", "--customer", "7"});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("NOT_FOUND: placement: there is no such placement"));
  EXPECT_EQ(Run({"decide", "--placement", "cart", "--customer", "7", "--context", "weekend"}).code, 2);
  EXPECT_EQ(Run({"decide", "--placement", "cart", "--from", "/nowhere"}).code, 2);
  EXPECT_EQ(Run({"profile", "get", "stranger"}).code, 4);
}

TEST_F(CommandTest, AsksForContent) {
  const Result result = Run({"content", "--placement", "a", "--placement", "b", "--customer", "7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("7 at a"));
  EXPECT_THAT(result.out, HasSubstr("7 at b"));
}

TEST_F(CommandTest, RecordsAnEvent) {
  const std::vector<std::string> command = {"record", "--customer", "7",       "--type", "purchase",   "--id", "e1",
                                            "--time", "1970-01-02", "--money", "12.5",   "--currency", "EUR"};
  EXPECT_EQ(Run(command).out, "recorded\n");
  EXPECT_EQ(Run(command).out, "recorded before; nothing changed\n");
  const v1::Event event = service_.target().events().at("7")[0];
  EXPECT_EQ(event.ShortDebugString(),
            "id: \"e1\" type: \"purchase\" time { seconds: 86400 } money { micros: 12500000 currency: \"EUR\" }");
  EXPECT_EQ(Run({"record", "--customer", "9", "--type", "visit", "--id", "e2", "--label", "shoes", "--label", "sale",
                 "--touchpoint", "web/cart"})
                .out,
            "recorded\n");
  EXPECT_EQ(service_.target().events().at("9")[0].ShortDebugString(),
            "id: \"e2\" type: \"visit\" labels: \"shoes\" labels: \"sale\" touchpoint: \"web/cart\"");
  EXPECT_EQ(Run({"record", "--customer", "6", "--type", "nps", "--id", "e3", "--number", "9", "--sentiment", "-0.5",
                 "--text", "It is good"})
                .out,
            "recorded\n");
  EXPECT_EQ(service_.target().events().at("6")[0].ShortDebugString(),
            "id: \"e3\" type: \"nps\" number: 9 sentiment: -0.5 text: \"It is good\"");
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit", "--sentiment", "good"}).code, 2);
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit"}).out, "recorded\n");
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit"}).out, "recorded\n");  // each with an id of its own
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit", "--money", "1"}).code, 2);
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit", "--time", "then"}).code, 2);
  EXPECT_EQ(Run({"record", "--customer", "8", "--type", "visit", "--number", "many"}).code, 2);
}

TEST_F(CommandTest, MapsJourneys) {
  Result result = Run({"journey", "map", "--journey", "shopping", "--min-people", "12", "--max-age", "2", "--from",
                       "2026-07-01", "--until", "2026-07-08T12:00:00Z", "--segment", "vip"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("shopping: 12 customers (from 2026-07-01T00:00:00Z, until 2026-07-08T12:00:00Z, "
                                     "segment vip)"));
  EXPECT_THAT(result.out, HasSubstr("of 120 the beginning is not kept"));
  EXPECT_THAT(result.out, Not(HasSubstr("compared")));
  result =
      Run({"journey", "map", "--compare-until", "2026-06-01", "--compare-persona", "night_owl", "--output", "json"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out,
              HasSubstr("\"compared\":{\"journey\":\"\",\"selection\":{\"segment\":\"\",\"persona\":\"night_owl\","
                        "\"until\":\"2026-06-01T00:00:00Z\"}"));
  result = Run({"journey", "map", "--output", "csv"});
  EXPECT_THAT(result.out, HasSubstr("\r\nselected,stage,shop,"));
  EXPECT_EQ(Run({"journey", "map", "--journey", "none"}).code, 4);
  EXPECT_EQ(Run({"journey", "map", "--journey", "broken"}).code, 3);
  EXPECT_EQ(Run({"journey", "map", "--from", "yesterday"}).code, 2);
  EXPECT_EQ(Run({"journey", "map", "--compare-until", "soon"}).code, 2);
  EXPECT_EQ(Run({"journey", "map", "--max-age", "-1"}).code, 2);
  EXPECT_EQ(Run({"journey", "map", "--min-people", "4"}).code, 2);
  EXPECT_EQ(Run({"journey", "map", "--output", "pdf"}).code, 2);
  EXPECT_EQ(Run({"journey", "map", "--output", "html", "--language", "fr"}).code, 2);
  EXPECT_THAT(Run({"journey", "map", "--output", "html", "--language", "de"}).out, HasSubstr("<html lang=\"de\""));
  EXPECT_THAT(Run({"journey", "map", "--output", "svg"}).out, HasSubstr("<svg xmlns="));
}

TEST_F(CommandTest, ShowsAJourney) {
  Result result =
      Run({"journey", "show", "--customer", "anna", "--journey", "loyalty", "--max", "7", "--page-token", "p"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "loyalty: anna since 1970-01-01T00:00:00Z (days: 0, visits: 7)\nolder ones: --page-token p\n");
  result = Run({"--output", "json", "journey", "show", "--customer", "anna"});
  EXPECT_THAT(result.out, HasSubstr("\"visits\":100"));
  EXPECT_EQ(Run({"journey", "show", "--customer", "nobody"}).code, 4);
  EXPECT_EQ(Run({"journey", "show"}).code, 2);
  EXPECT_EQ(Run({"journey", "show", "--customer", "anna", "--max", "0"}).code, 2);
}

TEST_F(CommandTest, SetsAndGetsAProfile) {
  Result result = Run({"profile", "set", "7", "--trait", "age=30", "--consent", "mail=granted"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("age: 30"));
  EXPECT_THAT(result.out, HasSubstr("etag: 0 paths"));
  EXPECT_THAT(Run({"profile", "get", "7"}).out, HasSubstr("consent mail: granted"));
  result = Run({"profile", "set", "7", "--trait", "age=31", "--clear-trait", "city", "--clear-consent", "mail"});
  EXPECT_THAT(result.out, HasSubstr("etag: 3 paths"));
  EXPECT_THAT(Run({"profile", "set", "--trait", "age=32", "--trait", "city=Graz", "9"}).out,
              HasSubstr("customer 9\n  age: 32"));
  EXPECT_EQ(Run({"profile", "set", "7", "--consent", "mail=maybe"}).code, 2);
  EXPECT_EQ(Run({"profile", "set", "7", "--trait", "unknown=1"}).code, 4);
}

TEST_F(CommandTest, ShowsSegmentsAndResegments) {
  EXPECT_THAT(Run({"segments", "7"}).out, HasSubstr("  in   vip\n"));
  Result result = Run({"resegment"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("300 profiles"));
  result = Run({"resegment", "--output", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 3);
  EXPECT_EQ(Run({"resegment", "--restart"}).code, 3);
  EXPECT_EQ(Run({"resegment", "--workers", "17"}).code, 2);
}

TEST_F(CommandTest, PreviewsARule) {
  Result result = Run({"segments", "preview", "ever('purchase')", "--segment", "vip", "--sample", "7"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "of 100 customers\n  vip: 0 -> 7 (0 would enter, 0 leave)\n");
  result = Run({"segments", "preview", "1 +"});
  EXPECT_EQ(result.code, 1);
  EXPECT_EQ(result.err, "rule:1:4: when: it ends too early\n  1 +\n     ^\n");
  EXPECT_EQ(Run({"segments", "preview", "lost"}).code, 3);
  EXPECT_EQ(Run({"segments", "preview", "true", "--sample", "-1"}).code, 2);
  EXPECT_EQ(Run({"segments", "preview"}).code, 2);
  EXPECT_EQ(Run({"segments"}).code, 2);
}

TEST_F(CommandTest, ShowsWhatAPlaybookWouldChange) {
  const std::string path = folder_.Write("p.yaml", "name: a\nsegments: [{name: vip, when: ever('login')}]\n");
  EXPECT_EQ(Run({"diff", path}).out, "~ segments vip: when\n");
  EXPECT_THAT(Run({"diff", path, "--impact"}).out, HasSubstr("~ segments vip: when\n"));
  EXPECT_THAT(Run({"diff", path, "--impact"}).out, HasSubstr("vip: 0 -> 0 (0 would enter, 3 leave)"));
  EXPECT_THAT(Run({"diff", path, "--output", "json"}).out, HasSubstr("\"kind\":\"changed\""));
  EXPECT_EQ(Run({"--tenant", "new", "diff", path}).out, "~ name\n+ segments vip\n") << "there is none yet";
  const Result result = Run({"diff", folder_.Write("q.yaml", "nam: a\n")});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("unknown key"));
}

TEST_F(CommandTest, FitsAndShowsThePopulation) {
  EXPECT_THAT(Run({"population", "fit", "--seed", "9"}).out, StartsWith("population 9 of "));
  EXPECT_THAT(Run({"population", "show"}).out, StartsWith("population 4 of "));
  EXPECT_THAT(Run({"population", "show", "--output", "json"}).out, StartsWith("{\"version\":\"4\""));
  EXPECT_EQ(Run({"--tenant", "new", "population", "show"}).code, 4);
  EXPECT_EQ(Run({"population"}).code, 2);
}

TEST_F(CommandTest, LearnsAndShowsStageValues) {
  Result result = Run({"journey", "value"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("1,234 customers, 10 % a year"));
  EXPECT_THAT(result.out, HasSubstr("shopping\n  everyone"));
  EXPECT_THAT(result.out, HasSubstr("12.50 EUR"));
  result = Run({"journey", "value", "--learn", "--discount", "0.5", "--gone-after", "90", "--segment", "vip"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("50 % a year, gone after 90 days"));
  EXPECT_THAT(result.out, HasSubstr("\n  vip (0 customers)"));
  EXPECT_THAT(Run({"journey", "value", "--output", "json"}).out, HasSubstr("\"yearly_discount\":0.1"));
  EXPECT_EQ(Run({"--tenant", "new", "journey", "value"}).code, 4);
  EXPECT_EQ(Run({"journey", "value", "--discount", "0.5"}).code, 2) << "only with --learn";
  EXPECT_EQ(Run({"journey"}).code, 2);
}

TEST_F(CommandTest, AttributesConversions) {
  Result result = Run({"journey", "attribution", "--by", "channel", "--method", "markov,last", "--look-back", "2",
                       "--order", "3", "--segment", "vip", "--from", "1970-01-02"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, StartsWith("172,800 conversions"));
  EXPECT_THAT(result.out, HasSubstr("   touches         last       markov\n"));
  EXPECT_THAT(result.out, HasSubstr("         3         0.00         2.50  ATTRIBUTION_BY_CHANNEL, vip 86400\n"));
  result = Run({"journey", "attribution", "--output", "csv", "--method", "markov"});
  EXPECT_EQ(result.out,
            "name,touches,paths,removal_effect,markov_conversions,markov_value,currency\r\n"
            "\"ATTRIBUTION_BY_TOUCHPOINT,  0\",1,0,0.000000,2.500000,7.000000,EUR\r\n");
  EXPECT_THAT(Run({"journey", "attribution", "--output", "json"}).out, StartsWith("{"));
  EXPECT_EQ(Run({"journey", "attribution", "--method", "best"}).code, 2);
  EXPECT_EQ(Run({"journey", "attribution", "--order", "5"}).code, 2);
  EXPECT_EQ(Run({"journey", "attribution", "--from", "yesterday"}).code, 2);
}

TEST_F(CommandTest, ListsBudgets) {
  EXPECT_THAT(Run({"budgets"}).out, HasSubstr("\nvouchers "));
  EXPECT_EQ(Run({"budgets", "--output", "json"}).out,
            "{\"budgets\":[{\"name\":\"vouchers\",\"amount\":\"10\",\"taken\":\"4\",\"leased\":\"0\","
            "\"held\":\"0\",\"left\":\"6\"}]}\n");
  EXPECT_EQ(Run({"--tenant", "new", "budgets"}).code, 4);
}

TEST_F(CommandTest, SuggestsRules) {
  const Result result = Run({"segments", "suggest", "--event", "refund", "--within", "2", "--max", "5"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("5 of 172,800  refund\n"));
  EXPECT_EQ(Run({"segments", "suggest", "--max", "101"}).code, 2);
  EXPECT_EQ(Run({"segments", "suggest", "--within", "0"}).code, 2);
}

TEST_F(CommandTest, ListsMembers) {
  Result result = Run({"members", "vip"});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "c1\nc2\n");
  EXPECT_THAT(Run({"members", "vip", "--output", "json"}).out, HasSubstr("{\"customers\":[\"c1\"]"));
  EXPECT_EQ(Run({"members", "nobody"}).code, 4);
  EXPECT_EQ(Run({"members"}).code, 2);
}

TEST_F(CommandTest, WatchesUntilTheServiceEnds) {
  Result result = Run({"watch", "--cursor", "7", "--segment", "vip", "--segment", "new"});
  EXPECT_EQ(result.code, 3);
  EXPECT_EQ(result.out, "2026-05-28T20:26:40Z  c1  entered: vip, new  left: cursor_7\n");
  result = Run({"watch", "--output", "json"});
  EXPECT_EQ(std::count(result.out.begin(), result.out.end(), '\n'), 2) << "the empty one has a cursor, too";
  EXPECT_THAT(result.out, HasSubstr("\"cursor\":\"8\""));
}

TEST_F(CommandTest, ChecksOffline) {
  service_.Stop();
  const std::string path = folder_.Write("p.yaml", "name: a\nsegmants: 1\n");
  Result result = Run({"check", path});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr(path + ":2:1: segmants: unknown key \"segmants\"; did you mean `segments`?\n"
                                           "  segmants: 1\n  ^\n"));
  result = Run({"check", path, "--output", "json"});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.out, HasSubstr("\"line\":2,\"column\":1"));
  EXPECT_THAT(result.err, IsEmpty());
}

TEST_F(CommandTest, AppliesAPlaybookOrTellsItsProblems) {
  const std::string good = folder_.Write("p.yaml", "name: a\n");
  Result result = Run({"apply", good});
  EXPECT_EQ(result.code, 0) << result.err;
  EXPECT_EQ(result.out, "version 3 is served\n");
  EXPECT_EQ(Run({"apply", good, "--expected-version", "7"}).code, 4);
  result = Run({"apply", folder_.Write("q.yaml", "broken text")});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("q.yaml:1:8: segments[0].when: it is broken\n  broken text\n         ^\n"));
}

TEST_F(CommandTest, Imports) {
  folder_.Write("c.csv", "id,age\na,30\nb,old\n");
  const std::string mapping = folder_.Write(
      "m.yaml",
      "name: m\nsources:\n  - file: c.csv\n    customer: {column: id}\n    traits: [{trait: age, type: INT}]\n");
  Result result = Run({"import", mapping});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.err, HasSubstr("waymark: c.csv:3: column \"age\": expected a whole number\n"));
  EXPECT_EQ(result.out, "1 customers, 0 events recorded, 0 duplicates, 0 lines skipped, 1 refused (of 2 lines)\n");
  EXPECT_EQ(Run({"import", mapping, "--strict"}).code, 1);
  EXPECT_THAT(Run({"--output", "json", "import", mapping}).out, StartsWith("{\"customers\":1,"));
  EXPECT_EQ(Run({"import", mapping, "--data", "/nowhere"}).code, 2);
  service_.target().FailAlways(absl::FailedPreconditionError("no playbook"));
  result = Run({"import", mapping});
  EXPECT_EQ(result.code, 4);
  EXPECT_THAT(result.err, HasSubstr("FAILED_PRECONDITION: no playbook"));
}

TEST_F(CommandTest, ShowsTwentyRefusalsAndCountsTheRest) {
  std::string text = "id,age\n";
  for (int i = 0; i < 30; ++i) text += "a,old\n";
  folder_.Write("c.csv", text);
  const Result result = Run({"import", folder_.Write("m.yaml",
                                                     "name: m\nsources: [{file: c.csv, customer: {column: id}, "
                                                     "traits: [{trait: age, type: INT}]}]\n")});
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 21);
  EXPECT_THAT(result.err, HasSubstr("waymark: and 10 more refused\n"));
}

TEST_F(CommandTest, TellsTheProblemsOfAMapping) {
  const std::string path = folder_.Write("m.yaml", "name: m\nsources:\n  - file: c.csv\n    colum: x\n");
  EXPECT_THAT(Run({"import", path}).err, HasSubstr("m.yaml:4:5: sources[0].colum: unknown key \"colum\""));
  const Result result =
      Run({"import", folder_.Write("m.yaml", "name: m\nsources:\n  - file: c.csv\n    customer: {prefix: x}\n")});
  EXPECT_EQ(result.code, 1);
  EXPECT_THAT(result.err, HasSubstr("m.yaml:4:15: sources[0].customer: \"column\" is missing"));
}

TEST_F(CommandTest, ExplainsADecision) {
  const Result result = Run({"explain", "d1"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("decision d1 of "));
  EXPECT_THAT(result.out, HasSubstr("c1 at cart"));
  EXPECT_THAT(result.out, HasSubstr("- other"));
  EXPECT_THAT(Run({"explain", "--token", "t1"}).out, HasSubstr("decision of t1"));
  EXPECT_EQ(Run({"explain", "none"}).code, 4);
  EXPECT_EQ(Run({"explain"}).code, 2);
}

TEST_F(CommandTest, ReplaysTheLogIdsAndFiles) {
  EXPECT_THAT(Run({"replay"}).out, StartsWith("1 decisions made again: 1 equal, 0 different\n"));
  EXPECT_THAT(Run({"--output", "json", "replay", "--since", "2026-07-01T00:00:00Z"}).out,
              HasSubstr("since 1782864000"));
  EXPECT_EQ(Run({"replay", "--since", "yesterday"}).code, 2);
  const Result odd = Run({"replay", "even", "odd"});
  EXPECT_EQ(odd.code, 1);
  EXPECT_THAT(odd.out, HasSubstr("2 decisions made again: 1 equal, 1 different"));
  EXPECT_THAT(odd.out, HasSubstr("odd at cart: coupon -> nothing"));
  const Result gone = Run({"replay", "even", "gone"});
  EXPECT_EQ(gone.code, 2);
  EXPECT_THAT(gone.out, HasSubstr("1 decisions made again: 1 equal"));
  EXPECT_THAT(gone.err, HasSubstr("1 of what was named are no files, nor decisions of the log"));

  const std::string file = folder_.path() + "/decisions.jsonl";
  const Result exported = Run({"decisions", "export", file, "--until", "2026-07-01T00:00:00Z"});
  EXPECT_EQ(exported.code, 0);
  EXPECT_EQ(exported.out, "2 decisions in " + file + "\n");
  const Result replayed = Run({"replay", file, "even"});
  EXPECT_EQ(replayed.code, 1);
  EXPECT_THAT(replayed.out, HasSubstr("3 decisions made again: 2 equal, 1 different"));
  // Not a file of decisions.
  const std::string playbook = folder_.path() + "/playbook.yaml";
  std::ofstream(playbook) << "name: shop\n";
  EXPECT_EQ(Run({"replay", playbook}).code, 2);
  EXPECT_THAT(Run({"replay", playbook}).err, HasSubstr("playbook.yaml:1: not a line of"));
  // A difference is no failure where it was asked for.
  const Result what_if = Run({"replay", file, "--playbook", playbook});
  EXPECT_EQ(what_if.code, 0);
  EXPECT_THAT(what_if.out, HasSubstr("cart: new"));
  EXPECT_EQ(Run({"replay", "--playbook", "/nowhere.yaml"}).code, 2);
}

TEST_F(CommandTest, AuditsATrait) {
  const Result result = Run({"audit", "--trait", "gender", "--action", "coupon", "--accepted-by", "purchase"});
  EXPECT_EQ(result.code, 0);
  EXPECT_THAT(result.out, HasSubstr("gender/coupon/purchase: 1,234 customers"));
  EXPECT_EQ(Run({"audit"}).code, 2);
}

}  // namespace
}  // namespace waymark::cli
