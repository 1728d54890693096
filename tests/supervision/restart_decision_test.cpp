// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

namespace restart_decision_test {

namespace {

enum class outcome { restarted, kept, removed };

struct decision_case {
  restart type;
  exit_reason reason;
  outcome what;
  bool reported;
};

class RestartDecision : public testing::TestWithParam<decision_case> {};

TEST_P(RestartDecision, FollowsTheMatrix) {
  auto& param = GetParam();
  harness sup{with(strategy::one_for_one), {child("a", param.type)}};
  sup.begin();

  sup.exit("a#1", param.reason);

  std::vector<std::string> done;
  if (param.reported)
    done.push_back("report child_terminated a (running a#1) "
                   + to_string(param.reason));
  if (param.what == outcome::restarted)
    done.push_back("start a#2");
  EXPECT_EQ(sup.take(), done);
  std::vector<std::string> left;
  if (param.what == outcome::restarted)
    left.push_back("a#2");
  else if (param.what == outcome::kept)
    left.push_back("a undefined");
  EXPECT_EQ(sup.children(), left);
}

const auto tuple = exit_reason::shutdown("why");
const auto boom = exit_reason::abnormal("boom");
const auto own_kill = exit_reason::abnormal("kill");

INSTANTIATE_TEST_SUITE_P(
  Table, RestartDecision,
  testing::Values(
    decision_case{restart::permanent, exit_reason::normal(), outcome::restarted,
                  true},
    decision_case{restart::permanent, exit_reason::shutdown(),
                  outcome::restarted, true},
    decision_case{restart::permanent, tuple, outcome::restarted, true},
    decision_case{restart::permanent, exit_reason::killed(), outcome::restarted,
                  true},
    decision_case{restart::permanent, own_kill, outcome::restarted, true},
    decision_case{restart::permanent, boom, outcome::restarted, true},
    decision_case{restart::transient, exit_reason::normal(), outcome::kept,
                  false},
    decision_case{restart::transient, exit_reason::shutdown(), outcome::kept,
                  false},
    decision_case{restart::transient, tuple, outcome::kept, false},
    decision_case{restart::transient, exit_reason::killed(), outcome::restarted,
                  true},
    decision_case{restart::transient, own_kill, outcome::restarted, true},
    decision_case{restart::transient, boom, outcome::restarted, true},
    decision_case{restart::temporary, exit_reason::normal(), outcome::removed,
                  false},
    decision_case{restart::temporary, exit_reason::shutdown(), outcome::removed,
                  false},
    decision_case{restart::temporary, tuple, outcome::removed, false},
    decision_case{restart::temporary, exit_reason::killed(), outcome::removed,
                  true},
    decision_case{restart::temporary, own_kill, outcome::removed, true},
    decision_case{restart::temporary, boom, outcome::removed, true}));

class TemporaryCrash : public testing::TestWithParam<strategy> {};

TEST_P(TemporaryCrash, NeverTouchesASibling) {
  harness sup{with(GetParam()),
              {child("a"), child("t", restart::temporary), child("z")}};
  sup.begin();

  sup.crash("t#1");

  EXPECT_EQ(sup.children(), (std::vector<std::string>{"a#1", "z#1"}));
  EXPECT_EQ(sup.forgotten, std::vector<std::string>{"t"});
  EXPECT_EQ(sup.machine.window().used(sup.now), 0u);
}

INSTANTIATE_TEST_SUITE_P(Strategies, TemporaryCrash,
                         testing::Values(strategy::one_for_one,
                                         strategy::one_for_all,
                                         strategy::rest_for_one),
                         [](auto& param) {
                           return std::string{to_string(param.param)};
                         });

TEST(Exit, OfAFormerInstanceIsIgnored) {
  harness sup{with(strategy::one_for_one), {child("a")}};
  sup.begin();
  sup.crash("a#1");
  sup.take();

  sup.crash("a#1");

  EXPECT_EQ(sup.take(), std::vector<std::string>{"stranger boom"});
  EXPECT_EQ(sup.children(), std::vector<std::string>{"a#2"});
}

TEST(Exit, OfAStrangerIsIgnoredWhateverItsReason) {
  harness sup{with(strategy::one_for_one, 0), {child("a")}};
  sup.begin();

  sup.send(child_exited{4711, exit_reason::shutdown()});
  sup.send(child_exited{4712, exit_reason::abnormal("boom")});

  EXPECT_EQ(sup.take(),
            (std::vector<std::string>{"stranger shutdown", "stranger boom"}));
  EXPECT_FALSE(sup.machine.ended());
}

TEST(Budget, RefusedRestartEndsTheSupervisorInReverseOrder) {
  harness sup{with(strategy::one_for_one, 0),
              {child("a"), child("b"), child("c")}};
  sup.begin();

  sup.crash("b#1");

  EXPECT_EQ(sup.take(), (std::vector<std::string>{
                          "report child_terminated b (running b#1) boom",
                          "report shutdown b (running b#1)", "shutdown c#1",
                          "down c#1 shutdown", "shutdown a#1",
                          "down a#1 shutdown", "stopped shutdown"}));
}

TEST(Budget, IsSharedByAllChildrenAndNotClearedBySuccess) {
  harness sup{with(strategy::one_for_one, 2),
              {child("a"), child("b"), child("c")}};
  sup.begin();

  sup.crash("a#1");
  sup.crash("b#1");
  EXPECT_FALSE(sup.machine.ended());
  sup.crash("c#1");

  EXPECT_TRUE(sup.machine.ended());
  EXPECT_EQ(sup.used, (std::vector<std::size_t>{1, 2}));
}

TEST(Budget, IsFreshOnceThePeriodIsOver) {
  harness sup{with(strategy::one_for_one, 1), {child("a")}};
  sup.begin();
  sup.crash("a#1");
  sup.now += 6s;

  sup.crash("a#2");

  EXPECT_FALSE(sup.machine.ended());
}

TEST(Budget, IsNotTouchedByRequests) {
  harness sup{with(strategy::one_for_all, 0), {child("a"), child("b")}};
  sup.begin();

  sup.ask(terminate_child{"a"});
  sup.ask(restart_child{"a"});
  sup.ask(start_child{child("c")});

  EXPECT_EQ(sup.machine.window().used(sup.now), 0u);
  EXPECT_EQ(sup.children(), (std::vector<std::string>{"a#2", "b#1", "c#1"}));
}

} // namespace

} // namespace restart_decision_test
