// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/expected.hpp"
#include "lab/trace.hpp"

#include <chrono>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// How coppice talks with a program that plays scenarios on supervisors that
/// are not coppice's; docs/reference/driver-protocol.md is for people who write
/// one.
namespace coppice::lab {

/// The version of the protocol.
inline constexpr int driver_protocol = 1;

/// Why a text is not what the protocol wants: what was expected, and what was
/// found instead.
struct protocol_error {
  std::string message;
};

/// What a driver says of itself in its first line.
struct driver_header {
  std::string name;
  std::string version;
  /// The kinds of events that it cannot see, which are not compared.
  std::set<std::string> leaves_out;
  /// How many scenarios it takes before it has answered the first of them;
  /// > 0.
  std::size_t at_once = 1;

  bool operator==(const driver_header&) const = default;
};

/// The last line of a scenario.
struct driver_end {
  enum class result {
    done,
    skipped, ///< The driver cannot play it, and says why.
    failed,  ///< Something went wrong inside the driver.
  };
  result what = result::done;
  std::string reason;
};

/// Reads the first line of a driver.
expected<driver_header, protocol_error>
read_driver_header(std::string_view line);

/// Reads any other line. An event has the members that its kind needs, and no
/// others.
expected<std::variant<trace_event, driver_end>, protocol_error>
read_driver_line(std::string_view line);

/// Cuts a command into its words, as a shell does with quotes and backslashes;
/// nothing else means anything. There is at least one word.
expected<std::vector<std::string>, protocol_error>
words_of(std::string_view command);

/// The sum of all times that a scenario names, which real supervisors wait for.
std::chrono::milliseconds times_in(const nlohmann::json& scenario);

} // namespace coppice::lab
