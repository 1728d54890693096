// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include <nlohmann/json_fwd.hpp>

namespace coppice::net {
class listener;
} // namespace coppice::net

namespace coppice::admin {

/// State, address, limits and counters of a listener.
nlohmann::json to_json(const net::listener& what);

} // namespace coppice::admin
