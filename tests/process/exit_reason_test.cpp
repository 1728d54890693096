// SPDX-License-Identifier: BSD-3-Clause

#include "process/program_end.hpp"

#include <signal.h>

#include <gtest/gtest.h>

namespace exit_reason_test {

using namespace coppice::process;
using coppice::supervision::exit_reason;

namespace {

program_end exited(int code, bool asked = false) {
  program_end result;
  result.number = code;
  result.asked_to_stop = asked;
  return result;
}

program_end signaled(int number, bool asked = false, bool core = false) {
  program_end result;
  result.by_signal = true;
  result.number = number;
  result.asked_to_stop = asked;
  result.core_dumped = core;
  return result;
}

std::string text(const program_end& end, const program& what = {}) {
  return to_string(reason_of(end, what));
}

TEST(ExitReason, ExitCodesThatCountAsSuccessAreNormal) {
  program what;
  what.success = {0, 3};

  EXPECT_EQ(reason_of(exited(0), what), exit_reason::normal());
  EXPECT_EQ(reason_of(exited(3), what), exit_reason::normal());
  EXPECT_EQ(text(exited(4), what), "exit 4");
}

TEST(ExitReason, SaysWhatAShellMadeOfIt) {
  EXPECT_EQ(text(exited(126)), "exit 126 (a shell: not executable)");
  EXPECT_EQ(text(exited(127)), "exit 127 (a shell: not found)");
  EXPECT_EQ(text(exited(137)), "exit 137 (a shell: SIGKILL)");
  EXPECT_EQ(text(exited(139)), "exit 139 (a shell: SIGSEGV)");
  EXPECT_EQ(text(exited(128)), "exit 128");
  EXPECT_EQ(text(exited(255)), "exit 255");
}

TEST(ExitReason, SignalsHaveTheirNames) {
  EXPECT_EQ(text(signaled(SIGSEGV)), "SIGSEGV");
  EXPECT_EQ(text(signaled(SIGSEGV, false, true)), "SIGSEGV, core dumped");
  EXPECT_EQ(text(signaled(SIGRTMIN + 2)), "SIGRTMIN+2");
  EXPECT_EQ(text(signaled(SIGKILL)), "killed");
}

TEST(ExitReason, SignalsThatMeanStopAreCleanUnlessTheyCountAsACrash) {
  program early_killer;
  early_killer.crash_on = {SIGTERM};

  EXPECT_EQ(text(signaled(SIGTERM)), "{shutdown,SIGTERM}");
  EXPECT_EQ(text(signaled(SIGINT)), "{shutdown,SIGINT}");
  EXPECT_EQ(text(signaled(SIGHUP)), "{shutdown,SIGHUP}");
  EXPECT_EQ(text(signaled(SIGTERM), early_killer), "SIGTERM");
  EXPECT_TRUE(reason_of(signaled(SIGTERM), {}).clean());
}

TEST(ExitReason, AnOrderlyEndAfterTheStopSignalIsShutdown) {
  program what;
  what.stop_signal = SIGINT;

  EXPECT_EQ(text(exited(0, true), what), "shutdown");
  EXPECT_EQ(text(exited(130, true), what), "shutdown");
  EXPECT_EQ(text(signaled(SIGINT, true), what), "shutdown");
  EXPECT_EQ(text(exited(3, true), what), "exit 3");
  EXPECT_EQ(text(signaled(SIGSEGV, true), what), "SIGSEGV");
  EXPECT_EQ(text(signaled(SIGKILL, true), what), "killed");
}

TEST(ExitReason, AKillForWantOfMemoryIsNamed) {
  auto end = signaled(SIGKILL);
  end.out_of_memory = true;

  EXPECT_EQ(text(end), "killed, perhaps out of memory");
}

TEST(ExitReason, DetailsHaveALineForEachLastLine) {
  auto end = exited(3);
  end.ran = std::chrono::milliseconds{2345};
  end.peak_kib = 12 * 1024;
  end.leftovers = 2;
  end.last_lines = {"no disk", "\x1b[31mgiving up"};

  EXPECT_EQ(details_of(end, 4711),
            "pid 4711 ran 2.3 s, peak memory 12 MiB, left 2 processes behind\n"
            "no disk\n\\u001b[31mgiving up");
}

TEST(ExitReason, SignalsAreFoundByTheirNames) {
  EXPECT_EQ(signal_number("TERM"), SIGTERM);
  EXPECT_EQ(signal_number("SIGHUP"), SIGHUP);
  EXPECT_EQ(signal_number("NONE"), 0);
}

} // namespace

} // namespace exit_reason_test
