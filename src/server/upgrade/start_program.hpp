// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"

#include <string>
#include <vector>

namespace coppice::upgrade {

/// The variable that names the descriptor of the channel in a process that is
/// to replace another one.
constexpr auto channel_variable = "COPPICE_HANDOVER";

/// The file that this process runs, or what has taken its place since.
std::string own_program();

/// The arguments of this process, without its name.
std::vector<std::string> own_arguments();

/// Why `program` cannot be executed: a path, what is wrong, what to do. The
/// error is for a person.
expected<void, std::string> check_program(const std::string& program);

/// Starts `program` with this process's arguments, environment and standard
/// streams, no signal blocked, and the descriptor `end` of a channel. Returns
/// its process id.
expected<int, std::string> start_program(const std::string& program, int end);

/// Ends that child unless it has ended by itself, and says how: `exit code 2`.
std::string end_program(int pid);

} // namespace coppice::upgrade
