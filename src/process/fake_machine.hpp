// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "process/machine.hpp"

namespace coppice::process {

/// A computer on which nothing is executed, for virtual time: a program is up
/// at once, lives until it is asked to end, and obeys at once. One that is up
/// by its exit exits with 0. Its pids begin at 1.
///
/// For one thread at a time, which everything happens on within the calls.
machine& fake_machine();

} // namespace coppice::process
