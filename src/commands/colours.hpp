// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/tone.hpp"

namespace coppice::commands {

/// Colours for what goes to standard output: only if that is a terminal that
/// has some, and the variable NO_COLOR is not set.
/// Source: https://no-color.org
lab::painter colours();

} // namespace coppice::commands
