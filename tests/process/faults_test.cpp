// SPDX-License-Identifier: BSD-3-Clause

// The fault points of programs.

#include "process_fixture.hpp"

#include "coppice/fault/registry.hpp"

#include "coppice/fault/term.hpp"

#include <tuple>

#include <gmock/gmock.h>

namespace process_faults_test {

using namespace coppice;
using namespace std::chrono_literals;
using coppice::test::process_fixture;
using observe::event_kind;
using supervision::restart;
using ::testing::HasSubstr;

namespace {

class ProgramFaults : public process_fixture {
protected:
  ProgramFaults() {
    // The points are there once a program has been started.
    EXPECT_TRUE(start(
      {child("a", program({"say", "up", "wait"}), restart::permanent, 100ms)}));
    lines.wait_for(1);
    pid = next_pid(event_kind::child_started, "a");
  }

  void arm(std::string_view point, std::string_view term) {
    armed.emplace(rt->faults, point, term);
  }

  pid_t pid = 0;
  std::optional<fault::armed_for> armed;
};

TEST_F(ProgramFaults, AStartFails) {
  arm("process.start:a", "1*error(EACCES)->off");

  ::kill(pid, SIGKILL);

  EXPECT_THAT(next_reason(event_kind::start_failed, "a"), HasSubstr("EACCES"));
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramFaults, AStartIsLate) {
  arm("process.start:a", "1*delay(100ms)->off");
  auto before = std::chrono::steady_clock::now();

  ::kill(pid, SIGKILL);

  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
  EXPECT_GE(std::chrono::steady_clock::now() - before, 100ms);
}

TEST_F(ProgramFaults, AProgramIsKilledWhenItIsUp) {
  arm("process.exit:a", "1*kill->off");

  ::kill(pid, SIGUSR1);

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "SIGUSR1");
  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "killed");
  EXPECT_TRUE(next(event_kind::child_restarted, "a"));
}

TEST_F(ProgramFaults, AProgramEndsForAnotherReason) {
  arm("process.exit:a", "1*exit(out of luck)->off");

  ::kill(pid, SIGUSR1);

  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "SIGUSR1");
  auto end = next(event_kind::child_exited, "a");
  ASSERT_TRUE(end);
  EXPECT_EQ(end->reason, "out of luck");
  EXPECT_THAT(end->detail, HasSubstr("ended by killed"));
}

TEST_F(ProgramFaults, AStopSignalIsLost) {
  arm("process.stop:a", "1*drop->off");
  ASSERT_TRUE(actor::crash(*rt, "top/a", supervision::exit_reason::shutdown()));

  // The time of its specification passes, and then it is killed.
  EXPECT_EQ(next_reason(event_kind::child_exited, "a"), "killed");
}

TEST_F(ProgramFaults, AStopSignalIsSigkill) {
  arm("process.stop:a", "1*kill->off");

  stop();

  EXPECT_EQ(next_reason(event_kind::child_stopped, "a"), "killed");
}

// Every action at every point: whatever it does, the program is up again when
// the fault is over.
class ProgramFaultMatrix : public ProgramFaults,
                           public ::testing::WithParamInterface<
                             std::tuple<std::string, std::string>> {};

TEST_P(ProgramFaultMatrix, IsOverWhenItIsOver) {
  auto& [point, term] = GetParam();
  auto text = "3*" + term + "->off";
  auto parsed = fault::parse_term(text);
  ASSERT_TRUE(parsed);
  if (!rt->faults.arm(point + ":a", *parsed)) {
    SUCCEED() << "refused";
    return;
  }

  for (int i = 0; i < 4; ++i) {
    actor::crash(*rt, "top/a", supervision::exit_reason::shutdown());
    EXPECT_TRUE(next(event_kind::child_exited, "a"));
    EXPECT_TRUE(next(event_kind::child_restarted, "a"));
  }
  EXPECT_TRUE(rt->actor_at("top/a"));
}

INSTANTIATE_TEST_SUITE_P(
  All, ProgramFaultMatrix,
  ::testing::Combine(
    ::testing::Values("process.start", "process.exit", "process.stop"),
    ::testing::Values("return", "error(EIO)", "throw(x)", "exit(x)", "kill",
                      "delay(1ms)", "hang(1ms)", "drop", "dup", "abort")));

} // namespace

} // namespace process_faults_test
