// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"

namespace coppice::commands {

/// Plays `plan` step by step, as the lines of standard input say. The
/// end of the input leaves. Returns the exit code.
int step_through(lab::scenario plan);

} // namespace coppice::commands
