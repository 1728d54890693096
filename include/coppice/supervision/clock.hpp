// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <chrono>

namespace coppice::supervision {

/// Monotonic time, given to the engine with each event; the engine never reads
/// a clock itself.
using time_point = std::chrono::time_point<std::chrono::steady_clock,
                                           std::chrono::nanoseconds>;

} // namespace coppice::supervision
