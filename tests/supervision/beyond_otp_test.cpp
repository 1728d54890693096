// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"
#include "support/errors.hpp"

#include <cstdint>

namespace beyond_otp_test {

using lines = std::vector<std::string>;
using coppice::test::error_of;
using testing::Contains;
using testing::ElementsAre;

namespace {

// -- back-off -----------------------------------------------------------------

child_spec patient(double jitter = 0) {
  auto result = child("a");
  result.backoff = backoff{100ms, 1000ms, 2, jitter, 10s};
  return result;
}

TEST(Backoff, WaitsBeforeARestart) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();

  sup.crash("a#1");
  EXPECT_THAT(sup.children(), ElementsAre("a restarting"));
  sup.wait(99ms);
  EXPECT_THAT(sup.children(), ElementsAre("a restarting"));
  sup.wait(1ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#2"));
}

TEST(Backoff, GrowsByItsFactorUpToItsLimit) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();

  for (auto n = 1; n <= 6; ++n) {
    sup.crash("a#" + std::to_string(n));
    sup.wait(1s);
  }

  EXPECT_THAT(sup.delays,
              ElementsAre(100ms, 200ms, 400ms, 800ms, 1000ms, 1000ms));
}

TEST(Backoff, BeginsAgainAfterAQuietPeriod) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();
  sup.crash("a#1");
  sup.wait(100ms);
  sup.crash("a#2");
  sup.wait(200ms);

  sup.wait(10s);
  sup.crash("a#3");

  EXPECT_THAT(sup.delays, ElementsAre(100ms, 200ms, 100ms));
}

TEST(Backoff, IsShortenedByChanceButRepeatably) {
  auto delays = [](std::uint64_t seed) {
    harness sup{with(strategy::one_for_one), {patient(0.5)}};
    sup.machine.seed(seed);
    sup.begin();
    for (auto n = 1; n <= 4; ++n) {
      sup.crash("a#" + std::to_string(n));
      sup.wait(1s);
    }
    return sup.delays;
  };

  auto first = delays(1);
  EXPECT_EQ(first, delays(1));
  EXPECT_NE(first, delays(2));
  auto longest = 100ms;
  for (auto delay : first) {
    EXPECT_GE(delay, longest / 2);
    EXPECT_LE(delay, longest);
    longest *= 2;
  }
}

TEST(Backoff, UsesBudgetOncePerRestart) {
  harness sup{with(strategy::one_for_one, 2), {patient()}};
  sup.begin();
  sup.crash("a#1");
  sup.wait(1s);
  sup.crash("a#2");
  sup.wait(1s);
  EXPECT_THAT(sup.used, ElementsAre(1u, 2u));

  sup.crash("a#3");

  EXPECT_TRUE(sup.machine.ended());
}

TEST(Backoff, PacesTheRetryLoop) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();
  sup.starts["a"] = {start_failed{exit_reason::abnormal("no")},
                     start_failed{exit_reason::abnormal("no")}};

  sup.crash("a#1");
  sup.wait(100ms);
  sup.wait(200ms);
  EXPECT_THAT(sup.children(), ElementsAre("a restarting"));
  sup.wait(400ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#4"));
  EXPECT_THAT(sup.used, ElementsAre(1u, 2u, 3u));
}

TEST(Backoff, ServesRequestsMeanwhile) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();
  sup.crash("a#1");

  EXPECT_EQ(sup.refusal_of(restart_child{"a"}), refusal::restarting);
  sup.answer_to<done>(terminate_child{"a"});
  sup.wait(1s);

  EXPECT_THAT(sup.children(), ElementsAre("a undefined"));
}

TEST(Backoff, IsNotObeyedTwice) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();
  sup.crash("a#1"); // due in 100 ms
  sup.answer_to<done>(terminate_child{"a"});
  sup.answer_to<child_ref>(restart_child{"a"});
  sup.crash("a#2"); // due in 200 ms

  sup.wait(150ms);

  EXPECT_THAT(sup.children(), ElementsAre("a restarting"));
}

TEST(Backoff, HoldsTheWholeGroup) {
  harness sup{with(strategy::one_for_all), {patient(), child("b")}};
  sup.begin();

  sup.crash("a#1");
  EXPECT_THAT(sup.children(), ElementsAre("a restarting", "b#1"));
  sup.wait(100ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#2", "b#2"));
}

TEST(Backoff, EndsWithTheSupervisor) {
  harness sup{with(strategy::one_for_one), {patient()}};
  sup.begin();
  sup.crash("a#1");
  sup.take();

  sup.send(parent_exited{exit_reason::shutdown()});
  sup.wait(1s);

  EXPECT_EQ(sup.take(), (lines{"stopped shutdown"}));
}

// -- a budget of its own ------------------------------------------------------

// At most two restarts within 3 s.
child_spec thrifty(std::string id = "a") {
  auto result = child(std::move(id));
  result.intensity = 2;
  result.period = 3s;
  return result;
}

TEST(OwnBudget, IsUsedInsteadOfTheSupervisors) {
  harness sup{with(strategy::one_for_one, 1), {thrifty(), child("b")}};
  sup.begin();

  sup.crash("a#1");
  sup.crash("a#2");
  EXPECT_THAT(sup.children(), ElementsAre("a#3", "b#1"));
  EXPECT_THAT(sup.used, ElementsAre(0u, 0u));
  EXPECT_THAT(sup.own_used, ElementsAre(1u, 2u));
  sup.crash("b#1");

  EXPECT_THAT(sup.children(), ElementsAre("a#3", "b#2"));
  EXPECT_FALSE(sup.machine.ended());
}

TEST(OwnBudget, ThatIsUsedUpPutsTheChildOffUntilThereIsRoom) {
  harness sup{with(strategy::one_for_one, 0), {thrifty(), child("b")}};
  sup.now = time_point{10s + 400ms};
  sup.begin();
  sup.crash("a#1");
  sup.wait(1s);
  sup.crash("a#2");

  sup.crash("a#3");
  EXPECT_THAT(sup.children(), ElementsAre("a restarting", "b#1"));
  // That of second 10 counts until 13 is over.
  EXPECT_EQ(sup.delays.back(), 2600ms);
  sup.wait(2599ms);
  EXPECT_THAT(sup.children(), ElementsAre("a restarting", "b#1"));
  sup.wait(1ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#4", "b#1"));
  EXPECT_EQ(sup.own_used.back(), 2u);
  EXPECT_FALSE(sup.machine.ended());
}

TEST(OwnBudget, NeverEndsTheSupervisorHoweverOftenTheChildEnds) {
  harness sup{with(strategy::one_for_one, 0), {thrifty()}};
  sup.begin();

  for (auto n = 1; n <= 100; ++n) {
    sup.crash("a#" + std::to_string(n));
    sup.wait(10s);
    ASSERT_FALSE(sup.machine.ended());
  }

  EXPECT_THAT(sup.children(), ElementsAre("a#101"));
}

TEST(OwnBudget, IsUsedByStartsThatFail) {
  harness sup{with(strategy::one_for_one, 0), {thrifty()}};
  sup.begin();
  sup.starts["a"] = {start_failed{exit_reason::abnormal("no")},
                     start_failed{exit_reason::abnormal("no")},
                     start_failed{exit_reason::abnormal("no")}};

  sup.crash("a#1");
  EXPECT_THAT(sup.children(), ElementsAre("a restarting"));
  sup.wait(20s);

  EXPECT_THAT(sup.children(), ElementsAre("a#5"));
  EXPECT_FALSE(sup.machine.ended());
}

TEST(OwnBudget, DoesNotSaveASupervisorThatStarts) {
  harness sup{with(strategy::one_for_one), {thrifty()}};
  sup.starts["a"] = {start_failed{exit_reason::abnormal("no")}};

  sup.begin();

  EXPECT_TRUE(sup.machine.ended());
}

TEST(OwnBudget, WaitsAtLeastAsLongAsItsBackOff) {
  auto spec = thrifty();
  spec.backoff = backoff{100ms, 10s, 2, 0, 60s};
  harness sup{with(strategy::one_for_one), {spec}};
  sup.begin();

  sup.crash("a#1");
  sup.wait(100ms);
  EXPECT_THAT(sup.children(), ElementsAre("a#2"));
  sup.crash("a#2");
  sup.wait(200ms);
  sup.crash("a#3");

  EXPECT_THAT(sup.delays, ElementsAre(100ms, 200ms, 3700ms));
}

TEST(OwnBudget, PaysForTheWholeGroup) {
  harness sup{with(strategy::one_for_all, 0), {thrifty(), thrifty("b")}};
  sup.begin();

  sup.crash("a#1");
  sup.crash("b#2");

  EXPECT_THAT(sup.children(), ElementsAre("a#3", "b#3"));
  EXPECT_THAT(sup.own_used, ElementsAre(1u, 1u));
}

TEST(OwnBudget, IsFreshForAChildThatComesBack) {
  harness sup{with(strategy::one_for_one), {thrifty()}};
  sup.begin();
  sup.crash("a#1");
  sup.crash("a#2");
  sup.answer_to<done>(terminate_child{"a"});
  sup.answer_to<done>(delete_child{"a"});
  sup.answer_to<child_ref>(start_child{thrifty()});

  sup.crash("a#4");

  EXPECT_THAT(sup.children(), ElementsAre("a#5"));
}

TEST(OwnBudget, ServesRequestsWhileTheChildWaits) {
  harness sup{with(strategy::one_for_one), {thrifty()}};
  sup.begin();
  sup.crash("a#1");
  sup.crash("a#2");
  sup.crash("a#3");

  EXPECT_EQ(sup.refusal_of(restart_child{"a"}), refusal::restarting);
  sup.answer_to<done>(terminate_child{"a"});
  sup.answer_to<child_ref>(restart_child{"a"});
  sup.wait(20s);

  EXPECT_THAT(sup.children(), ElementsAre("a#4"));
}

TEST(OwnBudget, IsForOneChildOfADynamicSupervisorAsWell) {
  harness sup{dynamic_flags{.intensity = 0}};
  sup.begin();
  sup.answer_to<child_ref>(start_child{thrifty()});

  sup.crash("a#1");
  sup.crash("a#2");

  EXPECT_FALSE(sup.machine.ended());
}

// -- readiness ----------------------------------------------------------------

child_spec timely() {
  auto result = child("a");
  result.ready_within = 50ms;
  return result;
}

TEST(Readiness, IsAwaitedForItsTime) {
  harness sup{with(strategy::one_for_one), {timely()}};
  sup.slow = {"a"};
  sup.begin();
  sup.wait(49ms);
  EXPECT_TRUE(sup.take().empty());

  sup.send(start_returned{sup.instances.at("a#1"), started{}});
  sup.wait(1s);

  EXPECT_EQ(sup.take(), (lines{"up"}));
}

TEST(Readiness, ThatDoesNotComeIsAFailedStart) {
  harness sup{with(strategy::one_for_one), {child("b"), timely()}};
  sup.slow = {"a"};
  sup.begin();

  sup.wait(50ms);

  EXPECT_EQ(sup.take(),
            (lines{"kill a#1",
                   "report start_error a (undefined) not ready within 50 ms",
                   "shutdown b#1", "down b#1 shutdown",
                   "stopped {shutdown,{failed_to_start_child,a,not ready "
                   "within 50 ms}}"}));
}

TEST(Readiness, ThatComesTooLateChangesNothing) {
  harness sup{with(strategy::one_for_one), {timely()}};
  sup.begin();
  sup.slow = {"a"};
  sup.crash("a#1");
  sup.slow.clear();
  sup.wait(50ms); // a#2 is given up, a#3 starts

  sup.send(start_returned{sup.instances.at("a#2"), started{}});

  EXPECT_THAT(sup.children(), ElementsAre("a#3"));
}

// -- progress -----------------------------------------------------------------

child_spec busy() {
  auto result = child("a");
  result.progress_within = 100ms;
  return result;
}

TEST(Watchdog, LeavesAChildAloneThatMakesProgress) {
  harness sup{with(strategy::one_for_one), {busy()}};
  sup.begin();

  for (auto i = 0; i < 10; ++i) {
    sup.wait(90ms);
    sup.send(progressed{sup.instances.at("a#1")});
  }

  EXPECT_TRUE(sup.take().empty());
}

TEST(Watchdog, RestartsAChildThatHangs) {
  harness sup{with(strategy::one_for_one), {busy()}};
  sup.begin();
  sup.wait(60ms);
  sup.send(progressed{sup.instances.at("a#1")});

  sup.wait(99ms);
  EXPECT_TRUE(sup.take().empty());
  sup.wait(1ms);

  EXPECT_EQ(sup.take(),
            (lines{"stalled a#1", "kill a#1",
                   "report child_terminated a (running a#1) no progress "
                   "within 100 ms",
                   "start a#2"}));
}

TEST(Watchdog, WatchesTheNextIncarnationAnew) {
  harness sup{with(strategy::one_for_one), {busy()}};
  sup.begin();
  sup.wait(60ms);
  sup.crash("a#1");
  sup.take();

  sup.wait(99ms);
  EXPECT_TRUE(sup.take().empty());
  sup.wait(1ms);

  EXPECT_THAT(sup.take(), Contains("stalled a#2"));
}

TEST(Watchdog, ForgetsAChildThatWasStopped) {
  harness sup{with(strategy::one_for_one), {busy()}};
  sup.begin();
  sup.answer_to<done>(terminate_child{"a"});
  sup.take();

  sup.wait(1s);

  EXPECT_TRUE(sup.take().empty());
}

TEST(Watchdog, DoesNotHurryAChildThatIsBeingStopped) {
  auto spec = busy();
  spec.shutdown = shutdown::infinity();
  harness sup{with(strategy::one_for_one), {spec}};
  sup.stubborn = {"a"};
  sup.begin();
  sup.send(parent_exited{exit_reason::shutdown()});
  sup.take();

  sup.wait(10s);

  EXPECT_TRUE(sup.take().empty());
}

TEST(Watchdog, LeavesTheTrueReasonToAChildThatIsDeadAlready) {
  harness sup{with(strategy::one_for_one), {busy(), child("b")}};
  sup.begin();
  sup.slow = {"b"};
  sup.crash("b#1"); // the supervisor waits for its start
  sup.crash("a#1");
  sup.wait(1s);
  sup.take();

  sup.send(start_returned{sup.instances.at("b#2"), started{}});

  EXPECT_THAT(sup.take(),
              Contains("report child_terminated a (running a#1) boom"));
}

// -- what cannot be killed ----------------------------------------------------

flags impatient(strategy s = strategy::one_for_one) {
  auto result = with(s);
  result.kill_grace = 30ms;
  return result;
}

child_spec quick() {
  auto result = child("a");
  result.shutdown = shutdown::within(10ms);
  return result;
}

TEST(Unkillable, IsWaitedForWithoutEndByDefault) {
  harness sup{with(strategy::one_for_one), {quick()}};
  sup.immortal = {"a"};
  sup.begin();
  sup.send(parent_exited{exit_reason::shutdown()});

  sup.wait(1h);

  EXPECT_FALSE(sup.machine.ended());
}

TEST(Unkillable, IsReportedAndGivenUp) {
  harness sup{impatient(), {child("b"), quick()}};
  sup.immortal = {"a"};
  sup.begin();

  sup.send(parent_exited{exit_reason::shutdown()});
  sup.wait(40ms);

  EXPECT_EQ(sup.take(),
            (lines{"shutdown a#1", "timer 10", "kill a#1", "timer 30",
                   "abandon a#1", "down a#1 unkillable",
                   "report shutdown_error a (running a#1) unkillable",
                   "shutdown b#1", "down b#1 shutdown", "stopped shutdown"}));
}

TEST(Unkillable, FreesItsSlotInAGroupRestart) {
  harness sup{impatient(strategy::one_for_all), {quick(), child("b")}};
  sup.immortal = {"a"};
  sup.begin();

  sup.crash("b#1");
  sup.wait(40ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#2", "b#2"));
}

TEST(Unkillable, IsAStrangerWhenItEndsAfterAll) {
  harness sup{impatient(), {quick()}};
  sup.immortal = {"a"};
  sup.begin();
  sup.ask(terminate_child{"a"});
  sup.wait(40ms);
  sup.answer_to<child_ref>(restart_child{"a"});
  sup.take();

  sup.exit("a#1", exit_reason::killed());

  EXPECT_EQ(sup.take(), (lines{"stranger killed"}));
  EXPECT_THAT(sup.children(), ElementsAre("a#2"));
}

TEST(Unkillable, HangingChildIsReplaced) {
  auto spec = busy();
  harness sup{impatient(), {spec}};
  sup.immortal = {"a"};
  sup.begin();

  sup.wait(100ms);
  EXPECT_THAT(sup.children(), ElementsAre("a#1"));
  sup.wait(30ms);

  EXPECT_THAT(sup.children(), ElementsAre("a#2"));
  EXPECT_THAT(sup.take(), Contains("report child_terminated a (running a#1) "
                                   "unkillable: no progress within 100 ms"));
}

TEST(Unkillable, HangingChildDoesNotHoldUpAShutdownEither) {
  auto spec = busy();
  spec.shutdown = shutdown::infinity();
  harness sup{impatient(), {spec}};
  sup.immortal = {"a"};
  sup.begin();
  sup.wait(100ms);

  sup.send(parent_exited{exit_reason::shutdown()});
  sup.wait(30ms);

  EXPECT_TRUE(sup.machine.ended());
}

TEST(Unkillable, AreGivenUpTogetherUnderSimpleOneForOne) {
  harness sup{impatient(strategy::simple_one_for_one), {quick()}};
  sup.begin();
  sup.answer_to<child_ref>(start_dynamic_child{});
  sup.answer_to<child_ref>(start_dynamic_child{});
  sup.immortal = {"a"};
  sup.take();

  sup.send(parent_exited{exit_reason::shutdown()});
  sup.wait(40ms);

  auto log = sup.take();
  EXPECT_THAT(log, Contains("abandon a#1"));
  EXPECT_THAT(log, Contains("abandon a#2"));
  EXPECT_THAT(log, Contains("report shutdown_error a (2 children) unkillable"));
  EXPECT_TRUE(sup.machine.ended());
}

// -- specifications -----------------------------------------------------------

TEST(BeyondOtp, MistakesNameTheirField) {
  auto field = [](auto change) {
    auto spec = child("a");
    change(spec);
    return error_of(validate(spec, auto_shutdown::never)).field;
  };

  EXPECT_EQ(field([](auto& s) { s.backoff = backoff{0ms}; }), "backoff");
  EXPECT_EQ(field([](auto& s) { s.backoff = backoff{10ms, 5ms}; }), "backoff");
  EXPECT_EQ(field([](auto& s) { s.backoff = backoff{.factor = 0.5}; }),
            "backoff");
  EXPECT_EQ(field([](auto& s) { s.backoff = backoff{.jitter = 1.5}; }),
            "backoff");
  EXPECT_EQ(field([](auto& s) { s.ready_within = 0ms; }), "ready_within");
  EXPECT_EQ(field([](auto& s) { s.progress_within = -1ms; }),
            "progress_within");
  flags f;
  f.kill_grace = 0ms;
  EXPECT_EQ(error_of(validate(f)).field, "kill_grace");
}

} // namespace

} // namespace beyond_otp_test
