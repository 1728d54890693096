// SPDX-License-Identifier: BSD-3-Clause

#include "process/event_thread.hpp"

#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <system_error>
#include <thread>

namespace coppice::process {

// Never destroyed: programs may end while `main` returns.
event_thread& event_thread::get() {
  static auto& result = *new event_thread;
  return result;
}

event_thread::event_thread()
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (epoll_ < 0 || wake_ < 0)
    throw std::system_error{errno, std::generic_category(),
                            "no descriptors to watch programs with"};
  epoll_event ev{};
  ev.events = EPOLLIN;
  ev.data.u64 = 0;
  ::epoll_ctl(epoll_, EPOLL_CTL_ADD, wake_, &ev);
  std::thread{[this] {
    ::pthread_setname_np(::pthread_self(), "programs");
    // The signals of the process are for others, and a program that closes its
    // end of a pipe is no reason to die.
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    run();
  }}.detach();
}

void event_thread::post(std::function<void()> fn) {
  {
    std::lock_guard guard{mutex_};
    posted_.push_back(std::move(fn));
    if (posted_.size() > 1)
      return; // it was woken for the first
  }
  std::uint64_t one = 1;
  (void)!::write(wake_, &one, sizeof one);
}

event_thread::number event_thread::watch(int fd, std::uint32_t events,
                                         callback fn) {
  epoll_event ev{};
  ev.events = events;
  ev.data.u64 = ++last_;
  if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &ev) < 0)
    return 0;
  watches_.emplace(last_, std::move(fn));
  return last_;
}

void event_thread::unwatch(number which, int fd) {
  if (watches_.erase(which) > 0)
    ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}

event_thread::number event_thread::after(std::chrono::milliseconds delay,
                                         std::function<void()> fn) {
  auto when = clock::now() + delay;
  timers_.emplace(std::pair{when, ++last_}, std::move(fn));
  due_.emplace(last_, when);
  return last_;
}

void event_thread::cancel(number which) {
  auto found = due_.extract(which);
  if (!found.empty())
    timers_.erase({found.mapped(), which});
}

void event_thread::run() {
  std::array<epoll_event, 64> ready;
  for (;;) {
    auto n = ::epoll_wait(epoll_, ready.data(), static_cast<int>(ready.size()),
                          wait_limit());
    for (int i = 0; i < n; ++i) {
      auto ev = ready[static_cast<std::size_t>(i)];
      number which = ev.data.u64; // a copy: the struct is packed
      if (which == 0) {
        run_posted();
        continue;
      }
      auto found = watches_.find(which);
      if (found == watches_.end())
        continue; // forgotten in this very round
      auto fn = found->second;
      fn(ev.events);
    }
    run_due();
  }
}

void event_thread::run_posted() {
  std::uint64_t count = 0;
  (void)!::read(wake_, &count, sizeof count);
  std::vector<std::function<void()>> batch;
  {
    std::lock_guard guard{mutex_};
    batch.swap(posted_);
  }
  for (auto& fn : batch)
    fn();
}

void event_thread::run_due() {
  auto now = clock::now();
  while (!timers_.empty() && timers_.begin()->first.first <= now) {
    auto first = timers_.extract(timers_.begin());
    due_.erase(first.key().second);
    first.mapped()();
  }
}

int event_thread::wait_limit() const {
  if (timers_.empty())
    return -1;
  auto left = std::chrono::ceil<std::chrono::milliseconds>(
    timers_.begin()->first.first - clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, INT_MAX));
}

} // namespace coppice::process
