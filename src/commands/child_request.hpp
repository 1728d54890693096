// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <string>

/// What stop, start and restart have in common.
namespace coppice::commands {

struct child_options : session {
  std::string path;
};

void declare_child(CLI::App& cmd, child_options& options);

/// Has the supervisor of a child stop, start or restart it, as `request` says,
/// and prints `past`, the past tense of it; returns the exit code.
int request_of_child(const child_options& options, const std::string& request,
                     const std::string& past);

} // namespace coppice::commands
