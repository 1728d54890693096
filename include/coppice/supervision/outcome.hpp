// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/exit_reason.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

/// What came of a start, and of what a supervisor was asked.
namespace coppice::supervision {

// -- what a start function can answer -----------------------------------------

/// Names one attempt to start a child, and the child that came of it. Unique
/// within a supervisor; 0 is none.
using instance_id = std::uint64_t;

/// A child runs. `info` is handed through to the caller of start_child.
struct started {
  std::string info = {};
};

/// The start function declined to start a child; that is no error.
struct ignored {};

/// There is no child, because of `reason`.
struct start_failed {
  exit_reason reason;
};

using start_outcome = std::variant<started, ignored, start_failed>;

// -- what a supervisor can answer ---------------------------------------------

enum class child_state { undefined, running, restarting };

/// See `actor::count_children`.
struct child_counts {
  std::size_t specs;
  std::size_t active;
  std::size_t supervisors;
  std::size_t workers;
};

/// The request was carried out.
struct done {};

/// Why a request was refused. Names are OTP's.
enum class refusal {
  already_started, ///< A child runs under this id.
  already_present, ///< The id is taken by a child that is down.
  running,
  restarting,
  not_found,
  simple_one_for_one, ///< Not possible under that strategy.
  start_failed,       ///< The refusal's `reason` says why.
  invalid_spec,       ///< The refusal's `spec` says what is wrong.
  max_children,       ///< A dynamic supervisor has as many as it may have.
  // Never said by an engine, since it has ended or is busy:
  noproc,  ///< The supervisor has ended.
  ended,   ///< The supervisor ended with another `reason` than was asked for.
  timeout, ///< It takes longer, and goes on.
};

std::string_view to_string(child_state value);
std::string_view to_string(refusal value);

} // namespace coppice::supervision
