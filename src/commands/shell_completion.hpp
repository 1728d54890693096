// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "server/command_text.hpp"

#include <string>

/// Scripts that complete the command line of `program` in a shell: commands,
/// options and the values of options that have a choice.
namespace coppice::commands {

std::string bash_completion(const command_text& program);
std::string zsh_completion(const command_text& program);
std::string fish_completion(const command_text& program);

} // namespace coppice::commands
