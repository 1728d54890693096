// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"

namespace coppice::actor {

/// Where faults can be asked for in what all supervisors do. Paths are those of
/// the actors that are started, stopped or sent to.
struct fault_points {
  explicit fault_points(fault::registry& owner);

  fault::path_point start;
  fault::path_point stop;
  fault::path_point mailbox;
};

} // namespace coppice::actor
