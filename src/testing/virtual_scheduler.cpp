// SPDX-License-Identifier: BSD-3-Clause

#include "testing/virtual_scheduler.hpp"

#include <caf/config.hpp>

// What the kit alone needs of a version of CAF; the rest is in
// actor/compat.hpp.
#if CAF_MAJOR_VERSION == 0
#include "testing/scheduler_caf_0_17.hpp"
#else
#include "testing/scheduler_caf_1.hpp"
#endif

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
