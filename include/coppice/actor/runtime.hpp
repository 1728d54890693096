// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/directory.hpp"
#include "coppice/actor/fault_points.hpp"
#include "coppice/fault/registry.hpp"
#include "coppice/observe/blame.hpp"
#include "coppice/observe/connection_log.hpp"
#include "coppice/observe/event_bus.hpp"
#include "coppice/observe/event_counts.hpp"
#include "coppice/observe/last_words.hpp"
#include "coppice/observe/tree.hpp"
#include "coppice/supervision/command.hpp"

#include <caf/actor_system.hpp>
#include <caf/message.hpp>

#include <memory>

namespace coppice::actor {

class supervisor;
class virtual_time;

/// Watches the supervisors of a tree at work. Its functions are called on the
/// supervisor's thread.
class tap {
public:
  virtual ~tap() = default;

  /// `who` is about to carry out `cmd`.
  virtual void on_command(const supervisor& who,
                          const supervision::command& cmd)
    = 0;

  /// `who` drops a message that it does not know.
  virtual void on_unexpected(const supervisor& who, const caf::message& what)
    = 0;
};

/// What all actors of one supervision tree share. Every part is thread-safe.
struct runtime {
  /// Tells `events` of faults that fire, and then who asks for it in
  /// `settings`: of each point the first sixteen times, then at every power of
  /// two, so that a fault at a busy place does not drown the rest.
  explicit runtime(caf::actor_system& sys,
                   fault::registry::settings settings = {});

  caf::actor_system& system;
  observe::tree tree;
  observe::event_bus events;
  observe::event_counts event_counts;
  observe::blame blame;
  observe::last_words last_words;
  observe::connection_log connections;
  actor::directory directory;
  fault::registry faults;
  fault_points points{faults};

  /// Runs the tree's supervisors in virtual time; null is real time on CAF's
  /// scheduler. To be set before the tree starts.
  virtual_time* time = nullptr;

  /// May be null. To be set before the tree starts; outlives it.
  actor::tap* tap = nullptr;
};

using runtime_ptr = std::shared_ptr<runtime>;

} // namespace coppice::actor
