// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/runtime.hpp"

#include <bit>
#include <cstdint>
#include <utility>

namespace coppice::actor {

namespace {

constexpr std::uint64_t fires_that_are_told = 16;

fault::registry::settings with_events(fault::registry::settings settings,
                                      observe::event_bus& events) {
  settings.on_fire = [&events, next = std::move(settings.on_fire)](
                       const fault::fire& what) {
    std::uint64_t seq = 0;
    if (what.number <= fires_that_are_told || std::has_single_bit(what.number))
      seq = events.publish({.kind = observe::event_kind::fault_fired,
                            .path = std::string{what.point},
                            .detail = to_string(what.what) + ", time "
                                      + std::to_string(what.number)});
    if (next)
      next(what);
    return seq;
  };
  return settings;
}

} // namespace

runtime::runtime(caf::actor_system& sys, fault::registry::settings settings)
    : system(sys), faults(with_events(std::move(settings), events)) {
  // nop
}

} // namespace coppice::actor
