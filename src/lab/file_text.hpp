// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace coppice::lab {

/// All that stands in a file.
expected<std::string, scenario_error> read_text(const std::string& file);

/// Reads JSON with comments as in C++; `file` is for error messages.
expected<nlohmann::json, scenario_error> parse_json(std::string_view text,
                                                    const std::string& file);

} // namespace coppice::lab
