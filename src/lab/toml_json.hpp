// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace coppice::lab {

/// Reads TOML as the JSON that says the same; dates are none of it.
expected<nlohmann::json, scenario_error> parse_toml(std::string_view text,
                                                    const std::string& file);

} // namespace coppice::lab
