// SPDX-License-Identifier: BSD-3-Clause
//
// What faults do to supervisors and their children, in virtual time.

#include "coppice/actor/request.hpp"

#include "actor/actor_faults.hpp"
#include "actor/directory.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/fault/registry.hpp"
#include "support/actor_fixture.hpp"

#include <gmock/gmock.h>

#include <memory>
#include <variant>

namespace fault_points_test {

using namespace coppice;
using namespace std::chrono_literals;
using supervision::exit_reason;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

namespace {

class virtual_worker : public actor::pinned_actor {
public:
  virtual_worker(caf::actor_config& cfg, const actor::start_args& args,
                 test::recorder& log)
      : pinned_actor(cfg, args.rt->time), log_(log) {
    // nop
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[this](const std::string& word) { log_.add(word); }};
  }

private:
  test::recorder& log_;
};

class FaultsOfActors : public test::actor_fixture {
protected:
  void SetUp() override {
    rt->time = &time;
    auto start = [this](const actor::start_args& args) -> actor::start_result {
      log.add("start " + args.path);
      return actor::running{
        args.rt->system.spawn<virtual_worker>(args, std::ref(log))};
    };
    auto result = actor::tree_root::start(
      rt, "top", {.intensity = 3},
      {{{.id = "a", .shutdown = supervision::shutdown::within(1s)}, start},
       {{.id = "b"}, start}});
    ASSERT_TRUE(result) << result.error().message;
    root = *std::move(result);
    log.clear();
    (void)new_events();
  }

  void TearDown() override {
    rt->faults.disarm();
    root->stop(exit_reason::shutdown());
    time.advance(1min);
    EXPECT_FALSE(rt->directory.find("top"));
  }

  caf::actor at(const std::string& path) {
    auto found = rt->directory.find(path);
    return found ? found->handle : nullptr;
  }

  void crash(const std::string& path) {
    EXPECT_TRUE(actor::crash(*rt, path, exit_reason::abnormal("crash")));
    time.run();
  }

  std::vector<std::string> told() {
    std::vector<std::string> result;
    for (auto& each : new_events())
      result.push_back(describe(each));
    return result;
  }

  actor::virtual_time time{system};
  test::recorder log;
  std::unique_ptr<actor::tree_root> root;
};

using fault::armed_for;

// -- actor.start --------------------------------------------------------------

TEST_F(FaultsOfActors, StartsFailAsOftenAsAskedAndCountAgainstTheBudget) {
  armed_for scope{rt->faults, "actor.start:a", "2*throw(no disk)"};

  crash("top/a");

  EXPECT_TRUE(at("top/a"));
  EXPECT_EQ(scope.fires(), 2U);
  auto events = told();
  EXPECT_THAT(events, Contains("top/a failed to start: no disk").Times(2));
  EXPECT_THAT(events, Contains(HasSubstr("3 of 3 restarts")));
  EXPECT_THAT(log.lines(), ElementsAre("start top/a"));
}

TEST_F(FaultsOfActors, AreTheCauseOfWhatComesOfThem) {
  using observe::event_kind;
  armed_for scope{rt->faults, "actor.start:a", "1*throw(no disk)"};
  ASSERT_TRUE(actor::crash(*rt, "top/a", {}, "by a test"));
  time.run();

  auto events = new_events();
  std::vector<event_kind> kinds;
  for (auto& each : events)
    kinds.push_back(each.kind);
  ASSERT_THAT(kinds,
              ElementsAre(event_kind::exit_requested, event_kind::child_exited,
                          event_kind::restarting, event_kind::fault_fired,
                          event_kind::start_failed, event_kind::restarting,
                          event_kind::child_restarted));
  auto cause_of = [&](std::size_t i) {
    return events[i].cause == 0 ? -1
                                : static_cast<int>(events[i].cause)
                                    - static_cast<int>(events[0].seq);
  };
  EXPECT_EQ(cause_of(0), -1);
  EXPECT_EQ(cause_of(1), 0);
  EXPECT_EQ(cause_of(2), 1);
  EXPECT_EQ(cause_of(3), -1);
  EXPECT_EQ(cause_of(4), 3);
  EXPECT_EQ(cause_of(5), 4);
  EXPECT_EQ(cause_of(6), 5);
  ASSERT_TRUE(events[5].decided);
  EXPECT_THAT(events[5].decided->affected, ElementsAre("a"));
  EXPECT_EQ(events[5].decided->budget_used, 2U);
  EXPECT_EQ(events[5].decided->intensity, 3);
}

TEST_F(FaultsOfActors, StartsFailWithAnErrorOrAReason) {
  for (auto [term, reason] : {std::pair{"1*error(EMFILE)", "error(EMFILE)"},
                              std::pair{"1*exit(shutdown)", "shutdown"},
                              {"1*kill", "killed"}}) {
    armed_for scope{rt->faults, "actor.start:a", term};
    crash("top/a");
    EXPECT_THAT(told(),
                Contains("top/a failed to start: " + std::string{reason}));
    time.advance(10s);
  }
}

TEST_F(FaultsOfActors, AStartThatIsLateHoldsUpItsSupervisor) {
  armed_for scope{rt->faults, "actor.start:a", "delay(2s)"};

  crash("top/a");
  crash("top/b");
  EXPECT_FALSE(at("top/a"));
  EXPECT_FALSE(at("top/b"));

  time.advance(1999ms);
  EXPECT_THAT(log.lines(), IsEmpty());
  time.advance(1ms);
  EXPECT_THAT(log.lines(), ElementsAre("start top/a", "start top/b"));
}

TEST_F(FaultsOfActors, AStartThatIsLateIsOverWhenItsSupervisorIsKilled) {
  armed_for scope{rt->faults, "actor.start:a", "delay(2s)"};
  crash("top/a");

  actor::crash(*rt, "top", {});
  time.advance(1min);

  EXPECT_THAT(log.lines(), IsEmpty());
}

// -- actor.stop ---------------------------------------------------------------

TEST_F(FaultsOfActors, WhoDoesNotHearThatItIsToEndIsKilledAtTheLimit) {
  armed_for scope{rt->faults, "actor.stop:a", "drop"};
  auto gone = actor::terminate_child(at("top"), "a");

  time.advance(999ms);
  EXPECT_TRUE(at("top/a"));
  time.advance(1ms);

  EXPECT_FALSE(at("top/a"));
  EXPECT_TRUE(gone.get());
  EXPECT_THAT(told(), Contains("top/a stopped: killed"));
}

TEST_F(FaultsOfActors, WhoHearsItLateEndsLate) {
  armed_for scope{rt->faults, "actor.stop:a", "delay(500ms)"};
  auto gone = actor::terminate_child(at("top"), "a");

  time.advance(499ms);
  EXPECT_TRUE(at("top/a"));
  time.advance(1ms);

  EXPECT_THAT(told(), Contains("top/a stopped: shutdown"));
}

TEST_F(FaultsOfActors, AnotherReasonIsReported) {
  armed_for scope{rt->faults, "actor.stop:a", "exit(oops)"};
  auto gone = actor::terminate_child(at("top"), "a");

  time.run();

  EXPECT_THAT(told(), Contains("top/a stopped: oops"));
}

TEST_F(FaultsOfActors, ToldTwiceIsAsGoodAsOnce) {
  armed_for scope{rt->faults, "actor.stop:a", "dup"};
  auto gone = actor::terminate_child(at("top"), "a");

  time.run();

  EXPECT_THAT(told(), Contains("top/a stopped: shutdown"));
}

// -- actor.mailbox ------------------------------------------------------------

TEST_F(FaultsOfActors, ARequestThatIsLostIsAnsweredByNoproc) {
  armed_for scope{rt->faults, "actor.mailbox", "1*drop"};
  auto lost = actor::count_children(at("top"));
  auto next = actor::count_children(at("top"));

  time.run();

  auto answer = lost.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().why, supervision::refusal::noproc);
  EXPECT_TRUE(next.get());
}

TEST_F(FaultsOfActors, ARequestMayBeLate) {
  armed_for scope{rt->faults, "actor.mailbox:top", "delay(1s)"};
  auto gone = actor::terminate_child(at("top"), "a");

  time.advance(999ms);
  EXPECT_TRUE(at("top/a"));
  time.advance(1ms);
  EXPECT_FALSE(at("top/a"));
}

TEST_F(FaultsOfActors, ARequestThatComesTwiceIsCarriedOutTwice) {
  auto gone = actor::terminate_child(at("top"), "a");
  time.run();
  armed_for scope{rt->faults, "actor.mailbox", "1*dup"};

  auto back = actor::restart_child(at("top"), "a");
  time.run();

  // The request without a caller comes first, and this caller finds it done.
  auto answer = back.get();
  ASSERT_FALSE(answer);
  EXPECT_EQ(answer.error().why, supervision::refusal::running);
  EXPECT_THAT(log.lines(), ElementsAre("start top/a"));
}

// -- by path ------------------------------------------------------------------

TEST_F(FaultsOfActors, WhoIsSuspendedGetsNothingUntilItIsResumed) {
  EXPECT_EQ(actor::suspend(*rt, "top/a"), actor::fault_outcome::done);
  actor::deliver(at("top/a"), std::string{"one"});
  actor::deliver(at("top/a"), std::string{"two"});
  time.run();
  EXPECT_THAT(log.lines(), IsEmpty());

  EXPECT_EQ(actor::resume(*rt, "top/a"), actor::fault_outcome::done);
  time.run();

  EXPECT_THAT(log.lines(), ElementsAre("one", "two"));
}

TEST_F(FaultsOfActors, WhoIsSuspendedCanBeEnded) {
  actor::suspend(*rt, "top/a");

  crash("top/a");

  EXPECT_THAT(log.lines(), ElementsAre("start top/a"));
}

TEST_F(FaultsOfActors, WhoAskedASuspendedSupervisorThatEndsGetsAnAnswer) {
  actor::suspend(*rt, "top");
  auto top = at("top");
  auto asked = actor::count_children(top);
  actor::crash(*rt, "top", {});
  time.run();
  auto too_late = actor::count_children(top);

  for (auto& each : {asked, too_late}) {
    auto answer = each.get_within(0ms);
    ASSERT_TRUE(answer);
    EXPECT_FALSE(*answer);
  }
}

TEST_F(FaultsOfActors, NobodyIsLeftBehindSuspended) {
  auto a = at("top/a");
  actor::suspend(*rt, "top/a");

  actor::crash(*rt, "top", {});
  time.run();

  EXPECT_TRUE(actor::has_ended(a));
}

TEST_F(FaultsOfActors, ASuspendedSupervisorRestartsNobodyUntilItIsResumed) {
  actor::suspend(*rt, "top");
  crash("top/a");
  EXPECT_FALSE(at("top/a"));

  actor::resume(*rt, "top");
  time.run();

  EXPECT_TRUE(at("top/a"));
}

TEST_F(FaultsOfActors, ABurntBudgetEndsTheSupervisor) {
  EXPECT_EQ(actor::burn_budget(*rt, "top"), actor::fault_outcome::done);
  time.run();

  EXPECT_FALSE(at("top"));
  EXPECT_THAT(told(), Contains(HasSubstr("top gave up")));
}

TEST_F(FaultsOfActors, WhoIsSparedDoesNotBurn) {
  armed_for late{rt->faults, "actor.start", "delay(1s)"};
  actor::burn_budget(*rt, "top");
  time.run();
  EXPECT_EQ(actor::spare(*rt, "top"), actor::fault_outcome::done);
  time.advance(10s);

  EXPECT_TRUE(at("top/a"));
  EXPECT_TRUE(at("top/b"));
  EXPECT_THAT(told(), Not(Contains(HasSubstr("gave up"))));
}

TEST_F(FaultsOfActors, AFloodDoesNotKeepASupervisorFromItsWork) {
  EXPECT_EQ(actor::flood(*rt, "top", 1000), actor::fault_outcome::done);
  crash("top/a");

  EXPECT_TRUE(at("top/a"));
}

TEST_F(FaultsOfActors, OneOfTheWorkersIsKilledByChance) {
  EXPECT_EQ(actor::kill_random(*rt, "top", 3), "top/b");
  EXPECT_EQ(actor::kill_random(*rt, "top/a", 3), "top/a");
  EXPECT_EQ(actor::kill_random(*rt, "nowhere", 3), std::nullopt);
  time.run();

  EXPECT_THAT(log.lines(), ElementsAre("start top/b", "start top/a"));
}

TEST_F(FaultsOfActors, WhatCannotBeDoneIsSaid) {
  EXPECT_EQ(actor::suspend(*rt, "top/c"), actor::fault_outcome::noproc);
  EXPECT_EQ(actor::burn_budget(*rt, "top/a"),
            actor::fault_outcome::unsupported);
  EXPECT_EQ(actor::flood(*rt, "top/c", 1), actor::fault_outcome::noproc);
}

// -- the events ---------------------------------------------------------------

TEST_F(FaultsOfActors, FiresAreToldButNotEachOfMany) {
  armed_for scope{rt->faults, "actor.mailbox", "drop"};
  for (int i = 0; i < 100; ++i)
    actor::count_children(at("top"));
  time.run();

  auto events = told();

  EXPECT_EQ(events.front(), "fault fired at actor.mailbox: drop, time 1");
  EXPECT_EQ(events.back(), "fault fired at actor.mailbox: drop, time 64");
  EXPECT_EQ(events.size(), 18U);
}

} // namespace

} // namespace fault_points_test
