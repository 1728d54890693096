// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/child_spec.hpp"
#include "coppice/actor/pending.hpp"
#include "coppice/actor/tree_root.hpp"
#include "coppice/observe/event_bus.hpp"
#include "coppice/testing/event_history.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::actor {
class virtual_time;
} // namespace coppice::actor

namespace coppice::testing {

/// By which clock the actors of a test live.
enum class clock_kind {
  /// One that stands still until the test moves it. One thread runs every
  /// event-based actor of the system, coppice's and others, one message at a
  /// time; `delayed_send`, request timeouts and `after` go by it too. So do
  /// servers and their connections, over real sockets. Detached and blocking
  /// actors have threads of their own: for them take the other one.
  virtual_time,
  /// CAF's scheduler and the computer's clock.
  real_time,
};

struct world_settings {
  clock_kind clock = clock_kind::virtual_time;
  /// Of everything that is left to chance. Unset is COPPICE_TEST_SEED from the
  /// environment or, without it, a random one.
  std::optional<std::uint64_t> seed = {};
  /// In virtual time: lets chance decide which actor runs next.
  bool shuffled = false;
  /// How long something may take that is waited for: unset is a virtual hour,
  /// or 20 real seconds.
  std::optional<std::chrono::milliseconds> patience = {};
  /// Is given the configuration before there is an actor system.
  std::function<void(caf::actor_system_config&)> configure = {};
};

class caf_clock;

/// The seed that the environment asks for: COPPICE_TEST_SEED, a decimal number.
/// Throws std::invalid_argument if it is something else.
std::optional<std::uint64_t> seed_from_environment();

/// What one test lives in: an actor system, a runtime, a clock, a supervisor
/// named `test` for the test's children, a registry of fault points, and all
/// that has happened. `supervised_test` has one; use it alone where there is no
/// fixture. For one thread.
class world {
public:
  explicit world(world_settings settings = {});

  /// Ends what lives, by force if need be.
  ~world();

  world(const world&) = delete;
  world& operator=(const world&) = delete;

  // -- what there is ----------------------------------------------------------

  caf::actor_system& system() noexcept {
    return *system_;
  }

  const actor::runtime_ptr& rt() const noexcept {
    return rt_;
  }

  fault::registry& faults() noexcept {
    return rt_->faults;
  }

  std::uint64_t seed() const noexcept {
    return seed_;
  }

  /// The test's supervisor: one_for_one, with a million restarts a second.
  const caf::actor& supervisor() const noexcept {
    return root_->handle();
  }

  /// Waits for `what`: runs the actors and lets time pass as far as needed.
  /// Nothing if it does not come within the patience.
  template <class T>
  std::optional<T> wait_for(const actor::eventual<T>& what) {
    if (!time_)
      return what.get_within(patience_);
    std::optional<T> result;
    auto there = [&] { return (result = what.get_within({})).has_value(); };
    (void)run_until(there, patience_);
    return result;
  }

  /// Ends the children in reverse order, then their supervisor. Returns the
  /// paths of those that did not end within the patience and were killed.
  /// Idempotent.
  std::vector<std::string> end();

  // -- time -------------------------------------------------------------------

  /// Since the beginning.
  std::chrono::nanoseconds now() const;

  /// Runs until no actor has anything more to do at this time. This and all
  /// below but `run_until` need virtual time: else they throw std::logic_error.
  void settle();

  /// From now on chance decides which actor runs next, by this seed.
  void shuffle(std::uint64_t seed);

  /// Lets `delay` pass, from deadline to deadline.
  void advance(std::chrono::nanoseconds delay);

  /// Goes on to the next deadline, whatever it is for, and settles. False if
  /// there is none.
  bool advance_to_next_timer();

  /// Runs, and lets time pass, until `holds` or `limit` has passed; returns
  /// what `holds` says in the end. It is asked at each deadline, in real time
  /// at each event and every few milliseconds.
  bool run_until(const std::function<bool()>& holds,
                 std::chrono::nanoseconds limit);

  std::chrono::milliseconds patience() const noexcept {
    return patience_;
  }

  // -- history ----------------------------------------------------------------

  /// Everything up to now. In virtual time it settles first. Valid until the
  /// next call.
  const event_history& history();

  /// Remembers the incarnations of all actors, for `new_incarnation`.
  void mark();

  /// Drops the events so far.
  void forget_history();

private:
  bool step();
  void collect();
  void look();
  void enter(const observe::node_view& node);
  bool run_until_in_real_time(const std::function<bool()>& holds,
                              std::chrono::nanoseconds limit);
  void kill_all();
  void let_strangers_go();

  const std::chrono::milliseconds patience_;
  const std::uint64_t seed_;
  caf::actor_system_config config_;
  std::unique_ptr<caf::actor_system> system_;
  std::unique_ptr<actor::virtual_time> time_; // null in real time
  std::unique_ptr<caf_clock> caf_clock_;      // … as well
  actor::runtime_ptr rt_;
  observe::event_reader events_;
  const supervision::time_point start_;
  std::mutex mutex_;
  std::condition_variable changed_; // there are events
  event_history history_;
  std::map<std::string, std::uint64_t> marked_;
  std::unique_ptr<actor::tree_root> root_;
  bool ended_ = false;
};

} // namespace coppice::testing
