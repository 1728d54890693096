// SPDX-License-Identifier: BSD-3-Clause

#include "harness.hpp"

namespace init_test {

namespace {

using lines = std::vector<std::string>;

const start_outcome nope = start_failed{exit_reason::abnormal("nope")};

TEST(Init, StartsChildrenInOrderOneByOne) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.slow = {"a"};

  sup.send(begin{});
  EXPECT_EQ(sup.take(), lines{"start a#1"});

  sup.send(start_returned{sup.instances["a#1"], started{}});
  EXPECT_EQ(sup.take(), (lines{"start b#1", "up"}));
}

TEST(Init, KeepsWhatIgnoresUnlessTemporary) {
  harness sup{with(strategy::one_for_one),
              {child("a"), child("t", restart::temporary),
               child("c", restart::transient)}};
  sup.starts = {{"a", {ignored{}}}, {"t", {ignored{}}}, {"c", {ignored{}}}};

  sup.send(begin{});

  EXPECT_EQ(sup.children(), (lines{"a undefined", "c undefined"}));
  EXPECT_EQ(sup.forgotten, lines{"t"});
}

TEST(Init, FailureStopsWhatRunsInReverseOrderAndIsNotRetried) {
  harness sup{with(strategy::one_for_one),
              {child("a"), child("b"), child("c"), child("d")}};
  sup.starts["c"] = {nope};

  sup.send(begin{});

  EXPECT_EQ(sup.take(),
            (lines{"start a#1", "start b#1", "start c#1",
                   "report start_error c (undefined) nope", "shutdown b#1",
                   "down b#1 shutdown", "shutdown a#1", "down a#1 shutdown",
                   "stopped {shutdown,{failed_to_start_child,c,nope}}"}));
}

TEST(Init, HandlesADeathAfterwards) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.meanwhile["b"] = {child_exited{1, exit_reason::abnormal("early")}};

  sup.send(begin{});

  EXPECT_EQ(sup.take(), (lines{"start a#1", "start b#1", "up",
                               "report child_terminated a (running a#1) early",
                               "start a#2"}));
}

TEST(Init, ReportsADeathAsShutdownErrorIfALaterSiblingFails) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.meanwhile["b"] = {child_exited{1, exit_reason::abnormal("early")}};
  sup.starts["b"] = {nope};

  sup.send(begin{});

  EXPECT_THAT(sup.take(),
              testing::IsSupersetOf(
                {"shutdown a#1", "down a#1 early",
                 "report shutdown_error a (running a#1) early",
                 "stopped {shutdown,{failed_to_start_child,b,nope}}"}));
}

TEST(Init, ParentIsHeardOnlyAfterwards) {
  harness sup{with(strategy::one_for_one), {child("a"), child("b")}};
  sup.meanwhile["a"] = {parent_exited{exit_reason::shutdown()}};

  sup.send(begin{});

  EXPECT_EQ(sup.take(), (lines{"start a#1", "start b#1", "up", "shutdown b#1",
                               "down b#1 shutdown", "shutdown a#1",
                               "down a#1 shutdown", "stopped shutdown"}));
}

} // namespace

} // namespace init_test
