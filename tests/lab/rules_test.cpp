// SPDX-License-Identifier: BSD-3-Clause

#include "lab/examples.hpp"
#include "lab/rules.hpp"
#include "lab/story.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace rules_test {

using namespace coppice::lab;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

namespace {

// The rules before the step number `step` >= 1 of `plan`.
std::vector<std::string> before(const scenario& plan, std::size_t step) {
  engine_world world{std::make_shared<const scenario>(plan)};
  for (std::size_t i = 1; i < step; ++i)
    world.play(plan.steps[i - 1]);
  auto [rules, question] = riddle_of(world, plan.steps[step - 1]);
  rules.push_back(question);
  return rules;
}

std::vector<std::string> before(const std::string& name, std::size_t step) {
  return before(parse_scenario(find_example(name)->text, name).value(), step);
}

// A world whose top supervisor has `children` and does `steps` after the start.
scenario plan_with(const std::string& children, const std::string& step,
                   const std::string& flags = R"("strategy": "one_for_one")") {
  return parse_scenario(
           R"({"name": "x", "supervisor": {"id": "top", "flags": {)" + flags
             + R"(}, "children": [)" + children
             + R"(]}, "steps": [{"op": "start"}, )" + step + "]}",
           "text")
    .value();
}

TEST(Rules, OfACrashAreRestartTypeStrategyAndBudget) {
  EXPECT_THAT(
    before("02_one_for_all", 2),
    ElementsAre("web is permanent: it is started again after any end.",
                "top is one_for_all: for a restart all others are stopped, the "
                "last one first; then all are started.",
                "top allows 5 restarts within 60 s and has used 0; if it needs "
                "one more, it gives up.",
                "Which children are started again?"));
  EXPECT_THAT(before("03_rest_for_one", 2),
              Contains(StartsWith("top is rest_for_one: ")));
  EXPECT_THAT(before("11_simple_one_for_one", 4),
              Contains(StartsWith("top is simple_one_for_one: ")));
}

TEST(Rules, CountTheBudgetAsItIsThen) {
  for (auto& [step, used] : {std::pair{2, "0"}, {3, "1"}, {5, "0"}, {7, "2"}})
    EXPECT_THAT(before("05_intensity", static_cast<std::size_t>(step)),
                Contains(HasSubstr(std::string{"has used "} + used)))
      << step;
  EXPECT_THAT(before("05_intensity", 4),
              Contains("top allows 2 restarts within 10 s and has used 2."));
}

TEST(Rules, ClimbAsFarAsAFailureWould) {
  EXPECT_THAT(before("10_escalation", 2), Not(Contains(StartsWith("top "))));
  EXPECT_THAT(before("10_escalation", 3),
              AllOf(Contains("A supervisor that gives up stops its children "
                             "and ends with shutdown."),
                    Contains(StartsWith("net is permanent: ")),
                    Contains(StartsWith("top allows 1 restart within 60 s and "
                                        "has used 0; "))));
  EXPECT_THAT(before("05_intensity", 7),
              Contains("There is nobody above top."));
  EXPECT_THAT(before("05_intensity", 6),
              Not(Contains("There is nobody above top.")));
}

TEST(Rules, OfATemporaryChildHaveNoBudget) {
  EXPECT_THAT(before("04_restart_types", 6),
              ElementsAre("never is temporary: it is never started again, and "
                          "its specification goes with it.",
                          "Which children are started again?"));
}

TEST(Rules, NameSignificanceRetriesAndABudgetOfItsOwn) {
  EXPECT_THAT(before("09_significant", 2),
              Contains("job is significant: if it ended without a restart, top "
                       "ends, too."));
  EXPECT_THAT(before("06_retry_loop", 2),
              Contains("If a start fails, it is tried again, and each attempt "
                       "is one more restart."));
  EXPECT_THAT(before("01_one_for_one", 2),
              Not(Contains(StartsWith("If a start fails"))));
  auto own = before(plan_with(R"({"id": "a", "intensity": 2, "period": 10})",
                              R"({"op": "exit", "child": "a", "reason": "x"})"),
                    2);
  EXPECT_THAT(own, Contains("a has a budget of its own: it may have 2 restarts "
                            "within 10 s and has used 0; if it needs one more, "
                            "it stays down until there is room."));
  EXPECT_THAT(own, Not(Contains(StartsWith("top allows"))));
}

TEST(Rules, SayHowEachChildIsStopped) {
  EXPECT_THAT(
    before("08_shutdown", 2),
    ElementsAre("A supervisor stops its children before it ends, the last one "
                "first, each in its own way.",
                "takes_its_time is asked to end, and waited for as long as it "
                "takes.",
                "too_slow is asked to end, and killed if it is not done after "
                "0.1 s.",
                "killed is killed at once.",
                "obeys is asked to end, and killed if it is not done after 5 "
                "s.",
                "In which order do they end, and when is it over?"));
}

// Whatever a step is, there is a rule, and a question at the end.
TEST(Rules, AreThereForEveryStep) {
  const std::string arguments = R"(, "child": "a", "reason": "x", "ms": 5,
    "after_ms": 5, "msg": "hello")";
  for (auto* name : {"exit",
                     "kill",
                     "unlink",
                     "exit_later",
                     "start_child",
                     "terminate_child",
                     "restart_child",
                     "delete_child",
                     "get_childspec",
                     "which_children",
                     "which_child",
                     "count_children",
                     "child_signals_sup",
                     "probe_alive",
                     "parent_signal",
                     "parent_exit",
                     "exit_signal",
                     "stop",
                     "info",
                     "cast",
                     "rawcall",
                     "sleep_ms",
                     "advance_ms"}) {
    std::string spec
      = name == std::string{"start_child"}
          ? R"({"op": "start_child", "spec": {"id": "b"}})"
          : std::string{R"({"op": ")"} + name + "\"" + arguments + "}";
    auto found = before(plan_with(R"({"id": "a"})", spec), 2);
    ASSERT_GE(found.size(), 2u) << name;
    EXPECT_EQ(found.back().back(), '?') << name;
  }
}

TEST(Explain, HasTheRulesOfEachStepAndNotWhatComesOfIt) {
  for (auto& each : examples()) {
    auto plan = parse_scenario(each.text, std::string{each.name}).value();
    auto text = explain(plan);
    for (std::size_t i = 1; i <= plan.steps.size(); ++i)
      for (auto& rule : before(plan, i))
        EXPECT_THAT(text, HasSubstr("  " + rule + "\n"))
          << each.name << " " << i;
    EXPECT_THAT(text, Not(HasSubstr(" ms  "))) << each.name;
  }
}

} // namespace

} // namespace rules_test
