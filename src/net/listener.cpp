// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/net/listener.hpp"

#include "coppice/actor/exit_signal.hpp"
#include "coppice/actor/tree_root.hpp"
#include "net/connection_actor.hpp"
#include "net/connection_table.hpp"
#include "net/listener_core.hpp"

#include <thread>
#include <utility>

namespace coppice::net {

std::string_view to_string(topology value) {
  switch (value) {
  case topology::linked:
    return "linked";
  case topology::supervised:
    return "supervised";
  }
  return {};
}

std::string_view to_string(listener_state value) {
  switch (value) {
  case listener_state::down:
    return "down";
  case listener_state::listening:
    return "listening";
  case listener_state::suspended:
    return "suspended";
  case listener_state::draining:
    return "draining";
  }
  return {};
}

listener::listener(listener_config config, actor::runtime_ptr rt,
                   std::vector<reactor_ptr> reactors)
    : core_(std::make_shared<listener_core>(std::move(config), std::move(rt),
                                            std::move(reactors))) {
  // nop
}

listener::~listener() = default;

actor::child_spec listener::child() {
  return listener_tree(core_);
}

// -- looking at it ------------------------------------------------------------

const listener_config& listener::config() const noexcept {
  return core_->config();
}

std::string listener::path() const {
  return core_->path();
}

listener_state listener::state() const {
  return core_->port().state();
}

bool listener::draining() const noexcept {
  return core_->port().draining();
}

bool listener::leaving() const noexcept {
  return core_->leaving();
}

std::size_t listener::sockets() const {
  auto port = core_->port().port();
  return port ? port->sockets() : 0;
}

bool listener::shares_sockets() const {
  return core_->port().is_shared();
}

std::optional<endpoint> listener::local() const {
  return core_->port().local();
}

std::string listener::open_error() const {
  return core_->port().open_error();
}

std::int64_t listener::active() const noexcept {
  return core_->hubs().active();
}

net::limits listener::limits() const {
  return core_->settings()->limits;
}

traffic listener::counters() const noexcept {
  return core_->hubs().counters();
}

std::vector<traffic> listener::counters_by_reactor() const {
  return core_->hubs().counters_by_reactor();
}

const std::vector<reactor_ptr>& listener::reactors() const noexcept {
  return core_->hubs().reactors();
}

std::optional<std::vector<listener::connection_view>>
listener::connections(std::string_view path) const {
  auto found = std::make_shared<std::vector<connection_view>>();
  auto collect = [found](connection_table& table) {
    table.for_each([&](connection_actor& c) {
      auto now = c.until_now();
      found->push_back({"connection:" + std::to_string(c.id()),
                        to_string(now.peer), now.bytes_in, now.bytes_out,
                        now.lasted, std::string{c.tls_state()}});
    });
  };
  if (!core_->hubs().on_hub(path, collect))
    return {};
  return std::move(*found);
}

// -- acting on it -------------------------------------------------------------

std::vector<listener::certificate_view> listener::certificates() const {
  std::vector<certificate_view> result;
  if (auto tls = core_->settings()->tls)
    for (auto& each : tls->certificates())
      result.push_back({each.file, each.names, each.expires});
  return result;
}

std::optional<net::tls_settings> listener::tls_settings() const {
  auto tls = core_->settings()->tls;
  return tls ? std::optional{tls->settings()} : std::nullopt;
}

proxy_settings listener::proxy() const {
  return core_->settings()->proxy;
}

expected<void, std::string>
listener::set_tls(const std::optional<net::tls_settings>& value) {
  if (!value) {
    core_->set_tls(nullptr);
    return {};
  }
  auto made = tls_context::make(*value, core_->settings()->tls);
  if (!made)
    return unexpected{std::move(made.error())};
  core_->set_tls(*std::move(made));
  return {};
}

void listener::set_proxy(proxy_settings value) {
  core_->set_proxy(std::move(value));
}

expected<void, std::string> listener::reload_certificates() {
  return core_->reload_certificates();
}

void listener::set_limits(const net::limits& value) {
  core_->set_limits(value);
}

void listener::set_handler(handler_factory make) {
  core_->set_handler(std::move(make));
}

void listener::set_listen_options(const listen_options& value) {
  core_->port().set_options(value);
}

void listener::suspend() {
  core_->port().suspend();
}

expected<void, std::string> listener::resume() {
  return core_->port().resume();
}

bool listener::suspend_connection(std::string_view path, bool on) const {
  return core_->hubs().on_connection(path, [on](connection_actor& c) {
    if (on)
      c.suspend();
    else
      c.resume_suspended();
  });
}

bool listener::stall(std::size_t index,
                     std::chrono::milliseconds length) const {
  if (index >= reactors().size())
    return false;
  reactors()[index]->run_soon(
    [length] { std::this_thread::sleep_for(length); });
  return true;
}

bool listener::crash_connection(
  std::string_view path, const std::optional<supervision::exit_reason>& reason,
  std::string_view on_behalf) const {
  auto crash = [core = core_, reason, path = std::string{path},
                by = std::string{on_behalf}](connection_actor& c) {
    actor::tell_who_asks(core->rt(), path, reason, by);
    if (reason)
      actor::signal_exit(c.handle(), *reason);
    else
      actor::signal_kill(c.handle());
  };
  return core_->hubs().on_connection(path, crash);
}

void listener::leave() {
  core_->leave();
}

void listener::end_connections() {
  core_->end_connections();
}

void listener::drain(std::function<void()> drained) {
  core_->drain(std::move(drained));
}

// -- toxics -------------------------------------------------------------------

std::shared_ptr<const toxic_list> listener::toxics() const {
  return core_->toxics().list();
}

bool listener::has_toxics() const noexcept {
  return !core_->toxics().empty();
}

toxic_result listener::add_toxic(toxic value, toxic_target connection) {
  return core_->toxics().add(std::move(value), connection);
}

toxic_result listener::update_toxic(toxic value, toxic_target connection) {
  return core_->toxics().update(std::move(value), connection);
}

toxic_result listener::remove_toxic(std::string_view name,
                                    toxic_target connection) {
  return core_->toxics().remove(name, connection);
}

toxic_result listener::remove_all_toxics(toxic_target connection) {
  return core_->toxics().remove_all(connection);
}

} // namespace coppice::net
