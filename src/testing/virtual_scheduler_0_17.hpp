// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The scheduler and the clock of a virtual system on CAF 0.17.6. Included by
/// virtual_scheduler.cpp alone; virtual_scheduler_1.hpp has those for 1.1.

#include "testing/ready_queue.hpp"

#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/simple_actor_clock.hpp>
#include <caf/scheduler/abstract_coordinator.hpp>
#include <caf/scoped_execution_unit.hpp>

#include <memory>
#include <optional>

namespace coppice::testing {

class virtual_clock final : public caf::detail::simple_actor_clock {
public:
  explicit virtual_clock(const ready_queue& ready) : ready_(ready) {
    // nop
  }

  time_point now() const noexcept override {
    return ready_.now();
  }

  std::optional<time_point> next() const {
    return schedule().empty() ? std::nullopt
                              : std::optional{schedule().begin()->first};
  }

  void fire() {
    trigger_expired_timeouts();
  }

private:
  const ready_queue& ready_;
};

class virtual_scheduler final : public caf::scheduler::abstract_coordinator {
public:
  using caf::scheduler::abstract_coordinator::abstract_coordinator;

  void enqueue(caf::resumable* what) override {
    ready.post(what);
  }

  virtual_clock& clock() noexcept override {
    return clock_;
  }

  void stop() override {
    clock_.cancel_all();
    caf::scoped_execution_unit host{&system()};
    ready.run_rest(host);
    stop_actors();
  }

  ready_queue ready;

private:
  virtual_clock clock_{ready};
};

inline virtual_clock& clock_of(caf::actor_system& system) {
  return static_cast<virtual_scheduler&>(system.scheduler()).clock();
}

inline std::unique_ptr<caf::actor_system>
make_system_with_virtual_scheduler(caf::actor_system_config& cfg) {
  cfg.module_factories.emplace_back(
    [](caf::actor_system& system) -> caf::actor_system::module* {
      return new virtual_scheduler(system);
    });
  return std::make_unique<caf::actor_system>(cfg);
}

} // namespace coppice::testing
