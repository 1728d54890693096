// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/driver_protocol.hpp"
#include "lab/trace.hpp"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace coppice::lab {

class line_process;

/// What a driver is allowed to take; > 0.
struct driver_limits {
  /// For its first line, for its end, and for each scenario beyond the times
  /// that this names.
  std::chrono::milliseconds patience{30'000};
  std::size_t line_bytes = 1'048'576;
  /// Of one scenario.
  std::size_t bytes = 16'777'216;
};

/// Why a scenario was not played, as the driver says.
struct driver_skip {
  std::string reason;
};

/// What went wrong with a driver, and where.
struct driver_failure {
  std::string message;
};

/// A conversation with somebody else's program, which plays scenarios by the
/// protocol of docs/reference/driver-protocol.md, and may do anything wrong.
/// (What comes with coppice and plays many scenarios at once is a `driver`.)
///
/// It is started when it is needed, and again after it has ended or went
/// wrong, so that one scenario does not spoil the next. What it does wrong is
/// named with the number of the line, counted from its start.
class driver_session {
public:
  /// `command`: a program, looked for in PATH, and its arguments.
  explicit driver_session(std::vector<std::string> command,
                          driver_limits limits = {});

  /// Kills the program, and what it has started.
  ~driver_session();

  /// What it says of itself, when it is started for the first time.
  std::variant<driver_header, driver_failure> header();

  /// Plays a scenario; blocks until the end, or until the time is over. Once
  /// the program could not be started again, that is not tried any more.
  std::variant<trace, driver_skip, driver_failure>
  play(const nlohmann::json& scenario);

  /// Lets it end, and gives what was wrong with that.
  std::optional<driver_failure> finish();

private:
  using answer = std::variant<trace, driver_skip, driver_failure>;

  std::optional<driver_failure> start();
  /// Nothing if the program has ended well without a word.
  std::optional<answer> read_answer(std::chrono::milliseconds limit);
  bool ended_well();
  driver_failure stopped(const std::string& before);
  driver_failure wrong(const std::string& what);
  std::string too_long() const;

  std::vector<std::string> command_;
  driver_limits limits_;
  std::optional<driver_header> header_;
  std::unique_ptr<line_process> process_;
  /// Of this process: its lines, and the scenarios that it has played.
  std::size_t lines_ = 0;
  std::size_t played_ = 0;
  bool lost_ = false;
};

} // namespace coppice::lab
