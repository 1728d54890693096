// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <sys/types.h>

namespace coppice_test {

/// What the process takes of one core, from now on for a little while; 1.0 is
/// a whole core. A rate needs an interval: this is the one place where tests
/// wait for time instead of an event.
double cpu_share(pid_t pid);

/// What the process has taken of all cores since its start, in seconds.
double cpu_seconds(pid_t pid);

/// The share below which a server counts as idle.
inline constexpr double nearly_no_cpu = 0.05;

} // namespace coppice_test
