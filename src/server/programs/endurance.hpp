// SPDX-License-Identifier: BSD-3-Clause

#pragma once

#include "coppice/supervision/child_spec.hpp"

#include <chrono>
#include <cstddef>

namespace coppice::programs {

/// How long a supervisor stands a child that crashes as soon as it has started,
/// each time.
struct endurance {
  enum class verdict {
    not_restarted, ///< It is temporary.
    gives_up,      ///< After `crashes` of them.
    may_give_up,   ///< The same, if chance makes the waits short.
    never,         ///< It waits longer and longer, and goes on for ever.
  };

  verdict what = verdict::never;
  std::size_t crashes = 0; ///< Of `gives_up` and `may_give_up`: the fewest.
  std::chrono::milliseconds soonest{0}; ///< From the first to the last of them.
  std::chrono::milliseconds latest{0};  ///< Of `gives_up`.
};

/// Of the child `spec` of a supervisor with `settings`.
/// @pre Both are valid.
endurance endurance_of(const supervision::flags& settings,
                       const supervision::child_spec& spec);

} // namespace coppice::programs
