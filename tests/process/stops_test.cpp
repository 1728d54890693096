// SPDX-License-Identifier: BSD-3-Clause

// How programs are stopped.

#include "process_fixture.hpp"

#include "coppice/actor/request.hpp"
#include "process/programs.hpp"

#include <gmock/gmock.h>

#include <algorithm>

namespace stops_test {

using namespace coppice;
using coppice::test::process_fixture;
using namespace std::chrono_literals;
using observe::event_kind;
using supervision::restart;
using ::testing::Contains;
using ::testing::HasSubstr;

namespace {

class ProgramStops : public process_fixture {
protected:
  using clock = std::chrono::steady_clock;

  clock::duration time_to_stop() {
    auto before = clock::now();
    stop();
    return clock::now() - before;
  }
};

TEST_F(ProgramStops, OneThatObeysEndsWithShutdown) {
  ASSERT_TRUE(
    start({child("a", program({"wait"})),
           child("b", program({"exit-on", "15", "0", "say", "up", "wait"}))}));
  lines.wait_for(1);

  stop();

  EXPECT_EQ(next_reason(event_kind::child_stopped, "b"), "shutdown");
  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "shutdown");
}

TEST_F(ProgramStops, OneThatExitsWithAnErrorInsteadIsReported) {
  ASSERT_TRUE(
    start({child("a", program({"exit-on", "15", "7", "say", "up", "wait"}))}));
  lines.wait_for(1);

  stop();

  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "exit 7");
}

TEST_F(ProgramStops, OneThatDoesNotObeyIsKilledWhenItsTimeIsOver) {
  ASSERT_TRUE(start({child("a", program({"ignore", "15", "say", "up", "wait"}),
                           restart::permanent, 300ms)}));
  lines.wait_for(1);

  auto time = time_to_stop();

  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "killed");
  EXPECT_GE(time, 300ms);
  EXPECT_LT(time, 5s);
}

TEST_F(ProgramStops, ThoseOfAGroupAreStoppedOneAfterTheOtherInReverse) {
  std::vector<actor::child_spec> children;
  for (std::string id : {"a", "b", "c"})
    children.push_back(
      child(id, shell("trap 'echo bye; exit 0' TERM; echo hello; "
                      "while :; do sleep 0.01; done")));
  ASSERT_TRUE(
    start(std::move(children),
          {.strategy = supervision::strategy::one_for_all, .intensity = 10}));
  lines.wait_for(3);
  auto a = next_pid(event_kind::child_started, "a");
  lines.clear();

  ::kill(a, SIGKILL);

  auto all = lines.wait_for(5);
  std::vector<std::string> byes(all.begin(),
                                all.begin() + std::min<long>(2, all.size()));
  EXPECT_THAT(byes, ::testing::ElementsAre("top/c | bye", "top/b | bye"));
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
  EXPECT_TRUE(next(event_kind::child_restarted, "b"));
  EXPECT_TRUE(next(event_kind::child_restarted, "c"));
}

TEST_F(ProgramStops, AMemberOfTheGroupThatDoesNotObeyIsKilledAfterTheTime) {
  ASSERT_TRUE(start({child("a",
                           program({"background", "ignore", "15", "write-pid",
                                    file("worker"), "wait", "--", "wait"}),
                           restart::permanent, 300ms)}));
  auto worker = pid_in("worker");

  auto time = time_to_stop();

  EXPECT_GE(time, 300ms);
  EXPECT_TRUE(is_gone(worker));
}

TEST_F(ProgramStops, AMemberOfTheGroupGetsTheSignalWhenItsLeaderHasGone) {
  ASSERT_TRUE(
    start({child("a", shell("sh -c 'trap \"echo bye; exit 0\" TERM; echo up; "
                            "while :; do sleep 0.01; done' & wait"))}));
  lines.wait_for(1);

  stop();

  EXPECT_THAT(lines.lines(), Contains("top/a | bye"));
  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "shutdown");
}

TEST_F(ProgramStops, AStoppedProcessIsContinued) {
  ASSERT_TRUE(start({child("a", program({"wait"}))}));
  auto pid = next_pid(event_kind::child_started, "a");
  ::kill(pid, SIGSTOP);

  auto time = time_to_stop();

  EXPECT_LT(time, 4s);
  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "shutdown");
}

TEST_F(ProgramStops, BrutalKillKillsAtOnce) {
  auto spec = process::process_child(
    {.id = "a", .shutdown = supervision::shutdown::brutal_kill()},
    program({"ignore", "15", "say", "up", "wait"}));
  ASSERT_TRUE(start({spec}));
  lines.wait_for(1);

  auto time = time_to_stop();

  EXPECT_LT(time, 4s);
  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "killed");
}

TEST_F(ProgramStops, ItsOwnStopSignalIsSent) {
  auto what
    = program({"ignore", "15", "exit-on", "2", "0", "say", "up", "wait"});
  what.stop_signal = SIGINT;
  ASSERT_TRUE(start({child("a", what)}));
  lines.wait_for(1);

  stop();

  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "shutdown");
}

TEST_F(ProgramStops, AKillSignalKillsTheProgramAndItIsRestarted) {
  ASSERT_TRUE(start({child("a", program({"ignore", "15", "wait"}),
                           restart::permanent, 100ms)}));
  auto pid = next_pid(event_kind::child_started, "a");

  ASSERT_TRUE(actor::crash(*rt, "top/a", {}));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "killed");
  EXPECT_TRUE(is_gone(pid));
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramStops, ARequestToShutDownHasTheTimeOfItsSpecification) {
  ASSERT_TRUE(start({child("a", program({"ignore", "15", "say", "up", "wait"}),
                           restart::permanent, 200ms)}));
  lines.wait_for(1);
  auto before = clock::now();

  ASSERT_TRUE(actor::crash(*rt, "top/a", supervision::exit_reason::shutdown()));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "killed");
  EXPECT_GE(clock::now() - before, 200ms);
}

TEST_F(ProgramStops, ProgramsOfAKilledSupervisorGoBeforeTheirSuccessors) {
  auto nested = actor::supervisor_child(
    "n", {},
    {child("a", program({"write-pid", file("now"), "say", "up", "wait"}))});
  ASSERT_TRUE(start({nested}));
  lines.wait_for(1);
  auto first = pid_in("now");

  actor::crash(*rt, "top/n", {});

  lines.wait_for(2);
  EXPECT_TRUE(is_gone(first));
  EXPECT_NE(pid_in("now"), first);
}

TEST_F(ProgramStops, ASignalCanBeSent) {
  ASSERT_TRUE(
    start({child("a", program({"exit-on", "10", "5", "say", "up", "wait"}))}));
  lines.wait_for(1);

  EXPECT_TRUE(process::is_program(*rt, "top/a"));
  EXPECT_FALSE(process::is_program(*rt, "top"));
  EXPECT_TRUE(process::send_signal(*rt, "top/a", SIGUSR1));

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "exit 5");
  EXPECT_EQ(test::error_of(process::send_signal(*rt, "top", SIGUSR1)),
            "\"top\" is not a program: it cannot be sent a signal");
}

TEST_F(ProgramStops, DynamicSupervisorsStopTheirsTogether) {
  ASSERT_TRUE(start({actor::dynamic_supervisor("d")}));
  auto where = rt->actor_at("top/d");
  for (int i = 0; i < 8; ++i)
    ASSERT_TRUE(
      actor::start_child(
        where, child("p", program({"ignore", "15", "say", "up", "wait"}),
                     restart::permanent, 300ms))
        .get());
  lines.wait_for(8);

  auto time = time_to_stop();

  EXPECT_GE(time, 300ms);
  EXPECT_LT(time, 2s);
}

} // namespace

} // namespace stops_test
