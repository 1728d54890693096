// SPDX-License-Identifier: BSD-3-Clause

// When an acceptor takes no clients: there is no room, or accepting fails.

#include "net/acceptor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/fault_action.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

constexpr std::chrono::milliseconds pause_length{100};
constexpr std::chrono::seconds warning_period{10};

} // namespace

// -- when clients come too fast -----------------------------------------------

// Without a token it waits for one, if somebody waits for it: others may have
// come and gone to another acceptor.
bool acceptor::takes_token() {
  auto& tokens = owner_->rates().accepting();
  if (!tokens.limits()) // and the time is of no interest
    return true;
  auto now = event_loop::clock_now();
  auto next = tokens.take(now);
  if (!next)
    return true;
  if (!a_client_waits())
    return false;
  owner_->hubs().at(loop_.index()).traffic.accept_pauses.add(1);
  pause_for(*next - now);
  paused_by_rate_ = true;
  return false;
}

bool acceptor::a_client_waits() const {
  return std::any_of(sockets_.begin(), sockets_.end(), [](int fd) {
    pollfd waiting{fd, POLLIN, 0};
    return ::poll(&waiting, 1, 0) == 1;
  });
}

// -- when there is no room ----------------------------------------------------

// On a Unix socket a client that has gone stays in the kernel's queue until it
// is accepted, and so would fill it with checks that connect and no more.
bool acceptor::may_wait() const {
  auto here = owner_->settings()->limits.overflow == overflow::reject
              || port_->local().is_unix();
  return here && !waiting_.full();
}

void acceptor::let_wait(accepted_client client) {
  auto& limits = owner_->settings()->limits;
  auto until = limits.overflow == overflow::reject
                 ? loop_.now() + limits.reject_after
                 : event_loop::clock::time_point::max();
  waiting_.enter(std::move(client), until);
  set_timer();
}

// A client of a port that has closed.
bool acceptor::serve(accepted_client& client) {
  if (suspended() || quitting() || !self_
      || !owner_->hubs().at(loop_.index()).table)
    return false;
  perform([&] { spawn_connection(std::move(client)); });
  return true;
}

void acceptor::serve_waiting() {
  while (!waiting_.empty() && !suspended()
         && owner_->hubs().at(loop_.index()).table
         && owner_->admission().take_place())
    spawn_connection(waiting_.leave());
}

void acceptor::reject_waiting(event_loop::clock::time_point until) {
  auto& place = owner_->hubs().at(loop_.index());
  while (auto client = waiting_.expire(until)) {
    place.traffic.rejected.add(1);
    owner_->say_goodbye(loop_, place, std::move(client->sock));
  }
}

// -- when accepting fails -----------------------------------------------------

// Returns whether to go on accepting at once.
bool acceptor::on_accept_error(int error) {
  if (error == EAGAIN)
    return false;
  auto kind = classify(error);
  // A port that was closed on purpose is no error.
  if (kind == accept_error::fatal
      && owner_->port().port(port_owner_) != port_) {
    unwatch();
    return false;
  }
  owner_->hubs()
    .at(loop_.index())
    .traffic.errors[accept_errors::index(error)]
    .add(1);
  switch (kind) {
  case accept_error::transient:
    if (!comes_again(error))
      return true;
    pause(error);
    return false;
  case accept_error::exhausted:
    pause(error);
    return false;
  case accept_error::fatal:
    unwatch();
    quit(actor::to_error(exit_reason::abnormal(std::string{"cannot accept: "}
                                               + std::strerror(error))));
    return false;
  }
  return false;
}

// The client that is to blame may still be at the head of the queue.
bool acceptor::comes_again(int error) {
  same_error_ = error == last_error_ ? same_error_ + 1 : 1;
  last_error_ = error;
  return same_error_ >= accepts_a_turn;
}

void acceptor::pause_for(event_loop::clock::duration length) {
  unwatch();
  paused_by_rate_ = false;
  paused_until_ = event_loop::clock_now() + length;
  set_timer();
}

void acceptor::pause(int error) {
  pause_for(pause_length);
  auto now = event_loop::clock_now();
  if (now - warned_ < warning_period)
    return;
  publish(observe::event_kind::accept_paused,
          std::string{std::strerror(error)} + "; clients wait");
  warned_ = now;
  pause_told_ = true;
}

void acceptor::set_timer() {
  auto next = waiting_.next(event_loop::clock_now());
  if (paused_until_ && (!next || *paused_until_ < *next))
    next = paused_until_;
  if (next)
    loop_.arm(*this, *next - event_loop::clock_now());
  else
    loop_.cancel(*this);
}

void acceptor::on_timer() {
  perform([this] {
    if (fires_late(owner_->faults().timer, loop_, *this, late_timer_,
                   [this](auto& decision) { apply_fault(decision); }))
      return;
    auto now = event_loop::clock_now();
    if (paused_until_ && *paused_until_ <= now)
      paused_until_.reset();
    if (late_)
      check_delay();
    waiting_.drop_gone();
    reject_waiting(now);
    set_timer();
    watch_or_quit();
  });
}

// Once the delay is over the client is accepted, unless another acceptor has
// done that.
void acceptor::check_delay() {
  if (!late_->over()) {
    pause_for(late_->next_look());
    return;
  }
  late_.reset();
  next_passes_ = client_waits();
}

} // namespace coppice::net
