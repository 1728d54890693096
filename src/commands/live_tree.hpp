// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"
#include "coppice/expected.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <string>
#include <vector>

/// The tree of a running server, as commands see it.
namespace coppice::commands {

/// What GET /tree answers, with the connections or without. If the server does
/// not answer, says so on standard error; the error is the exit code for it.
/// Throws `foreign_answer`.
expected<nlohmann::json, int> get_tree(const session& options,
                                       bool with_connections);

/// The paths of all actors below `node`, a node of GET /tree, and its own.
std::vector<std::string> paths_of(const nlohmann::json& node);

/// The path of the actor that `wanted` stands for: see `resolve_path`. If there
/// is none, or the server does not answer, says so on standard error; the error
/// is the exit code for it.
expected<std::string, int> actor_at(const session& options,
                                    const std::string& wanted);

/// Runs `use` with the node of the actor that `wanted` stands for, whose
/// children include connections; returns the exit code. Errors go to standard
/// error.
int with_actor(const session& options, const std::string& wanted,
               const std::function<void(const nlohmann::json&)>& use);

} // namespace coppice::commands
