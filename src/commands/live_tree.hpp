// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

/// The tree of a running server, as commands see it.
namespace coppice::commands {

/// The paths of all actors below `node`, a node of GET /tree, and its own.
std::vector<std::string> paths_of(const nlohmann::json& node);

/// The path of the actor that `wanted` stands for: see `resolve_path`. If there
/// is none, or the server does not answer, says so on standard error and sets
/// `code`.
std::optional<std::string> actor_at(const session& options,
                                    const std::string& wanted, int& code);

/// Runs `use` with the node of the actor that `wanted` stands for, whose
/// children include connections; returns the exit code. Errors go to standard
/// error.
int with_actor(const session& options, const std::string& wanted,
               const std::function<void(const nlohmann::json&)>& use);

} // namespace coppice::commands
