// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/actor/runtime.hpp"
#include "coppice/observe/tree.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <vector>

namespace coppice::admin {

/// One object a node: `id`, `path`, `type`, `state`, `incarnation`, `restarts`,
/// `children` in start order, and what else helps.
nlohmann::json to_json(const observe::node_view& node);

/// The whole tree, or null while there is none. Nodes say also what does not
/// show in their state: `suspended`, and which points are `armed` for them.
nlohmann::json look_at_tree(actor::runtime& rt);

/// The paths of all actors that are suspended, as the tree has them.
std::vector<std::string> suspended_actors(actor::runtime& rt);

} // namespace coppice::admin
