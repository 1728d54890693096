// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

/// Processes that belong to each other, as /proc shows them.
namespace coppice::process {

/// Whether the group has a member, zombies of others included; one call.
bool group_exists(pid_t group);

struct group_members {
  std::size_t all = 0;
  std::size_t alive = 0; ///< Those that are not just waiting to be reaped.
};

/// Reads all of /proc.
group_members members_of(pid_t group);

/// Orphans that came to this process and are none of its programs.
std::vector<pid_t> adopted();

/// Of those, the ones that a program with `mark` in its environment started, or
/// that are in `session`.
std::vector<pid_t> adopted_from(std::string_view mark, pid_t session);

/// Reaps strangers that have ended, if this process adopts orphans and nobody
/// waits for a child of its own. Returns false if it has to be tried again
/// soon.
bool reap_strangers();

/// What a process that cannot be killed waits for: `pid 7: state D, in
/// do_fsync`; empty if it has gone.
std::string state_text(pid_t pid);

} // namespace coppice::process
