// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
} // namespace caf

namespace coppice::observe {
struct distribution;
} // namespace coppice::observe

namespace coppice::net {

class event_loop;

/// One thread that serves sockets, with the actors that live on it: an acceptor
/// of each listener, and its connections. A program has about one for each CPU:
/// see `allowed_cpus`.
class reactor {
public:
  using clock = std::chrono::steady_clock;
  using task = std::function<void()>;

  /// `index` counts from 0, and no two reactors of a listener have the same.
  /// Throws `std::system_error` if the kernel refuses a descriptor.
  reactor(caf::actor_system& sys, unsigned index);

  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  /// As `stop_thread`.
  ~reactor();

  void start_thread();

  /// Runs what is runnable, then ends the thread. To be called once nothing
  /// new is going to be posted. Idempotent.
  void stop_thread();

  /// Has the thread run `fn`, which must not throw. Any thread.
  void run_soon(task fn);

  unsigned index() const noexcept;

  /// How long its rounds took, from a look at the sockets until all was done
  /// that there was to do: so long may a ready socket wait. The time without
  /// anything to do is not in it, nor is a round that still goes on. Any
  /// thread.
  observe::distribution rounds() const;

  /// Sets what is called when one round has taken longer than `limit`, with its
  /// duration. It must not throw. To be called before `start_thread`.
  void on_held_up(clock::duration limit,
                  std::function<void(clock::duration)> fn);

  /// What its actors use; for listeners.
  event_loop& loop() noexcept {
    return *loop_;
  }

private:
  std::unique_ptr<event_loop> loop_;
};

using reactor_ptr = std::shared_ptr<reactor>;

/// CPUs that this process may use: its affinity, or the quota of its cgroup if
/// that is less, rounded up. At least 1.
unsigned allowed_cpus();

} // namespace coppice::net
