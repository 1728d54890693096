// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/supervisor.hpp"
#include "lab/scenario.hpp"
#include "lab/trace.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace coppice::lab {

/// Plays a scenario on real actors in virtual time: supervisors, signals, exits
/// and requests are those that a server uses; only the workers are made up, and
/// one thread runs them all, so that the same scenario leaves the same trace.
///
/// For one thread.
class actor_world {
public:
  /// With `shuffle` it is chance that decides which actor runs next: the same
  /// number, the same order. Without, they take turns.
  explicit actor_world(std::shared_ptr<const scenario> plan,
                       std::optional<std::uint64_t> shuffle = {});

  ~actor_world();

  actor_world(const actor_world&) = delete;
  actor_world& operator=(const actor_world&) = delete;

  /// Does `what`, then runs until every supervisor waits for its next message.
  void play(const step& what);

  /// Writes down how the top supervisor ended, or that it lives.
  void finish();

  /// All that happened so far.
  const std::vector<moment>& moments() const noexcept;

  /// The supervisors that live.
  std::vector<const actor::supervisor*> supervisors() const;

  /// Whether the child that `sup` knows as `instance` lives.
  bool lives(const actor::supervisor& sup,
             supervision::instance_id instance) const;

  /// Has `fn` called before each command that a supervisor carries out, at the
  /// virtual time given.
  void watch(
    std::function<void(const actor::supervisor&, const supervision::command&,
                       supervision::time_point)>
      fn);

private:
  class impl;

  std::unique_ptr<impl> impl_;
};

/// Plays all of `plan` on actors.
std::vector<moment> play_on_actors(const scenario& plan);

} // namespace coppice::lab
