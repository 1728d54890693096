// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"
#include "nemesis/schedule.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace coppice::nemesis {

/// A schedule that comes with coppice.
struct preset {
  std::string name;
  std::string about;
  std::string text; ///< JSON, as a file has it.
};

const std::vector<preset>& presets();

/// Null if there is none of this name.
const preset* find_preset(std::string_view name);

/// Reads the file: TOML if its name ends in `.toml`, else JSON. An error names
/// the place in the file and what was expected there.
expected<schedule, lab::scenario_error> load_schedule(const std::string& file);

/// Reads a text that came from `file`.
expected<schedule, lab::scenario_error> parse_schedule(std::string_view text,
                                                       const std::string& file);

/// The same of a value that has been read already.
expected<schedule, lab::scenario_error>
read_schedule(const nlohmann::json& value, const std::string& file);

} // namespace coppice::nemesis
