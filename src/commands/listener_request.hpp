// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

/// What suspend, resume and limit have in common.
namespace coppice::commands {

struct listener_options : session {
  std::string listener; ///< Empty: the only one.
};

void declare_listener(CLI::App& cmd, listener_options& options);

/// Asks for POST /listeners/LISTENER/`request` and draws the listener as it is
/// afterwards; returns the exit code.
int request_of_listener(const listener_options& options,
                        const std::string& request, const nlohmann::json& body);

} // namespace coppice::commands
