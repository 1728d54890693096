// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"

namespace coppice::process {

/// Where faults can be asked for in what is done to programs. Paths are those
/// of the children.
struct fault_points {
  explicit fault_points(fault::registry& owner);

  fault::path_point start;
  fault::path_point end;
  fault::path_point stop;
};

} // namespace coppice::process
