// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "process/launch.hpp"

#include <sys/types.h>

#include <string>

namespace coppice::process {

/// A process that executes its program.
struct spawned {
  pid_t pid = -1;
  int pidfd = -1; ///< Close-on-exec; the caller's.
};

/// Why there is none.
struct spawn_error {
  std::string text; ///< For a person: the step, on what, and the errno.
  int number = 0;   ///< The errno; ETXTBSY may be worth another try.
};

/// Starts a process and returns once its program is executed, or could not be.
/// It has a session of its own, default signals, an empty mask, and no
/// descriptors but those of `what`.
///
/// It dies with the calling thread, and not only with the process, if
/// `what.death_signal` says so: call this from a thread that never ends.
/// Source: prctl(2), PR_SET_PDEATHSIG.
expected<spawned, spawn_error> spawn(const launch& what);

} // namespace coppice::process
