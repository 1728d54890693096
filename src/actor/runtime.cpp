// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/actor/runtime.hpp"

#include "actor/directory.hpp"
#include "actor/fault_points.hpp"
#include "actor/virtual_time.hpp"
#include "observe/blame.hpp"
#include "observe/connection_log.hpp"
#include "observe/end_notes.hpp"
#include "observe/event_counts.hpp"

#include <bit>
#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
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

struct runtime::parts {
  explicit parts(fault::registry::settings settings)
      : faults(with_events(std::move(settings), events)) {
    // nop
  }

  observe::tree tree;
  observe::event_bus events;
  observe::event_counts event_counts;
  observe::blame blame;
  observe::end_notes end_notes;
  observe::connection_log connections;
  actor::directory directory;
  fault::registry faults;
  fault_points points{faults};
};

runtime::runtime(caf::actor_system& sys, fault::registry::settings settings)
    : parts_(std::make_unique<parts>(std::move(settings))),
      system(sys),
      tree(parts_->tree),
      events(parts_->events),
      faults(parts_->faults),
      event_counts(parts_->event_counts),
      blame(parts_->blame),
      end_notes(parts_->end_notes),
      connections(parts_->connections),
      directory(parts_->directory),
      points(parts_->points) {
  // nop
}

runtime::~runtime() = default;

caf::actor runtime::actor_at(std::string_view path) const {
  auto found = directory.find(path);
  return found ? found->handle : caf::actor{};
}

supervision::time_point runtime::now() const {
  return time == nullptr ? std::chrono::steady_clock::now() : time->now();
}

} // namespace coppice::actor
