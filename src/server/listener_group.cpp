// SPDX-License-Identifier: BSD-3-Clause

#include "server/listener_group.hpp"

#include "admin/limits_json.hpp"
#include "coppice/actor/request.hpp"
#include "net/listener_core.hpp"
#include "net/tls/context.hpp"
#include "server/joined.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stdexcept>
#include <utility>

namespace coppice {

namespace {

using member = listener_group::member;

// How long a handler may keep the others on its reactor waiting before that is
// worth a line.
constexpr std::chrono::milliseconds held_up_limit{100};

void report_held_up(actor::runtime& rt, unsigned index,
                    std::chrono::nanoseconds took) {
  observe::event ev;
  ev.kind = observe::event_kind::held_up;
  ev.path = "reactor:" + std::to_string(index);
  ev.detail = std::to_string(
                std::chrono::round<std::chrono::milliseconds>(took).count())
              + " ms; its connections had to wait";
  rt.events.publish(std::move(ev));
}

// How long clients of a listener that is ended may take to read what is left,
// whatever the limits say: reloads are done one after the other, and a signal
// waits for them.
constexpr std::chrono::seconds goodbye_limit{3};

std::string child_id(const member& what) {
  return "listener:" + what.plan.config.name;
}

std::string title(const listener_plan& plan) {
  return "listener " + plan.config.name + ": ";
}

std::string connections(std::int64_t count) {
  return std::to_string(count)
         + (count == 1 ? " connection was" : " connections were") + " ended";
}

bool is_live(const std::string& key, const listener_plan& plan) {
  auto i = plan.keys.find(key);
  return i != plan.keys.end() && i->second.live;
}

// Those below supervisors of their own; the others end with their acceptors. By
// path, since a hub that stops has withdrawn its table.
void kill_connections(const net::listener& of, const std::string& path) {
  for (auto& each : of.reactors()) {
    auto hub
      = path + "/connections/connections:" + std::to_string(each->index());
    if (auto found = of.connections(hub))
      for (auto& connection : *found)
        of.crash_connection(hub + "/" + connection.id, {});
  }
}

// Whether one can become the other without closing its port.
bool may_go_on(const listener_plan& before, const listener_plan& after) {
  return std::ranges::all_of(
    differing(before.keys, after.keys),
    [&](auto& key) { return is_live(key, before) || is_live(key, after); });
}

std::string in_words(const std::string& key, const config_keys& keys) {
  auto i = keys.find(key);
  return i == keys.end() ? "its default" : i->second.value;
}

bool is_about_tls(const std::string& key) {
  return key.starts_with("tls_");
}

// Whose connections that are open keep what they began with.
bool is_for_new_connections(const std::string& key) {
  return is_about_tls(key) || key.starts_with("proxy_");
}

// Sets the limits that differ between two plans; one that somebody has set
// since the file was read stays as it is.
void change_limits(net::listener& of, const net::limits& before,
                   const net::limits& after) {
  auto old = admin::to_json(before);
  auto fresh = admin::to_json(after);
  auto changes = nlohmann::json::object();
  for (auto& [key, value] : fresh.items())
    if (old[key] != value)
      changes[key] = value;
  auto limits = of.limits();
  if (!changes.empty() && admin::merge(changes, limits))
    of.set_limits(limits);
}

} // namespace

std::set<std::string> differing(const config_keys& before,
                                const config_keys& after) {
  std::set<std::string> result;
  for (auto& [key, value] : before)
    if (auto i = after.find(key); i == after.end() || i->second != value)
      result.insert(key);
  for (auto& [key, value] : after)
    if (!before.contains(key))
      result.insert(key);
  return result;
}

void listener_group::add(listener_plan plan) {
  members_.push_back(make(std::move(plan)));
  show(members_.back());
}

void listener_group::show(const member& what) {
  set_.put(what.listener);
  if (what.plan.echoes_until.empty())
    echoing_.remove(what.plan.config.name);
  else
    echoing_.put(what.listener);
}

void listener_group::hide(std::string_view name) {
  set_.remove(name);
  echoing_.remove(name);
}

member listener_group::make(listener_plan plan) {
  while (reactors_.size() < plan.acceptors)
    start_reactor();
  std::vector<net::reactor_ptr> some{reactors_.begin(),
                                     reactors_.begin() + plan.acceptors};
  auto listener
    = std::make_shared<net::listener>(plan.config, rt_, std::move(some));
  return {std::move(plan), std::move(listener)};
}

void listener_group::start_reactor() {
  auto index = static_cast<unsigned>(reactors_.size());
  auto& reactor = reactors_.emplace_back(
    std::make_shared<net::reactor>(rt_->system, index, rt_->time));
  reactor->on_held_up(held_up_limit, [rt = rt_, index](auto took) {
    report_held_up(*rt, index, took);
  });
  reactor->start_thread();
}

member* listener_group::find(std::string_view name) {
  auto found = std::ranges::find_if(
    members_, [&](auto& each) { return each.plan.config.name == name; });
  return found == members_.end() ? nullptr : &*found;
}

// -- becoming another one -----------------------------------------------------

// What has to be done, and then what was.
struct listener_group::transition {
  std::vector<member> ended;       // of those there are
  std::vector<member> started;     // new, or in the place of one that is ended
  std::vector<listener_plan> kept; // new plans of those that go on
  std::set<std::string> names;     // of all that are to be there
  // By name; what is not there stays, or is null.
  std::map<std::string, net::tls_context_ptr> certificates = {};
  std::map<std::string, std::string> farewells = {}; // of those ended, by name
  std::vector<std::string> lines = {};
};

// Those of a listener that goes on with another TLS. Throws as `add` does.
void listener_group::read_certificates(const member& of,
                                       const listener_plan& plan,
                                       transition& todo) {
  if (!plan.config.tls
      || std::ranges::none_of(differing(of.plan.keys, plan.keys), is_about_tls))
    return;
  auto before = of.listener->core().settings()->tls;
  auto made = net::tls_context::make(*plan.config.tls, before);
  if (!made)
    throw std::runtime_error{title(plan) + made.error()};
  todo.certificates[plan.config.name] = *std::move(made);
}

// Makes what is new, before anything is changed. Throws as `add` does.
listener_group::transition
listener_group::prepare(std::vector<listener_plan> fresh) {
  transition todo;
  for (auto& plan : fresh) {
    todo.names.insert(plan.config.name);
    auto* old = find(plan.config.name);
    if (old == nullptr) {
      todo.started.push_back(make(std::move(plan)));
      continue;
    }
    plan.config.inherited = old->plan.config.inherited;
    if (may_go_on(old->plan, plan)) {
      read_certificates(*old, plan, todo);
      todo.kept.push_back(std::move(plan));
      continue;
    }
    todo.ended.push_back(*old);
    todo.started.push_back(make(std::move(plan)));
  }
  for (auto& each : members_)
    if (!todo.names.contains(each.plan.config.name))
      todo.ended.push_back(each);
  return todo;
}

expected<void, std::string> listener_group::start(const member& what,
                                                  const caf::actor& root) {
  if (actor::start_child(root, what.listener->child()).get())
    return {};
  auto why = what.listener->open_error();
  return unexpected{title(what.plan)
                    + (why.empty() ? "it could not be started" : why)};
}

// Its clients get what is on the way to them, as at the end of the server, but
// nobody may keep the server for ever: see `goodbye_limit`.
std::string listener_group::end(const member& what, const caf::actor& root) {
  auto& listener = *what.listener;
  auto path = listener.path();
  auto open = listener.active();
  listener.drain({});
  listener.end_connections();
  auto removed = actor::remove_child(root, child_id(what));
  while (!removed.get_within(goodbye_limit))
    kill_connections(listener, path);
  return connections(open);
}

// A listener that drains takes no clients any more, so another is made of its
// plan.
void listener_group::revive(const member& ended, const caf::actor& root) {
  auto again = make(ended.plan);
  if (auto started = start(again, root); !started)
    rt_->events.publish({.kind = observe::event_kind::notice,
                         .path = ended.listener->path(),
                         .detail = started.error()});
  show(again);
  *find(ended.plan.config.name) = std::move(again);
}

// Ends some, so that their ports are free, and starts others; all of it or
// nothing.
expected<void, std::string> listener_group::replace(transition& todo,
                                                    const caf::actor& root) {
  for (auto& each : todo.ended)
    todo.farewells[each.plan.config.name] = end(each, root);
  for (auto& each : todo.started) {
    auto started = start(each, root);
    if (started)
      continue;
    for (auto* done = todo.started.data(); done != &each; ++done)
      end(*done, root);
    for (auto& old : todo.ended)
      revive(old, root);
    return started;
  }
  return {};
}

void listener_group::put(member what, transition& done) {
  auto& name = what.plan.config.name;
  show(what);
  auto* old = find(name);
  if (old == nullptr) {
    done.lines.push_back(title(what.plan) + "added, on "
                         + to_string(*what.listener->local()));
    members_.push_back(std::move(what));
    return;
  }
  auto keys = joined(differing(old->plan.keys, what.plan.keys), ", ");
  done.lines.push_back(title(what.plan) + "opened anew (" + keys + "); "
                       + done.farewells[name]);
  *old = std::move(what);
}

void listener_group::change(listener_plan plan, transition& done) {
  auto& old = *find(plan.config.name);
  auto keys = differing(old.plan.keys, plan.keys);
  for (auto& key : keys)
    done.lines.push_back(title(plan) + key + " is " + in_words(key, plan.keys)
                         + (is_for_new_connections(key)
                              ? " now for new connections; it was "
                              : " now; it was ")
                         + in_words(key, old.plan.keys));
  if (std::ranges::any_of(keys, is_about_tls))
    old.listener->core().set_tls(done.certificates[plan.config.name]);
  old.listener->set_proxy(plan.config.proxy);
  change_limits(*old.listener, old.plan.config.limits, plan.config.limits);
  old.listener->set_handler(plan.config.make_handler);
  old.plan = std::move(plan);
  show(old);
}

expected<std::vector<std::string>, std::string>
listener_group::become(std::vector<listener_plan> fresh,
                       const caf::actor& root) {
  std::optional<transition> todo;
  try {
    todo = prepare(std::move(fresh));
  } catch (const std::exception& problem) {
    return unexpected{std::string{problem.what()}};
  }
  if (auto replaced = replace(*todo, root); !replaced)
    return unexpected{std::move(replaced.error())};
  for (auto& each : todo->started)
    put(std::move(each), *todo);
  for (auto& each : todo->kept)
    change(std::move(each), *todo);
  std::erase_if(members_, [&](auto& each) {
    auto& name = each.plan.config.name;
    if (todo->names.contains(name))
      return false;
    todo->lines.push_back(title(each.plan) + "removed; "
                          + todo->farewells[name]);
    hide(name);
    return true;
  });
  return std::move(todo->lines);
}

} // namespace coppice
