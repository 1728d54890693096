// SPDX-License-Identifier: BSD-3-Clause

#include "lab/compare.hpp"
#include "lab/engine_world.hpp"
#include "lab/random_scenario.hpp"
#include "lab/scenario.hpp"

#include <gtest/gtest.h>

namespace scenario_test {

using namespace coppice::lab;

namespace {

struct mistake_case {
  std::string name;
  std::string text;
  std::string error;
};

class Mistake : public testing::TestWithParam<mistake_case> {};

TEST_P(Mistake, NamesFilePathAndExpectation) {
  auto result = parse_scenario(GetParam().text, "t.json");

  ASSERT_FALSE(result);
  auto error = result.error();
  EXPECT_TRUE(error.place);
  error.place.reset();
  EXPECT_EQ(to_string(error), GetParam().error);
}

std::string with_child(const std::string& child) {
  return R"({"name":"t","supervisor":{"id":"top","children":[)" + child
         + R"(]},"steps":[]})";
}

std::string with_step(const std::string& step) {
  return R"({"name":"t","supervisor":{"id":"top","children":[]},"steps":[)"
         + step + "]}";
}

INSTANTIATE_TEST_SUITE_P(
  Table, Mistake,
  testing::Values(
    mistake_case{"Restart", with_child(R"({"id":"a","restart":"always"})"),
                 "t.json: /supervisor/children/0/restart: expected permanent, "
                 "transient or temporary, found \"always\""},
    mistake_case{"Id", with_child("{}"),
                 "t.json: /supervisor/children/0: expected a member \"id\", "
                 "found none"},
    mistake_case{"MisspeltFlag",
                 R"({"name":"t","supervisor":{"id":"top","flags":
                 {"intensitty":3},"children":[]},"steps":[]})",
                 "t.json: /supervisor/flags/intensitty: there is no flag "
                 "\"intensitty\"; did you mean intensity?"},
    mistake_case{"MisspeltChild",
                 R"({"name":"t","supervisor":{"id":"top","children":
                 [{"id":"web"}]},"steps":[{"op":"kill","child":"wbe"}]})",
                 "t.json: /steps/0/child: there is no child or supervisor "
                 "\"wbe\"; did you mean web?"},
    mistake_case{"MisspeltChildWhileAnotherStarts",
                 R"({"name":"t","supervisor":{"id":"top","children":
                 [{"id":"web","starts":[{"during":[{"op":"kill",
                 "child":"wbe"}],"then":"ok"}]}]},"steps":[]})",
                 "t.json: /supervisor/children/0/starts/0/during/0/child: "
                 "there is no child or supervisor \"wbe\"; did you mean web?"},
    mistake_case{"UnknownChild", with_step(R"({"op":"start"},{"op":"exit",
                 "child":"nobody","reason":"boom"})"),
                 "t.json: /steps/1/child: there is no child or supervisor "
                 "\"nobody\""},
    mistake_case{"DeedBeforeTheStart",
                 R"({"name":"t","supervisor":{"id":"top","children":
                 [{"id":"web"}]},"steps":[{"op":"advance_ms","ms":5},
                 {"op":"kill","child":"web"},{"op":"start"}]})",
                 "t.json: /steps/1/op: nobody runs before the step start"},
    mistake_case{"MisspeltOperation", with_step(R"({"op":"kil"})"),
                 "t.json: /steps/0/op: expected one of start, exit, kill, "
                 "unlink, exit_later, start_child, terminate_child, "
                 "restart_child, delete_child, get_childspec, which_children, "
                 "which_child, count_children, child_signals_sup, "
                 "probe_alive, parent_signal, parent_exit, exit_signal, stop, "
                 "info, cast, rawcall, sleep_ms, advance_ms, found \"kil\"; "
                 "did you mean kill?"},
    mistake_case{"MisspeltKey",
                 R"({"name":"t","supervisor":{"id":"top","children":[]},
                 "steps":[],"abuot":"x"})",
                 "t.json: /abuot: unknown key; expected one of name, about, "
                 "supervisor, steps; did you mean about?"},
    mistake_case{"Type", with_child(R"({"id":"a","type":"odd"})"),
                 "t.json: /supervisor/children/0/type: expected worker or "
                 "supervisor, found \"odd\""},
    mistake_case{"Shutdown", with_child(R"({"id":"a","shutdown":"soon"})"),
                 "t.json: /supervisor/children/0/shutdown: expected "
                 "milliseconds, \"infinity\" or \"brutal_kill\", found "
                 "\"soon\""},
    mistake_case{"During", with_child(R"({"id":"a","starts":[{"during":[]}]})"),
                 "t.json: /supervisor/children/0/starts/0: expected a member "
                 "\"then\", found none"},
    mistake_case{"Reason", with_step(R"({"op":"stop","reason":7})"),
                 "t.json: /steps/0/reason: expected a word or [\"shutdown\", "
                 "word], found 7"},
    mistake_case{"Time", with_step(R"({"op":"advance_ms","ms":-1})"),
                 "t.json: /steps/0/ms: expected an integer of at least 0, "
                 "found -1"},
    mistake_case{"Name", R"({"supervisor":{},"steps":[]})",
                 "t.json: /: expected a member \"name\", found none"}),
  [](auto& param) { return param.param.name; });

TEST(Mistakes, HaveALineAndAColumn) {
  auto result = parse_scenario(R"({"name":"t", // a comment
  "supervisor":{"id":"top","flags":
    {"intensitty":3},"children":[]},"steps":[]})",
                               "t.json");

  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error()),
            "t.json:3:6: /supervisor/flags/intensitty: there is no flag "
            "\"intensitty\"; did you mean intensity?");
}

TEST(Mistakes, OfSpellingAreNotOverlooked) {
  auto result
    = parse_scenario(with_child(R"({"id":"a","restarts":"x"})"), "t.json");

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().path, "/supervisor/children/0/restarts");
}

TEST(Mistakes, InJsonItselfNameTheFile) {
  for (auto* text : {"{", R"({"name": 1e999})"}) {
    auto result = parse_scenario(text, "t.json");

    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().file, "t.json");
  }
}

TEST(Mistakes, OfTooManyLevelsAreFoundBeforeTheStackEnds) {
  std::string front = R"({"name":"t","steps":[],"supervisor":)";
  std::string back;
  for (auto i = 0; i < 20'000; ++i) {
    front += R"({"id":"x","children":[)";
    back += "]}";
  }

  auto result = parse_scenario(front + back + "}", "t.json");

  ASSERT_FALSE(result);
  EXPECT_EQ(to_string(result.error()),
            "t.json: expected at most 200 levels, found more");
}

TEST(Mistakes, OfTimesBeyondAYearAreRefused) {
  for (auto* ms : {"31536000001", "18446744073709551615"}) {
    auto result = parse_scenario(
      with_step(std::string{R"({"op":"advance_ms","ms":)"} + ms + "}"),
      "t.json");

    ASSERT_FALSE(result);
    EXPECT_EQ(
      to_string(result.error()),
      std::string{"t.json:1:81: /steps/0/ms: expected an integer of at most "
                  "31536000000, found "}
        + ms);
  }
}

TEST(Scenario, MayHaveComments) {
  auto result = parse_scenario("// one\n"
                                 + with_step(R"(/* two */
    {"op": "start"} // three)"
                                             "\n"),
                               "t.json");

  ASSERT_TRUE(result);
  EXPECT_EQ(result.value().steps.size(), 1u);
}

std::vector<std::string> replies(const std::string& text) {
  auto plan = parse_scenario(text, "t.json").value();
  std::vector<std::string> result;
  for (auto& ev : to_trace(play(plan)))
    if (ev["e"] == "reply")
      result.push_back(ev["op"].get<std::string>() + " "
                       + ev["res"].get<std::string>());
  return result;
}

using lines = std::vector<std::string>;

TEST(Stop, AnswersWhenTheSupervisorIsDown) {
  auto found = replies(R"({"name":"t","supervisor":{"id":"top","children":[
    {"id":"a","shutdown":"infinity","on_shutdown":{"delay_ms":20}}]},"steps":[
    {"op":"stop"},{"op":"start"},{"op":"stop","reason":"boom"},{"op":"stop"},
    {"op":"probe_alive","child":"a"}]})");

  EXPECT_EQ(found,
            (lines{"stop {'EXIT',noproc}", "start {ok,'top#1'}", "stop ok",
                   "stop {'EXIT',noproc}", "probe_alive false"}));
}

TEST(Stop, OfAStartFunctionHasNobodyWhoWaits) {
  auto found = replies(R"({"name":"t","supervisor":{"id":"top","children":[
    {"id":"a","starts":[{"during":[{"op":"stop"}],"then":"ok"}]}]},"steps":[
    {"op":"start"}]})");

  EXPECT_EQ(found, lines{"start {ok,'top#1'}"});
}

// OTP 29.1.2 does not find it, though its which_children lists it.
TEST(WhichChild, FindsARestartingDynamicChild) {
  auto found = replies(R"({"name":"t","supervisor":{"id":"top",
    "flags":{"strategy":"simple_one_for_one","intensity":5},
    "children":[{"id":"w","starts":["ok",{"during":[
      {"op":"which_child","pid_of":"x","n":1}],"then":{"error":"no"}},"ok"]}]},
    "steps":[{"op":"start"},{"op":"start_child","args":["x"]},
      {"op":"exit","child":"x","reason":"boom"},
      {"op":"which_child","pid_of":"x"}]})");

  EXPECT_EQ(found, (lines{"start {ok,'top#1'}", "start_child {ok,'x#1'}",
                          "which_child {ok,{undefined,restarting}}",
                          "which_child {ok,{undefined,'x#3'}}"}));
}

// What a start function throws or returns, and what becomes of its supervisor.
struct said_case {
  std::string name;
  std::string start;
  std::string reply;
};

class Said : public testing::TestWithParam<said_case> {};

TEST_P(Said, CountsAsWhatItSays) {
  auto found = replies(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"a","starts":[)"
    + GetParam().start + R"(]}]},"steps":[{"op":"start"}]})");

  EXPECT_EQ(found, lines{"start " + GetParam().reply});
}

std::string failed(const std::string& reason) {
  return "{error,{shutdown,{failed_to_start_child,a," + reason + "}}}";
}

INSTANTIATE_TEST_SUITE_P(
  Table, Said,
  testing::Values(
    said_case{"ThrownIgnore", R"({"throw":"ignore"})", "{ok,'top#1'}"},
    said_case{"ReturnedIgnore", R"({"value":"ignore"})", "{ok,'top#1'}"},
    said_case{"ThrownError", R"({"throw":["error","x"]})", failed("x")},
    said_case{"ReturnedError", R"({"value":["$tuple","error","x"]})",
              failed("x")},
    said_case{"ErrorOfAnError", R"({"throw":["error",["error","x"]]})",
              failed("{error,x}")},
    said_case{"LongerThanAnError", R"({"value":["error","x","y"]})",
              failed("{error,x,y}")},
    said_case{"SuccessWithoutAProcess", R"({"throw":["ok","x"]})",
              failed("{ok,x}")},
    said_case{"Exit", R"({"exit":"ignore"})", failed("{'EXIT',ignore}")},
    said_case{"Raise", R"({"raise":"ignore"})",
              failed("{'EXIT',{ignore,'$stack'}}")},
    said_case{"Error", R"({"error":"ignore"})", failed("ignore")}),
  [](auto& param) { return param.param.name; });

TEST(VirtualTime, DecidesWhetherRestartsCountTogether) {
  for (auto [ms, last] :
       {std::pair{"1000", "sup_exit"}, std::pair{"2000", "sup_alive"}}) {
    auto plan
      = parse_scenario(
          R"({"name":"t","supervisor":{"id":"top","flags":{"intensity":1,)"
          R"("period":1},"children":[{"id":"a"}]},"steps":[{"op":"start"},)"
          R"({"op":"kill","child":"a"},{"op":"advance_ms","ms":)"
            + std::string{ms} + R"(},{"op":"kill","child":"a"}]})",
          "t.json")
          .value();

    EXPECT_EQ(to_trace(play(plan)).back()["e"], last);
  }
}

TEST(EngineWorld, ReplaysARandomScenarioExactly) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    auto plan
      = read_scenario(random_scenario(seed), std::to_string(seed)).value();

    EXPECT_EQ(to_trace(play(plan)), to_trace(play(plan))) << seed;
  }
}

TEST(Compare, FindsTheFirstDifferenceOfASupervisor) {
  scenario plan;
  trace left{event::retry("a", "x"), event::retry("b", "y")};
  trace right{event::retry("b", "y"), event::retry("a", "z")};

  auto found = compare(left, right, plan);

  ASSERT_TRUE(found.has_value());
  EXPECT_EQ(found->sup, "a");
  EXPECT_EQ(found->index, 0u);
}

TEST(Compare, OrdersEventsOnlyWithinASupervisor) {
  scenario plan;
  trace left{event::retry("a", "x"), event::retry("b", "y")};
  trace right{event::retry("b", "y"), event::retry("a", "x")};

  EXPECT_FALSE(compare(left, right, plan).has_value());
}

TEST(Compare, MissesAnEventAtTheEnd) {
  scenario plan;
  trace left{event::retry("a", "x"), event::retry("a", "y")};
  trace right{event::retry("a", "x")};

  auto found = compare(left, right, plan);

  ASSERT_TRUE(found.has_value());
  EXPECT_FALSE(found->actual.has_value());
}

} // namespace

// Else it would look like a misspelt `helped`.
TEST(Scenario, KnowsTheNamesOfStepsWhileAChildStarts) {
  auto result = parse_scenario(
    R"({"name":"t","supervisor":{"id":"top","children":[{"id":"helped",
        "starts":[{"during":[{"op":"start_child","spec":{"id":"helper"}}],
        "then":"ok"}]}]},"steps":[{"op":"start"},
        {"op":"kill","child":"helper"}]})",
    "t.json");

  EXPECT_TRUE(result) << to_string(result.error());
}

} // namespace scenario_test
