// Faults that were asked for at a connection's fault points.

#include "coppice/actor/exit_signal.hpp"
#include "coppice/net/connection.hpp"
#include "coppice/net/fault_action.hpp"
#include "coppice/net/listener.hpp"

#include <sys/epoll.h>

#include <cerrno>
#include <charconv>
#include <utility>

namespace coppice::net {

using fault::action_kind;
using supervision::exit_reason;

namespace {

std::size_t number_in(const std::string& text) {
  std::size_t result = 0;
  std::from_chars(text.data(), text.data() + text.size(), result);
  return result;
}

} // namespace

void connection::be_struck(const fault::decision& what) {
  accuse(owner_->rt(), path(), what);
  strike(*this, what);
}

// Returns whether it starts after all.
bool connection::may_start(const fault::decision& what) {
  switch (what.kind) {
  case action_kind::error:
    fail(what.error_code);
    return false;
  case action_kind::drop:
    quit();
    return false;
  case action_kind::delay:
    hold_up(in_, lateness{what});
    return true;
  default:
    be_struck(what);
    return what.kind == action_kind::hang;
  }
}

void connection::read_with_fault(const fault::decision& what) {
  switch (what.kind) {
  case action_kind::error:
    if (what.error_code != EAGAIN && what.error_code != EINTR)
      fail(what.error_code);
    else
      rest(in_);
    return;
  case action_kind::return_value:
    on_peer_done();
    return;
  case action_kind::drop:
    read_once(0);
    return;
  case action_kind::dup:
    read_once(2);
    return;
  case action_kind::delay:
    in_.next_passes = true;
    hold_up(in_, lateness{what});
    return;
  default:
    be_struck(what);
    if (what.kind == action_kind::hang)
      read_once();
  }
}

ssize_t connection::transmit_with_fault(std::string_view data,
                                        const fault::decision& what) {
  auto nothing = [this](int error) {
    if (error == EAGAIN || error == EINTR)
      rest(out_);
    errno = error;
    return ssize_t{-1};
  };
  switch (what.kind) {
  case action_kind::error:
    return nothing(what.error_code);
  case action_kind::return_value:
    data = data.substr(0, number_in(what.text));
    return data.empty() ? nothing(EAGAIN) : send(data);
  case action_kind::drop:
    return static_cast<ssize_t>(data.size());
  case action_kind::dup: {
    auto n = send(data);
    return n == static_cast<ssize_t>(data.size()) ? (send(data), n) : n;
  }
  case action_kind::delay:
    out_.next_passes = true;
    hold_up(out_, lateness{what});
    errno = EAGAIN;
    return -1;
  default:
    be_struck(what);
    return what.kind == action_kind::hang ? send(data) : nothing(EAGAIN);
  }
}

void connection::on_message(caf::message& msg) {
  auto& point = owner_->rt().points.mailbox;
  if (!point.armed()) [[likely]]
    return handler_->on_message(*this, msg);
  auto what = point.hit(path());
  if (!what)
    return handler_->on_message(*this, msg);
  switch (what->kind) {
  case action_kind::drop:
    return;
  case action_kind::dup: {
    auto copy = msg;
    handler_->on_message(*this, copy);
    break;
  }
  case action_kind::delay:
    home_.run_after(what->time.value_or(std::chrono::nanoseconds{0}),
                    [this, self = caf::weak_actor_ptr{ctrl()}, msg]() mutable {
                      auto alive = self.lock();
                      if (alive && sock_ && phase_ == phase::open)
                        perform([&] { handler_->on_message(*this, msg); });
                    });
    return;
  default:
    be_struck(*what);
    if (what->kind != action_kind::hang)
      return;
  }
  handler_->on_message(*this, msg);
}

// Does without one direction of the socket for the time of a delay.
void connection::hold_up(direction& which, const lateness& delay) {
  which.late = !delay.over();
  update_interest();
  if (!which.late)
    return;
  home_.run_after(delay.next_look(),
                  [this, &which, delay, self = caf::weak_actor_ptr{ctrl()}] {
                    if (auto alive = self.lock(); alive && sock_)
                      perform([&] { hold_up(which, delay); });
                  });
}

// The same for a moment: what does not get on must not be tried without end.
void connection::rest(direction& which) {
  which.late = true;
  update_interest();
  home_.run_after(a_moment, [this, &which, self = caf::weak_actor_ptr{ctrl()}] {
    auto alive = self.lock();
    if (!alive || !sock_)
      return;
    which.late = false;
    update_interest();
  });
}

void connection::on_resumed() {
  home_.run_soon([this, self = caf::strong_actor_ptr{ctrl()}] {
    if (!sock_ || suspended())
      return;
    last_byte_ = home_.now(); // nobody has listened
    watch_time();
    if (toxics_)
      set_toxic_timer();
    if (!std::exchange(unwatched_, false))
      return;
    if (!home_.add(sock_.fd(), interest_, *this))
      perform([this] { fail(errno); });
  });
}

} // namespace coppice::net
