// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

namespace significant_test {

namespace {

using lines = std::vector<std::string>;

child_spec significant(std::string id, restart r) {
  auto result = child(std::move(id), r);
  result.significant = true;
  return result;
}

flags any() {
  return with(strategy::one_for_one, 100, auto_shutdown::any_significant);
}

flags all() {
  return with(strategy::one_for_one, 100, auto_shutdown::all_significant);
}

struct trigger_case {
  restart type;
  exit_reason reason;
  bool ends;
};

class Trigger : public testing::TestWithParam<trigger_case> {};

TEST_P(Trigger, EndsTheSupervisorOnlyIfTheChildIsNotRestarted) {
  auto& param = GetParam();
  harness sup{any(), {child("a"), significant("s", param.type), child("z")}};
  sup.begin();

  sup.exit("s#1", param.reason);

  EXPECT_EQ(sup.machine.ended(), param.ends);
  if (param.ends) {
    EXPECT_EQ(sup.take().back(), "stopped shutdown");
  }
}

INSTANTIATE_TEST_SUITE_P(
  Table, Trigger,
  testing::Values(
    trigger_case{restart::transient, exit_reason::normal(), true},
    trigger_case{restart::transient, exit_reason::shutdown(), true},
    trigger_case{restart::transient, exit_reason::shutdown("x"), true},
    trigger_case{restart::transient, exit_reason::killed(), false},
    trigger_case{restart::transient, exit_reason::abnormal("x"), false},
    trigger_case{restart::temporary, exit_reason::normal(), true},
    trigger_case{restart::temporary, exit_reason::killed(), true},
    trigger_case{restart::temporary, exit_reason::abnormal("x"), true}));

TEST(Significant, OthersAreStoppedInReverseOrder) {
  harness sup{any(),
              {child("a"), significant("s", restart::transient), child("z")}};
  sup.begin();

  sup.exit("s#1", exit_reason::normal());

  EXPECT_EQ(sup.take(),
            (lines{"shutdown z#1", "down z#1 shutdown", "shutdown a#1",
                   "down a#1 shutdown", "stopped shutdown"}));
}

TEST(Significant, AnInsignificantChildNeverTriggers) {
  harness sup{any(),
              {child("a", restart::transient), child("t", restart::temporary)}};
  sup.begin();

  sup.exit("a#1", exit_reason::normal());
  sup.crash("t#1");

  EXPECT_FALSE(sup.machine.ended());
}

TEST(Significant, AllMeansTheLastActiveOne) {
  harness sup{all(),
              {significant("a", restart::transient),
               significant("b", restart::temporary), child("p")}};
  sup.begin();

  sup.crash("b#1");
  EXPECT_FALSE(sup.machine.ended());

  sup.exit("a#1", exit_reason::normal());
  EXPECT_TRUE(sup.machine.ended());
}

TEST(Significant, ARestartingOneIsActive) {
  harness sup{all(),
              {significant("a", restart::transient),
               significant("b", restart::transient)}};
  sup.begin();
  sup.starts["a"] = {start_failed{exit_reason::abnormal("nope")}};
  sup.meanwhile["a"]
    = {child_exited{sup.instances["b#1"], exit_reason::normal()}};

  sup.crash("a#1");

  EXPECT_FALSE(sup.machine.ended());
}

TEST(Significant, TerminateChildDoesNotTrigger) {
  harness sup{all(),
              {significant("a", restart::transient),
               significant("b", restart::transient)}};
  sup.begin();

  sup.ask(terminate_child{"a"});
  sup.ask(terminate_child{"b"});

  EXPECT_FALSE(sup.machine.ended());
}

TEST(Significant, TheNextExitTriggersAfterTerminateChild) {
  harness sup{all(),
              {significant("a", restart::transient),
               significant("b", restart::transient)}};
  sup.begin();
  sup.ask(terminate_child{"b"});

  sup.exit("a#1", exit_reason::normal());

  EXPECT_TRUE(sup.machine.ended());
}

TEST(Significant, ABystanderOfAGroupRestartDoesNotTrigger) {
  for (auto how : {strategy::one_for_all, strategy::rest_for_one}) {
    auto settings = any();
    settings.strategy = how;
    harness sup{settings,
                {child("a"), significant("s", restart::temporary),
                 significant("t", restart::transient)}};
    sup.begin();

    sup.crash("a#1");

    EXPECT_EQ(sup.children(), (lines{"a#2", "t#2"}));
  }
}

TEST(Significant, ACrashBeyondTheBudgetEndsTheUsualWay) {
  auto settings = any();
  settings.intensity = 0;
  harness sup{settings, {significant("s", restart::transient)}};
  sup.begin();

  sup.crash("s#1");

  EXPECT_THAT(sup.take(), testing::Contains("report shutdown s (running s#1)"));
}

} // namespace

} // namespace significant_test
