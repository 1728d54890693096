// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/endpoint.hpp"

#include <vector>

namespace coppice::net {

/// Has `passed_sockets` answer with these from now on, whatever the variables
/// say: a process that this one replaces had them. Before other threads ask.
void set_passed_sockets(std::vector<passed_socket> sockets);

} // namespace coppice::net
