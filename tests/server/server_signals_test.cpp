// SPDX-License-Identifier: BSD-3-Clause

#include "server/server_signals.hpp"

#include <poll.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>

#include <gtest/gtest.h>

namespace server_signals_test {

using namespace coppice;
using namespace std::chrono_literals;

namespace {

// A start that takes too long, while something else keeps sending signals.
void start_for_ever() {
  block_server_signals();
  start_signals early;
  ::kill(::getpid(), SIGTERM);
  auto until = std::chrono::steady_clock::now() + 15s;
  while (std::chrono::steady_clock::now() < until) {
    ::kill(::getpid(), SIGHUP);
    ::poll(nullptr, 0, 100);
  }
  std::_Exit(77);
}

} // namespace

TEST(StartSignals, EndAStartAfterFiveSecondsWhateverOtherSignalsCome) {
  EXPECT_EXIT(start_for_ever(), ::testing::ExitedWithCode(1), "");
}

} // namespace server_signals_test
