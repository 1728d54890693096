// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/command.hpp"

#include <vector>

namespace coppice::commands {

// Each is defined in the file of its name: `tree_command` in tree.cpp.
command children_command();
command completion_command();
command console_command();
command drain_command();
command events_command();
command exit_command();
command fault_command();
command healthcheck_command();
command info_command();
command journal_command();
command kill_command();
command lab_command();
command limit_command();
command log_command();
command man_pages_command();
command nemesis_command();
command reload_command();
command restart_command();
command resume_command();
command run_command();
command serve_command();
command start_command();
command status_command();
command stop_command();
command suspend_command();
command toxic_command();
command tree_command();
command upgrade_command();
command watch_command();
command why_command();

/// All subcommands, in the order in which help lists them.
const std::vector<command>& all_commands();

/// The heading of a group; empty if it is hidden.
const char* heading(group which);

} // namespace coppice::commands
