// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "commands/lab_files.hpp"

#include "commands/lab.hpp"
#include "lab/driver_session.hpp"
#include "lab/trace.hpp"

#include <chrono>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coppice::commands {

using played_scenario
  = std::variant<lab::trace, lab::driver_skip, lab::driver_failure>;

/// A program that plays the scenarios of a contest on other supervisors.
class opponent {
public:
  virtual ~opponent() = default;

  /// What it is.
  virtual const lab::driver_header& header() const = 0;

  /// Whether coppice has to be like it, rather than the other way
  /// round.
  virtual bool decides() const {
    return false;
  }

  /// Plays the next of the scenarios that can be played.
  virtual played_scenario play(const scenario_file& what) = 0;

  /// There is no more to play; what is wrong about its end.
  virtual std::optional<lab::driver_failure> finish() = 0;
};

/// Scenarios, and the traces that are expected of them.
class contest {
public:
  /// Takes the scenarios that `options` names, with what coppice does or what
  /// was recorded. Says what is wrong if there is nothing to play.
  static std::optional<contest> of(const lab_options& options);

  /// Those that can be compared, in order.
  std::vector<nlohmann::json> playable() const;

  /// Lets `other` play, and prints the result: both traces if one file was
  /// named, else a line for each scenario and a sum; returns the exit code.
  /// `place` says where `other` is; it may be empty.
  int run(opponent& other, const std::string& place,
          const lab_options& options) const;

private:
  struct entry {
    scenario_file file;
    lab::trace expected;
    /// Why it is not compared, if so.
    std::optional<lab::driver_skip> skip;
    std::optional<lab::driver_failure> failure;
  };

  static entry entry_of(const std::string& file, const lab_options& options);
  int run_one(opponent& other, const std::string& place,
              const lab_options& options) const;
  int run_many(opponent& other, const std::string& place,
               const lab_options& options) const;

  std::vector<entry> entries_;
  /// One file was named, and it was no folder.
  bool alone_ = false;
};

/// What `options.deadline` says, or `otherwise` if it says nothing.
std::chrono::milliseconds deadline_of(const lab_options& options,
                                      std::chrono::milliseconds otherwise);

/// Compares coppice, or traces that were recorded, with what the driver
/// `options.against` plays, which `lab::words_of` can read; returns the exit
/// code.
int run_against_driver(const lab_options& options);

} // namespace coppice::commands
