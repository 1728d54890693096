// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <functional>
#include <memory>

namespace caf {
class actor_system;
} // namespace caf

namespace coppice::actor {
class virtual_time;
} // namespace coppice::actor

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
  /// With a `time` it has no thread: it is a guest of that, which must outlive
  /// it, and its timers go by it. Throws `std::system_error` if the kernel
  /// refuses a descriptor.
  reactor(caf::actor_system& sys, unsigned index,
          actor::virtual_time* time = nullptr);

  reactor(const reactor&) = delete;
  reactor& operator=(const reactor&) = delete;

  /// As `stop_thread`.
  ~reactor();

  /// Starts to serve: on a thread of its own, unless it has a virtual time.
  void start_thread();

  /// Runs what is runnable, then ends the thread. To be called once nothing
  /// new is going to be posted. Idempotent.
  void stop_thread();

  /// Asks for the same and returns at once. Any thread.
  void stop_thread_soon();

  /// As `stop_thread`, but waits no longer than `limit`. Returns whether the
  /// thread has ended. One that has not, since what it runs does not return,
  /// ends by itself once that does: keep the reactor, and the actor system, for
  /// as long as the process lives.
  bool stop_thread_within(clock::duration limit);

  /// Has the thread run `fn`, which must not throw. Any thread.
  void run_soon(task fn);

  unsigned index() const noexcept;

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
