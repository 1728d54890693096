// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <cstddef>

namespace coppice {

/// The columns of the terminal, or what COLUMNS says, within 80 to 160: as far
/// as two traces side by side can do with them. 120 if nothing is known.
std::size_t terminal_width();

/// The columns for help: those of the terminal, or what COLUMNS says, within 40
/// to 120, beyond which lines are hard to read. 80 if nothing is known.
std::size_t help_width();

} // namespace coppice
