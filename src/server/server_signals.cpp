// SPDX-License-Identifier: BSD-3-Clause

#include "server/server_signals.hpp"

#include "server/exit_code.hpp"
#include "server/server_loop.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <system_error>
#include <utility>

namespace coppice {

namespace {

constexpr std::chrono::seconds start_limit{5};
constexpr unsigned end_limit_seconds = 2;
constexpr int exit_of_signal = 128;

sigset_t set_of_all() {
  sigset_t set;
  sigemptyset(&set);
  for (auto signal :
       {SIGINT, SIGTERM, SIGQUIT, SIGPWR, SIGXCPU, SIGHUP, SIGUSR1})
    sigaddset(&set, signal);
  return set;
}

void ignore_unless_handled(int signal) {
  struct sigaction now {};
  if (::sigaction(signal, nullptr, &now) != 0 || now.sa_handler != SIG_DFL)
    return;
  now.sa_handler = SIG_IGN;
  ::sigaction(signal, &now, nullptr);
}

volatile std::sig_atomic_t code_at_end_limit = 0;

extern "C" void on_end_limit(int) {
  ::_exit(code_at_end_limit);
}

} // namespace

signal_meaning meaning_of(int signal) noexcept {
  switch (signal) {
  case SIGINT:
  case SIGTERM:
  case SIGQUIT:
  case SIGPWR:
  case SIGXCPU:
    return signal_meaning::stop;
  case SIGHUP:
    return signal_meaning::reload;
  case SIGUSR1:
    return signal_meaning::status;
  default:
    return signal_meaning::none;
  }
}

void block_server_signals() {
  for (auto signal : {SIGPIPE, SIGXFSZ, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF,
                      SIGIO, SIGSTKFLT})
    ignore_unless_handled(signal);
  for (auto signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
    ignore_unless_handled(signal);
  auto set = set_of_all();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

net::socket open_server_signals() {
  auto set = set_of_all();
  net::socket result{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
  if (!result)
    throw std::system_error(errno, std::generic_category(), "signalfd");
  return result;
}

start_signals::start_signals(const end_of_programs* programs,
                             std::stop_source call_off)
    : programs_(programs),
      call_off_(std::move(call_off)),
      signals_(open_server_signals()),
      over_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (!over_)
    throw std::system_error(errno, std::generic_category(), "eventfd");
  watcher_ = std::thread{[this] { watch(); }};
}

start_signals::~start_signals() {
  end();
}

bool start_signals::end() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto n = ::write(over_.fd(), &one, sizeof(one));
  if (watcher_.joinable())
    watcher_.join();
  return stop_wanted_;
}

void start_signals::watch() {
  std::array<pollfd, 2> fds{pollfd{signals_.fd(), POLLIN, 0},
                            pollfd{over_.fd(), POLLIN, 0}};
  for (;;) {
    auto left = -1;
    if (until_)
      left = static_cast<int>(std::max<std::int64_t>(
        0, std::chrono::ceil<std::chrono::milliseconds>(*until_ - clock::now())
             .count()));
    auto n = ::poll(fds.data(), fds.size(), left);
    if (n == 0)
      on_time_over();
    if (n > 0 && fds[1].revents != 0)
      return;
    signalfd_siginfo info;
    if (n <= 0 || ::read(signals_.fd(), &info, sizeof(info)) != sizeof(info))
      continue;
    auto signal = static_cast<int>(info.ssi_signo);
    if (meaning_of(signal) == signal_meaning::stop)
      on_stop(signal);
  }
}

void start_signals::on_stop(int signal) {
  auto first = !stop_wanted_.exchange(true);
  if (!first && (programs_ == nullptr || killing_))
    ::_exit(exit_of_signal + signal);
  if (!first) {
    on_time_over();
    return;
  }
  if (programs_ == nullptr) {
    until_ = clock::now() + start_limit;
    return;
  }
  if (programs_->stop_within)
    until_ = clock::now() + *programs_->stop_within;
  call_off_.request_stop();
}

void start_signals::on_time_over() {
  if (programs_ == nullptr || killing_)
    ::_exit(failed);
  killing_ = true;
  until_ = clock::now() + start_limit;
  programs_->kill();
}

end_limit::end_limit(int code) {
  code_at_end_limit = code;
  struct sigaction action {};
  action.sa_handler = on_end_limit;
  ::sigaction(SIGALRM, &action, nullptr);
  sigset_t set; // the parent process may have blocked it
  sigemptyset(&set);
  sigaddset(&set, SIGALRM);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::alarm(end_limit_seconds);
}

end_limit::~end_limit() {
  ::alarm(0);
  std::signal(SIGALRM, SIG_IGN);
}

} // namespace coppice
