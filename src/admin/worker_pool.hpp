// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace coppice::admin {

/// Which threads a request is worked on by, so that one that waits for actors
/// never delays a health check, a scrape or a look.
enum class lane {
  probe,  ///< Health and metrics: never waits for an actor.
  look,   ///< May wait for an actor, but changes nothing.
  change, ///< May wait longer.
};

/// A job that has been handed in.
class job_ticket {
public:
  /// For the worker: whether it is to be done.
  bool begin() noexcept {
    auto expected = state::waiting;
    return state_.compare_exchange_strong(expected, state::begun);
  }

  /// Takes it back. False if it has begun.
  bool cancel() noexcept {
    auto expected = state::waiting;
    return state_.compare_exchange_strong(expected, state::cancelled);
  }

  bool cancelled() const noexcept {
    return state_.load() == state::cancelled;
  }

private:
  enum class state { waiting, begun, cancelled };

  std::atomic<state> state_ = state::waiting;
};

/// A few threads for each lane. Thread-safe.
class worker_pool {
public:
  using job = std::function<void()>;

  /// Throws `std::system_error` if no threads can be created.
  worker_pool();

  /// Finishes the jobs that have begun; the others are dropped.
  ~worker_pool();

  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;

  /// Has `what`, which must not throw, done by a thread of that lane, unless
  /// the ticket is cancelled before its turn.
  std::shared_ptr<job_ticket> submit(lane where, job what);

private:
  static constexpr std::size_t lanes = 3;

  struct waiting_job {
    std::shared_ptr<job_ticket> ticket;
    job what;
  };

  struct queue {
    std::condition_variable changed;
    std::deque<waiting_job> jobs;
  };

  void run(queue& from);
  void end() noexcept;

  std::mutex mutex_;
  std::array<queue, lanes> queues_; // guarded by mutex_
  bool ended_ = false;              // guarded by mutex_
  std::vector<std::thread> threads_;
};

} // namespace coppice::admin
