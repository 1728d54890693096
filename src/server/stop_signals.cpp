// SPDX-License-Identifier: BSD-3-Clause

#include "server/stop_signals.hpp"

#include <pthread.h>
#include <sys/signalfd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace coppice {

namespace {

sigset_t stop_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

} // namespace

void block_stop_signals() {
  auto set = stop_signals();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

net::socket open_stop_signals() {
  auto set = stop_signals();
  net::socket result{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!result)
    throw std::system_error(errno, std::generic_category(), "signalfd");
  return result;
}

} // namespace coppice
