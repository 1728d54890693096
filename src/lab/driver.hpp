// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/trace.hpp"

#include <chrono>
#include <filesystem>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

/// Programs that play scenarios on supervisors which are not ours.
namespace coppice::lab {

/// Such a program, and how it is run.
///
/// Its last argument is a file with one scenario a line. For each of them, in
/// that order, it prints a line `{"scenario": NAME, "driver": WHO}`, WHO being
/// name and version of what plays; then the events of the trace, one JSON
/// object a line. Instead of a trace there may be one event `driver_skipped`
/// (it does not have what the scenario asks for) or `driver_failed`, each with
/// a `reason`. Lines that do not begin with `{` are not looked at. It ends with
/// exit code 0.
struct driver {
  /// The program, which is looked for in PATH, and its first arguments.
  std::vector<std::string> command;
  /// A file that comes next; empty if there is none.
  std::filesystem::path script = {};
  /// What comes after it, before the file with the scenarios.
  std::vector<std::string> arguments = {};
  /// The folder that the program sees as `/`, because `command` changes to it.
  /// Script and scenarios are copied into its `tmp` and gone afterwards.
  std::filesystem::path root = "/";
};

/// Why a driver could not be asked, and what to do about it.
struct driver_error {
  std::string message;
};

/// What a driver made of one scenario.
struct rendition {
  enum class outcome { played, skipped, failed };
  outcome result = outcome::played;
  /// Why it was not played.
  std::string reason = {};
  /// Name and version of what played it; empty if the driver does not say.
  std::string player = {};
  /// Empty if it was not played.
  trace events = {};
};

/// Has `who` play `scenarios`, all in one run, and gives what became of each.
/// Blocks until the program has ended, for at most `limit`; then it is
/// killed, with all that it has started.
std::variant<std::vector<rendition>, driver_error>
play_by(const driver& who, const std::vector<nlohmann::json>& scenarios,
        std::chrono::milliseconds limit);

} // namespace coppice::lab
