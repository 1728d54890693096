// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/net/network.hpp"

#include <vector>

namespace coppice::net {

/// Whether one of the networks contains the address; false if there are none.
bool contains(const std::vector<network>& networks,
              const observe::peer_address& peer) noexcept;

} // namespace coppice::net
