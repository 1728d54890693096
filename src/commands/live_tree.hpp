#pragma once

#include "commands/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <functional>
#include <string>

namespace coppice::commands {

/// Runs `use` with the node of the server's tree at `path`, whose children
/// include connections; returns the exit code. Errors go to standard error.
int with_actor(const session& options, const std::string& path,
               const std::function<void(const nlohmann::json&)>& use);

} // namespace coppice::commands
