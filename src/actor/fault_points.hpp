// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"
#include "coppice/supervision/exit_reason.hpp"

#include <chrono>

namespace coppice::actor {

/// Where faults can be asked for in what all supervisors do. Paths are those of
/// the actors that are started, stopped or sent to.
struct fault_points {
  explicit fault_points(fault::registry& owner);

  fault::path_point start;
  fault::path_point stop;
  fault::path_point mailbox;
};

/// How long a fault delays something; 0 if it does not say.
std::chrono::milliseconds delay_of(const fault::decision& what);

/// Why something ends that a fault ends.
supervision::exit_reason reason_of(const fault::decision& what);

} // namespace coppice::actor
