// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/tree.hpp"

#include "observe/path.hpp"

#include <utility>

namespace coppice::observe {

namespace {

std::string join(std::string_view parent, std::string_view id) {
  std::string result{parent};
  if (!result.empty())
    result += '/';
  result += id;
  return result;
}

} // namespace

std::string_view to_string(node_state value) {
  switch (value) {
  case node_state::starting:
    return "starting";
  case node_state::running:
    return "running";
  case node_state::restarting:
    return "restarting";
  case node_state::stopped:
    return "stopped";
  }
  return {};
}

void tree::add(std::string_view parent, std::string_view id,
               supervision::child_type type,
               std::optional<supervision::restart> restart, writer who) {
  std::lock_guard guard{mutex_};
  auto path = join(parent, id);
  auto i = nodes_.try_emplace(path).first;
  auto& n = i->second;
  if (who < n.parent)
    return;
  n.parent = who;
  n.id = id;
  n.type = type;
  n.restart = restart;
  if (parent.empty()) {
    root_ = path;
  } else if (auto above = nodes_.find(parent); above != nodes_.end()) {
    auto& siblings = above->second.as_hub().children;
    siblings.erase(n.place);
    n.place = ++last_place_;
    siblings.emplace(n.place, i->first);
  }
}

void tree::remove(std::string_view path, writer who) {
  std::lock_guard guard{mutex_};
  auto* n = find(path, who);
  if (n == nullptr)
    return;
  if (auto above = nodes_.find(parent_of(path)); above != nodes_.end())
    above->second.as_hub().children.erase(n->place);
  remove_below(*n);
  nodes_.erase(nodes_.find(path));
}

std::uint64_t tree::set_state(std::string_view path, node_state state,
                              writer who) {
  std::lock_guard guard{mutex_};
  auto* n = find(path, who);
  if (n == nullptr)
    return 0;
  n->state = state;
  if (state == node_state::running)
    ++n->incarnation;
  else if (state == node_state::stopped)
    stop_below(*n);
  return n->incarnation;
}

void tree::set_last_exit(std::string_view path, std::string reason,
                         writer who) {
  std::lock_guard guard{mutex_};
  if (auto* n = find(path, who))
    n->last_exit = std::move(reason);
}

void tree::set_supervisor(std::string_view path, supervision::strategy strategy,
                          const supervision::restart_window& window,
                          writer who) {
  std::lock_guard guard{mutex_};
  auto i = nodes_.find(path);
  if (i == nodes_.end() || who < i->second.self)
    return;
  i->second.self = who;
  auto& hub = i->second.as_hub();
  hub.strategy = strategy;
  hub.window = window;
}

std::shared_ptr<gauge> tree::connections(std::string_view path) {
  std::lock_guard guard{mutex_};
  auto i = nodes_.find(path);
  if (i == nodes_.end())
    return std::make_shared<gauge>(0);
  auto& result = i->second.as_hub().connections;
  if (!result)
    result = std::make_shared<gauge>(0);
  return result;
}

std::shared_ptr<gauge> tree::members(std::string_view path) {
  std::lock_guard guard{mutex_};
  auto result = std::make_shared<gauge>(0);
  if (auto i = nodes_.find(path); i != nodes_.end())
    i->second.as_hub().members = result;
  return result;
}

std::optional<node_view> tree::look(supervision::time_point now) const {
  std::lock_guard guard{mutex_};
  auto i = nodes_.find(root_);
  if (i == nodes_.end())
    return {};
  return view(i->first, i->second, now);
}

bool tree::has(std::string_view path) const {
  std::lock_guard guard{mutex_};
  return nodes_.contains(path);
}

tree::node* tree::find(std::string_view path, writer who) {
  auto i = nodes_.find(path);
  return i == nodes_.end() || who < i->second.parent ? nullptr : &i->second;
}

void tree::stop_below(const node& parent) {
  if (!parent.below)
    return;
  for (auto& [_, path] : parent.below->children) {
    auto& n = nodes_.find(path)->second;
    n.state = node_state::stopped;
    stop_below(n);
  }
}

void tree::remove_below(const node& parent) {
  if (!parent.below)
    return;
  for (auto& [_, path] : parent.below->children) {
    auto i = nodes_.find(path);
    remove_below(i->second);
    nodes_.erase(i);
  }
}

node_view tree::view(std::string_view path, const node& n,
                     supervision::time_point now) const {
  node_view result{n.id,        std::string{path},
                   n.type,      n.restart,
                   n.state,     n.incarnation,
                   n.last_exit, {},
                   {},          {},
                   {}};
  if (!n.below)
    return result;
  auto& hub = *n.below;
  if (hub.window)
    result.supervisor
      = supervisor_view{*hub.strategy, hub.window->intensity(),
                        hub.window->period(), hub.window->used(now)};
  if (hub.connections)
    result.connections = hub.connections->load(std::memory_order_relaxed);
  if (hub.members)
    result.members = hub.members->load(std::memory_order_relaxed);
  for (auto& [_, child] : hub.children)
    result.children.push_back(view(child, nodes_.find(child)->second, now));
  return result;
}

} // namespace coppice::observe
