// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/compare.hpp"
#include "lab/trace.hpp"

#include <cstddef>
#include <string>

namespace coppice::lab {

/// A trace, and the name of what wrote it.
struct titled_trace {
  std::string title;
  const trace& events;
};

/// Two traces of one scenario next to each other for a person, one supervisor
/// after the other; a line that differs has the mark `≠`. No line is longer
/// than `width` columns; >= 20. What counts is what `compare` says.
std::string side_by_side(const titled_trace& left, const titled_trace& right,
                         const comparison& rules, std::size_t width);

} // namespace coppice::lab
