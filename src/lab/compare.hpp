// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "lab/scenario.hpp"
#include "lab/trace.hpp"

#include <optional>
#include <set>
#include <string>

namespace coppice::lab {

/// What counts when two traces of one scenario are compared.
///
/// The events of each supervisor are compared on their own, because those of
/// two processes are only partially ordered. Left out: progress, died and call,
/// and free text. Under simple_one_for_one the order of signals in a row, and
/// of downs in a row, does not count.
struct comparison {
  comparison(const scenario& plan); // NOLINT: a scenario says what counts

  /// The same for the JSON of a scenario, which need not be one that coppice
  /// can express.
  explicit comparison(const nlohmann::json& scenario);

  /// Whether an event of this kind counts.
  bool counts(const std::string& kind) const;

  /// The supervisors under simple_one_for_one.
  std::set<std::string> dynamic;
  /// Kinds of events that one side cannot see; see
  /// docs/reference/driver-protocol.md.
  std::set<std::string> left_out;
};

/// Where two traces part.
struct difference {
  std::string sup;
  /// Position among the events of that supervisor, from 0.
  std::size_t index = 0;
  /// Unset where a trace has ended.
  std::optional<trace_event> expected;
  std::optional<trace_event> actual;
};

std::string to_string(const difference& what);

/// The first difference between two traces, or nothing.
std::optional<difference> compare(const trace& expected, const trace& actual,
                                  const comparison& rules);

/// How many events of a trace count.
std::size_t compared(const trace& events, const comparison& rules);

} // namespace coppice::lab
