// SPDX-License-Identifier: BSD-3-Clause

#include "testing/virtual_scheduler.hpp"

#include "actor/caf/version.hpp"

// What the kit alone needs of a version of CAF.
#include COPPICE_CAF_VIRTUAL_SCHEDULER

namespace coppice::testing {

std::unique_ptr<caf::actor_system>
make_virtual_system(caf::actor_system_config& cfg) {
  return make_system_with_virtual_scheduler(cfg);
}

void run_on(caf::actor_system& system, actor::virtual_time* time) {
  static_cast<virtual_scheduler&>(system.scheduler()).ready.time = time;
}

std::optional<supervision::time_point>
next_caf_timer(caf::actor_system& system) {
  return clock_of(system).next();
}

void fire_caf_timers(caf::actor_system& system) {
  clock_of(system).fire();
}

} // namespace coppice::testing
