// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "admin/access.hpp"
#include "admin/route.hpp"
#include "admin/upgrade.hpp"

#include <vector>

namespace coppice::admin {

/// The part of the API that replaces the process. Both have to outlive it.
/// A request that names a program runs it as the server's user: without a
/// token, it has to come from that user, by a Unix socket.
std::vector<route> upgrade_routes(const upgrade_operations& program,
                                  const access_check& rules);

} // namespace coppice::admin
