// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/fault/point.hpp"

namespace coppice::net {

/// Where faults can be asked for in a listener; all listeners of a program
/// share them.
struct fault_points {
  explicit fault_points(fault::registry& owner);

  fault::point accept;
  fault::point start;
  fault::point recv;
  fault::point send;
  fault::point timer;
  fault::point handshake;
  fault::point tls_read;
  fault::point tls_write;
};

} // namespace coppice::net
