// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/pinned_actor.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <random>
#include <utility>
#include <vector>

namespace coppice::actor {

/// Runs actors on the thread that asks for it, one message at a time, under a
/// clock that stands still until it is advanced. So what actors do can be
/// repeated exactly, and hours pass in no time.
///
/// All functions are for one thread. It must outlive the actors that it runs.
class virtual_time final : public run_queue {
public:
  /// Something else that lives by this clock, with work or timers of its own,
  /// such as a reactor.
  class guest {
  public:
    /// Does what there is to do now. Returns whether there was anything.
    virtual bool turn() = 0;

    /// When it has something to do because of the time; after a `turn`, later
    /// than now.
    virtual std::optional<supervision::time_point> next_timer() = 0;

    /// A descriptor that is readable when `turn` has something to do because of
    /// what comes from outside, such as a socket; -1: nothing does.
    virtual int descriptor() const {
      return -1;
    }

  protected:
    ~guest() = default;
  };

  /// Actors take turns, first come, first served. With `shuffle` it is chance
  /// that decides which is next: the same number, the same order.
  explicit virtual_time(caf::actor_system& sys,
                        std::optional<std::uint64_t> shuffle = {});

  ~virtual_time();

  virtual_time(const virtual_time&) = delete;
  virtual_time& operator=(const virtual_time&) = delete;

  /// From now on chance decides which is next, as if `seed` was given at the
  /// beginning.
  void shuffle(std::uint64_t seed) {
    chance_.emplace(seed);
  }

  /// Begins at zero.
  supervision::time_point now() const noexcept {
    return now_;
  }

  /// Has `step` or `advance` call `fn` when `delay` >= 0 has passed.
  void after(std::chrono::nanoseconds delay, std::function<void()> fn);

  /// Makes `who` take part from now on, until `remove`.
  void add(guest& who);
  void remove(guest& who);

  /// Runs actors and guests until none has anything to do. An actor may call
  /// it: others run meanwhile, it does not.
  void run();

  /// Waits, in real time, until something comes from outside for a guest.
  /// Returns false if nothing came within `limit`, or can come at all.
  bool wait_outside(std::chrono::milliseconds limit) const;

  /// When the next timer is due.
  std::optional<supervision::time_point> next_timer() const;

  /// Moves on to the next timer and calls it; false if there is none.
  bool step();

  /// Lets `delay` pass: runs, and calls each timer in its turn.
  void advance(std::chrono::nanoseconds delay);

  void post(caf::resumable* what) override;

private:
  using due = std::pair<supervision::time_point, std::uint64_t>;

  caf::resumable* next();
  bool turn_guests();

  std::vector<caf::resumable*> ready_;
  std::vector<guest*> guests_;
  std::map<due, std::function<void()>> timers_;
  supervision::time_point now_{};
  std::uint64_t last_timer_ = 0;
  std::optional<std::mt19937_64> chance_;
};

} // namespace coppice::actor
