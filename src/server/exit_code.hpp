// SPDX-License-Identifier: BSD-3-Clause

#pragma once

namespace coppice {

/// What the program ends with.
enum exit_code : int {
  done = 0,
  failed = 1,
  usage = 2,
  unreachable = 3, ///< The server could not be reached.
  gave_up = 4,     ///< The tree gave up.
};

} // namespace coppice
