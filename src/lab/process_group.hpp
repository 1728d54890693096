// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <sys/types.h>

/// Programs with a process group of their own.
namespace coppice::lab {

/// Starts a program that is looked for in PATH; gives 0, or an error number.
/// Until `kill_group`, the group is killed when a signal stops this process
/// (`tidy_up_when_stopped`).
int spawn_group(const std::vector<std::string>& command, int input, int output,
                pid_t& pid);

/// Kills the program and all that it has started and that is in its group. To
/// be called before its end is asked for by waitpid(2).
void kill_group(pid_t pid) noexcept;

/// Waits for the end of a child; false if it is not there before `deadline`.
/// waitpid(2) still gives its status.
bool ends_before(pid_t pid, std::chrono::steady_clock::time_point deadline);

/// For poll(2): not longer than until `deadline`, and a minute at most.
int milliseconds_until(std::chrono::steady_clock::time_point deadline);

} // namespace coppice::lab
