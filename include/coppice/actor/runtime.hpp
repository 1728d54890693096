// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/registry.hpp"
#include "coppice/observe/event_bus.hpp"
#include "coppice/observe/tree.hpp"
#include "coppice/supervision/child_spec.hpp"

#include <caf/actor.hpp>
#include <caf/actor_system.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>

namespace coppice::observe {
class blame;
class connection_log;
class end_notes;
class event_counts;
} // namespace coppice::observe

namespace coppice::actor {

class directory;
struct fault_points;
class tap;
class virtual_time;

/// What all actors of one supervision tree share. Every part is thread-safe.
struct runtime {
private:
  struct parts;

  std::unique_ptr<parts> parts_; // first: the others refer to it

public:
  /// Each fault that fires is published to `events`, then `settings.on_fire` is
  /// called. Of each point, only the first sixteen times and then every power
  /// of two are published, so that a fault at a busy place does not drown the
  /// rest.
  explicit runtime(caf::actor_system& sys,
                   fault::registry::settings settings = {});

  ~runtime();

  runtime(const runtime&) = delete;
  runtime& operator=(const runtime&) = delete;

  caf::actor_system& system;
  observe::tree& tree;
  observe::event_bus& events;
  fault::registry& faults;

  /// The actor at `path`; null if there is none that has not ended. Any thread.
  caf::actor actor_at(std::string_view path) const;

  /// The time that the tree lives by: the computer's, or the virtual one of the
  /// testing kit. Any thread; in virtual time the one that runs it.
  supervision::time_point now() const;

  // -- for coppice ------------------------------------------------------------

  observe::event_counts& event_counts;
  observe::blame& blame;
  observe::end_notes& end_notes;
  observe::connection_log& connections;
  actor::directory& directory;
  fault_points& points;

  /// Called before events up to the one numbered `seq` are shown, so that the
  /// journal has what is shown. Waits for that, but no longer than `patience`,
  /// and returns whether the journal has them or never will. May be empty. To
  /// be set before the tree starts.
  std::function<bool(std::uint64_t seq, std::chrono::milliseconds patience)>
    may_show = {};

  /// Runs the tree's supervisors in virtual time; null is real time on CAF's
  /// scheduler. To be set before the tree starts.
  virtual_time* time = nullptr;

  /// May be null. To be set before the tree starts; outlives it.
  actor::tap* tap = nullptr;
};

using runtime_ptr = std::shared_ptr<runtime>;

} // namespace coppice::actor
