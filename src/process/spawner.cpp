// SPDX-License-Identifier: BSD-3-Clause

#include "process/spawner.hpp"

#include <pthread.h>
#include <signal.h>

#include <thread>
#include <utility>

namespace coppice::process {

spawner& spawner::get() {
  static auto& result = *new spawner;
  return result;
}

spawner::spawner() {
  std::thread{[this] {
    ::pthread_setname_np(::pthread_self(), "spawner");
    sigset_t all;
    sigfillset(&all);
    ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
    // If our own parent has it ignored, that would have the kernel reap
    // children before anybody learns how they ended. Source: wait(2), SIGCHLD.
    struct sigaction action {};
    if (::sigaction(SIGCHLD, nullptr, &action) == 0
        && (action.sa_handler == SIG_IGN
            || (action.sa_flags & SA_NOCLDWAIT) != 0)) {
      action = {};
      action.sa_handler = SIG_DFL;
      ::sigaction(SIGCHLD, &action, nullptr);
    }
    run();
  }}.detach();
}

void spawner::post(std::function<void()> fn) {
  std::lock_guard guard{mutex_};
  waiting_.push_back(std::move(fn));
  changed_.notify_one();
}

void spawner::run() {
  std::unique_lock guard{mutex_};
  for (;;) {
    changed_.wait(guard, [this] { return !waiting_.empty(); });
    auto fn = std::move(waiting_.front());
    waiting_.pop_front();
    guard.unlock();
    fn();
    fn = nullptr; // what it holds is let go without the lock
    guard.lock();
  }
}

} // namespace coppice::process
