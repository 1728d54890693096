// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/listeners_api.hpp"
#include "admin/route.hpp"

#include <vector>

namespace coppice::admin {

/// The part of the API that spoils the network of a listener.
/// `listeners` must outlive the routes. Thread-safe.
std::vector<route> toxics_routes(const listeners_api& listeners);

} // namespace coppice::admin
