// SPDX-License-Identifier: BSD-3-Clause

#include "net/listener_core.hpp"

#include "net/connection_actor.hpp"
#include "net/connection_table.hpp"
#include "net/event_loop.hpp"
#include "net/networks.hpp"
#include "observe/path.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>
#include <utility>

namespace coppice::net {

namespace {

// A client that is not served is not worth more than that.
constexpr std::chrono::milliseconds longest_farewell{1000};

tls_context_ptr tls_of(const listener_config& config) {
  if (!config.tls)
    return nullptr;
  auto result = tls_context::make(*config.tls);
  if (!result)
    throw std::runtime_error(result.error());
  return *std::move(result);
}

} // namespace

listener_core::listener_core(listener_config config, actor::runtime_ptr rt,
                             std::vector<reactor_ptr> reactors)
    : config_(std::move(config)),
      rt_(std::move(rt)),
      faults_(rt_->faults),
      hubs_(std::make_shared<net::hubs>(rt_, std::move(reactors))),
      port_(config_.where, config_.inherited, config_.listening, *this),
      admission_(config_.limits),
      rates_(config_.limits),
      toxics_(*hubs_, port_,
              [this](observe::event_kind kind, std::string detail) {
                publish(kind, std::move(detail));
              }),
      settings_(std::make_shared<const connection_settings>(
        connection_settings{config_.limits, config_.make_handler,
                            tls_of(config_), config_.proxy})) {
  // nop
}

// -- its connections ----------------------------------------------------------

std::shared_ptr<const connection_settings> listener_core::settings() const {
  std::lock_guard guard{mutex_};
  return settings_;
}

// For new connections: those that have begun keep the settings they began with.
void listener_core::change_settings(
  const std::function<void(connection_settings&)>& change) {
  std::lock_guard guard{mutex_};
  auto settings = std::make_shared<connection_settings>(*settings_);
  change(*settings);
  settings_ = std::move(settings);
}

void listener_core::set_limits(const net::limits& value) {
  auto reads_otherwise = false;
  change_settings([&](auto& settings) {
    settings.limits = value;
    admission_.set(value);
    reads_otherwise = rates_.set(value);
  });
  on_port_change();
  if (reads_otherwise)
    hubs_->on_each_table([](connection_table& table) {
      table.for_each([](connection_actor& c) { c.sync_rates(); });
    });
}

void listener_core::set_handler(handler_factory make) {
  change_settings(
    [&](auto& settings) { settings.make_handler = std::move(make); });
}

void listener_core::set_proxy(proxy_settings value) {
  change_settings([&](auto& settings) { settings.proxy = std::move(value); });
}

void listener_core::set_tls(tls_context_ptr value) {
  auto count = value ? value->certificates().size() : 0;
  change_settings([&](auto& settings) { settings.tls = std::move(value); });
  if (count > 0)
    publish(observe::event_kind::certificates_loaded,
            std::to_string(count) + (count == 1 ? " is" : " are")
              + " in force; connections that are open keep theirs");
}

expected<void, std::string> listener_core::reload_certificates() {
  auto before = settings()->tls;
  if (!before)
    return {};
  auto fresh = tls_context::make(before->settings(), before);
  if (!fresh) {
    publish(observe::event_kind::certificates_refused, fresh.error());
    return unexpected{std::move(fresh.error())};
  }
  set_tls(*std::move(fresh));
  return {};
}

bool connection_settings::expects_header(
  const observe::peer_address& client) const noexcept {
  return contains(proxy.from, client);
}

bool listener_core::begin_handshake(const tls_settings& limit) noexcept {
  if (handshakes_.fetch_add(1, std::memory_order_relaxed)
      < limit.max_handshakes)
    return true;
  end_handshake();
  return false;
}

void listener_core::report_refusal(refusal what,
                                   const observe::peer_address& client,
                                   const std::string& why) {
  if (auto unreported = refusals_.report(what, event_loop::clock_now()))
    publish(observe::event_kind::client_refused,
            std::string{to_string(what)} + ": peer " + to_string(client) + ": "
              + why
              + (*unreported == 0
                   ? ""
                   : "; and " + std::to_string(*unreported)
                       + " more of the kind since the last such event"));
}

std::uint64_t listener_core::toxic_seed() const noexcept {
  return config_.toxic_seed.value_or(rt_->faults.seed());
}

void listener_core::check_alarm() {
  if (admission_.has_alarm()
      && admission_.raises_alarm(hubs_->active(), event_loop::clock_now()))
    publish(observe::event_kind::alarm, connections_text() + " open");
}

void listener_core::give_back_place() {
  // Ordered with the store of `draining`, so that one of the two sees the
  // other.
  auto place = admission_.give_back_place();
  if (place.wanted)
    on_port_change();
  if (place.last && port_.draining())
    call_drained();
}

void listener_core::say_goodbye(event_loop& loop, net::hubs::place& here,
                                socket client) {
  auto limit = settings()->limits.goodbye.value_or(longest_farewell);
  admission_.begin_farewell();
  here.parting.add(loop, std::move(client), std::min(limit, longest_farewell),
                   [weak = weak_from_this()] {
                     if (auto self = weak.lock())
                       self->end_farewell();
                   });
}

void listener_core::end_farewell() {
  if (admission_.end_farewell() && port_.draining())
    call_drained();
}

// -- the listener as a whole --------------------------------------------------

std::string listener_core::path() const {
  auto port = port_.owner_path();
  return std::string{observe::parent_of(observe::parent_of(port))};
}

void listener_core::leave() {
  if (!leaving_.exchange(true))
    publish(observe::event_kind::notice,
            "is about to drain; clients are still served");
}

void listener_core::end_connections() {
  hubs_->on_each_table([](connection_table& table) {
    table.end_all(supervision::exit_reason::shutdown());
  });
}

void listener_core::drain(std::function<void()> drained) {
  if (drained) {
    std::lock_guard guard{mutex_};
    drained_.push_back(std::move(drained));
  }
  // Counts as a client, so that the drain is not over before the clients in the
  // queue of the port are accepted.
  admission_.begin_farewell();
  port_.drain();
  end_farewell();
}

void listener_core::call_drained() {
  std::unique_lock guard{mutex_};
  auto waiting = std::exchange(drained_, {});
  guard.unlock();
  for (auto& fn : waiting)
    fn();
}

// -- changes of the port ------------------------------------------------------

void listener_core::on_port_change() {
  admission_.forget_failures();
  hubs_->on_each([](net::hubs::place& here) {
    if (here.acceptor != nullptr)
      here.acceptor->on_change();
  });
}

// A place is taken at once, so that a drain waits for this client, too.
void listener_core::on_last_client(socket client,
                                   const observe::peer_address& from) {
  auto has_place = !port_.is_down() && admission_.take_place();
  auto& reactors = hubs_->reactors();
  auto& reactor = reactors[turn_.fetch_add(1) % reactors.size()];
  auto& loop = reactor->loop();
  if (!has_place)
    admission_.begin_farewell(); // until it is on its reactor
  auto last = std::make_shared<accepted_client>(std::move(client), from);
  hubs_->on(*reactor, [self = shared_from_this(), has_place, last,
                       &loop](net::hubs::place& here) {
    if (has_place && here.acceptor != nullptr && here.acceptor->serve(*last))
      return;
    here.traffic.rejected.add(1);
    self->say_goodbye(loop, here, std::move(last->sock));
    if (has_place)
      self->give_back_place();
    else
      self->end_farewell();
  });
}

void listener_core::on_suspended() {
  publish(observe::event_kind::suspended,
          connections_text() + " may go on"
            + (port_.is_shared()
                 ? "; new clients wait, because the sockets stay open in "
                   "another process"
                 : ""));
}

void listener_core::on_listening() {
  publish(observe::event_kind::listening, to_string(*port_.local()));
}

void listener_core::on_draining() {
  publish(observe::event_kind::draining, connections_text() + " may finish");
  hubs_->on_each_table([](connection_table& table) {
    table.for_each([](connection_actor& c) { c.drain(); });
  });
}

void listener_core::on_down() {
  hubs_->on_each_table([](connection_table& table) {
    table.end_all(supervision::exit_reason::shutdown("toxic_down"));
  });
}

std::string listener_core::connections_text() const {
  auto n = hubs_->active();
  return std::to_string(n) + (n == 1 ? " connection" : " connections");
}

void listener_core::publish(observe::event_kind kind,
                            std::string detail) const {
  observe::event ev;
  ev.kind = kind;
  ev.path = path();
  ev.detail = std::move(detail);
  rt_->events.publish(std::move(ev));
}

} // namespace coppice::net
