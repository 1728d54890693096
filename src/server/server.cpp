// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/server.hpp"

#include "server/front.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>

namespace coppice {

namespace {

std::string octal(unsigned value) {
  char text[16];
  std::snprintf(text, sizeof(text), "%04o", value);
  return text;
}

// As a person would write it: 5m rather than 300000ms.
template <class Duration>
std::string text_of(const std::optional<Duration>& value) {
  if (!value)
    return "off";
  std::chrono::milliseconds all{*value};
  if (all.count() % 60'000 == 0)
    return std::to_string(all.count() / 60'000) + "m";
  if (all.count() % 1000 == 0)
    return std::to_string(all.count() / 1000) + "s";
  return std::to_string(all.count()) + "ms";
}

// Of a server, or of a listener beside its first.
template <class Settings>
listener_arguments arguments_of(const Settings& settings) {
  listener_arguments result;
  auto& listening = settings.listening;
  result.default_port = settings.port;
  result.bind = settings.bind;
  result.unix_mode = octal(listening.unix_mode);
  result.listen_sockets = listening.sockets;
  result.share_port = listening.share_port;
  result.backlog = listening.backlog;
  result.keepalive = text_of(listening.keepalive);
  result.user_timeout = text_of(listening.user_timeout);
  result.topology = to_string(settings.topology);
  if (settings.acceptors > 0)
    result.acceptors = settings.acceptors;
  return result;
}

template <class Settings>
listener_plan listener_of(Settings& settings) {
  listener_plan result;
  result.config.name = settings.name;
  result.config.make_handler = std::move(settings.handler);
  result.config.limits = settings.limits;
  result.config.proxy = std::move(settings.proxy);
  result.config.tls = std::move(settings.tls);
  return result;
}

front::plan plan_of(server_settings settings) {
  front::plan result{
    .settings = {.program = settings.name, .root = settings.name},
    .program = {settings.admin, settings.journal, settings.log},
    .description = std::move(settings.description),
    .options = std::move(settings.options)};
  auto& host = result.settings;
  host.children = std::move(settings.children);
  host.runtime = std::move(settings.runtime);
  host.below = std::move(settings.below);
  result.listeners.push_back(arguments_of(settings));
  auto& first = result.listeners.front();
  first.drain_timeout = text_of(std::optional{settings.drain_timeout});
  first.drain_delay = text_of(std::optional{settings.drain_delay});
  host.listeners.push_back(listener_of(settings));
  for (auto& each : settings.listeners) {
    // The longest time holds for all: that of the first.
    auto& more = result.listeners.emplace_back(arguments_of(each));
    more.drain_timeout = more.drain_delay = "0s";
    host.listeners.push_back(listener_of(each));
  }
  return result;
}

} // namespace

struct server::state {
  front program;
};

server::server(server_settings settings)
    : state_(new state{front{plan_of(std::move(settings))}}) {
  // nop
}

server::~server() {
  stop();
}

int server::run(int argc, const char* const* argv) {
  return state_->program.run(argc, argv);
}

expected<void, start_error> server::start() {
  return state_->program.start();
}

int server::wait() {
  auto host = running();
  return host ? host->wait() : 0;
}

void server::stop() {
  if (auto host = running())
    host->stop();
}

std::optional<net::endpoint> server::local() const {
  auto listener = this->listener();
  return listener ? listener->local() : std::nullopt;
}

std::uint16_t server::port() const {
  auto where = local();
  return where ? where->port() : std::uint16_t{0};
}

std::string server::admin_url() const {
  auto host = running();
  return host ? host->admin_url() : "";
}

net::listener_ptr server::listener() const {
  auto host = running();
  return host ? host->listener() : nullptr;
}

net::listener_ptr server::listener(std::string_view name) const {
  auto host = running();
  auto* all = host ? host->listeners() : nullptr;
  return all == nullptr ? nullptr : all->set().find(name);
}

actor::runtime_ptr server::rt() const {
  auto host = running();
  return host ? host->rt() : nullptr;
}

caf::actor server::root() const {
  auto host = running();
  return host ? host->root() : caf::actor{};
}

std::shared_ptr<host> server::running() const {
  return state_->program.running();
}

} // namespace coppice
