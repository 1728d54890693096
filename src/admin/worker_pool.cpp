// SPDX-License-Identifier: BSD-3-Clause

#include "admin/worker_pool.hpp"

#include <pthread.h>

#include <utility>

namespace coppice::admin {

namespace {

// By lane. Jobs are short, but those of the last two may wait for actors.
constexpr std::array<std::size_t, 3> workers_of_lane{1, 2, 2};

} // namespace

worker_pool::worker_pool() {
  try {
    for (std::size_t i = 0; i < lanes; ++i)
      for (std::size_t n = 0; n < workers_of_lane[i]; ++n)
        threads_.emplace_back([this, i] { run(queues_[i]); });
  } catch (...) {
    end();
    throw;
  }
}

worker_pool::~worker_pool() {
  end();
}

std::shared_ptr<job_ticket> worker_pool::submit(lane where, job what) {
  auto ticket = std::make_shared<job_ticket>();
  auto& to = queues_[static_cast<std::size_t>(where)];
  {
    std::lock_guard guard{mutex_};
    // Nobody waits for them, and any number of clients may have gone.
    std::erase_if(to.jobs, [](auto& each) { return each.ticket->cancelled(); });
    to.jobs.push_back({ticket, std::move(what)});
  }
  to.changed.notify_one();
  return ticket;
}

void worker_pool::run(queue& from) {
  ::pthread_setname_np(::pthread_self(), "admin:worker");
  std::unique_lock guard{mutex_};
  for (;;) {
    from.changed.wait(guard, [&] { return ended_ || !from.jobs.empty(); });
    if (ended_)
      return;
    auto next = std::move(from.jobs.front());
    from.jobs.pop_front();
    guard.unlock();
    if (next.ticket->begin())
      next.what();
    next = {}; // what it holds goes while nothing is locked
    guard.lock();
  }
}

void worker_pool::end() noexcept {
  {
    std::lock_guard guard{mutex_};
    ended_ = true;
  }
  for (auto& each : queues_)
    each.changed.notify_all();
  for (auto& each : threads_)
    each.join();
  threads_.clear();
}

} // namespace coppice::admin
