// SPDX-License-Identifier: BSD-3-Clause

// How a host takes over from the one of another process, and how it is
// replaced.

#include "admin/limits_json.hpp"
#include "coppice/net/endpoint.hpp"
#include "coppice/version.hpp"
#include "net/listener_core.hpp"
#include "server/host.hpp"

#include <nlohmann/json.hpp>

#include <fcntl.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <future>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace coppice {

using upgrade::handover;

namespace {

// How long one that asks for an upgrade waits until the process is started.
constexpr std::chrono::seconds begin_limit{10};

constexpr auto nothing_started
  = "nothing was started: the server is about to end";

net::port_keeper& port_of(const net::listener& what) {
  return what.core().port();
}

// What somebody has changed since the plan was made, as JSON.
std::string changed_limits(const listener_group::member& what) {
  auto planned = admin::to_json(what.plan.config.limits);
  auto now = admin::to_json(what.listener->limits());
  auto result = nlohmann::json::object();
  for (auto& [key, value] : now.items())
    if (planned[key] != value)
      result[key] = value;
  return result.dump();
}

void set_limits(net::listener& of, const std::string& changes) {
  auto what = nlohmann::json::parse(changes, nullptr, false);
  auto limits = of.limits();
  if (what.is_object() && !what.empty() && admin::merge(what, limits))
    of.set_limits(limits);
}

handover::listener shared(const listener_group::member& what) {
  auto& listener = *what.listener;
  auto local = listener.local();
  return {what.plan.config.name,
          to_string(what.plan.config.where),
          local ? local->port() : std::uint16_t{0},
          port_of(listener).share(),
          listener.state() == net::listener_state::suspended,
          changed_limits(what)};
}

std::string count(std::int64_t n) {
  return std::to_string(n) + (n == 1 ? " connection" : " connections");
}

} // namespace

// -- taking over --------------------------------------------------------------

expected<void, start_error> host::bring_up_and_take_over() {
  auto up = bring_up(server_loop::signals::stop);
  auto& from = settings_.predecessor;
  if (!from)
    return up;
  if (up)
    up = take_over();
  else
    from->say_failed(up.error().text);
  return up;
}

// Listeners whose sockets are there are held, so that this process takes no
// client before it is sure to stay.
void host::take_sockets() {
  auto& given = settings_.predecessor->given();
  if (listeners_)
    for (auto& each : listeners_->members())
      take_sockets(each);
  if (has_admin_of_predecessor())
    admin_->use_shared(std::move(given.admin->sock));
  if (admin_)
    admin_->hold();
}

void host::take_sockets(const listener_group::member& each) {
  auto& given = settings_.predecessor->given();
  auto found = std::ranges::find(given.listeners, each.plan.config.name,
                                 &handover::listener::name);
  if (found == given.listeners.end())
    return;
  set_limits(*each.listener, found->limits);
  auto is_passed = !each.plan.config.inherited.empty();
  auto is_same = found->where == to_string(each.plan.config.where);
  if (!is_passed && !is_same)
    return; // its sockets are closed, and the other process serves there
  port_of(*each.listener).hold();
  if (!is_passed)
    port_of(*each.listener)
      .use_shared(
        std::move(found->sockets),
        net::endpoint::parse(each.plan.config.where.address(), found->port));
}

// Whether the admin API is to listen where that of the other process does.
bool host::has_admin_of_predecessor() const {
  auto& given = settings_.predecessor->given().admin;
  return admin_ && given && given->where == to_string(admin_->where());
}

expected<void, start_error> host::take_over() {
  auto& from = *settings_.predecessor;
  auto failure = [](std::string text) {
    return unexpected{start_error{false, std::move(text)}};
  };
  std::vector<net::listener_ptr> held;
  std::vector<std::string> names;
  for (auto& listener : all_listeners().all())
    if (listener->state() == net::listener_state::suspended) {
      held.push_back(listener);
      names.push_back(listener->config().name);
    }
  auto go = from.wait_for_go(names, has_admin_of_predecessor());
  if (!go)
    return failure(go.error());
  for (auto& each : held) {
    auto& name = each->config().name;
    auto found = std::ranges::find(from.given().listeners, name,
                                   &handover::listener::name);
    if (found->suspended)
      continue;
    if (auto opened = each->resume(); !opened) {
      from.say_failed("listener " + name + ": " + opened.error());
      return failure(opened.error());
    }
  }
  from.wait_for_rest();
  for (auto& each : held)
    port_of(*each).own_alone();
  if (admin_) {
    admin_->own_alone();
    admin_->release();
  }
  return {};
}

void host::tell_of_predecessor() {
  auto& from = settings_.predecessor;
  if (!from)
    return;
  auto other = from->look(false);
  auto name = "process " + std::to_string(other.pid);
  rt_->events.publish(
    {.kind = observe::event_kind::took_over,
     .path = settings_.root,
     .detail
     = "from " + name + " (" + other.version + "), which has "
       + (other.ended ? "ended" : count(other.connections) + " to finish")});
  from->on_end([this, name] {
    rt_->events.publish(
      {.kind = observe::event_kind::notice,
       .path = settings_.root,
       .detail = name + ", which this one replaced, has ended"});
  });
}

// -- being replaced -----------------------------------------------------------

void host::make_successor() {
  successor_ = std::make_shared<upgrade::successor>(upgrade::successor::owner{
    .share = [this] { return share_sockets(); },
    .on_failure = [this](auto& why) { on_no_successor(why); },
    .on_success = [this](int pid, auto& listeners,
                         bool admin) { on_successor(pid, listeners, admin); },
    .numbers = [this] { return numbers(); }});
}

// The loop runs while there is a host; the admin API may outlive both.
admin::upgrade_operations host::upgrade_operations_of() {
  if (!successor_)
    return {};
  auto begin = [loop = loop_, successor = successor_](
                 auto& wanted) -> expected<int, std::string> {
    using answer = expected<int, std::string>;
    auto promise = std::make_shared<std::promise<answer>>();
    auto result = promise->get_future();
    auto posted = loop->post([promise, successor, wanted](bool serves) {
      promise->set_value(serves ? successor->begin(wanted)
                                : unexpected{std::string{nothing_started}});
    });
    if (!posted)
      return unexpected{std::string{nothing_started}};
    if (result.wait_for(begin_limit) == std::future_status::ready)
      return result.get();
    return unexpected{std::string{"the server is busy; look again with "
                                  "GET /upgrade"}};
  };
  return {.begin = begin,
          .look = [successor = successor_] { return successor->look(); },
          .earlier = [predecessor = settings_.predecessor](
                       bool now) -> std::optional<admin::earlier_process> {
            if (!predecessor)
              return {};
            return predecessor->look(now);
          }};
}

upgrade::handover host::share_sockets() {
  handover result{.version = version};
  if (auto passed = net::passed_sockets())
    for (auto& each : *passed)
      if (!is_stored(each.name)) // the new process stores its own
        result.sockets.push_back(
          {each.name, net::checked(::fcntl(each.descriptor, F_DUPFD_CLOEXEC, 0),
                                   "fcntl")});
  if (listeners_)
    for (auto& each : listeners_->members())
      result.listeners.push_back(shared(each));
  if (admin_)
    if (auto sock = admin_->share())
      result.admin
        = handover::admin_port{to_string(admin_->where()), std::move(*sock)};
  return result;
}

void host::on_no_successor(const std::string& why) {
  for (auto& each : all_listeners().all())
    port_of(*each).own_alone();
  if (admin_)
    admin_->own_alone();
  rt_->events.publish({.kind = observe::event_kind::upgrade_failed,
                       .path = settings_.root,
                       .detail = why});
}

// What the other process does not use is this one's to close.
void host::on_successor(int pid, const std::vector<std::string>& listeners,
                        bool admin) {
  std::int64_t left = 0;
  for (auto& each : all_listeners().all()) {
    left += each->active();
    if (std::ranges::find(listeners, each->config().name) == listeners.end())
      port_of(*each).own_alone();
  }
  if (admin_ && admin)
    admin_->retire();
  else if (admin_)
    admin_->own_alone();
  if (service_reports_)
    service_reports_->replaced_by(pid);
  rt_->events.publish({.kind = observe::event_kind::replaced,
                       .path = settings_.root,
                       .detail = "process " + std::to_string(pid)
                                 + " serves now; " + count(left)
                                 + " may finish here"});
  loop_->retire();
}

std::string host::numbers() const {
  std::int64_t connections = 0;
  for (auto& each : all_listeners().all())
    connections += each->active();
  if (settings_.predecessor)
    connections += settings_.predecessor->look(false).connections;
  return nlohmann::json{
    {"connections", connections},
    {"counters", admin_ ? admin_->counters() : std::string{}}}
    .dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

} // namespace coppice
