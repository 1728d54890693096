// SPDX-License-Identifier: BSD-3-Clause

// What comes before the handler of a connection, or between its bytes: the
// header of a proxy, and the handshake of TLS.

#include "net/connection_actor.hpp"
#include "net/listener_core.hpp"

#include <memory>
#include <stdexcept>
#include <utility>

namespace coppice::net {

using supervision::exit_reason;

void connection_actor::prepare() {
  auto expects_header = !recorded_;
  if (expects_header) {
    bytes_.put_in_proxy();
    deadlines_.prepare(time_limit::proxy_header, settings_->proxy.timeout,
                       loop_.now());
  } else if (settings_->tls && settings_->tls->settings().from_start) {
    begin_handshake();
  } else {
    open_up();
    return;
  }
  watch_time();
}

void connection_actor::on_proxy_header(proxy_info info) {
  proxy_ = std::make_unique<proxy_info>(std::move(info));
  if (proxy_->source)
    peer_ = *proxy_->source;
  recorded_ = true;
  record_start();
  // A proxy that speaks for itself is no client: it looks whether the server
  // is there.
  if (!proxy_->source)
    return;
  counted_ = owner_->admission().take_address(peer_);
  if (!counted_) {
    traffic_.rejected_by_address.add(1);
    end_with(exit_reason::shutdown("max_per_address"));
  } else if (!owner_->rates().admits(peer_, loop_.now())) {
    traffic_.rejected_by_rate.add(1);
    end_with(exit_reason::shutdown("accept_rate_per_address"));
  }
}

void connection_actor::begin_handshake() {
  handshakes_ = owner_->begin_handshake(settings_->tls->settings());
  if (!handshakes_)
    return refuse(refusal::tls_limit, "too many handshakes at a time");
  bytes_.put_in_tls(settings_->tls);
  update_interest();
  deadlines_.prepare(time_limit::handshake,
                     settings_->tls->settings().handshake_timeout, loop_.now());
  if (auto decision = owner_->faults().handshake.hit())
    may_start(*decision);
}

void connection_actor::end_handshake() {
  owner_->end_handshake();
  handshakes_ = false;
  traffic_.handshakes.add(1);
  if (bytes_.tls()->resumed())
    traffic_.resumed.add(1);
}

// Something has come, or the connection is over.
void connection_actor::go_on_opening() {
  if (quitting() || !bytes_.ready())
    return;
  if (handshakes_)
    end_handshake();
  else if (settings_->tls && settings_->tls->settings().from_start) {
    begin_handshake();
    watch_time();
    return;
  }
  deadlines_.end_preparation(loop_.now());
  update_interest();
  if (phase_ == phase::opening)
    return open_up();
  watch_time();
  handler_->on_tls(*this);
}

void connection_actor::open_up() {
  phase_ = phase::open;
  if (owner_->rates().limits_reading())
    place_rates();
  watch_time();
  handler_ = settings_->make_handler();
  handler_->on_connect(*this);
  if (owner_->port().draining())
    tell_of_drain();
}

void connection_actor::start_tls() {
  if (!settings_->tls)
    throw std::logic_error{"start_tls: the listener has no TLS"};
  if (bytes_.tls() != nullptr)
    throw std::logic_error{"start_tls: the connection has TLS already"};
  if (phase_ != phase::open)
    return;
  if (waiting_bytes() > 0)
    return abort(exit_reason::shutdown("tls_output_waits"));
  begin_handshake();
  watch_time();
}

const tls_info* connection_actor::tls() const {
  auto* stage = bytes_.tls();
  return stage != nullptr && stage->ready() ? &stage->info() : nullptr;
}

std::string_view connection_actor::tls_state() const noexcept {
  auto* stage = bytes_.tls();
  return stage != nullptr ? stage->version() : std::string_view{};
}

// -- what a client can do wrong -----------------------------------------------

// What it has sent is read, since otherwise the alert of TLS could be lost with
// a reset.
void connection_actor::refuse(refusal what, const std::string& why) {
  if (quitting())
    return;
  traffic_.refused[static_cast<std::size_t>(what)].add(1);
  if (!why.empty())
    owner_->report_refusal(what, peer_, why);
  bytes_.discard_input(loop_.buffer());
  end_with(exit_reason::shutdown(std::string{to_string(what)}));
}

void connection_actor::refuse_late(time_limit limit) {
  if (limit == time_limit::handshake)
    refuse(refusal::tls_late, "the handshake was not over in time");
  else
    refuse(refusal::late_proxy_header,
           "the PROXY header was not complete in time");
}

void connection_actor::end_with(const exit_reason& reason) {
  if (!quitting())
    abort(reason);
}

} // namespace coppice::net
