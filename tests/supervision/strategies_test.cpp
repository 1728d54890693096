// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

namespace strategies_test {

namespace {

using lines = std::vector<std::string>;

const start_outcome nope = start_failed{exit_reason::abnormal("nope")};

TEST(OneForOne, RestartsOnlyTheCrashedChildInItsPlace) {
  harness sup{with(strategy::one_for_one),
              {child("a"), child("b"), child("c")}};
  sup.begin();

  sup.crash("b#1");

  EXPECT_EQ(sup.take(), (lines{"report child_terminated b (running b#1) boom",
                               "start b#2"}));
  EXPECT_EQ(sup.children(), (lines{"a#1", "b#2", "c#1"}));
}

TEST(OneForOne, CountsTwoDeathsAtOnceTwice) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.begin();
  sup.meanwhile["c"]
    = {child_exited{sup.instances["a#1"], exit_reason::abnormal("x")},
       child_exited{sup.instances["b#1"], exit_reason::abnormal("y")}};

  sup.ask(start_child{child("c")});

  EXPECT_EQ(sup.used, (std::vector<std::size_t>{1, 2}));
}

TEST(OneForAll, StopsAllInReverseOrderAndStartsAllInOrder) {
  harness sup{with(strategy::one_for_all),
              {child("a"), child("b"), child("c")}};
  sup.begin();

  sup.crash("b#1");

  EXPECT_EQ(sup.take(), (lines{"report child_terminated b (running b#1) boom",
                               "shutdown c#1", "down c#1 shutdown",
                               "shutdown a#1", "down a#1 shutdown", "start a#2",
                               "start b#2", "start c#2"}));
}

TEST(OneForAll, DropsTemporaryAndRevivesStoppedChildren) {
  harness sup{with(strategy::one_for_all),
              {child("a"), child("t", restart::temporary), child("c"),
               child("d", restart::transient)}};
  sup.begin();
  sup.ask(terminate_child{"c"});
  sup.exit("d#1", exit_reason::normal());

  sup.crash("a#1");

  EXPECT_EQ(sup.children(), (lines{"a#2", "c#2", "d#2"}));
}

TEST(OneForAll, CountsTwoDeathsAtOnceOnceAndReportsTheSecond) {
  harness sup{with(strategy::one_for_all), {child("a"), child("b")}};
  sup.begin();
  sup.meanwhile["c"]
    = {child_exited{sup.instances["a#1"], exit_reason::abnormal("x")},
       child_exited{sup.instances["b#1"], exit_reason::abnormal("y")}};

  sup.ask(start_child{child("c")});

  EXPECT_EQ(sup.used, std::vector<std::size_t>{1});
  EXPECT_THAT(sup.take(),
              testing::Contains("report shutdown_error b (running b#1) y"));
}

TEST(OneForAll, RetriesWithTheFailedSiblingAsCulprit) {
  harness sup{with(strategy::one_for_all),
              {child("a"), child("b"), child("c")}};
  sup.begin();
  sup.starts["b"] = {nope};

  sup.crash("c#1");

  EXPECT_EQ(
    sup.take(),
    (lines{"report child_terminated c (running c#1) boom", "shutdown b#1",
           "down b#1 shutdown", "shutdown a#1", "down a#1 shutdown",
           "start a#2", "start b#2", "report start_error b (undefined) nope",
           "retry b", "shutdown a#2", "down a#2 shutdown", "start a#3",
           "start b#3", "start c#2"}));
  EXPECT_EQ(sup.used, (std::vector<std::size_t>{1, 2}));
}

TEST(OneForAll, TreatsADeathDuringTheGroupRestartAsANewCrash) {
  harness sup{with(strategy::one_for_all), {child("a"), child("b")}};
  sup.begin();
  sup.crash("a#1");
  sup.meanwhile["b"]
    = {child_exited{sup.instances["a#2"] + 2, exit_reason::abnormal("x")}};

  sup.crash("a#2");

  EXPECT_EQ(sup.used, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(sup.children(), (lines{"a#4", "b#4"}));
}

TEST(RestForOne, LeavesEarlierChildrenAlone) {
  harness sup{with(strategy::rest_for_one),
              {child("a"), child("b"), child("c"), child("d")}};
  sup.begin();
  sup.ask(terminate_child{"a"});
  sup.ask(terminate_child{"d"});
  sup.take();

  sup.crash("b#1");

  EXPECT_EQ(sup.take(), (lines{"report child_terminated b (running b#1) boom",
                               "shutdown c#1", "down c#1 shutdown", "start b#2",
                               "start c#2", "start d#2"}));
  EXPECT_EQ(sup.children(), (lines{"a undefined", "b#2", "c#2", "d#2"}));
}

TEST(RestForOne, RetryDoesNotTouchWhatIsRestartedAlready) {
  harness sup{with(strategy::rest_for_one),
              {child("a"), child("b"), child("c"), child("d")}};
  sup.begin();
  sup.starts["c"] = {nope};

  sup.crash("b#1");

  EXPECT_EQ(sup.children(), (lines{"a#1", "b#2", "c#3", "d#2"}));
}

TEST(Retry, ComesBehindWhatWaitsAlready) {
  harness sup{with(strategy::one_for_one), {child("a"), child("z")}};
  sup.begin();
  sup.starts["a"] = {nope};
  sup.meanwhile["a"] = {request{99, which_children{}}};

  sup.crash("a#1");

  EXPECT_EQ(sup.take(),
            (lines{"report child_terminated a (running a#1) boom", "start a#2",
                   "report start_error a (running a#1) nope", "reply",
                   "retry a", "start a#3"}));
  auto seen = std::get<std::vector<child_info>>(sup.answer(99));
  EXPECT_EQ(seen.back().state, child_state::restarting);
}

TEST(Retry, UsesUpTheBudgetAndNamesTheFormerInstance) {
  harness sup{with(strategy::one_for_one, 2), {child("a")}};
  sup.begin();
  sup.starts["a"] = {nope, nope, nope};

  sup.crash("a#1");

  EXPECT_EQ(
    sup.take(),
    (lines{"report child_terminated a (running a#1) boom", "start a#2",
           "report start_error a (running a#1) nope", "retry a", "start a#3",
           "report start_error a (restarting a#1) nope", "retry a",
           "report shutdown a (restarting a#1)", "stopped shutdown"}));
}

TEST(Retry, IsCancelledByTerminateChild) {
  harness sup{with(strategy::one_for_one), {child("a")}};
  sup.begin();
  sup.starts["a"] = {nope};
  sup.meanwhile["a"] = {request{99, terminate_child{"a"}}};

  sup.crash("a#1");

  EXPECT_EQ(sup.children(), lines{"a undefined"});
  EXPECT_EQ(sup.used.size(), 1u);
}

TEST(Retry, IsCutShortByTheParent) {
  harness sup{with(strategy::one_for_one), {child("k"), child("a")}};
  sup.begin();
  sup.starts["a"] = {nope};
  sup.meanwhile["a"] = {parent_exited{exit_reason::shutdown()}};

  sup.crash("a#1");

  EXPECT_EQ(sup.take(),
            (lines{"report child_terminated a (running a#1) boom", "start a#2",
                   "report start_error a (running a#1) nope", "shutdown k#1",
                   "down k#1 shutdown", "stopped shutdown"}));
}

class IgnoredRestart : public testing::TestWithParam<strategy> {};

TEST_P(IgnoredRestart, KeepsTheSpecificationAndDoesNotRetry) {
  harness sup{with(GetParam()), {child("a"), child("b")}};
  sup.begin();
  sup.starts["a"] = {ignored{}};

  sup.crash("a#1");

  EXPECT_EQ(sup.children().front(), "a undefined");
  EXPECT_EQ(sup.used.size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Strategies, IgnoredRestart,
                         testing::Values(strategy::one_for_one,
                                         strategy::one_for_all,
                                         strategy::rest_for_one),
                         [](auto& param) {
                           return std::string{to_string(param.param)};
                         });

} // namespace

} // namespace strategies_test
