// SPDX-License-Identifier: BSD-3-Clause

// How programs end by themselves, and what their supervisor does about it.

#include "process_fixture.hpp"

#include "coppice/actor/request.hpp"

#include <gmock/gmock.h>

namespace exits_test {

using namespace coppice;
using coppice::test::process_fixture;
using observe::event_kind;
using supervision::restart;
using ::testing::HasSubstr;
using ::testing::StartsWith;

namespace {

class ProgramExits : public process_fixture {};

TEST_F(ProgramExits, PermanentOneIsRestartedAfterExitZero) {
  ASSERT_TRUE(start({child("a", program({"exit", "0"}))})) << error;

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "normal");
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramExits, TransientOneStaysDownAfterExitZero) {
  ASSERT_TRUE(start({child("a", program({"exit", "0"}), restart::transient)}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "normal");
  auto counts = actor::count_children(root->handle()).get();
  EXPECT_EQ(counts->active, 0U);
  EXPECT_EQ(counts->specs, 1U);
}

TEST_F(ProgramExits, TemporaryOneIsForgotten) {
  ASSERT_TRUE(start({child("a", program({"exit", "0"}), restart::temporary)}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "normal");
  EXPECT_EQ(actor::count_children(root->handle()).get()->specs, 0U);
}

TEST_F(ProgramExits, TransientOneIsRestartedAfterACrash) {
  ASSERT_TRUE(start({child("a", program({"complain", "no disk", "exit", "3"}),
                           restart::transient)}));

  auto end = next(event_kind::child_exited, "a");

  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "exit 3");
  EXPECT_THAT(end->detail, StartsWith("pid "));
  EXPECT_THAT(end->detail, HasSubstr(" ran "));
  EXPECT_THAT(end->detail, HasSubstr("\nno disk"));
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramExits, SignalsAreNamed) {
  ASSERT_TRUE(start(
    {child("a", program({"no-core", "crash", "11"}), restart::temporary),
     child("b", shell("kill -9 $$"), restart::temporary),
     child("c", shell(std::string{PROGRAM_FOR_TESTS} + " crash 9; exit $?"),
           restart::temporary),
     child("d", shell("kill -TERM $$"), restart::temporary)}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "SIGSEGV");
  forget_position();
  EXPECT_EQ(next_reason(event_kind::child_exited, "b"), "killed");
  forget_position();
  EXPECT_EQ(next_reason(event_kind::child_exited, "c"),
            "exit 137 (a shell: SIGKILL)");
  forget_position();
  EXPECT_EQ(next_reason(event_kind::child_exited, "d"), "{shutdown,SIGTERM}");
}

TEST_F(ProgramExits, AnExitIsNoticedAlthoughSomethingHoldsItsOutput) {
  auto before = std::chrono::steady_clock::now();
  ASSERT_TRUE(
    start({child("a", shell("sleep 60 & exit 1"), restart::temporary)}));

  auto end = next(event_kind::child_exited, "a");

  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "exit 1");
  EXPECT_LT(std::chrono::steady_clock::now() - before,
            std::chrono::seconds{10});
}

TEST_F(ProgramExits, WhatACrashedMasterLeavesBehindIsGoneBeforeTheRestart) {
  ASSERT_TRUE(
    start({child("a", program({"background", "write-pid", file("worker"),
                               "wait", "--", "until", file("worker"), "until",
                               file("go"), "exit", "1"}))}));
  auto worker = pid_in("worker");
  ASSERT_FALSE(is_gone(worker));

  std::ofstream{file("go")};

  EXPECT_TRUE(next(event_kind::child_exited, "a"));
  EXPECT_TRUE(is_gone(worker));
}

TEST_F(ProgramExits, LeftoversStayIfTheyAreKept) {
  auto what = program({"background", "write-pid", file("worker"), "wait", "--",
                       "until", file("worker"), "exit", "1"});
  what.keep_leftovers = true;
  ASSERT_TRUE(start({child("a", what, restart::temporary)}));
  auto worker = pid_in("worker");

  EXPECT_TRUE(next(event_kind::child_exited, "a"));

  EXPECT_FALSE(is_gone(worker));
  ::kill(worker, SIGKILL);
}

TEST_F(ProgramExits, OtherProgramsKeepRunning) {
  ASSERT_TRUE(
    start({child("a", program({"wait"})), child("b", program({"wait"})),
           child("c", program({"wait"}))},
          {.strategy = supervision::strategy::rest_for_one, .intensity = 10}));
  auto a = next_pid(event_kind::child_started, "a");
  auto b = next_pid(event_kind::child_started, "b");
  auto c = next_pid(event_kind::child_started, "c");

  ::kill(b, SIGKILL);

  EXPECT_TRUE(next(event_kind::child_exited, "b"));
  EXPECT_TRUE(next(event_kind::child_restarted, "c"));
  EXPECT_TRUE(is_gone(b));
  EXPECT_TRUE(is_gone(c));
  EXPECT_FALSE(is_gone(a));
}

} // namespace

} // namespace exits_test
