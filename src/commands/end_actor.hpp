// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <string>

/// What kill and exit have in common.
namespace coppice::commands {

struct end_options : session {
  std::string path;
  std::string reason = "kill"; ///< What the actor ends with.
  std::string signal = {};     ///< Is sent to a program instead.
};

/// Ends the actor; returns the exit code.
int end_actor(const end_options& options);

} // namespace coppice::commands
