// SPDX-License-Identifier: BSD-3-Clause

#include "commands/real_clock.hpp"

#include "server/stop_signals.hpp"

#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>

namespace coppice::commands {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

namespace {

constexpr milliseconds pause_between_looks = 200ms;

} // namespace

real_clock::real_clock(std::function<void()> meanwhile)
    : meanwhile_(std::move(meanwhile)),
      signals_(open_stop_signals()),
      zero_(std::chrono::steady_clock::now()) {
  // nop
}

void real_clock::begin(milliseconds lead) {
  zero_ = std::chrono::steady_clock::now() + lead;
}

milliseconds real_clock::now() {
  return std::chrono::floor<milliseconds>(std::chrono::steady_clock::now()
                                          - zero_);
}

bool real_clock::wait_until(milliseconds when) {
  for (;;) {
    auto left = when - now();
    if (interrupted(std::clamp(left, 0ms, pause_between_looks)))
      return false;
    if (now() >= when)
      return true;
    if (left > pause_between_looks)
      meanwhile_();
  }
}

bool real_clock::interrupted(milliseconds within) {
  pollfd ready{.fd = signals_.fd(), .events = POLLIN, .revents = 0};
  if (::poll(&ready, 1, static_cast<int>(within.count())) <= 0)
    return false;
  signalfd_siginfo info;
  return ::read(signals_.fd(), &info, sizeof info) == sizeof info;
}

} // namespace coppice::commands
