// SPDX-License-Identifier: BSD-3-Clause

// How a connection's actor ends: by itself, by its peer, or by a signal.

#include "net/connection_actor.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "net/listener_core.hpp"
#include "observe/blame.hpp"

#include <cerrno>
#include <cstring>
#include <exception>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

namespace {

// How long a peer that was closed on may take to notice.
constexpr std::chrono::seconds linger_limit{2};

constexpr std::chrono::milliseconds no_time{0};

} // namespace

void connection_actor::on_exit_signal(const exit_reason& reason) {
  if (!reason.plain_shutdown()) {
    quit(actor::to_error(reason));
    return;
  }
  if (std::exchange(leaving_, true))
    return; // its time runs already
  if (phase_ == phase::open)
    handler_->on_shutdown(*this);
  auto limit = settings_->limits.goodbye;
  if (phase_ == phase::lingering || phase_ == phase::opening
      || limit == no_time) {
    quit(actor::to_error(reason));
    return;
  }
  close();
  if (limit)
    loop_.arm(*this, *limit);
  else
    loop_.cancel(*this);
}

// Closing a socket whose peer still sends would reset it, and with it bytes
// that the peer has not read yet; so wait for the peer's end, but not for ever.
void connection_actor::finish_close() {
  switch (bytes_.finish()) {
  case stage::progress::waits:
    return;
  case stage::progress::failed:
    return fail(errno);
  case stage::progress::done:
    break;
  }
  if (leaving_) {
    // What lies unread when a socket is closed resets the connection, and the
    // peer may lose the goodbye.
    bytes_.discard_input(loop_.buffer());
    quit(actor::to_error(exit_reason::shutdown()));
    return;
  }
  if (bytes_.input_ended()) {
    quit_closed();
    return;
  }
  phase_ = phase::lingering;
  bytes_.socket_end().end_output();
  update_interest();
  loop_.arm(*this, linger_limit);
}

void connection_actor::obey(const stage::forced_end& end) {
  if (end.reset) {
    bytes_.socket_end().reset_on_close();
    quit(actor::to_error(end.reason));
    return;
  }
  if (end.output_lost)
    bytes_.drop_output();
  if (phase_ == phase::open)
    close();
  else if (!bytes_.output_waits())
    finish_close();
}

// What a peer or the network does to a connection is no crash.
void connection_actor::fail(int error) {
  auto* name = ::strerrorname_np(error);
  quit(actor::to_error(exit_reason::shutdown(name != nullptr ? name : "io")));
}

void connection_actor::quit_closed() {
  if (auto* reason = bytes_.close_reason())
    quit(actor::to_error(*reason));
  else
    quit();
}

void connection_actor::on_exit() {
  auto reason = actor::to_reason(fail_state_);
  if (!reason.clean() && !follows_hub())
    report_crash(reason);
  if (handler_) {
    try {
      handler_->on_close(*this, reason);
    } catch (...) {
      report_crash(actor::to_reason(std::current_exception()));
    }
    handler_.reset();
  }
  loop_.cancel(*this);
  if (reason.clean())
    say_goodbye();
  bytes_.socket_end().close();
  bytes_.remove_rates();
  leave(to_string(reason));
  if (bytes_.toxics() != nullptr) {
    bytes_.remove_toxics();
    owner_->toxics().forget(id_);
  }
  if (self_)
    loop_.keep_until_round_ends(std::move(self_));
}

// Without it, a peer that speaks TLS would have to take an end by a limit, say,
// for one that somebody else has made. Where output is lost, it is right to.
void connection_actor::say_goodbye() {
  if (bytes_.tls() == nullptr || waiting_bytes() > 0
      || bytes_.toxics() != nullptr)
    return;
  try {
    (void)bytes_.finish();
  } catch (...) {
    // A fault that is thrown by the way of these last bytes ends nothing more.
  }
}

void connection_actor::leave(std::string_view reason) {
  auto table = std::exchange(table_, nullptr);
  if (!table)
    return;
  if (!std::exchange(recorded_, true))
    record_start();
  record_end(reason);
  table->remove(*this);
  traffic_.closed.add(1);
  if (counted_)
    owner_->admission().give_back_address(peer_);
  if (std::exchange(handshakes_, false))
    owner_->end_handshake();
  owner_->give_back_place();
}

observe::connection_record connection_actor::until_now() const {
  observe::connection_record result;
  result.what = observe::connection_record::kind::closed;
  result.time = loop_.now();
  result.connection = id_;
  result.peer = peer_;
  result.bytes_in = bytes_.socket_end().bytes_in();
  result.bytes_out = bytes_.socket_end().bytes_out();
  result.lasted = result.time - opened_;
  return result;
}

void connection_actor::record_start() {
  observe::connection_record entry;
  entry.time = loop_.now();
  entry.connection = id_;
  entry.peer = peer_;
  owner_->hubs().record(loop_.index(), entry);
}

void connection_actor::record_end(std::string_view reason) {
  auto entry = until_now();
  entry.set_reason(reason);
  owner_->hubs().record(loop_.index(), entry);
}

void connection_actor::report_crash(const exit_reason& reason) {
  observe::event ev;
  ev.kind = observe::event_kind::connection_crashed;
  ev.path = path();
  ev.cause = owner_->rt().blame.take(ev.path);
  ev.reason = to_string(reason);
  ev.detail = "peer " + to_string(peer_);
  owner_->rt().events.publish(std::move(ev));
}

} // namespace coppice::net
