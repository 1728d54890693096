// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace coppice::supervision {
class restart_window;
} // namespace coppice::supervision

namespace coppice::observe {

enum class node_state { starting, running, restarting, stopped };

std::string_view to_string(node_state value);

/// A number that one thread writes and others look at.
using gauge = std::atomic<std::int64_t>;

/// What there is to say of a supervisor, beyond what holds for every node.
struct supervisor_view {
  supervision::strategy strategy;
  std::int64_t intensity;
  std::chrono::seconds period;
  std::size_t budget_used; ///< Restarts in the window at the time of the look.
};

/// One actor of the tree, as it was at the time of the look.
struct node_view {
  std::string id;
  std::string path;
  supervision::child_type type;
  std::optional<supervision::restart> restart; ///< Unset for the root.
  node_state state;
  std::uint64_t incarnation; ///< 1 for the first start.
  std::string last_exit;     ///< Empty if it never ended.
  std::optional<supervision::own_budget> own_budget = {}; ///< If it has one.
  std::optional<supervisor_view> supervisor;
  std::optional<std::int64_t> connections; ///< For hubs of connections.
  std::optional<std::int64_t> members;     ///< For dynamic supervisors.
  std::vector<node_view> children;         ///< In start order.
};

/// The supervision tree as its supervisors publish it, so that looking at it
/// costs them nothing. Paths are ids joined by '/'.
///
/// Thread-safe. Writers are the supervisors; each writes of itself and of its
/// own children. What a supervisor that was killed leaves behind may still be
/// ending when its successor is up: every writer has a number that grows, and
/// what an older one says of a node is ignored once a newer one has spoken.
class tree {
public:
  using writer = std::uint64_t;

  tree();
  ~tree();

  // -- writing ----------------------------------------------------------------

  /// Adds a node below `parent` (empty for the root), or finds it again after
  /// a restart of its supervisor, and puts it last in start order.
  void add(std::string_view parent, std::string_view id,
           supervision::child_type type,
           std::optional<supervision::restart> restart, writer who);

  /// Removes a node and everything below it.
  void remove(std::string_view path, writer who);

  /// Sets the state of a node. `running` begins a new incarnation, and returns
  /// its number; `stopped` holds for everything below as well.
  std::uint64_t set_state(std::string_view path, node_state state, writer who);

  /// Remembers why the current incarnation ended.
  void set_last_exit(std::string_view path, std::string reason, writer who);

  /// Says what kind of supervisor `path` is and how much budget it has used.
  void set_supervisor(std::string_view path, supervision::strategy strategy,
                      const supervision::restart_window& window, writer who);

  /// Says how much a child has used of a budget of its own.
  void set_own_budget(std::string_view path,
                      const supervision::restart_window& window, writer who);

  /// The number of connections of a hub; the node keeps it over restarts.
  std::shared_ptr<gauge> connections(std::string_view path);

  /// The number of children of a dynamic supervisor, which are no nodes
  /// themselves; it starts at zero again.
  std::shared_ptr<gauge> members(std::string_view path);

  // -- reading ----------------------------------------------------------------

  /// The whole tree, or nothing while there is no root.
  std::optional<node_view> look(supervision::time_point now) const;

  /// Whether there is a node at `path`.
  bool has(std::string_view path) const;

private:
  struct state;

  std::unique_ptr<state> state_;
};

} // namespace coppice::observe
