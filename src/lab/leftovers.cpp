// SPDX-License-Identifier: BSD-3-Clause

#include "lab/leftovers.hpp"

#include "lab/stopping.hpp"

#include <atomic>

#include <pthread.h>
#include <unistd.h>

namespace coppice::lab {

namespace {

constexpr int stopping[]{SIGINT, SIGTERM, SIGHUP};

// Read by a signal handler.
std::atomic<pid_t> noted_group{0};
std::atomic<const left_folder*> noted_folder{nullptr};

sigset_t stopping_set() {
  sigset_t set;
  sigemptyset(&set);
  for (auto number : stopping)
    sigaddset(&set, number);
  return set;
}

// The signal itself comes when this returns.
void tidy_up(int number) {
  if (auto group = noted_group.load(); group > 0)
    ::kill(-group, SIGKILL);
  if (auto* folder = noted_folder.load()) {
    for (auto& file : folder->files)
      ::unlink(file.c_str());
    ::rmdir(folder->path.c_str());
  }
  std::signal(number, SIG_DFL);
  std::raise(number);
}

} // namespace

no_stop::no_stop() {
  auto set = stopping_set();
  pthread_sigmask(SIG_BLOCK, &set, &before_);
}

no_stop::~no_stop() {
  pthread_sigmask(SIG_SETMASK, &before_, nullptr);
}

void note_group(pid_t group) noexcept {
  noted_group = group;
}

void note_folder(const left_folder* folder) noexcept {
  noted_folder = folder;
}

void tidy_up_when_stopped() {
  for (auto number : stopping) {
    struct sigaction action {};
    if (::sigaction(number, nullptr, &action) == 0
        && action.sa_handler == SIG_IGN)
      continue;
    action = {};
    action.sa_handler = tidy_up;
    action.sa_mask = stopping_set();
    ::sigaction(number, &action, nullptr);
  }
}

} // namespace coppice::lab
