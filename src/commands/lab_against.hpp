// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/lab.hpp"
#include "commands/lab_files.hpp"
#include "coppice/expected.hpp"
#include "lab/driver_session.hpp"
#include "lab/trace.hpp"

#include <optional>
#include <string>
#include <vector>

namespace coppice::commands {

/// Whose supervisors a contest compares with.
struct opponent {
  std::vector<std::string> command; ///< Of its driver.
  std::string name;                 ///< Of its driver, for a person.
  std::string place = {};           ///< Where it is; may be empty.
  /// Whether coppice has to be like it, rather than the other way round.
  bool decides = false;
};

/// Scenarios, and the traces that are expected of them.
class contest {
public:
  /// Takes the scenarios that `options` names, with what coppice does or what
  /// was recorded. The error says why there is nothing to play.
  static expected<contest, std::string> of(const lab_options& options);

  /// Lets `other` play, and prints the result: both traces if one file was
  /// named, else a line for each scenario and a sum; returns the exit code.
  int run(const opponent& other, const lab_options& options) const;

private:
  struct entry {
    scenario_file file;
    lab::trace expected;
    /// Why it is not compared, if so.
    std::optional<lab::driver_skip> skip;
    std::optional<lab::driver_failure> failure;
  };

  struct match;

  static entry entry_of(const std::string& file, const lab_options& options);
  int run_one(match& with, const lab_options& options) const;
  int run_many(match& with, const lab_options& options) const;

  std::vector<entry> entries_;
  /// One file was named, and it was no folder.
  bool alone_ = false;
};

/// Compares coppice, or traces that were recorded, with what the driver
/// `options.against` plays, which `lab::words_of` can read; returns the exit
/// code.
int run_against_driver(const lab_options& options);

} // namespace coppice::commands
