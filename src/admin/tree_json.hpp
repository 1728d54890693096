// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/observe/tree.hpp"

#include <nlohmann/json_fwd.hpp>

namespace coppice::admin {

/// One object a node: `id`, `path`, `type`, `state`, `incarnation`, `restarts`,
/// `children` in start order, and what else helps.
nlohmann::json to_json(const observe::node_view& node);

} // namespace coppice::admin
