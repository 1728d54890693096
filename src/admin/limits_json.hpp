// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "coppice/net/limits.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace coppice::admin {

/// All limits by name; null where there is none. Times are in milliseconds.
nlohmann::json to_json(const net::limits& what);

/// Sets in `into` what the object `changes` names, as `to_json` writes it.
/// If something is wrong, it says so and has changed nothing.
expected<void, std::string> merge(const nlohmann::json& changes,
                                  net::limits& into);

} // namespace coppice::admin
