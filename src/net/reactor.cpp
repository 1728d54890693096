// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/reactor.hpp"

#include "net/event_loop.hpp"

#include <utility>

namespace coppice::net {

reactor::reactor(caf::actor_system& sys, unsigned index)
    : loop_(std::make_unique<event_loop>(sys, index)) {
  // nop
}

reactor::~reactor() = default;

void reactor::start_thread() {
  loop_->start_thread();
}

void reactor::stop_thread() {
  loop_->stop_thread();
}

void reactor::run_soon(task fn) {
  loop_->run_soon(std::move(fn));
}

unsigned reactor::index() const noexcept {
  return loop_->index();
}

observe::distribution reactor::rounds() const {
  return loop_->rounds();
}

void reactor::on_held_up(clock::duration limit,
                         std::function<void(clock::duration)> fn) {
  loop_->on_held_up(limit, std::move(fn));
}

} // namespace coppice::net
