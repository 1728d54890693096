// SPDX-License-Identifier: BSD-3-Clause

#include "coppice/observe/tree.hpp"

#include "observe/path.hpp"
#include "observe/path_map.hpp"
#include "supervision/restart_window.hpp"

#include <algorithm>
#include <map>
#include <mutex>
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

// What only nodes with children have; most have none.
struct hub {
  std::optional<supervision::strategy> strategy;
  std::optional<supervision::restart_window> window;
  std::shared_ptr<gauge> connections;
  std::shared_ptr<gauge> members;
  // Paths by place, in start order; the strings are the keys of `nodes`.
  std::map<std::uint64_t, std::string_view> children;
};

struct node {
  std::string id;
  supervision::child_type type;
  std::optional<supervision::restart> restart;
  node_state state = node_state::starting;
  std::uint64_t incarnation = 0;
  std::string last_exit;
  std::optional<supervision::restart_window> own_budget = {};
  tree::writer parent = 0; // the last that wrote this node as a child
  tree::writer self = 0;   // … and as a supervisor
  std::uint64_t place = 0; // below the parent
  std::unique_ptr<hub> below = {};

  hub& as_hub() {
    if (!below)
      below = std::make_unique<hub>();
    return *below;
  }
};

} // namespace

struct tree::state {
  node* find(std::string_view path, writer who);
  void stop_below(const node& parent);
  void remove_below(const node& parent);
  std::string any_root() const;
  node_view view(std::string_view path, const node& n,
                 supervision::time_point now) const;

  std::mutex mutex;
  path_map<node> nodes;
  std::uint64_t last_place = 0;
  std::string root;
};

tree::tree() : state_(std::make_unique<state>()) {
  // nop
}

tree::~tree() = default;

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
  std::lock_guard guard{state_->mutex};
  auto path = join(parent, id);
  auto i = state_->nodes.try_emplace(path).first;
  auto& n = i->second;
  if (who < n.parent)
    return;
  n.parent = who;
  n.id = id;
  n.type = type;
  n.restart = restart;
  n.own_budget.reset();
  if (parent.empty()) {
    state_->root = path;
  } else if (auto above = state_->nodes.find(parent);
             above != state_->nodes.end()) {
    auto& siblings = above->second.as_hub().children;
    siblings.erase(n.place);
    n.place = ++state_->last_place;
    siblings.emplace(n.place, i->first);
  }
}

void tree::remove(std::string_view path, writer who) {
  std::lock_guard guard{state_->mutex};
  auto* n = state_->find(path, who);
  if (n == nullptr)
    return;
  if (auto above = state_->nodes.find(parent_of(path));
      above != state_->nodes.end())
    above->second.as_hub().children.erase(n->place);
  auto was_root = path == state_->root;
  state_->remove_below(*n);
  state_->nodes.erase(state_->nodes.find(path));
  if (was_root)
    state_->root = state_->any_root();
}

std::uint64_t tree::set_state(std::string_view path, node_state state,
                              writer who) {
  std::lock_guard guard{state_->mutex};
  auto* n = state_->find(path, who);
  if (n == nullptr)
    return 0;
  n->state = state;
  if (state == node_state::running)
    ++n->incarnation;
  else if (state == node_state::stopped)
    state_->stop_below(*n);
  return n->incarnation;
}

void tree::set_last_exit(std::string_view path, std::string reason,
                         writer who) {
  std::lock_guard guard{state_->mutex};
  if (auto* n = state_->find(path, who))
    n->last_exit = std::move(reason);
}

void tree::set_supervisor(std::string_view path, supervision::strategy strategy,
                          const supervision::restart_window& window,
                          writer who) {
  std::lock_guard guard{state_->mutex};
  auto i = state_->nodes.find(path);
  if (i == state_->nodes.end() || who < i->second.self)
    return;
  i->second.self = who;
  auto& hub = i->second.as_hub();
  hub.strategy = strategy;
  hub.window = window;
}

void tree::set_own_budget(std::string_view path,
                          const supervision::restart_window& window,
                          writer who) {
  std::lock_guard guard{state_->mutex};
  if (auto* n = state_->find(path, who))
    n->own_budget = window;
}

std::shared_ptr<gauge> tree::connections(std::string_view path) {
  std::lock_guard guard{state_->mutex};
  auto i = state_->nodes.find(path);
  if (i == state_->nodes.end())
    return std::make_shared<gauge>(0);
  auto& result = i->second.as_hub().connections;
  if (!result)
    result = std::make_shared<gauge>(0);
  return result;
}

std::shared_ptr<gauge> tree::members(std::string_view path) {
  std::lock_guard guard{state_->mutex};
  auto result = std::make_shared<gauge>(0);
  if (auto i = state_->nodes.find(path); i != state_->nodes.end())
    i->second.as_hub().members = result;
  return result;
}

std::optional<node_view> tree::look(supervision::time_point now) const {
  std::lock_guard guard{state_->mutex};
  auto i = state_->nodes.find(state_->root);
  if (i == state_->nodes.end())
    return {};
  return state_->view(i->first, i->second, now);
}

bool tree::has(std::string_view path) const {
  std::lock_guard guard{state_->mutex};
  return state_->nodes.contains(path);
}

node* tree::state::find(std::string_view path, writer who) {
  auto i = nodes.find(path);
  return i == nodes.end() || who < i->second.parent ? nullptr : &i->second;
}

void tree::state::stop_below(const node& parent) {
  if (!parent.below)
    return;
  for (auto& [_, path] : parent.below->children) {
    auto& n = nodes.find(path)->second;
    n.state = node_state::stopped;
    stop_below(n);
  }
}

// Another tree of the same runtime; empty if there is none.
std::string tree::state::any_root() const {
  auto found = std::ranges::find_if(
    nodes, [](auto& each) { return parent_of(each.first).empty(); });
  return found == nodes.end() ? std::string{} : found->first;
}

void tree::state::remove_below(const node& parent) {
  if (!parent.below)
    return;
  for (auto& [_, path] : parent.below->children) {
    auto i = nodes.find(path);
    remove_below(i->second);
    nodes.erase(i);
  }
}

node_view tree::state::view(std::string_view path, const node& n,
                            supervision::time_point now) const {
  node_view result{n.id,        std::string{path},
                   n.type,      n.restart,
                   n.state,     n.incarnation,
                   n.last_exit, {},
                   {},          {},
                   {},          {}};
  if (n.own_budget)
    result.own_budget = own_budget_of(*n.own_budget, now);
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
    result.children.push_back(view(child, nodes.find(child)->second, now));
  return result;
}

} // namespace coppice::observe
