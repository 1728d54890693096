// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/messages.hpp"
#include "actor/pinned_actor.hpp"
#include "actor/supervisor.hpp"
#include "actor/virtual_time.hpp"
#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/runtime.hpp"
#include "coppice/actor/system.hpp"
#include "coppice/actor/tree_root.hpp"

#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace coppice::test {

constexpr std::chrono::seconds deadline{20};

/// A list that threads append to and a test waits for.
class recorder {
public:
  void add(std::string line) {
    std::lock_guard guard{mutex_};
    lines_.push_back(std::move(line));
    changed_.notify_all();
  }

  /// Waits until there are `n` lines; returns what there is at the deadline.
  std::vector<std::string> wait_for(std::size_t n) {
    std::unique_lock guard{mutex_};
    changed_.wait_for(guard, deadline, [&] { return lines_.size() >= n; });
    return lines_;
  }

  std::vector<std::string> lines() {
    return wait_for(0);
  }

  void clear() {
    std::lock_guard guard{mutex_};
    lines_.clear();
  }

private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

inline caf::actor_system_config& prepared(caf::actor_system_config& cfg) {
  actor::register_types();
  actor::configure_scheduler(cfg, 2);
  return cfg;
}

/// Lives until it is asked to end. A class, since CAF 0.17 has undefined
/// behavior in actors that are functions.
class idle_actor : public caf::event_based_actor {
public:
  using caf::event_based_actor::event_based_actor;

  caf::behavior make_behavior() override {
    return {[](int) {}};
  }
};

/// The same on the clock of its tree, if that is a virtual one.
class idle_child : public actor::pinned_actor {
public:
  idle_child(caf::actor_config& cfg, const actor::start_args& args)
      : pinned_actor(cfg, args.rt->time) {
    // nop
  }

  caf::behavior make_behavior() override {
    actor::use_exception_text(*this);
    return {[](int) {}};
  }
};

/// An actor system with what a tree needs; waits for all actors at its end.
class actor_fixture : public ::testing::Test {
protected:
  actor_fixture()
      : system(prepared(config_)),
        rt(std::make_shared<actor::runtime>(system)) {
    // nop
  }

  /// What was published since the last call.
  std::vector<observe::event> new_events() {
    std::vector<observe::event> result;
    for (auto& each : reader_.take().events)
      result.push_back(*each);
    return result;
  }

  /// Waits for the end of `handle` and returns its reason.
  static supervision::exit_reason end_of(const caf::actor& handle) {
    auto ended = std::make_shared<std::promise<supervision::exit_reason>>();
    auto reason = ended->get_future();
    actor::when_ended(handle, [ended](const caf::error& err) {
      ended->set_value(actor::to_reason(err));
    });
    if (reason.wait_for(deadline) != std::future_status::ready) {
      ADD_FAILURE() << "an actor did not end in time";
      return supervision::exit_reason::abnormal("still alive");
    }
    return reason.get();
  }

  /// Asks again and again until `holds` or the deadline; for what happens soon
  /// but tells nobody.
  template <class F>
  static bool eventually(F holds) {
    auto until = std::chrono::steady_clock::now() + deadline;
    while (!holds()) {
      if (std::chrono::steady_clock::now() > until)
        return false;
      std::this_thread::yield();
    }
    return true;
  }

private:
  caf::actor_system_config config_;

protected:
  caf::actor_system system;
  actor::runtime_ptr rt;

private:
  observe::event_reader reader_{rt->events, "test"};
};

} // namespace coppice::test
