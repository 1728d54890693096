// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "actor/virtual_time.hpp"
#include "net/socket.hpp"
#include "net/timer_wheel.hpp"
#include "observe/histogram.hpp"

#include <caf/actor_control_block.hpp>

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <future>
#include <list>
#include <mutex>
#include <optional>
#include <span>
#include <thread>
#include <vector>

namespace coppice::net {

/// What a reactor calls when a descriptor is ready.
class io_handler {
public:
  /// `events` are those of epoll(7).
  virtual void on_io(std::uint32_t events) = 0;

protected:
  ~io_handler() = default;
};

/// What is inside a reactor: one thread, one epoll set, one timer wheel, one
/// queue of runnable actors. It is the execution unit of the actors that are
/// pinned to it.
///
/// In virtual time it has no thread: the code that runs that time runs it, too.
/// Its timers then go by that time; its sockets are real.
///
/// Functions are for its own thread unless they say otherwise.
class event_loop final : public actor::run_queue,
                         private actor::virtual_time::guest {
public:
  using clock = timer_wheel::clock;
  using task = std::function<void()>;

  /// Throws `std::system_error` if the kernel refuses a descriptor.
  event_loop(caf::actor_system& sys, unsigned index,
             actor::virtual_time* time = nullptr);

  ~event_loop();

  // -- any thread -------------------------------------------------------------

  void start_thread();

  /// Runs what is runnable, then ends the thread. To be called once nothing
  /// new is going to be posted. Idempotent.
  void stop_thread();

  /// See `reactor::stop_thread_soon`.
  void stop_thread_soon();

  /// See `reactor::stop_thread_within`.
  bool stop_thread_within(clock::duration limit);

  /// Has the reactor's thread run an actor.
  void post(caf::resumable* what) override;

  /// Has the reactor's thread run `fn`, which must not throw.
  void run_soon(task fn);

  unsigned index() const noexcept {
    return index_;
  }

  /// How long its rounds took, from a look at the sockets until all work was
  /// done; a ready socket may wait for one round. The time without work does
  /// not count, nor does a round that has not ended yet.
  observe::distribution rounds() const {
    return rounds_.read();
  }

  /// For how long the round that goes on has taken already; 0: the thread waits
  /// for something to do, or does not run.
  clock::duration busy_for() const noexcept;

  // -- descriptors ------------------------------------------------------------

  /// Watches `fd` for `events`, level-triggered unless they say otherwise;
  /// false and errno if the kernel refuses.
  bool add(int fd, std::uint32_t events, io_handler& handler);

  void modify(int fd, std::uint32_t events, io_handler& handler);

  void remove(int fd);

  /// Keeps an actor until no event that was fetched already can reach it.
  void keep_until_round_ends(caf::strong_actor_ptr self);

  /// Where to read into; shared by all actors on this reactor.
  std::span<char> buffer() noexcept {
    return buffer_;
  }

  // -- time -------------------------------------------------------------------

  /// What the clock of this thread's loop says now; elsewhere the computer's.
  static clock::time_point clock_now() noexcept;

  /// As of the last look at the sockets, so that it costs nothing to ask.
  clock::time_point now() const noexcept {
    return now_;
  }

  void arm(timer& t, clock::duration delay) {
    timers_.arm(t, read_clock() + delay);
  }

  void cancel(timer& t) noexcept {
    timers_.cancel(t);
  }

  /// Runs `fn`, which must not throw, once `delay` has passed; not at all if
  /// the reactor stops before.
  void run_after(clock::duration delay, task fn);

  /// Sets what is called when one round of this reactor has taken longer than
  /// `limit`, with its duration. It must not throw. To be called before
  /// `start_thread`.
  void on_held_up(clock::duration limit,
                  std::function<void(clock::duration)> fn);

private:
  class delayed;

  struct job {
    caf::resumable* actor = nullptr;
    task fn;
  };

  // In virtual time:
  bool turn() override;
  std::optional<clock::time_point> next_timer() override;
  int descriptor() const override;

  clock::time_point read_clock() const noexcept {
    return time_ == nullptr ? clock::now() : time_->now();
  }

  void run();
  void end_round(clock::time_point now);
  int wait_for_io(int timeout);
  int timeout(clock::time_point now);
  void fetch_remote();
  void run_local();
  void enqueue(job what);
  void wake();

  unsigned index_;
  actor::virtual_time* const time_; // null: real time
  socket epoll_;
  socket wakeup_;
  timer_wheel timers_;
  std::list<delayed> delayed_; // before the wheel goes
  clock::time_point now_ = read_clock();
  std::atomic<clock::rep> round_began_ = 0; // 0: no round goes on
  observe::histogram<11> rounds_;
  std::deque<job> local_;
  std::mutex mutex_;
  std::vector<job> remote_; // guarded by mutex_
  std::vector<caf::strong_actor_ptr> kept_;
  std::vector<char> buffer_;
  bool lives_by_time_ = false; // takes part in a virtual one
  std::atomic<bool> stopping_ = false;
  clock::duration held_up_limit_ = clock::duration::max();
  std::function<void(clock::duration)> held_up_;
  std::thread thread_;
  std::future<void> ended_; // of the thread
};

} // namespace coppice::net
