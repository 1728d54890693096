// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/process/reaper.hpp"

#include "process/event_thread.hpp"
#include "process/family.hpp"
#include "process/registry.hpp"

#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <system_error>

namespace coppice::process {

namespace {

constexpr std::chrono::milliseconds again_after{10};

std::atomic<bool> adopting = false;
std::atomic<int> wake_reaper = -1;

void on_sigchld(int) {
  auto before = errno;
  std::uint64_t one = 1;
  (void)!::write(wake_reaper.load(std::memory_order_relaxed), &one, sizeof one);
  errno = before;
}

// One that somebody holds up is tried again.
void reap_all() {
  if (!reap_strangers())
    event_thread::get().after(again_after, reap_all);
}

} // namespace

registry& registry::get() {
  static auto& result = *new registry;
  return result;
}

void adopt_orphans() {
  if (adopting.exchange(true))
    return;
  auto fd = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (fd < 0 || ::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) < 0)
    throw std::system_error{errno, std::generic_category(),
                            "orphans cannot be adopted"};
  wake_reaper = fd;
  struct sigaction action {};
  action.sa_handler = on_sigchld;
  action.sa_flags = SA_RESTART | SA_NOCLDSTOP;
  sigfillset(&action.sa_mask);
  ::sigaction(SIGCHLD, &action, nullptr);
  auto& events = event_thread::get();
  events.post([fd, &events] {
    events.watch(fd, EPOLLIN, [fd](std::uint32_t) {
      std::uint64_t count = 0;
      (void)!::read(fd, &count, sizeof count);
      reap_all();
    });
    reap_all(); // what ended before
  });
}

bool adopts_orphans() {
  return adopting.load(std::memory_order_relaxed);
}

own_child::own_child() {
  auto& known = registry::get();
  auto held = known.hold();
  ++known.others;
}

own_child::~own_child() {
  auto& known = registry::get();
  auto held = known.hold();
  if (--known.others == 0 && adopts_orphans())
    event_thread::get().post(reap_all);
}

} // namespace coppice::process
