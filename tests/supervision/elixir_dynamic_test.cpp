// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

#include <algorithm>
#include <variant>

namespace elixir_dynamic_test {

using lines = std::vector<std::string>;
using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

namespace {

// The rules of Elixir's DynamicSupervisor where they are not those of OTP's
// simple_one_for_one.
class DynamicSupervisor : public testing::Test {
protected:
  DynamicSupervisor() : sup{dynamic_flags{}} {
    sup.begin();
  }

  std::string start(child_spec spec) {
    auto ref = sup.answer_to<child_ref>(start_child{std::move(spec)});
    sup.take();
    return ref.instance == 0 ? "ignored" : sup.names.at(ref.instance);
  }

  reply stop(const std::string& name) {
    return sup.answer(sup.ask(terminate_dynamic_child{sup.instances.at(name)}));
  }

  harness sup;
};

TEST_F(DynamicSupervisor, DefaultsToThreeRestartsInFiveSeconds) {
  dynamic_flags f;

  EXPECT_EQ(f.intensity, 3);
  EXPECT_EQ(f.period, 5s);
  EXPECT_FALSE(f.max_children);
}

TEST_F(DynamicSupervisor, TakesTheSameIdManyTimes) {
  EXPECT_EQ(start(child("w")), "w#1");
  EXPECT_EQ(start(child("w")), "w#2");
  EXPECT_THAT(sup.children(), ElementsAre("w#1", "w#2"));
}

TEST_F(DynamicSupervisor, KnowsEachChildByItsOwnSpecification) {
  start(child("a", restart::temporary));
  start(child("b"));

  sup.crash("a#1");
  sup.crash("b#1");

  EXPECT_THAT(sup.children(), ElementsAre("b#2"));
}

TEST_F(DynamicSupervisor, RefusesMoreThanMaxChildren) {
  harness small{dynamic_flags{.max_children = 1}};
  small.begin();
  small.answer_to<child_ref>(start_child{child("a")});

  EXPECT_EQ(small.refusal_of(start_child{child("b")}), refusal::max_children);
}

TEST_F(DynamicSupervisor, RefusesEveryChildIfThereMayBeNone) {
  harness none{dynamic_flags{.max_children = 0}};
  none.begin();

  EXPECT_EQ(none.refusal_of(start_child{child("a")}), refusal::max_children);
}

TEST_F(DynamicSupervisor, CountsAChildInItsRetryLoopAmongMaxChildren) {
  auto slow = child("a");
  slow.backoff = backoff{};
  harness small{dynamic_flags{.max_children = 1}};
  small.begin();
  small.answer_to<child_ref>(start_child{slow});
  small.crash("a#1");

  EXPECT_THAT(small.children(), ElementsAre("a restarting"));
  EXPECT_EQ(small.refusal_of(start_child{child("b")}), refusal::max_children);
}

TEST_F(DynamicSupervisor, DoesNotCheckMaxChildrenAtARestart) {
  harness small{dynamic_flags{.max_children = 1}};
  small.begin();
  small.answer_to<child_ref>(start_child{child("a")});

  small.crash("a#1");

  EXPECT_THAT(small.children(), ElementsAre("a#2"));
}

TEST_F(DynamicSupervisor, RefusesSignificantChildren) {
  auto spec = child("a", restart::transient);
  spec.significant = true;

  auto refusal = sup.answer_to<refused>(start_child{spec});

  EXPECT_EQ(refusal.why, refusal::invalid_spec);
  EXPECT_EQ(refusal.spec->code, "invalid_significant");
}

TEST_F(DynamicSupervisor, KeepsNothingOfAChildThatIgnores) {
  sup.starts["a"] = {ignored{}};

  EXPECT_EQ(start(child("a")), "ignored");
  EXPECT_THAT(sup.children(), IsEmpty());
}

TEST_F(DynamicSupervisor, KeepsNothingOfAFailedStart) {
  sup.starts["a"] = {start_failed{exit_reason::abnormal("no")}};

  auto refusal = sup.answer_to<refused>(start_child{child("a")});

  EXPECT_EQ(refusal.why, refusal::start_failed);
  EXPECT_EQ(refusal.reason, exit_reason::abnormal("no"));
  EXPECT_THAT(sup.children(), IsEmpty());
  EXPECT_EQ(sup.take(), (lines{"start a#1", "reply"}));
}

TEST_F(DynamicSupervisor, DropsAChildWhoseRestartIgnores) {
  start(child("a"));
  sup.starts["a"] = {ignored{}};

  sup.crash("a#1");

  EXPECT_THAT(sup.children(), IsEmpty());
}

TEST_F(DynamicSupervisor, TriesAgainAndTerminatesWhatItTries) {
  start(child("a"));
  sup.starts["a"] = {start_failed{exit_reason::abnormal("no")}};
  sup.meanwhile["a"]
    = {request{77, terminate_dynamic_child{sup.instances.at("a#1")}}};

  sup.crash("a#1");

  EXPECT_TRUE(std::holds_alternative<done>(sup.answer(77)));
  EXPECT_THAT(sup.children(), IsEmpty());
}

TEST_F(DynamicSupervisor, EndsWithShutdownWhenRetriesUseUpItsBudget) {
  start(child("a"));
  sup.starts["a"] = {3, start_failed{exit_reason::abnormal("no")}};

  sup.crash("a#1");

  EXPECT_TRUE(sup.machine.ended());
  EXPECT_EQ(sup.log.back(), "stopped shutdown");
  EXPECT_THAT(sup.used, ElementsAre(1u, 2u, 3u));
}

TEST_F(DynamicSupervisor, DoesNotFindADeadChild) {
  start(child("a"));

  EXPECT_TRUE(std::holds_alternative<done>(stop("a#1")));
  EXPECT_EQ(std::get<refused>(stop("a#1")).why, refusal::not_found);
}

TEST_F(DynamicSupervisor, HasNoChildrenByTheirIds) {
  start(child("a"));

  EXPECT_EQ(sup.refusal_of(terminate_child{"a"}), refusal::not_found);
  EXPECT_EQ(sup.refusal_of(restart_child{"a"}), refusal::not_found);
  EXPECT_EQ(sup.refusal_of(delete_child{"a"}), refusal::not_found);
  EXPECT_EQ(sup.refusal_of(get_childspec{"a"}), refusal::not_found);
  EXPECT_EQ(sup.refusal_of(start_dynamic_child{}), refusal::invalid_spec);
}

TEST_F(DynamicSupervisor, CountsItsEntriesAsSpecifications) {
  start(child("a"));
  auto inner = child("b");
  inner.type = child_type::supervisor;
  start(inner);

  auto counts = sup.answer_to<child_counts>(count_children{});

  EXPECT_EQ(counts.specs, 2u);
  EXPECT_EQ(counts.active, 2u);
  EXPECT_EQ(counts.supervisors, 1u);
  EXPECT_EQ(counts.workers, 1u);
  for (auto& info : sup.answer_to<std::vector<child_info>>(which_children{}))
    EXPECT_EQ(info.id, "");
}

TEST_F(DynamicSupervisor, StopsAllAtOnceEachByItsOwnShutdown) {
  auto brutal = child("a");
  brutal.shutdown = shutdown::brutal_kill();
  auto quick = child("b");
  quick.shutdown = shutdown::within(10ms);
  auto slow = child("c");
  slow.shutdown = shutdown::within(20ms);
  for (auto& spec : {brutal, quick, slow, child("d")})
    start(spec);
  sup.stubborn = {"b", "c"};

  sup.send(parent_exited{exit_reason::shutdown()});
  EXPECT_THAT(sup.take(),
              testing::IsSupersetOf({"kill a#1", "shutdown b#1", "shutdown c#1",
                                     "shutdown d#1", "down a#1 killed",
                                     "down d#1 shutdown"}));
  sup.wait(10ms);
  EXPECT_EQ(sup.take(),
            (lines{"kill b#1", "down b#1 killed",
                   "report shutdown_error b (running b#1) killed"}));
  sup.wait(10ms);
  EXPECT_EQ(sup.take(), (lines{"kill c#1", "down c#1 killed",
                               "report shutdown_error c (running c#1) killed",
                               "stopped shutdown"}));
}

TEST_F(DynamicSupervisor, TakesShutdownWithADetailForGoodOfPermanentChildren) {
  start(child("a"));
  start(child("b"));
  sup.stop_reasons
    = {{"a", exit_reason::shutdown("x")}, {"b", exit_reason::normal()}};

  sup.send(parent_exited{exit_reason::shutdown()});

  auto log = sup.take();
  EXPECT_THAT(log, Contains("report shutdown_error b (running b#1) normal"));
  EXPECT_THAT(log, testing::Not(Contains(testing::HasSubstr("error a"))));
}

TEST_F(DynamicSupervisor, TakesNothingButKilledForGoodOfABrutalKill) {
  auto brutal = child("a", restart::temporary);
  brutal.shutdown = shutdown::brutal_kill();
  start(brutal);
  sup.send(child_exited{sup.instances.at("a#1"), exit_reason::normal()});
  start(brutal);
  sup.immortal = {"a"};
  sup.ask(terminate_dynamic_child{sup.instances.at("a#2")});

  sup.exit("a#2", exit_reason::shutdown());

  EXPECT_THAT(sup.take(),
              Contains("report shutdown_error a (running a#2) shutdown"));
}

TEST_F(DynamicSupervisor, KeepsARestartedChildInOneSlot) {
  harness small{dynamic_flags{.max_children = 2}};
  small.begin();
  small.answer_to<child_ref>(start_child{child("a")});
  small.crash("a#1");

  small.answer_to<child_ref>(start_child{child("b")});

  EXPECT_EQ(small.refusal_of(start_child{child("c")}), refusal::max_children);
}

TEST_F(DynamicSupervisor, TriesUntilARestartSucceeds) {
  start(child("a"));
  sup.starts["a"]
    = {start_failed{exit_reason::abnormal("no")}, started{"with information"}};

  sup.crash("a#1");

  EXPECT_THAT(sup.children(), ElementsAre("a#3"));
  EXPECT_EQ(sup.answer_to<child_counts>(count_children{}).active, 1u);
}

TEST_F(DynamicSupervisor, TakesAnyShutdownThatIsNotNegative) {
  for (auto limit : {0ms, 1ms}) {
    auto spec = child("a");
    spec.shutdown = shutdown::within(limit);
    sup.answer_to<child_ref>(start_child{spec});
  }
  auto spec = child("a");
  spec.shutdown = shutdown::within(-1ms);

  auto refusal = sup.answer_to<refused>(start_child{spec});

  EXPECT_EQ(refusal.spec->code, "invalid_shutdown");
}

TEST_F(DynamicSupervisor, TerminatesAChildByKillOrInTime) {
  for (auto how : {shutdown::brutal_kill(), shutdown::within(5s)}) {
    auto spec = child("a");
    spec.shutdown = how;
    auto name = start(spec);

    EXPECT_TRUE(std::holds_alternative<done>(stop(name)));
    EXPECT_THAT(
      sup.take(),
      Contains("down " + name
               + (how == shutdown::brutal_kill() ? " killed" : " shutdown")));
    EXPECT_EQ(std::get<refused>(stop(name)).why, refusal::not_found);
    EXPECT_EQ(sup.answer_to<child_counts>(count_children{}).specs, 0u);
  }
}

// -- restart types ------------------------------------------------------------

struct row {
  std::string name;
  restart type;
  bool clean_restarts;
  bool crash_restarts;
};

class DynamicRestart : public testing::TestWithParam<row> {};

TEST_P(DynamicRestart, FollowsTheMatrix) {
  for (auto& reason : {exit_reason::normal(), exit_reason::shutdown(),
                       exit_reason::shutdown("x"), exit_reason::killed(),
                       exit_reason::abnormal("boom")}) {
    harness sup{dynamic_flags{.intensity = 10}};
    sup.begin();
    sup.answer_to<child_ref>(start_child{child("a", GetParam().type)});

    sup.exit("a#1", reason);

    auto restarts
      = reason.clean() ? GetParam().clean_restarts : GetParam().crash_restarts;
    EXPECT_EQ(sup.children(), restarts ? lines{"a#2"} : lines{})
      << to_string(reason);
  }
}

INSTANTIATE_TEST_SUITE_P(
  Table, DynamicRestart,
  testing::Values(row{"Permanent", restart::permanent, true, true},
                  row{"Transient", restart::transient, false, true},
                  row{"Temporary", restart::temporary, false, false}),
  [](auto& param) { return param.param.name; });

// -- what children end with when they are stopped -----------------------------

struct stop_reason_case {
  std::string name;
  shutdown how;
  restart type;
  exit_reason reason;
  bool reported;
};

class DynamicEnd : public testing::TestWithParam<stop_reason_case> {};

TEST_P(DynamicEnd, ReportsBadReasonsOnly) {
  auto& p = GetParam();
  harness sup{dynamic_flags{}};
  sup.begin();
  for (auto id : {"a", "b", "c"}) {
    auto spec = child(id, p.type);
    spec.shutdown = p.how;
    sup.answer_to<child_ref>(start_child{spec});
    sup.stop_reasons[id] = p.reason;
  }
  sup.take();

  sup.send(parent_exited{exit_reason::shutdown()});

  auto log = sup.take();
  auto reports = std::count_if(log.begin(), log.end(), [](auto& line) {
    return line.starts_with("report shutdown_error");
  });
  EXPECT_EQ(reports, p.reported ? 3 : 0);
  EXPECT_THAT(log, Contains("down c#1 "
                            + to_string(p.how == shutdown::brutal_kill()
                                          ? exit_reason::killed()
                                          : p.reason)));
  EXPECT_EQ(log.back(), "stopped shutdown");
}

INSTANTIATE_TEST_SUITE_P(
  Table, DynamicEnd,
  testing::Values(
    stop_reason_case{"Brutal", shutdown::brutal_kill(), restart::permanent,
                     exit_reason::killed(), false},
    stop_reason_case{"Infinity", shutdown::infinity(), restart::permanent,
                     exit_reason::shutdown(), false},
    stop_reason_case{"InfinityWithDetail", shutdown::infinity(),
                     restart::permanent, exit_reason::shutdown("x"), false},
    stop_reason_case{"InfinityCrashing", shutdown::infinity(),
                     restart::temporary, exit_reason::abnormal("boom"), true},
    stop_reason_case{"InTime", shutdown::within(5s), restart::permanent,
                     exit_reason::shutdown(), false},
    stop_reason_case{"InTimeWithDetail", shutdown::within(5s),
                     restart::permanent, exit_reason::shutdown("x"), false},
    stop_reason_case{"InTimeCrashing", shutdown::within(5s), restart::transient,
                     exit_reason::abnormal("boom"), true},
    stop_reason_case{"NormalOfPermanent", shutdown::within(5s),
                     restart::permanent, exit_reason::normal(), true},
    stop_reason_case{"NormalOfTransient", shutdown::within(5s),
                     restart::transient, exit_reason::normal(), false}),
  [](auto& param) { return param.param.name; });

// -- budget -------------------------------------------------------------------

class DynamicBudget : public testing::TestWithParam<int> {};

TEST_P(DynamicBudget, IsUsedUpByRetriesAlone) {
  harness sup{dynamic_flags{.intensity = GetParam()}};
  sup.begin();
  sup.answer_to<child_ref>(start_child{child("a")});
  sup.starts["a"]
    = {100, start_outcome{start_failed{exit_reason::abnormal("no")}}};

  sup.crash("a#1");

  EXPECT_TRUE(sup.machine.ended());
  EXPECT_EQ(sup.log.back(), "stopped shutdown");
  EXPECT_EQ(sup.used.size(), static_cast<std::size_t>(GetParam()));
}

INSTANTIATE_TEST_SUITE_P(Limits, DynamicBudget, testing::Values(1, 10));

} // namespace

} // namespace elixir_dynamic_test
