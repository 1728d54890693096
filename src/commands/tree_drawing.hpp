// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/tone.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace coppice::commands {

/// Draws what `GET /tree` answered: one line a node with its state, restarts,
/// connections (if any node has such a number) and, for a supervisor, the
/// restart budget. Actors that do not run are bad in tone, those that are about
/// to run a decision. Throws `foreign_answer`.
std::string draw_tree(const nlohmann::json& root,
                      lab::painter paint = lab::no_paint);

} // namespace coppice::commands
