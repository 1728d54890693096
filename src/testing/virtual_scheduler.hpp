#pragma once

#include "coppice/actor/virtual_time.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>

#include <optional>

/// Puts `virtual_time` in the place of CAF's scheduler and CAF's clock, so that
/// any event-based actor of a system lives on it: those that nobody pinned, and
/// their delayed messages and timeouts, too.
namespace coppice::testing {

/// Has the system that is made from `cfg` be without threads of a scheduler.
void use_virtual_scheduler(caf::actor_system_config& cfg);

/// Has `time` run the actors of `system`; null: nobody does any more. A system
/// without a virtual scheduler stays as it is.
void run_on(caf::actor_system& system, actor::virtual_time* time);

/// When CAF's clock next has something to do.
std::optional<supervision::time_point>
next_caf_timer(caf::actor_system& system);

/// Has CAF's clock do what is due by now.
void fire_caf_timers(caf::actor_system& system);

} // namespace coppice::testing
