// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "actor/virtual_time.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <memory>
#include <optional>

/// Puts `virtual_time` in the place of CAF's scheduler and CAF's clock, so that
/// any event-based actor of a system lives on it: those that nobody pinned, and
/// their delayed messages and timeouts, too.
namespace coppice::testing {

/// A system without threads of a scheduler.
std::unique_ptr<caf::actor_system>
make_virtual_system(caf::actor_system_config& cfg);

/// Has `time` run the actors of a virtual system; null: nobody does any more.
void run_on(caf::actor_system& system, actor::virtual_time* time);

/// When the clock of a virtual system next has something to do.
std::optional<supervision::time_point>
next_caf_timer(caf::actor_system& system);

/// Has the clock of a virtual system do what is due by now.
void fire_caf_timers(caf::actor_system& system);

} // namespace coppice::testing
