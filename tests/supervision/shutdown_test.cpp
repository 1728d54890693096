// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

#include <variant>

namespace shutdown_test {

namespace {

using lines = std::vector<std::string>;

child_spec with_shutdown(shutdown how, restart r = restart::permanent) {
  auto result = child("a", r);
  result.shutdown = how;
  return result;
}

TEST(Shutdown, WaitsFiveSecondsForAWorkerByDefault) {
  harness sup{with(strategy::one_for_one), {child("a")}};
  sup.stubborn = {"a"};
  sup.begin();

  sup.ask(terminate_child{"a"});

  EXPECT_EQ(sup.take(), (lines{"shutdown a#1", "timer 5000"}));
}

TEST(Shutdown, WaitsForEverForASupervisorByDefault) {
  auto nested = child("a");
  nested.type = child_type::supervisor;
  harness sup{with(strategy::one_for_one), {nested}};
  sup.stubborn = {"a"};
  sup.begin();

  sup.ask(terminate_child{"a"});

  EXPECT_EQ(sup.take(), lines{"shutdown a#1"});
}

TEST(Shutdown, KillsWhatIsTooSlowAndReportsIt) {
  harness sup{with(strategy::one_for_one),
              {with_shutdown(shutdown::within(50ms))}};
  sup.stubborn = {"a"};
  sup.begin();
  sup.ask(terminate_child{"a"});
  sup.take();

  sup.send(timer_fired{sup.timer});

  EXPECT_EQ(sup.take(),
            (lines{"kill a#1", "down a#1 killed",
                   "report shutdown_error a (running a#1) killed", "reply"}));
}

TEST(Shutdown, OfZeroKillsAtOnce) {
  harness sup{with(strategy::one_for_one),
              {with_shutdown(shutdown::within(0ms))}};
  sup.begin();

  sup.ask(terminate_child{"a"});

  EXPECT_EQ(sup.take(),
            (lines{"shutdown a#1", "kill a#1", "down a#1 shutdown", "reply"}));
}

TEST(Shutdown, BrutalKillOnlyKills) {
  harness sup{with(strategy::one_for_one),
              {with_shutdown(shutdown::brutal_kill())}};
  sup.begin();

  sup.ask(terminate_child{"a"});

  EXPECT_EQ(sup.take(), (lines{"kill a#1", "down a#1 killed", "reply"}));
}

TEST(Shutdown, IgnoresATimerThatIsOverdue) {
  harness sup{with(strategy::one_for_one),
              {with_shutdown(shutdown::within(50ms))}};
  sup.begin();
  sup.ask(terminate_child{"a"});
  sup.ask(restart_child{"a"});
  sup.take();

  sup.send(timer_fired{sup.timer});

  EXPECT_TRUE(sup.take().empty());
}

TEST(Shutdown, ServesNothingElseMeanwhile) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.stubborn = {"a"};
  sup.begin();
  sup.ask(terminate_child{"a"});
  sup.take();

  sup.ask(which_children{});
  sup.crash("b#1");
  EXPECT_TRUE(sup.take().empty());

  sup.exit("a#1", exit_reason::shutdown());
  EXPECT_EQ(sup.take(), (lines{"down a#1 shutdown", "reply", "reply",
                               "report child_terminated b (running b#1) boom",
                               "start b#2"}));
}

TEST(Shutdown, TakesADeathThatWaitsForAnAnswerAndNeverRestarts) {
  harness sup{with(strategy::one_for_one), {child("a"), child("z")}};
  sup.stubborn = {"z"};
  sup.begin();
  sup.send(parent_exited{exit_reason::shutdown()});
  sup.crash("a#1");
  sup.take();

  sup.exit("z#1", exit_reason::shutdown());

  EXPECT_EQ(
    sup.take(),
    (lines{"down z#1 shutdown", "shutdown a#1", "down a#1 boom",
           "report shutdown_error a (running a#1) boom", "stopped shutdown"}));
}

TEST(Shutdown, EndsWithTheReasonOfTheParent) {
  for (auto& reason : {exit_reason::normal(), exit_reason::shutdown(),
                       exit_reason::abnormal("boom")}) {
    harness sup{with(strategy::one_for_one), {child("a")}};
    sup.begin();

    sup.send(parent_exited{reason});

    EXPECT_EQ(sup.take().back(), "stopped " + to_string(reason));
  }
}

struct stop_reason_case {
  restart type;
  bool brutal;
  exit_reason reason;
  bool reported;
};

class StopReason : public testing::TestWithParam<stop_reason_case> {};

TEST_P(StopReason, IsReportedIfItIsBad) {
  auto& param = GetParam();
  harness sup{with(strategy::one_for_one),
              {with_shutdown(param.brutal ? shutdown::brutal_kill()
                                          : shutdown::infinity(),
                             param.type)}};
  sup.begin();
  sup.meanwhile["b"] = {request{99, terminate_child{"a"}},
                        child_exited{sup.instances["a#1"], param.reason}};

  sup.ask(start_child{child("b")});

  auto text
    = "report shutdown_error a (running a#1) " + to_string(param.reason);
  EXPECT_EQ(testing::Value(sup.take(), testing::Contains(text)),
            param.reported);
  EXPECT_TRUE(std::holds_alternative<done>(sup.answer(99)));
}

INSTANTIATE_TEST_SUITE_P(
  Table, StopReason,
  testing::Values(
    stop_reason_case{restart::permanent, false, exit_reason::shutdown(), false},
    stop_reason_case{restart::permanent, false, exit_reason::normal(), true},
    stop_reason_case{restart::permanent, false, exit_reason::shutdown("x"),
                     true},
    stop_reason_case{restart::permanent, false, exit_reason::killed(), true},
    stop_reason_case{restart::transient, false, exit_reason::normal(), false},
    stop_reason_case{restart::transient, false, exit_reason::shutdown("x"),
                     false},
    stop_reason_case{restart::temporary, false, exit_reason::abnormal("x"),
                     true},
    stop_reason_case{restart::permanent, true, exit_reason::killed(), false},
    stop_reason_case{restart::permanent, true, exit_reason::shutdown(), true},
    stop_reason_case{restart::permanent, true, exit_reason::normal(), true},
    stop_reason_case{restart::transient, true, exit_reason::shutdown(), false},
    stop_reason_case{restart::temporary, true, exit_reason::normal(), false},
    stop_reason_case{restart::transient, true, exit_reason::abnormal("x"),
                     true}));

} // namespace

} // namespace shutdown_test
