// SPDX-License-Identifier: BSD-3-Clause

#pragma once

/// The scheduler and the clock of a virtual system on CAF 1.1. Included by
/// virtual_scheduler.cpp alone; virtual_scheduler_0_17.hpp has those for
/// 0.17.6.

#include "testing/ready_queue.hpp"

#include <caf/action.hpp>
#include <caf/actor_clock.hpp>
#include <caf/actor_system.hpp>
#include <caf/actor_system_config.hpp>
#include <caf/detail/actor_system_access.hpp>
#include <caf/disposable.hpp>
#include <caf/scheduler.hpp>

#include <map>
#include <memory>
#include <optional>
#include <utility>

namespace coppice::testing {

class virtual_clock final : public caf::actor_clock {
public:
  explicit virtual_clock(const ready_queue& ready) : ready_(ready) {
    // nop
  }

  time_point now() const noexcept override {
    return ready_.now();
  }

  using caf::actor_clock::schedule;

  caf::disposable schedule(time_point when, caf::action what) override {
    due_.emplace(when, what);
    return std::move(what).as_disposable();
  }

  std::optional<time_point> next() {
    while (!due_.empty() && due_.begin()->second.disposed())
      due_.erase(due_.begin());
    return due_.empty() ? std::nullopt : std::optional{due_.begin()->first};
  }

  void fire() {
    for (auto first = next(); first && *first <= now(); first = next())
      due_.extract(due_.begin()).mapped().run();
  }

private:
  const ready_queue& ready_;
  std::multimap<time_point, caf::action> due_;
};

class virtual_scheduler final : public caf::scheduler {
public:
  void schedule(caf::resumable* what) override {
    ready.post(what);
  }

  void delay(caf::resumable* what) override {
    ready.post(what);
  }

  void start() override {
    // nop
  }

  void stop() override {
    ready.run_rest(*this);
  }

  ready_queue ready;
};

inline virtual_clock& clock_of(caf::actor_system& system) {
  return static_cast<virtual_clock&>(system.clock());
}

inline void use_virtual_scheduler(caf::actor_system& system,
                                  caf::actor_system_config&, void*) {
  auto scheduler = std::make_unique<virtual_scheduler>();
  caf::detail::actor_system_access access{system};
  access.clock(std::make_unique<virtual_clock>(scheduler->ready));
  access.scheduler(std::move(scheduler));
}

inline std::unique_ptr<caf::actor_system>
make_system_with_virtual_scheduler(caf::actor_system_config& cfg) {
  return std::make_unique<caf::actor_system>(cfg, use_virtual_scheduler,
                                             nullptr);
}

} // namespace coppice::testing
