#pragma once

#include "coppice/lab/nemesis.hpp"
#include "coppice/lab/scenario.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace coppice::lab {

/// A schedule that comes with coppice.
struct nemesis_preset {
  std::string name;
  std::string about;
  std::string text; ///< JSON, as a file has it.
};

const std::vector<nemesis_preset>& nemesis_presets();

/// Null if there is none of this name.
const nemesis_preset* find_nemesis_preset(std::string_view name);

/// Reads the file: TOML if its name ends so, else JSON. An error names the
/// place in the file and what was expected there.
std::variant<nemesis_schedule, scenario_error>
load_nemesis(const std::string& file);

/// Reads a text that came from `file`.
std::variant<nemesis_schedule, scenario_error>
parse_nemesis(std::string_view text, const std::string& file);

/// The same of a value that has been read already.
std::variant<nemesis_schedule, scenario_error>
read_nemesis(const nlohmann::json& value, const std::string& file);

} // namespace coppice::lab
