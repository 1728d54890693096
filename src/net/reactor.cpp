// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/reactor.hpp"

#include "net/event_loop.hpp"

#include <utility>

namespace coppice::net {

reactor::reactor(caf::actor_system& sys, unsigned index,
                 actor::virtual_time* time)
    : loop_(std::make_unique<event_loop>(sys, index, time)) {
  // nop
}

reactor::~reactor() = default;

void reactor::start_thread() {
  loop_->start_thread();
}

void reactor::stop_thread() {
  loop_->stop_thread();
}

void reactor::stop_thread_soon() {
  loop_->stop_thread_soon();
}

bool reactor::stop_thread_within(clock::duration limit) {
  return loop_->stop_thread_within(limit);
}

void reactor::run_soon(task fn) {
  loop_->run_soon(std::move(fn));
}

unsigned reactor::index() const noexcept {
  return loop_->index();
}

void reactor::on_held_up(clock::duration limit,
                         std::function<void(clock::duration)> fn) {
  loop_->on_held_up(limit, std::move(fn));
}

} // namespace coppice::net
