// SPDX-License-Identifier: BSD-3-Clause
//
// Schedules as files, and what they are expanded to.

#include "nemesis/aim.hpp"
#include "nemesis/schedule_file.hpp"
#include "support/errors.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

namespace schedule_test {

using namespace coppice;
using namespace coppice::nemesis;
using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

namespace {

nemesis::schedule good(const std::string& text,
                       const std::string& file = "t.json") {
  auto read = nemesis::parse_schedule(text, file);
  if (!read) {
    ADD_FAILURE() << to_string(read.error());
    return {};
  }
  return *std::move(read);
}

std::string wrong(const std::string& text, const std::string& file = "t.json") {
  auto read = nemesis::parse_schedule(text, file);
  return read ? "nothing is wrong" : to_string(read.error());
}

std::string with_step(const std::string& step) {
  return R"--({"name": "x", "duration": "10s", "steps": [)--" + step + "]}";
}

std::vector<std::string> told(const nemesis::schedule& plan,
                              std::uint64_t seed = 1) {
  std::vector<std::string> result;
  for (auto& each : expand(plan, seed))
    result.push_back(std::to_string(each.at.count()) + " " + describe(each));
  return result;
}

} // namespace

// -- files --------------------------------------------------------------------

TEST(NemesisFile, SaysTheSameInJsonAndToml) {
  auto json = good(R"--({"name": "x", "seed": 7, "duration": "10s", "steps": [
    {"every": "500ms", "jitter": "10ms", "fault": "kill_random", "target": "a",
     "within_budget": true},
    // a comment
    {"at": "2s", "for": "1s", "fault": "arm", "point": "net.recv",
     "term": "5%delay(20ms)"},
    {"at": "3s", "fault": "toxic",
     "toxic": {"type": "latency", "attributes": {"latency": 5}}}]
})--");
  auto toml = good(R"--(
name = "x"
seed = 7
duration = "10s"
[[steps]] # a comment
every = "500ms"
jitter = "10ms"
fault = "kill_random"
target = "a"
within_budget = true
[[steps]]
at = "2s"
for = "1s"
fault = "arm"
point = "net.recv"
term = "5%delay(20ms)"
[[steps]]
at = "3s"
fault = "toxic"
toxic = { type = "latency", attributes = { latency = 5 } }
)--",
                   "t.toml");

  EXPECT_EQ(json.seed, 7U);
  EXPECT_EQ(json.duration, 10s);
  ASSERT_EQ(json.steps.size(), 3U);
  EXPECT_EQ(expand(json, 7), expand(toml, 7));
}

TEST(NemesisFile, SaysWhereAMistakeIsAndWhatWasExpected) {
  struct {
    const char* step;
    const char* says;
  } const cases[]{
    {R"--({"at": "1s", "fault": "kil", "target": "a"})--",
     "/steps/0/fault: expected arm, kill, kill_random"},
    {R"--({"fault": "kill", "target": "a"})--",
     "/steps/0: expected either \"at\" or \"every\", found neither"},
    {R"--({"at": "1s", "every": "1s", "fault": "kill", "target": "a"})--",
     "found both"},
    {R"--({"at": "1s", "fault": "kill"})--",
     "/steps/0: expected a member \"target\""},
    {R"--({"at": "1s", "fault": "kill", "target": "a", "tarmac": 1})--",
     "/steps/0/tarmac: unknown key; expected one of fault, at"},
    {R"--({"at": "1s", "fault": "kill", "target": "a", "for": "1s"})--",
     "/steps/0/for: unknown key"},
    {R"--({"at": 1, "fault": "kill", "target": "a"})--",
     "/steps/0/at: expected a time from 0ms to 86400s"},
    {R"--({"at": "1s)->hang(2s", "fault": "kill", "target": "a"})--",
     "expected a time"},
    {R"--({"at": "10s", "fault": "kill", "target": "a"})--",
     "/steps/0/at: expected a time before the end of the schedule (10000ms)"},
    {R"--({"every": "1ms", "fault": "kill", "target": "a"})--",
     "/steps/0/every: expected a time from 10ms"},
    {R"--({"every": "1s", "for": "1s", "fault": "suspend", "target": "a"})--",
     "/steps/0/for: expected less than \"every\""},
    {R"--({"at": "1s", "fault": "arm", "point": "p", "term": "drp"})--",
     "/steps/0/term: at 0: expected an action"},
    {R"--({"at": "1s", "fault": "arm", "point": "p", "term": "abort"})--",
     "without abort"},
    {R"--({"at": "1s", "fault": "stall", "reactor": 0, "time": "2m"})--",
     "/steps/0/time: expected a time from 1ms to 60s"},
    {R"--({"at": "1s", "fault": "flood", "target": "a", "count": 0})--",
     "/steps/0/count: expected an integer of at least 1"},
    {R"--({"at": "1s", "fault": "toxic", "toxic": {"typ": "down"}})--",
     "/steps/0/toxic/typ: unknown key"},
    {R"--({"at": "1s", "fault": "toxic", "toxic": {"type": "latncy"}})--",
     "did you mean latency?"},
    {R"--({"at": "1s", "fault": "toxic", "toxic": {"type": "latency"}})--",
     "/steps/0/toxic: expected attributes, such as latency=100"},
    {R"--({"at": "1s", "fault": "toxic", "toxic": {"type": "bandwidth",
      "attributes": {"raet": 5}}})--",
     "/steps/0/toxic/attributes/raet: a bandwidth toxic has rate"},
  };
  for (auto& each : cases)
    EXPECT_THAT(wrong(with_step(each.step)), HasSubstr(each.says));
}

TEST(NemesisFile, RefusesWhatIsNoScheduleAtAll) {
  EXPECT_THAT(wrong("{"), HasSubstr("t.json: expected JSON: "));
  EXPECT_THAT(wrong("name = ", "t.toml"),
              HasSubstr("t.toml: expected TOML: line 1, column"));
  EXPECT_THAT(wrong("[[ =", "t.toml"), HasSubstr("t.toml: expected TOML: "));
  EXPECT_THAT(
    wrong("name = \"x\"\nat = 3a\xd0\xa2", "t.toml"),
    HasSubstr("t.toml: expected TOML: line 2, column 8: a letter beyond "
              "ASCII has to be in double quotes or in a comment"));
  EXPECT_THAT(wrong("# \xd0\xa2\nname = \"\xd0\xa2\"", "t.toml"),
              HasSubstr("expected a member"));
  EXPECT_THAT(wrong("name = 1979-05-27", "t.toml"),
              HasSubstr("/name: expected no date or time"));
  EXPECT_THAT(wrong(R"--({"name": "x", "duration": "1s", "steps": []})--"),
              HasSubstr("/steps: expected at least one step"));
  EXPECT_THAT(wrong(R"--({"name": "x", "duration": "1s"})--"),
              HasSubstr("expected a member \"steps\""));
  EXPECT_THAT(wrong(R"--({"name": "x", "duration": "25h", "steps": []})--"),
              HasSubstr("/duration: expected a time"));
  EXPECT_THAT(wrong(R"--({"name": "x", "duration": "1440m", "steps": [
    {"every": "10ms", "fault": "kill", "target": "a"}]})--"),
              HasSubstr("/duration: expected at most 1000000 faults"));
  EXPECT_THAT(
    wrong(R"--({"name": "x", "duration": "1s", "include": ["monky"]})--"),
    HasSubstr("/include/0: expected the name of a preset"));
  auto missing = nemesis::load_schedule("/nowhere/x.json");
  ASSERT_FALSE(missing);
  EXPECT_THAT(to_string(missing.error()),
              HasSubstr("cannot be read: No such file"));
}

TEST(NemesisFile, IncludesPresets) {
  auto plan = good(R"--({"name": "x", "duration": "1m",
                       "include": ["acceptor_storm", "brownout"]})--");

  auto steps = good(nemesis::find_preset("acceptor_storm")->text).steps.size()
               + good(nemesis::find_preset("brownout")->text).steps.size();
  EXPECT_EQ(plan.steps.size(), steps);
}

TEST(NemesisPresets, AreOneJsonObjectEach) {
  for (auto& each : nemesis::presets()) {
    auto read = nlohmann::json::parse(each.text, nullptr, false);
    ASSERT_TRUE(read.is_object()) << each.name;
    EXPECT_EQ(read["name"], each.name);
    // As a person would write it: what closes the object ends the last line.
    EXPECT_TRUE(each.text.starts_with("{\n  \"name\"")) << each.text;
    EXPECT_TRUE(each.text.ends_with("\n  ]\n}\n")) << each.text;
  }
}

TEST(NemesisPresets, AreSchedulesThatHarmNoBytes) {
  std::vector<std::string> names;
  for (auto& each : nemesis::presets()) {
    names.push_back(each.name);
    auto plan = good(each.text);
    EXPECT_FALSE(harms_bytes(plan)) << each.name;
    EXPECT_FALSE(expand(plan, 1).empty()) << each.name;
    EXPECT_FALSE(each.about.empty()) << each.name;
  }
  EXPECT_THAT(names, ElementsAre("monkey", "budget_burn", "rolling_restart",
                                 "acceptor_storm", "brownout", "reload_storm",
                                 "tls_storm"));
}

TEST(NemesisSchedule, MayBeAboutTls) {
  auto plan = good(R"--({"name": "x", "duration": "1s", "tls": true,
    "stalled_handshakes": 7, "steps": [{"at": "0ms", "fault": "reload"}]})--");
  EXPECT_TRUE(plan.tls);
  EXPECT_EQ(plan.stalled_handshakes, 7U);

  auto without = parse_schedule(R"--({"name": "x", "duration": "1s",
    "stalled_handshakes": 7, "steps": [{"at": "0ms", "fault": "reload"}]})--",
                                "x.json");
  ASSERT_FALSE(without);
  EXPECT_THAT(to_string(without.error()), HasSubstr("\"tls\": true"));
}

TEST(NemesisSchedule, SaysThatItHarmsBytesOfTls) {
  EXPECT_TRUE(harms_bytes(good(R"--({"name": "x", "duration": "1s", "steps": [
    {"at": "0ms", "fault": "arm", "point": "tls.read", "term": "drop"}]})--")));
}

// -- expansion ----------------------------------------------------------------

TEST(NemesisExpansion, PutsStepsInOrderAndUndoesThem) {
  auto plan = good(R"--({"name": "x", "duration": "4s", "steps": [
    {"every": "1s", "from": "500ms", "until": "3s", "fault": "kill",
     "target": "a/*", "reason": "boom"},
    {"at": "1s", "for": "1s", "fault": "suspend", "target": "b"},
    {"at": "3500ms", "for": "1s", "fault": "arm", "point": "p",
     "term": "drop"}]})--");

  EXPECT_THAT(told(plan),
              ElementsAre("500 kill a/* boom", "1000 suspend b",
                          "1500 kill a/* boom", "2000 undo suspend b",
                          "2500 kill a/* boom", "3500 arm p drop"));
}

TEST(NemesisExpansion, IsTheSameForTheSameSeed) {
  auto plan = good(nemesis::find_preset("monkey")->text);

  EXPECT_EQ(expand(plan, 7), expand(plan, 7));
  EXPECT_NE(expand(plan, 7), expand(plan, 8));
}

TEST(NemesisExpansion, OfAStepDoesNotDependOnTheOthers) {
  auto one = with_step(R"--({"every": "1s", "jitter": "500ms",
                           "fault": "kill_random", "target": "a"})--");
  auto plan = good(one);
  auto alone = told(plan);
  plan.steps.push_back({.from = 1ms, .what = {.target = "b"}});
  auto both = told(plan);

  both.erase(both.begin());
  EXPECT_EQ(both, alone);
}

TEST(NemesisExpansion, JittersWithinItsBound) {
  auto plan = good(with_step(R"--({"every": "1s", "jitter": "500ms",
                                 "fault": "kill", "target": "a"})--"));
  auto all = expand(plan, 3);

  ASSERT_EQ(all.size(), 9U);
  for (auto& each : all) {
    EXPECT_GE(each.at, (each.turn + 1) * 1s);
    EXPECT_LE(each.at, (each.turn + 1) * 1s + 500ms);
  }
}

TEST(NemesisSchedule, KnowsHowLongItMakesOthersWait) {
  auto wait
    = [](const char* step) { return longest_wait(good(with_step(step))); };
  EXPECT_EQ(wait(R"--({"at": "1s", "fault": "kill", "target": "a"})--"), 0ms);
  EXPECT_EQ(wait(R"--({"at": "1s", "fault": "arm", "point": "p",
                     "term": "5%delay(20ms)->delay(70ms)"
})--"),
            70ms);
  EXPECT_EQ(wait(R"--({"at": "1s", "for": "2s", "fault": "arm", "point": "p",
                     "term": "hang"})--"),
            2s);
  EXPECT_EQ(wait(R"--({"at": "1s", "fault": "suspend", "target": "a"})--"),
            10s);
  EXPECT_EQ(wait(R"--({"at": "1s", "fault": "toxic", "toxic": {
                     "type": "latency",
                     "attributes": {"latency": 40, "jitter": 2}}})--"),
            42ms);
}

TEST(NemesisSchedule, KnowsWhenItHarmsBytes) {
  EXPECT_TRUE(harms_bytes(good(with_step(
    R"--({"at": "1s", "fault": "arm", "point": "net.recv", "term": "1%drop"})--"))));
  EXPECT_FALSE(harms_bytes(good(with_step(
    R"--({"at": "1s", "fault": "arm", "point": "net.recv", "term": "1%kill"})--"))));
}

// -- aim ----------------------------------------------------------------------

namespace {

std::vector<nemesis::target> actors() {
  return {{.path = "top", .running = true, .intensity = 2, .period = 5s},
          {.path = "top/a:1", .worker = true, .running = true},
          {.path = "top/a:2", .worker = true, .running = true},
          {.path = "top/b", .worker = true, .running = false}};
}

nemesis::moment of(nemesis::fault_kind fault, const std::string& target,
                   std::uint64_t number = 0) {
  return {.turn = number,
          .chance = number,
          .what = {.fault = fault, .target = target}};
}

} // namespace

TEST(NemesisAim, TakesOneAfterTheOtherOfThoseThatMatch) {
  nemesis::aim aim;
  std::vector<std::string> struck;
  for (std::uint64_t turn = 0; turn < 3; ++turn)
    struck.push_back(
      aim.pick(of(nemesis::fault_kind::suspend, "top/a:*", turn), actors(), 0ms)
        .value());

  EXPECT_THAT(struck, ElementsAre("top/a:1", "top/a:2", "top/a:1"));
}

TEST(NemesisAim, PicksRunningWorkersBelowTheTargetByChance) {
  nemesis::aim aim;

  EXPECT_EQ(
    aim.pick(of(nemesis::fault_kind::kill_random, "top", 3), actors(), 0ms)
      .value(),
    "top/a:2");
  auto nobody = aim.pick(of(nemesis::fault_kind::kill, "top/b"), actors(), 0ms);
  ASSERT_FALSE(nobody);
  EXPECT_EQ(nobody.error().why, "there is no running actor at top/b");
}

TEST(NemesisAim, SparesWhomNoRestartIsLeftFor) {
  nemesis::aim aim;
  auto kill = of(nemesis::fault_kind::kill, "top/a:1");
  kill.what.within_budget = true;

  EXPECT_EQ(aim.pick(kill, actors(), 0ms).value(), "top/a:1");
  EXPECT_EQ(aim.pick(kill, actors(), 1s).value(), "top/a:1");
  auto spared = aim.pick(kill, actors(), 5s); // the first is in the window
  EXPECT_TRUE(coppice::test::error_of(spared).spared);
  EXPECT_EQ(aim.pick(kill, actors(), 5001ms).value(), "top/a:1");

  auto used = actors();
  used[0].budget_used = 2; // by others
  EXPECT_TRUE(coppice::test::error_of(aim.pick(kill, used, 1min)).spared);
}

TEST(NemesisAim, AsksTheBudgetThatAChildHasOfItsOwn) {
  nemesis::aim aim;
  auto kill = of(nemesis::fault_kind::kill, "top/a:1");
  kill.what.within_budget = true;
  auto all = actors();
  all[0].intensity = 0; // nobody asks the supervisor's
  all[1].own
    = coppice::supervision::own_budget{.used = 0, .intensity = 1, .period = 3s};

  EXPECT_EQ(aim.pick(kill, all, 0ms).value(), "top/a:1");
  EXPECT_TRUE(coppice::test::error_of(aim.pick(kill, all, 3s)).spared);
  EXPECT_EQ(aim.pick(kill, all, 3001ms).value(), "top/a:1");
}

} // namespace schedule_test
