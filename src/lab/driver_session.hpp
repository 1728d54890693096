// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/driver_protocol.hpp"
#include "lab/trace.hpp"

#include <chrono>
#include <cstddef>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json.hpp>

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

/// What a driver made of a scenario.
using driver_answer
  = expected<std::variant<trace, driver_skip>, driver_failure>;

/// A conversation with a program that plays scenarios by the protocol of
/// docs/reference/driver-protocol.md, and may do anything wrong.
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
  expected<driver_header, driver_failure> header();

  /// Adds a scenario to those that it has to play. It gets as many of them at
  /// once as it takes.
  void give(nlohmann::json scenario);

  /// The answer to the first scenario that has none yet; there has to be one.
  /// Blocks until it is there, or until the time is over, which begins with
  /// this call. Once the program could not be started again, that is not tried
  /// any more.
  driver_answer next();

  /// Lets it end; the error is what was wrong with that.
  expected<void, driver_failure> finish();

private:
  expected<void, driver_failure> start();
  void hand_over();
  /// Nothing if the program has ended well without a word.
  std::optional<driver_answer> read_answer(std::chrono::milliseconds limit);
  bool ended_well();
  unexpected<driver_failure> stopped(const std::string& before);
  unexpected<driver_failure> wrong(const std::string& what);
  std::string too_long() const;

  std::vector<std::string> command_;
  driver_limits limits_;
  std::optional<driver_header> header_;
  std::unique_ptr<line_process> process_;
  std::deque<nlohmann::json> waiting_; // without an answer
  /// Of this process: its lines, the scenarios that it has played, and those
  /// that wait for its answer.
  std::size_t lines_ = 0;
  std::size_t played_ = 0;
  std::size_t given_ = 0;
  bool lost_ = false;
};

} // namespace coppice::lab
