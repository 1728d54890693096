// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/scenario.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

namespace coppice::commands {

/// The text of the example of this name (`coppice lab list`), else of the file.
/// The error if there is neither.
expected<std::string, lab::scenario_error>
load_scenario_text(const std::string& name);

/// The scenario in it.
expected<lab::scenario, lab::scenario_error>
load_scenario(const std::string& name);

/// `; did you mean one_for_all?`, or else where examples are listed.
std::string example_meant_by(const std::string& name);

/// A scenario, and the JSON that it was read from.
struct scenario_file {
  std::string path; ///< Or the name of an example.
  nlohmann::json json;
  /// Unset if it is one that coppice cannot express, as `refusal` says.
  std::optional<lab::scenario> plan;
  std::string refusal;

  /// The name of the file, without its ending.
  std::string name() const;
};

/// Reads a scenario. The error if there is none, or it is no JSON.
expected<scenario_file, lab::scenario_error>
read_scenario_file(const std::string& path);

/// The files that `named` stands for: a folder stands for all scenarios in it
/// and below, in the order of their paths: all files *.json but those with JSON
/// that is no object with a `supervisor`. The name of an example is no folder.
std::vector<std::string> files_of(const std::vector<std::string>& named);

/// Where the trace of a scenario is that was recorded: NAME.jsonl in the folder
/// `golden` beside that of the scenario.
std::filesystem::path recording_of(const std::string& scenario);

/// A file of the laboratory, such as conformance-kit: beside the program in a
/// build tree, else where it is installed.
std::filesystem::path lab_data(const std::string& name);

} // namespace coppice::commands
